"""Checks that need more than one part of a stack file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from config.cluster import ClusterConfig
from config.link import LinkConfig
from config.mesh import gateway_identity
from config.problems import Problem

Links = Mapping[int, LinkConfig]
"""Links by their place in the file; those that are broken in themselves are left out."""
Clusters = Mapping[str, ClusterConfig]


def cross_check(clusters: Clusters, links: Links, names: Collection[str]) -> Iterator[Problem]:
    """Every problem between clusters and links.

    `names` are the names of all clusters in the file, those broken in themselves included.
    """
    yield from _contexts(clusters)
    yield from _unknown_clusters(links, names)
    yield from _doubled_links(links)
    yield from _roles(clusters, links)
    yield from _loops(clusters, links)
    yield from _overlapping_mirrors(links)
    yield from _charts_apart(clusters, links)


def _contexts(clusters: Clusters) -> Iterator[Problem]:
    for field, remedy in (
        ("context", "give every cluster the context of its own"),
        ("uid", "pin every cluster to the UID of its own namespace kube-system"),
    ):
        owner: dict[str, str] = {}
        for name, cluster in clusters.items():
            value = getattr(cluster, field)
            if value is None:
                continue
            if value in owner:
                yield Problem(
                    f"clusters.{name}.{field}",
                    f"'{value}' is cluster '{owner[value]}' as well",
                    remedy,
                )
            owner.setdefault(value, name)


def _unknown_clusters(links: Links, names: Collection[str]) -> Iterator[Problem]:
    for index, link in links.items():
        for end in ("source", "target"):
            name = getattr(link, end)
            if name in names:
                continue
            close = difflib.get_close_matches(name, names, n=1)
            known = ", ".join(sorted(names)) or "none"
            yield Problem(
                f"links[{index}].{end}",
                f"there is no cluster '{name}'",
                f"write '{close[0]}'" if close else f"write one of the clusters: {known}",
            )


def _doubled_links(links: Links) -> Iterator[Problem]:
    first: dict[tuple[str, str], int] = {}
    for index, link in links.items():
        ends = (link.source, link.target)
        if ends in first:
            yield Problem(
                f"links[{index}]",
                f"the link from '{link.source}' to '{link.target}' stands at "
                f"links[{first[ends]}] already",
                "put the exports of both into one entry",
            )
        first.setdefault(ends, index)
    names: dict[str, int] = {}
    for index, link in links.items():
        other = names.setdefault(link.name, index)
        if other != index and (links[other].source, links[other].target) != (
            link.source,
            link.target,
        ):
            yield Problem(
                f"links[{index}]",
                f"its name '{link.name}' is that of links[{other}] as well",
                "rename one of the clusters",
            )


def _roles(clusters: Clusters, links: Links) -> Iterator[Problem]:
    for index, link in links.items():
        source, target = clusters.get(link.source), clusters.get(link.target)
        if source is not None and not source.may_be_source:
            yield Problem(
                f"links[{index}].source",
                f"cluster '{link.source}' has the role '{source.role}'",
                f"write clusters.{link.source}.role: both",
            )
        if target is None:
            continue
        if not target.may_be_target:
            yield Problem(
                f"links[{index}].target",
                f"cluster '{link.target}' has the role '{target.role}'",
                f"write clusters.{link.target}.role: both",
            )
        if target.ambassador is None or target.ambassador.gateway is None:
            yield Problem(
                f"links[{index}].target",
                f"cluster '{link.target}' has no gateway",
                f"write clusters.{link.target}.ambassador.gateway: {{}}",
            )
        elif (
            target.ambassador.service.type != "LoadBalancer"
            and not target.ambassador.gateway.address
            and link.gateway is None
        ):
            yield Problem(
                f"links[{index}].gateway",
                f"the gateway's Service is of type {target.ambassador.service.type}, "
                "so it tells no address",
                f"write the address under links[{index}].gateway.address "
                f"or clusters.{link.target}.ambassador.gateway.address",
            )


def _loops(clusters: Clusters, links: Links) -> Iterator[Problem]:
    for index, link in links.items():
        source, target = clusters.get(link.source), clusters.get(link.target)
        if source is None or target is None:
            continue
        identity = gateway_identity(link.target, target)
        if identity is not None and identity == gateway_identity(link.source, source):
            yield Problem(
                f"links[{index}]",
                f"Ambassador has the identity {identity} in both clusters, and a gateway refuses "
                "requests from its own identity as a loop",
                f"give clusters.{link.source}.ambassador.serviceAccount and "
                f"clusters.{link.target}.ambassador.serviceAccount different names",
            )


def _overlapping_mirrors(links: Links) -> Iterator[Problem]:
    made: dict[tuple[str, str, str], tuple[int, int]] = {}
    for index, link in links.items():
        for place, export in enumerate(link.exports):
            mirror = (link.source, export.namespace, f"{export.service}-{link.target}")
            if mirror in made and made[mirror][0] != index:
                other = made[mirror]
                yield Problem(
                    f"links[{index}].exports[{place}]",
                    f"its mirror {mirror[1]}/{mirror[2]} in cluster '{link.source}' is also the "
                    f"mirror of links[{other[0]}].exports[{other[1]}]",
                    "rename one of the target clusters",
                )
            made.setdefault(mirror, (index, place))


def _charts_apart(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """The Link that a source reads and the annotations a target writes are of one generation."""
    for index, link in links.items():
        for end in (link.source, link.target):
            cluster = clusters.get(end)
            if cluster is None:
                continue
            year = int(cluster.linkerd.version.removeprefix("v").split(".", 1)[0])
            if year < 2025:
                yield Problem(
                    f"clusters.{end}.linkerd.version",
                    f"{cluster.linkerd.version} is older than the Link that links[{index}] needs "
                    "(multicluster.linkerd.io/v1alpha3)",
                    'write "2026.8.3" or another chart version of edge-26',
                )
