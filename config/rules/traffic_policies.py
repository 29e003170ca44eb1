"""Checks of traffic policies: what Services, links and versions of Linkerd make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.links.link import LinkConfig
from config.links.traffic_policy import TrafficPolicy
from config.variants.edge_releases import RATE_AWARE
from config.variants.linkerds import DEFAULT
from vocabulary.linkerd import OPAQUE_PORTS


def traffic_policies(
    clusters: Mapping[str, ClusterConfig], links: Mapping[int, LinkConfig]
) -> Iterator[Problem]:
    """Two policies of one Service, annotations that do not reach mirrors, old control planes."""
    first: dict[tuple[str, str, str], tuple[str, TrafficPolicy | None]] = {}
    for index, link in links.items():
        for place, export in enumerate(link.exports):
            path = f"links[{index}].exports[{place}].traffic"
            key = (link.target, export.namespace, export.service)
            other, policy = first.setdefault(key, (path, export.traffic))
            if policy != export.traffic:
                yield Problem(
                    path,
                    f"{export} of cluster '{link.target}' has another policy at {other}, and its "
                    "annotations apply to all links",
                    f"write the same settings under {path} and {other}, or none",
                    about=(other,),
                )
            if export.traffic is not None:
                yield from _excluded(index, link, path, export.traffic)
                yield from _too_old(clusters, link, path, export.traffic)


def _excluded(index: int, link: LinkConfig, path: str, policy: TrafficPolicy) -> Iterator[Problem]:
    """Annotations that the link keeps from mirrors; they get the opaque ports in any case."""
    for place, pattern in enumerate(link.excluded_annotations):
        lost = [key for key in policy.annotations if key != OPAQUE_PORTS and excludes(pattern, key)]
        if lost:
            yield Problem(
                path,
                f"links[{index}].excludedAnnotations[{place}] keeps {lost[0]} from mirrors",
                f"leave links[{index}].excludedAnnotations[{place}] or the policy out",
                about=(f"links[{index}].excludedAnnotations[{place}]",),
            )


def excludes(pattern: str, key: str) -> bool:
    """Whether service mirrors leave out a label or annotation, as a link configures it.

    Fact: linkerd2 edge-26.8.3, ``multicluster/service-mirror/cluster_watcher.go``: what begins with
    the part before ``/*``.
    """
    prefix, glob, _ = pattern.partition("/*")
    return key.startswith(prefix) if glob else key == pattern


def _too_old(
    clusters: Mapping[str, ClusterConfig], link: LinkConfig, path: str, policy: TrafficPolicy
) -> Iterator[Problem]:
    for end in dict.fromkeys((link.source, link.target)):
        cluster = clusters.get(end)
        if cluster is not None and policy.rate_aware and cluster.linkerd.lacks(RATE_AWARE):
            yield Problem(
                path,
                f"Linkerd {cluster.linkerd.version} in cluster '{end}' does not have "
                f"{RATE_AWARE.what}, as since {RATE_AWARE.version}",
                f'write clusters.{end}.linkerd.version: "{DEFAULT.newest}", or leave successRate '
                "and penalizeFailures out",
                about=(f"clusters.{end}.linkerd.version",),
            )
