"""Replaces the pods of workloads in batches, within their PodDisruptionBudgets.

Facts: k8s.io/kubectl ``pkg/polymorphichelpers/objectrestarter.go`` (a restart is an annotation of
the pod template); Kubernetes docs, "API-initiated Eviction" (status 429 where a budget does not
permit it).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from checks.cluster.unready import is_ready, ought_to_run, worst
from checks.facts.selectors import selects
from config.core.mesh import MeshConfig
from kube.answers import inner
from kube.kubeconfig import api_client
from kube.rollouts import behind, stuck
from lifecycle.restarts.disruption import Budget, by_rollout, down_at_once, pods_wanted
from lifecycle.restarts.plan import Plan, Restart
from verify.cluster import Cluster, ClusterRefusedError
from verify.pods.waiting import why_not
from vocabulary.errors import MeshError
from vocabulary.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    STATEFUL_SET,
    Object,
    labels_of,
)
from vocabulary.kubernetes import RESTARTED_AT

RESTARTED = {
    kind.name.lower(): kind for kind in (DEPLOYMENT, DAEMON_SET, STATEFUL_SET, REPLICA_SET)
}
"""Kinds whose pods are replaced, by their names as kubectl writes them."""
PAUSE_SECONDS = 0.5
"""Between two requests for the state of a workload."""


class RestartError(MeshError):
    """A workload did not restart; what had restarted before stays so, the rest was not touched."""


@dataclass(frozen=True)
class Limits:
    """How restarts are bounded."""

    batch: int
    """Workloads that restart at the same time."""
    seconds: float
    """How long one workload may take."""


def restart_in(mesh: MeshConfig, plan: Plan, say: Callable[[str], None]) -> None:
    """Replace the pods of a plan's workloads, bounded as the stack file says.

    Raises RestartError at the first workload that does not become ready in time.
    """
    limits = Limits(mesh.trust_anchor.restarts.batch, float(mesh.timeout_seconds))
    with api_client(mesh.clusters[plan.cluster]) as api:
        restart(Cluster(plan.cluster, api), plan, limits, say)


def restart(cluster: Cluster, plan: Plan, limits: Limits, say: Callable[[str], None]) -> None:
    """Replace the pods of every workload of a plan that is not left to the user.

    Raises RestartError at the first workload that does not become ready in time.
    """
    try:
        for _, stage in groupby(plan.restarts, key=lambda one: one.stage):
            _Stage(cluster, limits, say, list(stage)).run()
    except ClusterRefusedError as error:
        raise RestartError(
            str(error), "correct that; then run the same command again, which restarts the rest"
        ) from None


class _Stage:
    """Workloads that may restart in any order."""

    def __init__(
        self, cluster: Cluster, limits: Limits, say: Callable[[str], None], pending: list[Restart]
    ) -> None:
        self._cluster, self._limits, self._say = cluster, limits, say
        self._pending = pending
        self._rolls: dict[Restart, bool] = {}
        """Of the present batch, whether a rollout replaces its pods, or evictions do."""

    def run(self) -> None:
        end = time.monotonic() + self._limits.seconds
        while self._pending:
            batch = list(self._admitted())
            if not batch:
                self._pause(end, self._pending[0], "a PodDisruptionBudget permits no restart now")
                continue
            for one in batch:
                self._say(f"{self._cluster.name}: restarting {one}")
            begun = datetime.now(UTC).isoformat(timespec="seconds")
            for one in batch:
                if self._rolls[one]:
                    self._patch(one, begun)
            for one in batch:
                self._wait(one)
                self._pending.remove(one)
            end = time.monotonic() + self._limits.seconds

    def _admitted(self) -> Iterator[Restart]:
        """The workloads of the next batch: together they take down no more than budgets permit."""
        self._rolls = {}
        left: dict[tuple[str, str], int] = {}
        for one in self._pending:
            if len(self._rolls) == self._limits.batch:
                return
            workload, budgets = self._workload(one), list(self._budgets(one.namespace))
            rolls = by_rollout(workload, budgets)
            # An eviction is refused by the API server itself.
            down = down_at_once(workload) or 0 if rolls else 0
            covering = [budget for budget in budgets if budget.covers(workload)]
            allowed = {
                (one.namespace, budget.name): left.get((one.namespace, budget.name), budget.allowed)
                for budget in covering
            }
            if all(down <= count for count in allowed.values()):
                left |= {key: count - down for key, count in allowed.items()}
                self._rolls[one] = rolls
                yield one

    def _workload(self, one: Restart) -> Object:
        found = self._cluster.get(RESTARTED[one.kind], one.namespace, one.name)
        if found is None:
            raise RestartError(
                f"{one.kind} {one.namespace}/{one.name} in cluster {self._cluster.name} does not "
                "exist any more",
                "run the same command again, which restarts the rest",
            )
        return found

    def _budgets(self, namespace: str) -> Iterator[Budget]:
        for found in self._cluster.list(POD_DISRUPTION_BUDGET, namespace, ""):
            yield Budget.of(found)

    def _patch(self, one: Restart, moment: str) -> None:
        template = {"metadata": {"annotations": {RESTARTED_AT: moment}}}
        kind = RESTARTED[one.kind]
        self._cluster.patch(kind, one.namespace, one.name, {"spec": {"template": template}})

    def _wait(self, one: Restart) -> None:
        """Wait until none of its pods is an old one, and as many as it wants are ready."""
        end = time.monotonic() + self._limits.seconds
        old = {pod.uid: pod.name for pod in one.pods}
        while True:
            workload = self._workload(one)
            pods = self._pods(workload)
            there = {uid: name for uid, name in old.items() if uid in map(_uid, pods)}
            alive = [pod for pod in pods if ought_to_run(pod)]
            missing = pods_wanted(workload) - sum(map(is_ready, alive))
            lacks = f"{missing} of its pods are not ready" if missing > 0 else ""
            if self._rolls[one]:
                lacks = behind(workload) or lacks
                if stuck(workload):
                    end = 0.0
            elif there and not lacks:
                lacks = self._evict(one, there, alive)
            if not lacks and there:
                lacks = f"{len(there)} of its old pods still run"
            if not lacks:
                return
            self._pause(end, one, lacks, alive)

    def _evict(self, one: Restart, there: dict[str, str], alive: Iterable[Object]) -> str:
        """Evict one of the old pods; why that is not permitted, or empty."""
        for pod in alive:
            name = there.get(_uid(pod))
            if name is not None and not self._cluster.evict(one.namespace, name, _uid(pod)):
                return f"a PodDisruptionBudget does not permit the eviction of pod {name}"
            if name is not None:
                break
        return ""

    def _pods(self, workload: Object) -> list[Object]:
        selector = inner(workload, "spec", "selector")
        space = str(inner(workload, "metadata").get("namespace"))
        labels = ",".join(f"{key}={value}" for key, value in inner(selector, "matchLabels").items())
        found = self._cluster.list(POD, space, labels)
        return [pod for pod in found if selects(selector, labels_of(pod))]

    def _pause(self, end: float, one: Restart, lacks: str, pods: Iterable[Object] = ()) -> None:
        """Wait a little. Raises RestartError where the time is over."""
        if time.monotonic() < end:
            time.sleep(PAUSE_SECONDS)
            return
        unready = worst(list(pods))
        why = f": {why_not(self._cluster, unready)}" if unready is not None else ""
        others = [str(other) for other in self._pending if other != one]
        untouched = f"; still to restart: {', '.join(others)}" if others else ""
        raise RestartError(
            f"cluster {self._cluster.name}: {one} did not restart within "
            f"{self._limits.seconds:g} seconds, {lacks}{why}{untouched}",
            f"see `kubectl -n {one.namespace} describe {one.kind} {one.name}`; then run the same "
            "command again, which restarts the rest",
        )


def _uid(pod: Object) -> str:
    return str(inner(pod, "metadata").get("uid") or "")
