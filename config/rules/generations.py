"""Checks of a link whose ends are of generations of Linkerd that do not understand each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.links.link import LinkConfig
from config.variants.generation import Generation

OLDEST_LINKERD = 2025
"""Year of the first charts whose service mirror reads Links of v1alpha3."""


def generations_apart(
    clusters: Mapping[str, ClusterConfig], links: Mapping[int, LinkConfig]
) -> Iterator[Problem]:
    """What a source reads and what a target writes are of one generation, and it can do it."""
    for index, link in links.items():
        ends = [clusters.get(name) for name in (link.source, link.target)]
        source, target = ends
        if source is None or target is None or None in map(_generation, (source, target)):
            continue
        versions = tuple(f"clusters.{end}.linkerd.version" for end in (link.source, link.target))
        if source.linkerd.generation is not target.linkerd.generation:
            old = link.source if source.linkerd.generation is Generation.V2_8 else link.target
            yield Problem(
                f"links[{index}]",
                f"cluster '{old}' has Linkerd 2.8, which knows gateways by annotations, and the "
                "other end has today's, which knows them by Links: neither reads what the other "
                "writes",
                f"give both clusters one generation: correct {versions[0]} or {versions[1]}",
                about=versions,
            )
        elif source.linkerd.generation is Generation.V2_8:
            yield from _lacking(index, link, versions)
    yield from _too_old(clusters, links)


def _generation(cluster: ClusterConfig) -> Generation | None:
    return Generation.of(cluster.linkerd.version)


def _lacking(index: int, link: LinkConfig, versions: tuple[str, ...]) -> Iterator[Problem]:
    """What a link of Linkerd 2.8 cannot do."""
    path = f"links[{index}]"
    wanted = {
        f"{path}.flatNetwork": link.flat_network,
        f"{path}.gateway": link.gateway is not None,
        f"{path}.selectors.gateway": link.selectors.gateway is not None,
        f"{path}.selectors.remoteDiscovery": link.selectors.remote_discovery is not None,
        f"{path}.selectors.federated": link.selectors.federated is not None,
        f"{path}.probe": "probe" in link.model_fields_set,
        f"{path}.headlessServices": link.headless_services,
        f"{path}.excludedLabels": bool(link.excluded_labels),
        f"{path}.excludedAnnotations": bool(link.excluded_annotations),
    }
    for place, export in enumerate(link.exports):
        wanted[f"{path}.exports[{place}].mode"] = export.mode not in (None, "gateway")
        wanted[f"{path}.exports[{place}].federated"] = export.federated
        wanted[f"{path}.exports[{place}].weights"] = export.weights is not None
    for key, given in wanted.items():
        if given:
            yield Problem(
                key,
                "a link of Linkerd 2.8 goes through the gateway that the target's Service tells, "
                "and has nothing of this",
                "leave it out, or write a version of today's Linkerd for both clusters",
                about=versions,
            )


def _too_old(
    clusters: Mapping[str, ClusterConfig], links: Mapping[int, LinkConfig]
) -> Iterator[Problem]:
    ends: dict[str, int] = {}
    for index, link in links.items():
        ends.setdefault(link.source, index)
        ends.setdefault(link.target, index)
    for name, index in ends.items():
        cluster = clusters.get(name)
        if cluster is None or _generation(cluster) is not Generation.MODERN:
            continue
        year = int(cluster.linkerd.version.removeprefix("v").split(".", 1)[0])
        if year < OLDEST_LINKERD:
            yield Problem(
                f"clusters.{name}.linkerd.version",
                f"{cluster.linkerd.version} is older than the Link that links[{index}] needs "
                "(multicluster.linkerd.io/v1alpha3)",
                'write "2026.8.3" or another chart version of edge-26',
            )
