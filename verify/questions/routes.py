"""Questions about routes of a source's Ambassador to mirrors. Pure.

Facts: Emissary docs, Mapping and Host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.ambassador.front import front
from checks.ambassador.questions import Site, host_header, ports_by_scheme, site_of, sites
from checks.facts.view import Unseen
from config.ambassador.ambassador import AmbassadorConfig
from config.links.link import Export, MirrorMapping
from verify import judge
from verify.questions.draft import Draft
from verify.questions.link import LinkHeading
from verify.questions.plan import ECHO_PORT, PATIENCE, OwnMapping
from vocabulary.ambassador import ID_FIELD
from vocabulary.kinds import Object, name_of, namespace_of

PROXY_PROTOCOL = "its Listeners expect the PROXY protocol, which only its load balancer sends"


@dataclass(frozen=True)
class Served:
    """What an Ambassador serves, and where."""

    service: Object
    host: str
    """DNS name of its Service."""
    ports: Mapping[str, int]
    """Ports of the Service by scheme."""
    sites: list[Site]
    """Its Hosts, as far as they can be read."""

    def request(self, site: Site) -> tuple[dict[str, Any], str | None]:
        """Base URL and ``Host`` header for a Host: by TLS where it redirects or rejects cleartext.

        With them the Host's name where it redirects the request all the same, else None.
        """
        wanted = "https" if site.tls_only else "http"
        scheme = wanted if wanted in self.ports else next(iter(self.ports))
        redirected = site.hostname if scheme == "http" and site.redirects else None
        url = f"{scheme}://{self.host}:{self.ports[scheme]}"
        return {"url": url, "host": host_header(site.hostname)}, redirected


def served(draft: Draft, cluster: str, ambassador: AmbassadorConfig) -> Served | None:
    """What Ambassador serves in a cluster; None where it has no Service with a port for HTTP."""
    view = draft.views[cluster]
    try:
        service = front(view, ambassador)
    except Unseen:
        return None
    ports = ports_by_scheme(service) if service is not None else {}
    if service is None or not ports:
        return None
    try:
        known = sites(view, ambassador)
    except Unseen:
        known = []
    host = draft.host(cluster, name_of(service), namespace_of(service))
    return Served(service, host, ports, known)


def route_to_mirror(link: LinkHeading, mirror: str, asked: str) -> None:
    """Have the source's Ambassador route to a mirror of the run's server, and ask that.

    `asked` is the question whether the mirror itself answers.
    """
    draft, source, target = link.draft, link.link.source, link.link.target
    title = "the source's Ambassador routes to the mirror of verify's server"
    ambassador = draft.mesh.clusters[source].ambassador
    if ambassador is None:
        return
    found = served(draft, source, ambassador)
    if found is None:
        link.skip("ambassador", title, "there is no Service of Ambassador with a port")
        return
    if _behind_proxy_protocol(ambassador):
        link.skip("ambassador", title, PROXY_PROTOCOL)
        return
    # The Mapping of verify is for every host name, so a Host that routes cleartext will do.
    known = found.sites or [site_of("*", [])]
    request, redirected = found.request(min(known, key=lambda one: (one.redirects, one.tls_only)))
    prefix = f"/{draft.namespace}-{target}/"
    spec: dict[str, Any] = {"prefix": prefix, "service": f"http://{link.host(mirror)}:{ECHO_PORT}"}
    version = ambassador.objects_version
    if ambassador.ambassador_id is not None:
        spec[ID_FIELD] = [ambassador.ambassador_id]
    if version == "v3alpha1":
        spec["hostname"] = "*"
    draft.mappings.append(OwnMapping(source, f"verify-{target}", version, spec))
    request["url"] += prefix
    link.expect(
        link.do("outsider", "routed", "get", **request, patience=PATIENCE, timeout=10.0),
        "ambassador",
        title,
        judge.RoutedTo(target, redirected),
        asked,
    )


def exported_route(link: LinkHeading, export: Export, mapping: MirrorMapping) -> None:
    """Ask for what the Mapping of an export routes to its mirror."""
    source = link.link.source
    title = f"the source's Ambassador routes {mapping.prefix} to {link.link.mirror_of(export)}"
    ambassador = link.draft.mesh.clusters[source].ambassador
    if ambassador is None:
        return
    found = served(link.draft, source, ambassador)
    if found is None:
        link.skip("ambassador", title, "there is no Service of Ambassador")
        return
    unasked = PROXY_PROTOCOL if _behind_proxy_protocol(ambassador) else mapping.unasked
    if unasked is not None:
        link.skip("ambassador", title, unasked)
        return
    request, redirected = found.request(site_of(mapping.hostname, found.sites))
    request["url"] += mapping.prefix
    request["host"] = host_header(mapping.hostname) or request["host"]
    link.expect(
        link.do("outsider", f"route/{export}", "get", **request, timeout=10.0),
        "ambassador",
        title,
        judge.Routed(redirected),
    )


def _behind_proxy_protocol(ambassador: AmbassadorConfig) -> bool:
    """Whether a request to Ambassador's Service from within the cluster is not understood."""
    return any(listener.expects_proxy_header for listener in ambassador.all_listeners)
