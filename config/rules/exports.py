"""Checks of what links export: which links get a Service, and who may call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.links.gateway_view import gateway_for
from config.links.link import LinkConfig
from config.links.selection import export_labels, listed, own_members, ways_of

Clusters = Mapping[str, ClusterConfig]
Links = Mapping[int, LinkConfig]


def exported(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Exports that reach other links than those that list them, or other clients."""
    yield from _contrary_modes(links)
    yield from _selected_by_others(links)
    yield from _without_links(clusters, links)
    yield from _federated_apart(links)
    yield from _clients(clusters, links)
    yield from _opaque_ports(clusters, links)


def _contrary_modes(links: Links) -> Iterator[Problem]:
    """Exports of one Service through the gateway and directly: its label has one value."""
    first: dict[tuple[str, str, str], tuple[str, str]] = {}
    for index, link in links.items():
        for place, export in enumerate(link.exports):
            mode = link.mode_of(export)
            if mode == "none":
                continue
            path = f"links[{index}].exports[{place}]"
            key = (link.target, export.namespace, export.service)
            other, earlier = first.setdefault(key, (path, mode))
            if earlier != mode:
                yield Problem(
                    f"{path}.mode",
                    f"{export} of cluster '{link.target}' has the mode {mode} here and {earlier} "
                    f"at {other}, and its label has only one value",
                    f"write {other}.mode: {mode}"
                    if link.flat_network
                    else f"write mode: {earlier}, or {other}.mode: {mode}",
                    about=(f"{other}.mode", f"links[{index}].flatNetwork"),
                )


def _selected_by_others(links: Links) -> Iterator[Problem]:
    """Selectors of the stack file that select what other links list, by the program's labels."""
    for index, link in links.items():
        same = [other for other in links.values() if other.target == link.target]
        labels = export_labels(same)
        for way in ways_of(link):
            own = way.own(link)
            if own is None:
                continue
            for service in sorted({one for other in same for one in listed(other, way)}):
                if own.keys <= labels[service].keys() and own.matches(labels[service]):
                    path = f"links[{index}].selectors.{way.key}"
                    yield Problem(
                        path,
                        f"it selects Service {service}, which another link exports by name: "
                        f"cluster '{link.source}' would get it as well",
                        f"leave it out and write what '{link.source}' gets under "
                        f"links[{index}].exports, or select by a label of the Services' owners",
                    )
                    break


def _without_links(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Exports for single sources where service mirrors select by annotations of the gateway."""
    first: dict[str, int] = {}
    for index, link in links.items():
        target = clusters.get(link.target)
        if target is None or target.linkerd.generation.links:
            continue
        other = first.setdefault(link.target, index)
        here, there = ({str(export) for export in links[one].exports} for one in (index, other))
        for place, has, lacking in ((index, other, there - here), (other, index, here - there)):
            if lacking:
                yield Problem(
                    f"links[{place}].exports",
                    f"service mirrors of {target.linkerd.generation.title} mirror every exported "
                    f"Service of cluster '{link.target}', so that '{links[place].source}' gets "
                    f"{', '.join(sorted(lacking))} of links[{has}] too",
                    f"write the same Services under links[{place}] and links[{has}]",
                    about=(f"links[{has}].exports",),
                )


def _federated_apart(links: Links) -> Iterator[Problem]:
    """Links of one source with different selectors of members of federated Services."""
    first: dict[str, int] = {}
    for index, link in links.items():
        if link.selectors.federated is None:
            continue
        other = first.setdefault(link.source, index)
        same = [one for one in links.values() if one.source == link.source]
        if len(own_members(same)) > 1 and links[other].selectors.federated != (
            link.selectors.federated
        ):
            yield Problem(
                f"links[{index}].selectors.federated",
                f"the own members of cluster '{link.source}' in its federated Services have one "
                f"selector, and links[{other}] has another one",
                f"write the same selector under links[{other}] and links[{index}]",
                about=(f"links[{other}].selectors.federated",),
            )


def _clients(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Clients, or opaque connections, of Services that no gateway with policies admits."""
    for index, link in links.items():
        target = clusters.get(link.target)
        if target is None:
            continue
        gateway = gateway_for(link, link.target, target)
        for place, export in enumerate(link.exports):
            for key, given in (("clients", export.clients is not None), ("opaque", export.opaque)):
                if not given:
                    continue
                path = f"links[{index}].exports[{place}]"
                if link.mode_of(export) != "gateway":
                    yield Problem(
                        f"{path}.{key}",
                        "the gateway decides over it, and this Service is not called through it",
                        "leave it out, and write policy for the Service's own pods",
                        about=(f"{path}.mode", f"links[{index}].flatNetwork"),
                    )
                elif not target.linkerd.generation.policy:
                    yield Problem(
                        f"{path}.{key}",
                        f"{target.linkerd.generation.title} has no authorization policy, and its "
                        "gateway admits every meshed client",
                        "leave it out",
                        about=(f"clusters.{link.target}.linkerd.version",),
                    )
                elif gateway and gateway.admits == "everything" and key == "clients":
                    admits = f"{gateway.key}.admits"
                    yield Problem(
                        f"{path}.{key}",
                        f"with {admits}: everything, the gateway admits every meshed client",
                        f"leave it out, or write {admits}: exports",
                        about=(admits,),
                    )


def _opaque_ports(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Ports without HTTP of Services whose clients the gateway could not distinguish."""
    for index, link in links.items():
        target = clusters.get(link.target)
        gateway = gateway_for(link, link.target, target) if target is not None else None
        if gateway is None or gateway.admits != "exports":
            continue
        for place, export in enumerate(link.exports):
            path = f"links[{index}].exports[{place}]"
            ports = export.traffic.opaque_ports if export.traffic is not None else ()
            if ports and not export.opaque and link.mode_of(export) == "gateway":
                yield Problem(
                    f"{path}.traffic.opaquePorts",
                    "connections to these ports show the gateway no name of a Service, so that it "
                    "would refuse them",
                    f"write {path}.opaque: true, or leave opaquePorts out",
                    about=(f"{path}.opaque", f"{gateway.key}.admits"),
                )
