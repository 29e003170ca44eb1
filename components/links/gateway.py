"""The address of a multicluster gateway, whatever kind it is.

Facts: Linkerd docs, "Multi-cluster communication".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Service

from config.links.gateway_view import Gateway
from config.links.link import LinkConfig


@dataclass(frozen=True)
class GatewayEnd:
    """A gateway with the address that the engine knows it by."""

    view: Gateway
    """What the stack file says of it."""
    address: pulumi.Output[str]
    """IP addresses or DNS names, comma-separated."""

    def through(self, link: LinkConfig) -> GatewayEnd:
        """The gateway as a link reaches it."""
        own = pulumi.Output.from_input(",".join(link.own_address))
        return GatewayEnd(self.view.through(link), own if link.own_address else self.address)


def gateway_end(gateway: Gateway, service: Service | None, known: str | None = None) -> GatewayEnd:
    """The gateway with the addresses of the stack file, else with those of its load balancer.

    In a cluster that is skipped, the addresses are `known` from the last update.

    Without a load balancer, every link has an address of its own, and this one is empty.
    The update fails with pulumi.RunError where the load balancer of `service` has no address.
    """
    if known is not None:
        return GatewayEnd(gateway, pulumi.Output.from_input(known))
    if gateway.addresses or service is None or gateway.service_type != "LoadBalancer":
        return GatewayEnd(gateway, pulumi.Output.from_input(",".join(gateway.addresses)))
    return GatewayEnd(
        gateway, service.status.apply(lambda status: _balancer_addresses(gateway, status))
    )


def _balancer_addresses(gateway: Gateway, status: Any) -> str:
    balancer = getattr(status, "load_balancer", None)
    entries = getattr(balancer, "ingress", None) or []
    found = [entry.ip or entry.hostname for entry in entries if entry.ip or entry.hostname]
    if not found:
        raise pulumi.RunError(
            f"the gateway's Service {gateway.namespace}/{gateway.service} has no load-balancer "
            "address; find out why its load balancer lost it, or write the address under "
            f"{gateway.key}.address in the stack file"
        )
    return ",".join(found)
