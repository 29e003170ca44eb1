"""Which versions of Kubernetes the parts of a stack support."""

from __future__ import annotations

from collections.abc import Iterator

from config.ambassador.ambassador import AmbassadorConfig
from config.core.cluster import ClusterConfig
from config.preconditions.expected import Limit
from config.variants.edge_releases import KUBERNETES
from config.variants.linkerds import DEFAULT


def newest(name: str, cluster: ClusterConfig) -> Iterator[Limit]:
    """What CRDs, RBAC and webhooks of older versions support at most."""
    linkerd = cluster.linkerd
    if linkerd.generation.newest_kubernetes is not None:
        yield Limit(
            linkerd.generation.newest_kubernetes,
            f"Linkerd {linkerd.version} (its CRDs and webhooks are of v1beta1 APIs)",
            f'write clusters.{name}.linkerd.version: "{DEFAULT.newest}"',
        )
    ambassador = _installed(cluster)
    if ambassador is not None and ambassador.line.newest_kubernetes is not None:
        yield Limit(
            ambassador.line.newest_kubernetes,
            f"{ambassador.kind.title} (its CRDs and RBAC are of v1beta1 APIs)",
            f"write clusters.{name}.ambassador.flavour: emissary, or adopt an existing "
            "installation",
        )


def oldest(name: str, cluster: ClusterConfig) -> Iterator[Limit]:
    """What the charts need at least (``kubeVersion`` of each chart)."""
    linkerd = cluster.linkerd
    key = f"clusters.{name}.linkerd.version"
    older = [chart for chart, first in KUBERNETES if first < linkerd.oldest_kubernetes]
    remedy = "upgrade the cluster"
    if linkerd.generation is DEFAULT and older:
        before = ".".join(map(str, KUBERNETES[len(older)][0]))
        remedy += f", or write a version before {before} under {key}"
    yield Limit(linkerd.oldest_kubernetes, f"Linkerd {linkerd.version}", remedy)
    ambassador = _installed(cluster)
    if ambassador is not None and ambassador.line.oldest_kubernetes:
        yield Limit(
            ambassador.line.oldest_kubernetes,
            f"{ambassador.kind.title} {ambassador.chart_version}",
            "upgrade the cluster",
        )


def _installed(cluster: ClusterConfig) -> AmbassadorConfig | None:
    """The first Ambassador that the program installs; all of a cluster have one version."""
    return next((one for one in cluster.every_ambassador if one.installed), None)
