"""From a stack file, and what its clusters have, to what a run asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.facts.check import placed
from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.links.link import LinkConfig
from verify.questions import limits
from verify.questions.direct import federated, headless, remote_discovery
from verify.questions.draft import Draft, Heading
from verify.questions.exports import exports
from verify.questions.gateway import through_gateway
from verify.questions.link import LinkHeading
from verify.questions.plan import Options, Plan
from verify.questions.public_ports import public_ports


def chosen(mesh: MeshConfig, options: Options) -> tuple[LinkConfig, ...]:
    """The links that are to be tried."""
    return tuple(link for link in mesh.links if not options.links or link.name in options.links)


def involved(mesh: MeshConfig, options: Options) -> tuple[str, ...]:
    """Names of the clusters that a run reads."""
    if not options.links:
        return tuple(mesh.clusters)
    ends = {end for link in chosen(mesh, options) for end in (link.source, link.target)}
    return tuple(name for name in mesh.clusters if name in ends)


def make(mesh: MeshConfig, views: Mapping[str, View], options: Options, namespace: str) -> Plan:
    """The plan for a stack.

    `views` are the clusters that may be touched, by name; links to others are not tried.
    """
    draft = Draft(mesh, views, options, namespace)
    hindered = {
        name: reason
        for name, view in views.items()
        if (reason := limits.hindrance(mesh.clusters[name], view)) is not None
    }
    for link in chosen(mesh, options):
        _link(LinkHeading.of(draft, link), hindered)
    names = [name for name in involved(mesh, options) if name in views]
    for name in names:
        others = [other for other in names if other != name and other not in hindered]
        for place, one in placed(mesh, name):
            ambassador = one.clusters[name].ambassador
            if ambassador is not None:
                heading = Heading(draft, place, place, name)
                public_ports(heading, ambassador, others, hindered.get(name))
    return draft.plan(_blocked(draft, hindered))


def _blocked(draft: Draft, hindered: Mapping[str, str]) -> Iterator[str]:
    """Yields clusters of links and Ambassadors in which no pod can be asked."""
    mesh, links = draft.mesh, chosen(draft.mesh, draft.options)
    ends = {end for link in links for end in (link.source, link.target)}
    for name in involved(mesh, draft.options):
        asked = name in ends or mesh.clusters[name].ambassador is not None
        if asked and (name in hindered or name not in draft.views):
            yield name


def _link(heading: LinkHeading, hindered: Mapping[str, str]) -> None:
    link, draft = heading.link, heading.draft
    ends = (link.source, link.target)
    missing = [end for end in ends if end not in draft.views]
    reason = (
        f"cluster {missing[0]} could not be read"
        if missing
        else limits.of_generation(*(draft.mesh.clusters[end] for end in ends))
        or next((hindered[end] for end in ends if end in hindered), None)
    )
    if reason is not None:
        heading.skip("requests", "requests over the link", reason)
        return
    if not link.flat_network:
        through_gateway(heading)
    if link.flat_network or any(link.mode_of(e) == "remote-discovery" for e in link.exports):
        remote_discovery(heading)
    if any(export.federated for export in link.exports):
        federated(heading, chosen(draft.mesh, draft.options))
    if link.headless_services:
        headless(heading)
    exports(heading)
