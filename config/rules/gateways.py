"""Whether a link reaches the gateway of its target: addresses, and ports at these addresses."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.api_server import misleading
from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.links.gateway_view import Gateway
from config.links.link import LinkConfig

NODE_PORTS = range(30000, 32768)
"""Ports that an API server gives to nodes, unless it is configured otherwise (Kubernetes docs,
"Service", type NodePort)."""
EXAMPLES = {"gateway": 30143, "probe": 30191}
"""Node ports for a remedy, by their keys."""


def reached(
    index: int, link: LinkConfig, target: ClusterConfig, gateway: Gateway
) -> Iterator[Problem]:
    """Why the link at `index` would not reach the gateway, as far as the stack file shows it."""
    yield from _foreign(index, link, target, gateway)
    if gateway.service_type != "LoadBalancer":
        yield from _addresses(index, link, target, gateway)
    if gateway.service_type == "NodePort" and target.linkerd.generation.links:
        yield from _unknown_ports(index, link, gateway)
    ends = gateway.through(link)
    number = ends.port.number
    if number == ends.probe.port.number and link.own_address:
        yield Problem(
            f"links[{index}].gateway.port",
            f"port {number} would be the gateway's and the one that is probed",
            f"write another port, or links[{index}].gateway.probePort",
            about=(f"links[{index}].gateway.probePort", gateway.service_key, gateway.key),
        )


def _foreign(
    index: int, link: LinkConfig, target: ClusterConfig, gateway: Gateway
) -> Iterator[Problem]:
    """Addresses that mean something else in the source."""
    own, local = link.own_address, target.api_server is not None and target.api_server.same_machine
    path = f"links[{index}].gateway.address" if own else f"{gateway.key}.address"
    for place, address in enumerate(own or gateway.addresses):
        why = misleading(address, address, same_machine=local)
        if why is not None:
            yield Problem(
                f"{path}[{place}]",
                why[0],
                "write an address that pods of the source reach",
                about=(f"clusters.{link.target}.apiServer",),
            )


def _addresses(
    index: int, link: LinkConfig, target: ClusterConfig, gateway: Gateway
) -> Iterator[Problem]:
    """A gateway without an address in its Service or in the stack file."""
    message = f"the gateway's Service is of type {gateway.service_type}, so it has no address"
    service, address = f"{gateway.service_key}.type", f"{gateway.key}.address"
    if not target.linkerd.generation.links:
        yield Problem(
            service,
            f"{message}, and service mirrors of {target.linkerd.generation.title} read only that "
            "address",
            "write type: LoadBalancer",
            about=(f"clusters.{link.target}.linkerd.version",),
        )
    elif not gateway.addresses and not link.own_address:
        yield Problem(
            f"links[{index}].gateway",
            message,
            f"write the address under links[{index}].gateway.address or {address}"
            + (
                f", and the ports of the nodes under {gateway.service_key}.nodePorts"
                if gateway.service_type == "NodePort"
                else ""
            ),
            about=(f"links[{index}].gateway", service, address),
        )


def _unknown_ports(index: int, link: LinkConfig, gateway: Gateway) -> Iterator[Problem]:
    """Node ports that Kubernetes would choose, and that the link therefore does not have.

    A link may have ports of another kind: those of a load balancer or of NAT in front of the nodes.
    Without any node port, the address is taken for one that has the ports of the Service.
    """
    own = link.gateway
    ends = (
        ("gateway", "port", gateway.port, own and own.port),
        ("probe", "probePort", gateway.probe.port, own and own.probe_port),
    )
    if not any(port.node or given in NODE_PORTS for _, _, port, given in ends):
        return
    for key, name, port, given in ends:
        if port.node is None and (given is None or given in NODE_PORTS):
            node = f"{gateway.service_key}.nodePorts.{key}"
            yield Problem(
                f"links[{index}].gateway" + (f".{name}" if given else ""),
                f"Kubernetes would choose the node port of {port.name}, as the gateway's Service "
                f"is of type NodePort and {node} is not given",
                f"write {node}: {given or EXAMPLES[key]}, or under links[{index}].gateway.{name} "
                "the port of a load balancer in front of the nodes",
                about=(node, f"links[{index}].gateway"),
            )
