"""Restarts on a real API server: rollouts, evictions and budgets are those of Kubernetes.

No proxy injector runs in simulated pods, so a small webhook annotates pods as Linkerd's does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

import local_clusters
from config import MeshConfig, load_settings
from config.preconditions import TrustReads
from lifecycle.restarts.act import Limits, RestartError, restart
from lifecycle.restarts.plan import Plan, plan
from local_clusters import LocalCluster
from machine.build import ensure
from preflight.proxy_trust import HeldTrust, held_trust
from tests.certificates import ROOT, certified
from tests.foreign_workloads import Run
from tests.injector import MESHED, Injector
from tests.integration.mesh_fixture import Tools, until
from verify.cluster import Cluster

pytestmark = [pytest.mark.clusters]

CLUSTER = "restarts"
ANCHORS = [certified(ROOT, days=900).pem for _ in range(5)]
"""Each test changes to the next one."""
ONE_DOWN = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


class Meshed:
    """A cluster with meshed workloads, whose anchors can be replaced."""

    def __init__(self, cluster: LocalCluster, kubectl: Run, injector: Injector) -> None:
        self._cluster, self.kubectl, self._injector = cluster, kubectl, injector

    def put(self, *things: dict[str, Any]) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(things)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def anchors(self, *pems: str) -> None:
        """Let these be the anchors: pods that start from now on read them."""
        bundle = "".join(pems)
        self._injector.bundle = lambda: bundle
        data = {"ca-bundle.crt": bundle}
        metadata = {"name": "linkerd-identity-trust-roots", "namespace": "linkerd"}
        self.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})

    def held(self) -> HeldTrust:
        with self._cluster.api() as api:
            found = held_trust(api, TrustReads("linkerd"), (5.0, 20.0))
        assert found is not None
        return found

    def plan(self, config: MeshConfig) -> Plan:
        return plan(config, CLUSTER, (pod for pod in self.held().pods if pod.stale))

    def restart(self, found: Plan, batch: int = 1, seconds: float = 120.0) -> list[str]:
        said: list[str] = []
        with self._cluster.api() as api:
            restart(Cluster(CLUSTER, api), found, Limits(batch, seconds), said.append)
        return said

    def stale(self) -> set[str]:
        return {pod.workload for pod in self.held().pods if pod.stale and not pod.ending}

    def pods(self, name: str) -> list[Any]:
        """Pods with this label `app` that are ready and not being deleted."""
        with self._cluster.api() as api:
            core: Any = client.CoreV1Api(api)
            found = core.list_pod_for_all_namespaces(label_selector=f"app={name}").items
        return [
            pod
            for pod in found
            if pod.metadata.deletion_timestamp is None
            and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])
        ]

    @contextmanager
    def counted(self, name: str) -> Iterator[list[int]]:
        """How many pods of a workload were ready, as often as the API server answers."""
        counts: list[int] = []
        ended = threading.Event()

        def count() -> None:
            while not ended.is_set():
                with suppress(client.ApiException):
                    counts.append(len(self.pods(name)))

        thread = threading.Thread(target=count, daemon=True)
        thread.start()
        yield counts
        ended.set()
        thread.join(30)


def workload(kind: str, space: str, name: str, replicas: int = 1, **spec: Any) -> dict[str, Any]:
    labels = {"app": name, **MESHED, f"linkerd.io/proxy-{kind.lower()}": name}
    container = {"name": "web", "image": "example.com/web:1"}
    body: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        **spec,
    }
    if kind != "DaemonSet":
        body["replicas"] = replicas
    if kind == "StatefulSet":
        body["serviceName"] = name
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": body}


def budget(space: str, name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": space},
        "spec": {"selector": {"matchLabels": {"app": name}}, **spec},
    }


WORKLOADS = [
    workload("Deployment", "linkerd", "linkerd-identity"),
    workload("Deployment", "linkerd", "linkerd-destination"),
    workload("Deployment", "shop", "web", 3, strategy=ONE_DOWN),
    workload("Deployment", "shop", "recreated", 3, strategy={"type": "Recreate"}),
    workload("StatefulSet", "shop", "db", 2),
    workload("DaemonSet", "shop", "agent", updateStrategy={"type": "OnDelete"}),
]
ALONE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "alone", "namespace": "shop", "labels": {"app": "alone", **MESHED}},
    "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]},
}


@pytest.fixture(scope="module")
def meshed(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Meshed]:
    """A cluster of this module's own, all of whose pods started with the first anchor."""
    directory = tmp_path_factory.mktemp("restarts")
    programs = ensure(["helm", "kubectl"])
    injector = Injector(directory)
    try:
        (cluster,) = local_clusters.up([CLUSTER], directory=directory / "clusters")
        kubeconfig = local_clusters.merge_kubeconfigs([cluster], directory / "kubeconfig")
        tools = Tools(programs["helm"], programs["kubectl"], kubeconfig, {CLUSTER: CLUSTER})
        found = Meshed(cluster, partial(tools.kubectl_run, CLUSTER), injector)
        for space in ("linkerd", "shop"):
            found.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        found.put(injector.registration(MESHED))
        found.anchors(ANCHORS[0])
        # The webhook may not be known yet to the API server that just registered it.
        until(partial(annotated, found), bool)
        found.put(*WORKLOADS, budget("shop", "web", maxUnavailable=1), ALONE)
        found.put(budget("shop", "recreated", maxUnavailable=1))
        wanted = {"linkerd-identity": 1, "web": 3, "recreated": 3, "db": 2, "alone": 1}
        for name, count in wanted.items():
            until(lambda name=name: len(found.pods(name)), lambda there, c=count: there == c)  # type: ignore[misc]
        until(lambda: len(found.pods("agent")), lambda there: there == 3)
        yield found
    finally:
        local_clusters.down(directory=directory / "clusters")
        injector.server.shutdown()


def annotated(meshed: Meshed) -> bool:
    """Whether a pod that is made now gets its annotation."""
    probe = {**ALONE, "metadata": {**ALONE["metadata"], "name": "probe"}}
    with suppress(RuntimeError):
        meshed.kubectl("-n", "shop", "delete", "pod", "probe", "--now")
    meshed.kubectl("create", "-f", "-", stdin=json.dumps(probe))
    shown = meshed.kubectl("-n", "shop", "get", "pod", "probe", "-o", "json")
    meshed.kubectl("-n", "shop", "delete", "pod", "probe", "--now")
    return "linkerd.io/trust-root-sha256" in shown


def mesh() -> MeshConfig:
    return load_settings({"clusters": {CLUSTER: {"context": CLUSTER}}}, "t")


def test_batches_replace_every_pod_with_older_anchors_within_the_budgets(meshed: Meshed) -> None:
    assert meshed.stale() == set()
    meshed.anchors(*ANCHORS[:2])
    found = meshed.plan(mesh())
    assert [one.name for one in found.restarts] == [
        "linkerd-identity",
        "linkerd-destination",
        "agent",
        "recreated",
        "web",
        "db",
    ]
    with meshed.counted("web") as web, meshed.counted("recreated") as recreated:
        said = meshed.restart(found, batch=2)
    assert meshed.stale() == {"shop/alone"}
    assert len(web) > 5 and min(web) >= 2
    assert len(recreated) > 5 and min(recreated) >= 2
    assert ["linkerd-identity" in line for line in said] == [True, *[False] * 5]
    for kind, name, replaced in (("deployment", "web", True), ("deployment", "recreated", False)):
        shown = meshed.kubectl("-n", "shop", "get", kind, name, "-o", "json")
        assert ("kubectl.kubernetes.io/restartedAt" in shown) == replaced
    # What has the present anchors is not touched again.
    before = {pod.uid for pod in meshed.held().pods}
    assert meshed.plan(mesh()).restarts == ()
    assert meshed.restart(meshed.plan(mesh())) == []
    assert {pod.uid for pod in meshed.held().pods} == before


def test_a_budget_that_permits_nothing_stops_evictions_until_it_is_gone(meshed: Meshed) -> None:
    meshed.anchors(*ANCHORS[1:3])
    # Kubernetes counts no maxUnavailable for DaemonSets, and their pods only by a number.
    nodes = len(meshed.pods("agent"))
    meshed.put(budget("shop", "agent", minAvailable=nodes))
    until(lambda: status_of(meshed, "agent"), lambda seen: seen.get("currentHealthy") == nodes)
    with meshed.counted("agent") as agents, pytest.raises(RestartError) as caught:
        meshed.restart(meshed.plan(mesh()), batch=3, seconds=15.0)
    assert "shop daemonset/agent" in caught.value.message
    assert "PodDisruptionBudget does not permit" in caught.value.message
    assert min(agents) == max(agents)
    assert "linkerd/linkerd-identity" not in meshed.stale()
    assert "shop/agent" in meshed.stale()
    meshed.kubectl("-n", "shop", "delete", "poddisruptionbudget", "agent")
    meshed.restart(meshed.plan(mesh()), batch=3)
    assert meshed.stale() == {"shop/alone"}


def test_pods_that_do_not_become_ready_stop_the_restarts_and_a_second_run_goes_on(
    meshed: Meshed,
) -> None:
    meshed.anchors(*ANCHORS[2:4])
    nodes = meshed.kubectl("get", "nodes", "-o", "name").split()
    meshed.kubectl("cordon", *nodes)
    try:
        with pytest.raises(RestartError) as caught:
            meshed.restart(meshed.plan(mesh()), seconds=6.0)
    finally:
        meshed.kubectl("uncordon", *nodes)
    assert "linkerd deployment/linkerd-identity" in caught.value.message
    assert "FailedScheduling" in caught.value.message or "unschedulable" in caught.value.message
    assert "shop/web" in meshed.stale()
    meshed.restart(meshed.plan(mesh()), batch=4)
    assert meshed.stale() == {"shop/alone"}


def status_of(meshed: Meshed, name: str) -> dict[str, Any]:
    shown = meshed.kubectl("-n", "shop", "get", "poddisruptionbudget", name, "-o", "json")
    found: dict[str, Any] = json.loads(shown).get("status") or {}
    return found
