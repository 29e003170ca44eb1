"""Restarts against a cluster of a few dictionaries: what is touched, when, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.restarts import act
from lifecycle.restarts.act import Limits, RestartError, restart
from lifecycle.restarts.disruption import down_at_once
from lifecycle.restarts.plan import Plan, Restart
from preflight.meshed_pods import MeshedPod
from vocabulary.kinds import POD, POD_DISRUPTION_BUDGET, Kind, Object


@dataclass
class Workload:
    """A workload of the small cluster, and how long its rollout takes."""

    kind: str
    name: str
    replicas: int = 2
    strategy: dict[str, Any] = field(default_factory=dict)
    stage: int = 3
    polls: int = 2
    """Looks until the rollout is done; negative for never."""
    paused: bool = False


class SmallCluster:
    """Stands in for an API server with workloads of one namespace and budgets over them."""

    name = "west"

    def __init__(self, workloads: list[Workload], budgets: dict[str, int] | None = None) -> None:
        self.workloads = {one.name: one for one in workloads}
        self.budgets = budgets or {}
        """Pods that may be down, by the label `budget` of workloads, all of them in "all"."""
        self.running: dict[str, int] = {}
        """Looks left until a rollout that runs is done, by workload."""
        self.restarted: list[str] = []
        self.evicted: list[str] = []
        self.pods = {
            one.name: [f"{one.name}-old-{place}" for place in range(one.replicas)]
            for one in workloads
        }
        self.peak: dict[str, int] = {}

    def plan(self) -> Plan:
        return Plan(
            "west",
            tuple(
                Restart(
                    "shop",
                    one.kind,
                    one.name,
                    tuple(
                        MeshedPod(f"shop/{one.name}", True, None, kind=one.kind, name=uid, uid=uid)
                        for uid in self.pods[one.name]
                    ),
                    one.stage,
                )
                for one in sorted(self.workloads.values(), key=lambda one: one.stage)
            ),
        )

    def down(self) -> int:
        """Pods that the rollouts which run now may take down."""
        return sum(
            down_at_once(self._described(self.workloads[name])) or 0 for name in self.running
        )

    def get(self, kind: Kind, space: str, name: str) -> Object | None:
        one = self.workloads[name]
        if name in self.running:
            self.running[name] -= 1
            if self.running[name] == 0:
                del self.running[name]
                self.pods[name] = [f"{name}-new-{place}" for place in range(one.replicas)]
        return self._described(one)

    def list(self, kind: Kind, space: str, labels: str) -> list[Object]:
        if kind == POD_DISRUPTION_BUDGET:
            return [
                {
                    "metadata": {"name": name},
                    "spec": {"selector": {}},
                    "status": {
                        "disruptionsAllowed": most - self.down(),
                        "expectedPods": 100,
                        "desiredHealthy": 100 - most,
                    },
                }
                for name, most in self.budgets.items()
            ]
        assert kind == POD
        (name,) = [one for one in self.workloads if labels == f"app={one}"]
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        return [
            {"metadata": {"name": uid, "uid": uid, "labels": {"app": name}}, "status": ready}
            for uid in self.pods[name]
        ]

    def patch(self, kind: Kind, space: str, name: str, body: Object) -> Object:
        annotations = body["spec"]["template"]["metadata"]["annotations"]
        assert list(annotations) == ["kubectl.kubernetes.io/restartedAt"]
        assert name not in self.restarted
        unfinished = {self.workloads[one].stage for one in self.running}
        assert unfinished <= {self.workloads[name].stage}
        self.restarted.append(name)
        self.running[name] = self.workloads[name].polls
        self.peak["workloads"] = max(self.peak.get("workloads", 0), len(self.running))
        self.peak["pods"] = max(self.peak.get("pods", 0), self.down())
        return {}

    def evict(self, space: str, name: str, uid: str) -> bool:
        workload = name.partition("-old-")[0]
        if any(most < 1 for most in self.budgets.values()):
            return False
        assert len(self.pods[workload]) == self.workloads[workload].replicas
        self.evicted.append(name)
        self.pods[workload].remove(name)
        self.pods[workload].append(name.replace("old", "new"))
        return True

    def _described(self, one: Workload) -> Object:
        new = 0 if one.name in self.running else one.replicas
        key = "strategy" if one.kind == "deployment" else "updateStrategy"
        kinds = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
        status = {
            "observedGeneration": 1,
            "updatedReplicas": new,
            "availableReplicas": one.replicas,
            "desiredNumberScheduled": one.replicas,
            "updatedNumberScheduled": new,
            "numberAvailable": one.replicas,
        }
        return {
            "kind": kinds[one.kind],
            "metadata": {"name": one.name, "namespace": "shop", "generation": 1},
            "spec": {
                "replicas": one.replicas,
                "paused": one.paused,
                "selector": {"matchLabels": {"app": one.name}},
                "template": {"metadata": {"labels": {"app": one.name}}},
                key: one.strategy,
            },
            "status": status,
        }


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act, "PAUSE_SECONDS", 0.0)


def run(cluster: SmallCluster, batch: int = 1, seconds: float = 5.0) -> list[str]:
    said: list[str] = []
    restart(cluster, cluster.plan(), Limits(batch, seconds), said.append)  # type: ignore[arg-type]
    return said


ONE_DOWN = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
workloads = st.lists(
    st.builds(
        Workload,
        st.sampled_from(["deployment", "statefulset"]),
        st.sampled_from("abcdefgh"),
        st.integers(1, 4),
        st.sampled_from([{}, ONE_DOWN]),
        st.integers(0, 3),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.name,
)


@settings(max_examples=60, deadline=None)
@given(workloads, st.integers(1, 4), st.integers(1, 3))
def test_restarts_stay_within_the_batch_and_the_budget_and_leave_no_old_pod(
    drawn: list[Workload], batch: int, most: int
) -> None:
    cluster = SmallCluster(drawn, {"all": most})
    said = run(cluster, batch)
    assert sorted(cluster.restarted) == sorted(one.name for one in drawn)
    assert len(said) == len(drawn)
    stages = [cluster.workloads[name].stage for name in cluster.restarted]
    assert stages == sorted(stages)
    assert cluster.peak["workloads"] <= batch
    assert cluster.peak["pods"] <= most
    assert not [uid for pods in cluster.pods.values() for uid in pods if "old" in uid]


def test_a_full_batch_restarts_at_the_same_time_where_budgets_permit_it() -> None:
    cluster = SmallCluster([Workload("statefulset", name) for name in "abcd"], {"all": 9})
    run(cluster, batch=3)
    assert cluster.peak["workloads"] == 3
    cluster = SmallCluster([Workload("statefulset", name) for name in "abcd"], {"all": 2})
    run(cluster, batch=3)
    assert cluster.peak["workloads"] == 2


@pytest.mark.parametrize(
    "workload",
    [
        Workload("daemonset", "a", 3, {"type": "OnDelete"}),
        Workload("statefulset", "a", 3, {"type": "OnDelete"}),
        Workload("statefulset", "a", 3, {"rollingUpdate": {"partition": 2}}),
        Workload("deployment", "a", 3, paused=True),
    ],
)
def test_what_a_rollout_does_not_replace_is_evicted_pod_by_pod(workload: Workload) -> None:
    cluster = SmallCluster([workload], {"all": 1})
    run(cluster)
    assert cluster.restarted == []
    assert cluster.evicted == ["a-old-0", "a-old-1", "a-old-2"]


def test_a_rollout_that_a_budget_never_permits_is_done_by_evictions() -> None:
    recreated = Workload("deployment", "a", 3, {"type": "Recreate"})
    cluster = SmallCluster([recreated], {"all": 1})
    run(cluster)
    assert (cluster.restarted, len(cluster.evicted)) == ([], 3)
    cluster = SmallCluster([recreated])
    run(cluster)
    assert (cluster.restarted, cluster.evicted) == (["a"], [])


def test_a_budget_that_permits_nothing_ends_in_an_error_that_says_so() -> None:
    cluster = SmallCluster([Workload("daemonset", "a", 2)], {"all": 0})
    with pytest.raises(RestartError, match="PodDisruptionBudget") as caught:
        run(cluster, seconds=0.0)
    assert (cluster.restarted, cluster.evicted) == ([], [])
    assert "restarts the rest" in caught.value.remedy
    # A rollout that starts new pods first has none down.
    cluster = SmallCluster([Workload("deployment", "a", 2)], {"all": 0})
    run(cluster)
    assert cluster.restarted == ["a"]


def test_the_first_workload_that_does_not_become_ready_ends_the_restarts() -> None:
    found = [
        Workload("deployment", "a", stage=0),
        Workload("deployment", "b", stage=1, polls=-1),
        Workload("deployment", "c", stage=2),
        Workload("deployment", "d", stage=3),
    ]
    cluster = SmallCluster(found)
    with pytest.raises(RestartError) as caught:
        run(cluster, seconds=0.2)
    assert cluster.restarted == ["a", "b"]
    assert "cluster west: shop deployment/b" in caught.value.message
    assert "0 of 2 pods are updated" in caught.value.message
    assert "kubectl -n shop describe deployment b" in caught.value.remedy


def test_a_workload_that_was_deleted_meanwhile_is_named() -> None:
    cluster = SmallCluster([Workload("deployment", "a")])
    plan = cluster.plan()
    cluster.get = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(RestartError, match="deployment shop/a in cluster west does not exist"):
        restart(cluster, plan, Limits(1, 1.0), print)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "down"),
    [
        (1, "25%", "25%", 0),
        (4, "25%", "25%", 1),
        (7, "25%", "25%", 1),
        (10, 0, "5%", 1),
        (10, 1, 0, 0),
        (10, 0, 3, 3),
    ],
)
def test_a_deployment_has_as_many_pods_down_as_its_strategy_says(
    replicas: int, surge: Any, unavailable: Any, down: int
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    spec = {"replicas": replicas, "strategy": {"rollingUpdate": rolling}}
    assert down_at_once({"kind": "Deployment", "spec": spec}) == down
