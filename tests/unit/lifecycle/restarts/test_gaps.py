"""Which restarts leave no ready pod for a while, by what a cluster has."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.restarts.gaps import marked
from lifecycle.restarts.plan import Plan, Restart
from lifecycle.rotation import report
from preflight.meshed_pods import MeshedPod
from verify.cluster import ClusterRefusedError
from vocabulary.kinds import POD_DISRUPTION_BUDGET, Kind, Object

POD = MeshedPod("shop/web", True, None, name="web-1", uid="1")


class OneWorkload:
    """Stands in for an API server with one workload, and perhaps a budget over its pods."""

    name = "west"

    def __init__(self, kind: str, spec: Object, most: int | None = None) -> None:
        self.kind, self.most = kind, most
        template = {"metadata": {"labels": {"app": "web"}}}
        self.workload = {
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": template, **spec},
            "status": {"desiredNumberScheduled": spec.get("replicas")},
        }

    def list(self, kind: Kind, space: str, labels: str) -> list[Object]:
        if kind == POD_DISRUPTION_BUDGET:
            status = {"expectedPods": 9, "desiredHealthy": 9 - (self.most or 0)}
            budget = {"metadata": {"name": "b"}, "spec": {"selector": {}}, "status": status}
            return [] if self.most is None else [budget]
        assert (kind.name, space) == (self.kind, "shop")
        return [self.workload]


def plan(kind: str) -> Plan:
    web = Restart("shop", kind.lower(), "web", (POD,))
    job = Restart("shop", "job", "once", (POD,), left="a Job ends by itself")
    return Plan("west", (web,), (job,))


def one_down(key: str, **more: Any) -> Object:
    return {key: {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, **more}


@pytest.mark.parametrize(
    ("kind", "spec", "most", "gap"),
    [
        # A surge of 25% is one pod, and 25% of one pod may be missing: none.
        ("Deployment", {"replicas": 1}, None, False),
        ("Deployment", {}, None, False),
        ("Deployment", {"replicas": 0, "strategy": {"type": "Recreate"}}, None, False),
        ("Deployment", {"replicas": 1, "strategy": {"type": "Recreate"}}, None, True),
        ("Deployment", {"replicas": 3, "strategy": {"type": "Recreate"}}, None, True),
        # One eviction after the other, as a budget demands.
        ("Deployment", {"replicas": 3, "strategy": {"type": "Recreate"}}, 1, False),
        ("Deployment", one_down("strategy", replicas=1), None, True),
        ("Deployment", one_down("strategy", replicas=2), None, False),
        ("Deployment", {"replicas": 1, "paused": True}, None, True),
        ("StatefulSet", {"replicas": 1}, None, True),
        ("StatefulSet", {"replicas": 2}, None, False),
        ("StatefulSet", {"replicas": 1, "updateStrategy": {"type": "OnDelete"}}, None, True),
        ("DaemonSet", {"replicas": 1}, None, True),
        ("DaemonSet", {"replicas": 2}, None, False),
        (
            "DaemonSet",
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "100%"}}},
            None,
            False,
        ),
        (
            "DaemonSet",
            {"replicas": 1, "updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
            None,
            False,
        ),
        ("ReplicaSet", {"replicas": 1}, None, True),
    ],
)
def test_a_restart_leaves_a_gap_where_all_pods_end_before_a_new_one_is_ready(
    kind: str, spec: Object, most: int | None, gap: bool
) -> None:
    cluster = OneWorkload(kind, spec, most)
    found = marked(cluster, plan(kind))  # type: ignore[arg-type]
    assert [one.gap for one in found.all] == [gap, False]


def test_a_workload_that_may_not_be_read_is_unknown_and_not_fine() -> None:
    class Forbidding(OneWorkload):
        def list(self, kind: Kind, space: str, labels: str) -> list[Object]:
            raise ClusterRefusedError("Deployment objects may not be listed", 403)

    found = marked(Forbidding("Deployment", {}), plan("Deployment"))  # type: ignore[arg-type]
    text = "\n".join(report.restarts(found, None))
    assert "unknown" in text and "may not be listed" in text
