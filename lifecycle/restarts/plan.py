"""Which workloads of a cluster have to restart, in which order, and which are left to the user.

Facts: Linkerd docs, "Manually rotating control plane TLS credentials" (the control plane first; the
identity service before all, as it signs for the others).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from config.core.mesh import MeshConfig
from config.trust.restarts import KINDS
from preflight.meshed_pods import MeshedPod
from vocabulary.linkerd import MULTICLUSTER


@dataclass(frozen=True)
class Restart:
    """A workload, and those of its pods that have to be replaced."""

    namespace: str
    kind: str
    """Kind as kubectl writes it."""
    name: str
    pods: tuple[MeshedPod, ...]
    stage: int = 0
    """Workloads of a stage restart when those of the stages before have."""
    left: str = ""
    """Why it is left to the user; empty where it is not."""
    gap: bool = False
    """Whether all its pods end before a new one is ready; `lifecycle/restarts/gaps.py` reads it."""

    def __str__(self) -> str:
        return f"{self.namespace} {self.kind}/{self.name} ({_counted(len(self.pods))})"

    def commands(self, context: str | None) -> list[str]:
        """What a user types to replace its pods; none where it ends by itself."""
        kubectl = f"kubectl {f'--context {context} ' if context else ''}-n {self.namespace}"
        if self.kind == "job":
            return []
        if self.kind in KINDS and self.kind != "replicaset":
            verbs = ("restart", "status")
            return [f"{kubectl} rollout {verb} {self.kind}/{self.name}" for verb in verbs]
        return [f"{kubectl} delete pod {' '.join(sorted(pod.name for pod in self.pods))}"]


@dataclass(frozen=True)
class Plan:
    """What has to restart in a cluster."""

    cluster: str
    restarts: tuple[Restart, ...]
    """Workloads that `./mesh rotate --restart` restarts, in this order."""
    left: tuple[Restart, ...] = ()
    """Workloads that are left to the user."""
    unread: str = ""
    """Why it is unknown which of them leave a gap; empty where it is known."""

    @property
    def all(self) -> tuple[Restart, ...]:
        """Both."""
        return (*self.restarts, *self.left)

    def __str__(self) -> str:
        count = len(self.all)
        pods = _counted(sum(len(one.pods) for one in self.all))
        return f"{count} workload{'' if count == 1 else 's'} ({pods})"


def plan(mesh: MeshConfig, cluster: str, pods: Iterable[MeshedPod]) -> Plan:
    """The plan by which these pods of a cluster are replaced.

    Pods that are being deleted need no restart.
    """
    grouped: dict[tuple[str, str, str], list[MeshedPod]] = {}
    for pod in pods:
        if not pod.ending:
            space, _, name = pod.workload.partition("/")
            grouped.setdefault((space, pod.kind, name), []).append(pod)
    found = [
        Restart(*key, tuple(group), _stage(mesh, cluster, group[0]), _left(mesh, *key))
        for key, group in grouped.items()
    ]
    found.sort(key=lambda one: (one.stage, one.namespace, one.kind, one.name))
    return Plan(
        cluster,
        tuple(one for one in found if not one.left),
        tuple(one for one in found if one.left),
    )


def _stage(mesh: MeshConfig, cluster: str, pod: MeshedPod) -> int:
    config = mesh.clusters[cluster]
    space = pod.workload.partition("/")[0]
    if pod.identity:
        return 0
    if space == config.linkerd.namespace:
        return 1
    return 2 if space in {MULTICLUSTER, *_gateways(mesh, cluster)} else 3


def _gateways(mesh: MeshConfig, cluster: str) -> Iterator[str]:
    """Namespaces of Ambassadors and of gateways."""
    for view in mesh.clusters[cluster].each_ambassador:
        if view.ambassador is not None:
            yield view.ambassador.namespace
    yield from (gateway.namespace for gateway in mesh.gateways(cluster))


def _left(mesh: MeshConfig, namespace: str, kind: str, name: str) -> str:
    if mesh.trust_anchor.restarts.leaves(namespace, kind, name):
        return "trustAnchor.restarts.excluded names it"
    if kind == "pod":
        return "a pod without a controller is not started again"
    if kind == "job":
        return "a Job ends by itself"
    return "" if kind in KINDS else f"a {kind} has another controller than Kubernetes' own"


def _counted(pods: int) -> str:
    return "1 pod" if pods == 1 else f"{pods} pods"
