"""Ports and names that are reserved for the proxy, Ambassador or the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.ambassador.routes import HEALTH_MAPPING
from config.language.problems import Problem
from config.linkerd.sidecar import PROXY_PORTS
from vocabulary.ambassador import DIAGNOSTICS_PORT

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig

_CHOOSE_THE_SERVICE = (
    *("gateway.ownService", "gateway.service"),
    *("service.type", "service.annotations", "values"),
)
"""Keys that decide whether the gateway's ports are on Ambassador's Service."""


def reserved_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Ports and names that are reserved for the proxy, the health check or the gateway."""
    for place, listener in enumerate(config.all_listeners):
        owner = _owner_of(listener.port)
        if owner is not None:
            yield Problem(
                f"listeners[{place}].port",
                f"port {listener.port} of the pod is used by {owner}",
                "write another port, for example 8080",
            )
    for place, port in enumerate(config.public_ports or ()):
        owner = _owner_of(port)
        if owner is not None:
            yield Problem(
                f"publicPorts[{place}]",
                f"port {port} of the pod belongs to {owner} and must not be open to any client",
                "leave it out",
            )
    shared = config.gateway if config.gateway_service == config.name else None
    for key, port in shared.public_ports if shared is not None else ():
        yield Problem(
            f"gateway.{key}",
            f"port {port} of the Service already serves Ambassador's own traffic",
            "write another port",
            about=("gateway.probe", *_CHOOSE_THE_SERVICE),
        )
    if shared is not None and shared.doubles_http:
        yield Problem(
            "gateway.probePort",
            f"ports 80 and {shared.service_probe_port} of the Service would have the same target "
            "port, which the chart would list twice",
            "leave it out, or write gateway.probe: proxy",
            about=("gateway.probe", *_CHOOSE_THE_SERVICE),
        )
    for place, mapping in enumerate(config.mappings):
        if mapping.name == HEALTH_MAPPING:
            yield Problem(
                f"mappings[{place}].name",
                f"the Mapping name '{HEALTH_MAPPING}' is reserved for the gateway",
                "write another name",
            )
        if (
            config.gateway is not None
            and mapping.prefix == config.gateway.health_path
            and mapping.hostname == "*"
        ):
            yield Problem(
                f"mappings[{place}].prefix",
                f"the gateway's health route has the same prefix {mapping.prefix}",
                "write another prefix, or another gateway.healthPath",
                about=("gateway.healthPath", f"mappings[{place}].hostname"),
            )


def _owner_of(port: int) -> str | None:
    """The owner of a port of the pod; None for a port for Ambassador's clients."""
    if port in PROXY_PORTS:
        return "Linkerd's proxy"
    return "Ambassador's health check" if port == DIAGNOSTICS_PORT else None
