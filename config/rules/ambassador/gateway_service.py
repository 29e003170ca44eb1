"""The Service with the gateway's ports: node ports that it lacks, and bytes that are changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from config.ambassador.load_balancer import changing
from config.language.problems import Problem

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig
    from config.ambassador.service import ServiceConfig

PUBLIC, OWN = ("http", "https"), ("gateway", "probe")
"""Keys of the node ports of Ambassador's ports, and of the gateway's."""


def gateway_service_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Node ports of ports that a Service lacks, and what breaks mutual TLS on the gateway's ports.

    These are a load balancer that changes bytes, and a Listener that expects the PROXY protocol of
    the probe, which comes from the sidecar.
    """
    gateway, own = config.gateway, config.own_gateway_service
    described = gateway.service if gateway is not None else None
    # Without `gateway.service`, the node ports of both Services are under `service`.
    ports = [*(PUBLIC if config.installed else ())]
    ports += OWN if gateway is not None and described is None else ()
    if gateway is not None and own is None and gateway.service_probe_port == 80:
        ports.remove("http")
    yield from _node_ports("service", config.service, ports)
    if gateway is None:
        return
    if described is not None:
        yield from _node_ports("gateway.service", described, OWN)
    if own is not None:
        key = "service" if described is None else "gateway.service"
        for name in changing(own.annotations, gateway.service_ports):
            yield Problem(
                f'{key}.annotations["{name}"]',
                "by this annotation the load balancer changes the bytes of the gateway's ports, "
                "which carry mutual TLS between Linkerd's proxies",
                "leave it out",
            )


def _node_ports(path: str, service: ServiceConfig, ports: Collection[str]) -> Iterator[Problem]:
    """Node ports of `service` that are not among `ports`."""
    for key in service.node_ports.given():
        if key not in ports:
            elsewhere = path == "service" and key in OWN and "https" in ports
            yield Problem(
                f"{path}.nodePorts.{key}",
                f"this Service has no port of its own for {key}",
                "write it under gateway.service.nodePorts"
                if elsewhere
                else f"leave it out, or write it under one of {', '.join(ports)}",
                about=("gateway", "adopt"),
            )
