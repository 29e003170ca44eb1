"""Checks of links between incompatible generations of Linkerd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.links.link import LinkConfig
from config.variants.edge_releases import EXCLUDED, LINKS
from config.variants.linkerds import DEFAULT


def generations_apart(
    clusters: Mapping[str, ClusterConfig], links: Mapping[int, LinkConfig]
) -> Iterator[Problem]:
    """Links whose target does not write what their source reads, or with unsupported settings."""
    for index, link in links.items():
        source, target = (clusters.get(name) for name in (link.source, link.target))
        if source is None or target is None:
            continue
        versions = tuple(f"clusters.{end}.linkerd.version" for end in (link.source, link.target))
        ends = (source.linkerd.generation, target.linkerd.generation)
        if ends[0].links is not ends[1].links:
            old = ends[ends[0].links]
            yield Problem(
                f"links[{index}]",
                f"cluster '{link.target if ends[0].links else link.source}' has {old.title}, which "
                "describes gateways by annotations, and the other end reads Links",
                f'write "{DEFAULT.newest}" under {versions[ends[0].links]}',
                about=versions,
            )
        elif not ends[0].links:
            yield from _lacking(index, link, versions)
    yield from _too_old(clusters, links)


def _lacking(index: int, link: LinkConfig, versions: tuple[str, ...]) -> Iterator[Problem]:
    """Settings of a link that need the Link resource."""
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
        wanted[f"{path}.exports[{place}].traffic"] = export.traffic is not None
    for key, given in wanted.items():
        if given:
            yield Problem(
                key,
                "without the Link resource, a link uses the gateway that the exported Service "
                "names, and has no such setting",
                f'leave it out, or write version "{DEFAULT.newest}" for both clusters',
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
        if cluster is not None and cluster.linkerd.lacks(LINKS):
            yield Problem(
                f"clusters.{name}.linkerd.version",
                f"charts {cluster.linkerd.version} lack what links[{index}] needs: {LINKS.what}, "
                f"as since {LINKS.version}",
                f'write "{DEFAULT.newest}"',
            )
    for index, link in links.items():
        source = clusters.get(link.source)
        if source is None or not source.linkerd.lacks(EXCLUDED):
            continue
        for key, given in (
            ("excludedLabels", link.excluded_labels),
            ("excludedAnnotations", link.excluded_annotations),
        ):
            if given:
                yield Problem(
                    f"links[{index}].{key}",
                    f"the service mirror of Linkerd {source.linkerd.version} copies every label "
                    f"and annotation; those since {EXCLUDED.version} leave these out",
                    f'write clusters.{link.source}.linkerd.version: "{DEFAULT.newest}", or leave '
                    "it out",
                    about=(f"clusters.{link.source}.linkerd.version",),
                )
