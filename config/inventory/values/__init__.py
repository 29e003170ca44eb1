"""Helm values of each release: what follows from the stack file, and its extra values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.core.mesh import MeshConfig
from config.inventory.charts import CERT_MANAGER, TRUST_MANAGER, Release, releases
from config.inventory.values import ambassador, extensions, linkerd
from config.inventory.values.derived import Derived, Path, passed
from config.inventory.values.merging import Values, merged
from config.inventory.values.shaping import added_kinds, copied, shaping
from config.inventory.webhooks import Webhook, webhooks
from config.rules.several import key_at
from config.variants.ambassadors import CrdsChart
from vocabulary.kinds import Kind
from vocabulary.linkerd import (
    CNI_CHART,
    CONTROL_PLANE_RELEASE,
    CRDS_RELEASE,
    JAEGER,
    LINKERD_2_8_CHART,
    MULTICLUSTER,
    MULTICLUSTER_2_8_CHART,
    VIZ,
)

_Found = tuple[str, str, Mapping[str, Any], Iterable[Derived]]
"""Name of a chart, key of its extra values, these values, and the derived values."""


@dataclass(frozen=True)
class ReleaseValues:
    """The values of one release, as far as the stack file alone decides them."""

    key: str
    """Key path of the extra values."""
    extra: Mapping[str, Any]
    """The extra values."""
    derived: tuple[Derived, ...]
    """Values that follow from the stack file."""
    kinds: frozenset[Kind] = frozenset()
    """Kinds of objects that the chart makes for the extra values, besides those it makes always."""
    copied: tuple[tuple[Path, Path], ...] = ()
    """Values that the chart copies into a list, and the values that have entries of that list."""

    def over(self, defaults: Mapping[str, Any]) -> Values:
        """All values of the release; `defaults` are those that extra values may change."""
        return merged(merged(defaults, passed(self.derived)), self.extra)


def release_values(mesh: MeshConfig, cluster: str) -> dict[tuple[str, str], ReleaseValues]:
    """The values of a cluster's releases, by their namespaces and names."""
    found = {}
    for place, view in enumerate(mesh.each_ambassador(cluster) or (mesh,)):
        linked = cluster in view.linked_clusters()
        made = {item.chart: item for item in releases(view.clusters[cluster], linked=linked)}
        at = f"clusters.{cluster}.{key_at(place)}"
        every = [*_ambassador(view, cluster, at)]
        every += [] if place else [*_linkerd(view, cluster), *_cert_manager(view, cluster)]
        for chart, key, extra, rows in every:
            if chart in made:
                release = made[chart]
                found[release.key] = ReleaseValues(
                    key,
                    extra,
                    (*rows, *_shaping(release, cluster, at)),
                    added_kinds(chart, release.version, extra),
                    tuple(copied(chart, release.version)),
                )
    return found


def _shaping(release: Release, cluster: str, ambassador: str) -> Iterator[Derived]:
    part = {"linkerd": "linkerd", "linkerd_stable": "linkerd", "cert_manager": "certManager"}
    own = part.get(release.origin)
    at = f"clusters.{cluster}.{own}" if own else ambassador
    keys = {} if own else {"names": f"{at}.name", "accounts": f"{at}.serviceAccount"}
    return shaping(release.chart, release.version, {**keys, "namespaces": f"{at}.namespace"})


def _linkerd(mesh: MeshConfig, name: str) -> Iterator[_Found]:
    cluster, at = mesh.clusters[name], f"clusters.{name}"
    config, key = cluster.linkerd, f"{at}.linkerd"
    issuance, values, more = mesh.trust_anchor.cert_manager, config.values, config.multicluster
    every = webhooks(cluster)

    def servers(space: str) -> list[Webhook]:
        return [item for item in every if item.namespace == space]

    own = servers(config.namespace)
    rows: Iterable[Derived] = linkerd.control_plane(cluster, own, issuance, at)
    yield CRDS_RELEASE, f"{key}.crdsValues", config.crds_values, linkerd.crds(config, at)
    yield CNI_CHART, f"{key}.cniValues", config.cni_values, linkerd.cni(config)
    yield CONTROL_PLANE_RELEASE, f"{key}.values", values, rows
    yield LINKERD_2_8_CHART, f"{key}.values", values, linkerd.linkerd2(cluster, own, at)
    rows = extensions.viz(cluster, servers(VIZ), issuance, at)
    yield VIZ, f"{key}.viz.values", config.viz.values, rows
    if config.tracing is not None:
        rows = extensions.jaeger(cluster, servers(JAEGER), at)
        yield JAEGER, f"{key}.tracing.jaegerValues", config.tracing.jaeger_values, rows
    front = f"{key}.multicluster.values"
    yield MULTICLUSTER, front, more.values, extensions.multicluster(mesh, name, at)
    rows = linkerd.multicluster_2_8(cluster, at, source=bool(mesh.links_from(name)))
    yield MULTICLUSTER_2_8_CHART, front, more.values, rows


def _cert_manager(mesh: MeshConfig, name: str) -> Iterator[_Found]:
    config, at = mesh.clusters[name].cert_manager, f"clusters.{name}"
    if config is None:
        return
    key, space = f"{at}.certManager", config.namespace
    yield CERT_MANAGER, f"{key}.values", config.values, linkerd.cert_manager(space, at)
    if config.trust_manager is not None:
        values = config.trust_manager.values
        yield TRUST_MANAGER, f"{key}.trustManager.values", values, linkerd.trust_manager(space, at)


def _ambassador(mesh: MeshConfig, name: str, at: str) -> Iterator[_Found]:
    cluster = mesh.clusters[name]
    config = cluster.ambassador
    if config is None:
        return
    gateway, generation = next(iter(mesh.gateways(name)), None), cluster.linkerd.generation
    rows = ambassador.ambassador(config, name, generation, gateway, at)
    yield config.line.chart, f"{at}.values", config.values, rows
    if isinstance(config.line.crds, CrdsChart):
        chart = config.line.crds.name
        yield chart, f"{at}.crdsValues", config.crds_values, ambassador.crds(config, at)
