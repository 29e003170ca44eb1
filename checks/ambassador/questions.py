"""Which requests can be made to the routes of a cluster, by its Hosts and its Service."""

from __future__ import annotations

from typing import NamedTuple

from checks.ambassador.asking import Question
from checks.ambassador.front import front
from checks.ambassador.routes import all_mappings
from checks.facts.objects import balancer_addresses
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import MappingConfig
from config.core.mesh import MeshConfig
from kube.answers import inner, items
from vocabulary.kinds import (
    HOST,
    MAPPING,
    Object,
    name_of,
)


def questions(mesh: MeshConfig, cluster: str, view: View) -> dict[str, Question] | str:
    """The requests that can be made, by the names of Mappings; or why none can.

    Raises Unseen: the cluster's Services could not be read.
    """
    config = mesh.clusters[cluster].ambassador
    if config is None:
        return "there is no Ambassador"
    if view.simulated:
        return "pods of this cluster are simulated (kwok), so nothing would answer"
    service = front(view, config)
    if service is None:
        return "there is no Service of Ambassador"
    found = balancer_addresses(service)
    if not found:
        kind = inner(service, "spec").get("type") or "ClusterIP"
        return f"Service {name_of(service)} (of type {kind}) has no address"
    asked: dict[str, Question] = {}
    known = sites(view, config)
    for mapping in all_mappings(mesh, cluster):
        site = site_of(mapping.hostname, known)
        way = _way(service, site)
        if way is None:
            return f"Service {name_of(service)} has no port for HTTP or HTTPS"
        if (
            mapping.unasked is None
            and view.get(MAPPING, config.namespace, mapping.name) is not None
        ):
            asked[mapping.name] = Question(
                way[0], found[0], way[1], mapping.prefix, _host_header(mapping, site)
            )
    return asked


class Site(NamedTuple):
    """What a request has to know of a Host."""

    hostname: str
    """Host name, a glob, or ``*``."""
    tls_only: bool
    """Whether cleartext is not routed."""
    tls: bool = False
    """Whether TLS is terminated."""
    redirects: bool = False
    """Whether cleartext is redirected."""


def sites(view: View, config: AmbassadorConfig) -> list[Site]:
    """The Hosts of the stack file; where it has none, those of the cluster.

    The one for all names comes first.
    """
    found = [
        Site(
            host.hostname,
            host.tls is not None and host.insecure != "Route",
            host.tls is not None,
            host.insecure == "Redirect",
        )
        for host in config.all_hosts
    ]
    if not found:
        found = [_site(host) for host in view.all(HOST, config.namespace)]
    return sorted(found, key=lambda site: (site.hostname != "*", site.hostname))


def _site(host: Object) -> Site:
    spec = inner(host, "spec")
    policy = inner(spec, "requestPolicy")
    action = inner(policy, "insecure").get("action") or "Redirect"
    tls = bool(spec.get("tlsSecret"))
    return Site(
        str(spec.get("hostname") or "*"), tls and action != "Route", tls, action == "Redirect"
    )


def site_of(hostname: str, known: list[Site]) -> Site:
    """The Host that answers for a Mapping with this host name; any name where no Host is known."""
    for site in known:
        if site.hostname == "*" or hostname in ("*", site.hostname):
            return site
    return Site("*", tls_only=False)


def _host_header(mapping: MappingConfig, site: Site) -> str | None:
    return host_header(site.hostname if mapping.hostname == "*" else mapping.hostname)


def host_header(hostname: str) -> str | None:
    """A ``Host`` header that a host name or glob fits; None where any does."""
    return None if hostname == "*" else hostname.replace("*", "mesh-check")


def ports_by_scheme(service: Object) -> dict[str, int]:
    """The ports of a Service on which Ambassador serves its clients, by scheme."""
    ports = items(service, "spec", "ports")
    found: dict[str, int] = {}
    for name, usual in (("http", 80), ("https", 443)):
        named = [port for port in ports if port.get("name") == name or port.get("port") == usual]
        if named:
            found[name] = int(named[0]["port"])
    return found


def _way(service: Object, site: Site) -> tuple[str, int] | None:
    """Scheme and port: cleartext, unless only TLS is answered."""
    ways = list(ports_by_scheme(service).items())
    return next(iter(reversed(ways) if site.tls_only else ways), None)
