"""The plan of an upgrade: waves of clusters, how far each is, and what is next.

Facts: Linkerd docs, "Upgrading Linkerd" (control plane, extensions, then workloads); "Upgrading
Multicluster in Linkerd 2.9": clusters may be upgraded in any order. By default those come first on
which fewer other clusters depend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.core.mesh import MeshConfig
from config.inventory import Release, inventory
from config.preconditions import Expectations, expectations
from config.variants.edge_releases import dated
from config.variants.linkerd_versions import next_step, too_far
from kube.helm import Installed
from preflight.guard import examine
from preflight.meshed_pods import MeshedPod
from preflight.reach import Reach
from preflight.version_change import control_plane_of, refusals


@dataclass(frozen=True)
class Difference:
    """A release that is not as the stack file says."""

    release: Release
    present: Installed | None
    """What is installed; None where the release does not exist."""

    def __str__(self) -> str:
        before = self.present.version if self.present is not None else "not installed"
        return f"{self.release}: {before} → {self.release.version}"


@dataclass(frozen=True)
class ClusterPlan:
    """One cluster in an upgrade."""

    name: str
    linkerd: str
    """Release of the control plane that is installed; empty without one."""
    version: str
    """Version of Linkerd in the stack file."""
    differences: tuple[Difference, ...]
    """Releases that the next update changes."""
    older: tuple[MeshedPod, ...]
    """Pods whose proxies are of another release than the control plane."""
    step: str = ""
    """The version to write next; empty where the stack file has the target, or a newer one."""
    late: tuple[MeshedPod, ...] = ()
    """Those of `older` that have to restart before that step."""
    refused: tuple[tuple[str, str], ...] = ()
    """Why the guard refuses the next update, each with a remedy."""

    @property
    def done(self) -> bool:
        """Whether it has the target of the upgrade."""
        return not self.step and not self.differences


def waves(mesh: MeshConfig) -> tuple[tuple[str, ...], ...]:
    """Names of clusters in the order in which they are upgraded, those of a wave together."""
    numbered: dict[int, list[str]] = {}
    for name, cluster in mesh.clusters.items():
        if cluster.upgrade.wave is not None:
            numbered.setdefault(cluster.upgrade.wave, []).append(name)
    others = [name for name, cluster in mesh.clusters.items() if cluster.upgrade.wave is None]
    others.sort(key=lambda name: len(mesh.links_to(name)))
    return (*(tuple(numbered[wave]) for wave in sorted(numbered)), *((name,) for name in others))


def newest(mesh: MeshConfig) -> str | None:
    """The newest version among the edge releases of a stack file; None where it has none."""
    versions = [
        cluster.linkerd.version
        for cluster in mesh.clusters.values()
        if cluster.linkerd.generation.dated
    ]
    return max(versions, key=dated, default=None)


def look(mesh: MeshConfig) -> dict[str, Reach]:
    """Read every cluster, by name.

    Raises ClusterError naming each that cannot be read, or whose releases are in an interrupted
    change.
    """
    wanted = {name: expectations(mesh, name) for name in mesh.clusters}
    read = {
        name: Expectations(releases=one.releases, trust=one.trust) for name, one in wanted.items()
    }
    return examine(mesh.clusters, read)


def plan(
    mesh: MeshConfig, found: Mapping[str, Reach], target: str | None
) -> tuple[tuple[ClusterPlan, ...], ...]:
    """How far every cluster is on the way to `target`, a chart version of Linkerd, by waves.

    Clusters with Linkerd 2.8 have no way there.
    """
    return tuple(
        tuple(_of_cluster(mesh, name, found[name], target) for name in wave) for wave in waves(mesh)
    )


def current(found: tuple[tuple[ClusterPlan, ...], ...]) -> tuple[ClusterPlan, ...]:
    """The first wave that is not done; empty where all are."""
    return next((wave for wave in found if not all(one.done for one in wave)), ())


def _of_cluster(mesh: MeshConfig, name: str, reach: Reach, target: str | None) -> ClusterPlan:
    cluster, releases = mesh.clusters[name], inventory(mesh, name).releases
    linkerd, pods = cluster.linkerd, reach.trust.pods if reach.trust is not None else ()
    present = control_plane_of(reach.releases, linkerd.namespace)
    running = present.release if present is not None else ""
    step = ""
    if target is not None and linkerd.generation.dated and linkerd.dated < dated(target):
        step = next_step(linkerd.version, target)
    others = [pod for pod in pods if pod.workload.partition("/")[0] != linkerd.namespace]
    wanted = expectations(mesh, name).versions
    refused = (
        tuple(refusals(reach.releases, releases, pods, wanted))
        if wanted is not None and wanted.allowed is None
        else ()
    )
    return ClusterPlan(
        name,
        running,
        linkerd.version,
        tuple(_differences(releases, reach.releases)),
        tuple(pod for pod in others if running and pod.version and pod.version != running),
        step,
        tuple(pod for pod in others if step and too_far(pod.version, step)),
        refused,
    )


def _differences(
    releases: tuple[Release, ...], found: Mapping[tuple[str, str], Installed]
) -> Iterator[Difference]:
    for release in releases:
        present = found.get(release.key)
        if present is None or (present.chart, present.version.removeprefix("v")) != (
            release.chart,
            release.version.removeprefix("v"),
        ):
            yield Difference(release, present)
