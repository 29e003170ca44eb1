"""Gateways as the sources of links reach them, and the table of gateways.

Facts: Linkerd docs, "Multi-cluster communication".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.facts.objects import addresses, balancer_addresses
from checks.facts.results import GatewayRow
from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.links.gateway_view import Gateway
from config.links.link import LinkConfig
from vocabulary.kinds import ENDPOINTS, SERVICE, Object, labels_of
from vocabulary.linkerd import CLUSTER_NAME, MIRRORED_GATEWAY, MIRRORED_SERVICE


def alive(source: View, target: str, metric: bool | None) -> str:
    """Whether a gateway answers probes: ``yes``, ``no``, or ``unknown``.

    `metric` is what the service mirror reports. Without it, mirrors without ready addresses show
    that the gateway stopped answering; mirrors with them show nothing.
    """
    if metric is not None:
        return "yes" if metric else "no"
    found = source.all(ENDPOINTS, labels={CLUSTER_NAME: target, MIRRORED_SERVICE: "true"})
    ready = any(any(addresses(one)) for one in found)
    unready = any(any(addresses(one, "notReadyAddresses")) for one in found)
    return "no" if unready and not ready else "unknown"


def mirrored(source: View, target: str) -> list[Object]:
    """Services of a source that mirror those of a target; without the gateway's own mirror."""
    return [
        service
        for service in source.all(SERVICE, labels={CLUSTER_NAME: target, MIRRORED_SERVICE: "true"})
        if MIRRORED_GATEWAY not in labels_of(service)
    ]


def link_address(mesh: MeshConfig, link: LinkConfig, target: View | None) -> list[str]:
    """Where a link's source reaches the gateway; empty where that is not known."""
    gateway = mesh.gateway_of(link)
    return _address(gateway, target) if gateway is not None else []


def _address(gateway: Gateway, view: View | None) -> list[str]:
    if gateway.addresses or view is None:
        return list(gateway.addresses)
    return balancer_addresses(view.get(SERVICE, gateway.namespace, gateway.service))


def gateway_rows(
    mesh: MeshConfig, views: Mapping[str, View], metrics: Mapping[str, bool | None]
) -> Iterator[GatewayRow]:
    """The table of gateways: a row for each link through one, and for each gateway without a link.

    `metrics` is what service mirrors report of their gateways, by the names of links.
    """
    used: set[tuple[str, str]] = set()
    for link in mesh.links:
        gateway = mesh.gateway_of(link)
        if gateway is None:
            continue
        used.add((link.target, gateway.name))
        source = views.get(link.source)
        yield GatewayRow(
            source=link.source,
            target=link.target,
            address=_shown(gateway, views),
            alive=alive(source, link.target, metrics.get(link.name)) if source else "unknown",
            services=len(mirrored(source, link.target)) if source else 0,
        )
    for name in mesh.clusters:
        for gateway in mesh.gateways(name):
            if (name, gateway.name) not in used:
                yield GatewayRow("", name, _shown(gateway, views), "unknown", 0)


def _shown(gateway: Gateway, views: Mapping[str, View]) -> str:
    found, port = _address(gateway, views.get(gateway.cluster)), gateway.port.number
    return ", ".join(f"[{one}]:{port}" if ":" in one else f"{one}:{port}" for one in found)
