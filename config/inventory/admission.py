"""What a multicluster gateway admits: which clients may call which exported Service.

Facts: linkerd2-proxy, ``app/inbound/src/direct.rs``, ``app/gateway/src`` and
``app/inbound/src/policy``: a gateway authorizes HTTP by the routes of the Server of its inbound
port, matched by the host, which the source's proxy sets to the full name of the Service in the
target; anything else by the Server's own policies alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig, gateway_identity
from config.links.exports import ServiceRef
from config.links.gateway_view import Gateway
from config.links.link import Export, LinkConfig
from vocabulary.linkerd import identities_below, identity


@dataclass(frozen=True)
class AdmittedExport:
    """An exported Service, and who may call it through the gateway."""

    service: ServiceRef
    """The Service."""
    name: str
    """Name of its route and policies."""
    hostnames: tuple[str, ...]
    """Hosts of requests to it."""
    clients: tuple[str, ...]
    """Identities of its clients; ``*.`` before what several of them end with."""


@dataclass(frozen=True)
class Admission:
    """What a gateway admits."""

    gateway: Gateway
    """The gateway."""
    exports: tuple[AdmittedExport, ...]
    """Exported Services; none where it admits everything."""
    to_every_service: tuple[str, ...]
    """Identities that it admits to every meshed Service: connections that are not HTTP show it no
    name of a Service, and it cannot know the names of what a selector exports."""

    @property
    def everything(self) -> bool:
        """Whether it admits every meshed client to every meshed Service."""
        return self.gateway.admits == "everything"


def any_of(identities: Iterable[str], client: str) -> bool:
    """Whether a client is one of these identities, which may begin with ``*``."""
    return any(
        client.endswith(one[1:]) if one.startswith("*") else client == one for one in identities
    )


def admission(mesh: MeshConfig, gateway: Gateway) -> Admission:
    """What a gateway admits by the links that go through it."""
    if gateway.admits == "everything":
        return Admission(gateway, (), ())
    links = [link for link in mesh.links_to(gateway.cluster) if _through(mesh, link, gateway)]
    found: dict[ServiceRef, tuple[set[str], set[str]]] = {}
    whole: set[str] = set()
    for link in links:
        source = mesh.clusters[link.source]
        if link.selectors.gateway is not None:
            whole.add(_all_of(source))
        for export in link.exports:
            if link.mode_of(export) != "gateway":
                continue
            clients = set(_clients(link, export, source))
            if export.opaque:
                whole |= clients
                continue
            service = ServiceRef(export.namespace, export.service)
            hosts, admitted = found.setdefault(service, (set(), set()))
            hosts.update(_hosts(service, link, mesh.clusters[gateway.cluster]))
            admitted |= clients
    exports = (
        AdmittedExport(
            service,
            f"{gateway.policy}.{service.namespace}.{service.name}",
            tuple(sorted(hosts, key=len)),
            tuple(sorted(admitted)),
        )
        for service, (hosts, admitted) in found.items()
    )
    return Admission(gateway, tuple(exports), tuple(sorted(whole)))


def _through(mesh: MeshConfig, link: LinkConfig, gateway: Gateway) -> bool:
    found = mesh.gateway_of(link)
    return found is not None and found.name == gateway.name


def _hosts(service: ServiceRef, link: LinkConfig, target: ClusterConfig) -> Iterator[str]:
    host = f"{service.name}.{service.namespace}.svc.{target.domain}"
    yield host
    if link.headless_services:
        # Each pod of a headless Service has a mirror, and is asked for by its own name.
        yield f"*.{host}"


def _clients(link: LinkConfig, export: Export, source: ClusterConfig) -> Iterator[str]:
    if export.clients is None:
        yield _all_of(source)
        return
    linkerd, domain = source.linkerd.namespace, source.trust_domain
    for client in export.clients:
        namespace, _, account = client.partition("/")
        if account == "*":
            yield identities_below(linkerd, domain, namespace)
        else:
            yield identity(account, namespace, linkerd, domain)
    for place, view in enumerate(source.each_ambassador):
        own = gateway_identity(link.source, view)
        if own is not None and routed(link, export, view, main=not place):
            yield own


def _all_of(source: ClusterConfig) -> str:
    return identities_below(source.linkerd.namespace, source.trust_domain)


def routed(link: LinkConfig, export: Export, source: ClusterConfig, *, main: bool = True) -> bool:
    """Whether the source's Ambassador has a route to the mirror of an export.

    `main` is whether it serves the route that the export itself asks for.
    """
    mirror = f"{link.mirror_of(export)}.{export.namespace}"
    mappings = source.ambassador.mappings if source.ambassador else ()
    return (main and export.mapping is not None) or any(
        ".".join(mapping.service_host.split(".")[:2]) == mirror for mapping in mappings
    )
