"""A run of `./mesh verify` on a real API server, its pods run by a small kubelet.

No mesh is here, so pods are unmeshed: these tests are about how a run creates, follows and
removes its objects.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

import local_clusters
from checks.facts.results import Status
from config import MeshConfig, load_settings
from local_clusters import LocalCluster
from local_clusters.control_plane.kubeconfig import api_client
from tests.integration.small_kubelet import SmallKubelet
from tests.stack_builders import changed
from verify import judge, run
from verify.cluster import Cluster
from verify.leftovers import remove_leftovers
from verify.questions.plan import Options, OwnService, Plan, Pod, Question

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(240)]

WHO = ("source", "client")
OPTIONS = Options(timeout=20.0)


@pytest.fixture(scope="module")
def cluster(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalCluster]:
    """A cluster of this module alone: its pods run somewhere else than those of other tests."""
    directory = tmp_path_factory.mktemp("clusters")
    try:
        (found,) = local_clusters.up(["verify"], directory=directory)
        yield found
    finally:
        local_clusters.down(directory=directory)


@pytest.fixture(scope="module")
def kubelet(
    cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallKubelet]:
    with SmallKubelet(cluster, tmp_path_factory.mktemp("pods")) as found:
        yield found


@pytest.fixture
def cuts(kubelet: SmallKubelet) -> Iterator[SmallKubelet]:
    """The kubelet, cutting every log, first after its second line."""
    kubelet.cut_after, kubelet.cuts = 2, 0
    yield kubelet
    kubelet.cut_after = 0


def _mesh() -> MeshConfig:
    return load_settings(changed({}), "test")


def _plan(port: int, requests: int = 5) -> Plan:
    url = f"http://127.0.0.1:{port}/"
    tasks: tuple[dict[str, Any], ...] = tuple(
        {"id": f"echo-{n}", "do": "requests", "url": url, "count": requests, "patience": 20}
        for n in range(5)
    )
    questions = tuple(
        Question(
            task["id"],
            "source -> target",
            "requests",
            task["id"],
            WHO,
            task["id"],
            judge.AllAnsweredBy(frozenset({"source"}), requests),
        )
        for task in tasks
    )
    target = {"id": "t", "link": "source-target", "url": url, "cluster": "source", "every": 0.05}
    return Plan(
        run.new_namespace(),
        ("source",),
        (
            Pod("source", "echo", meshed=False, serves=True),
            Pod("source", "client", meshed=False, tasks=tasks),
        ),
        (OwnService("source", "echo"),),
        questions=questions,
        during={WHO: (target,)},
    )


def _namespaces(cluster: LocalCluster) -> set[str]:
    with cluster.api() as api:
        core: Any = client.CoreV1Api(api)
        names = [str(item.metadata.name) for item in core.list_namespace().items]
    return {name for name in names if name.startswith("mesh-verify-")}


def _conduct(cluster: LocalCluster, plan: Plan, command: run.Command | None = None) -> Any:
    said: list[str] = []
    with cluster.api() as api:
        clusters = {"source": Cluster("source", api)}
        return run.conduct(_mesh(), plan, clusters, OPTIONS, say=said.append, command=command)


def test_answers_come_back_by_logs_that_are_cut_and_nothing_is_left(
    cluster: LocalCluster, cuts: SmallKubelet
) -> None:
    outcome = _conduct(cluster, _plan(cuts.port))
    assert [one.status for one in outcome.results] == [Status.OK] * 5, outcome.results
    assert cuts.cuts > 1
    assert _namespaces(cluster) == set()


def test_requests_are_made_while_a_command_runs_and_its_exit_code_is_kept(
    cluster: LocalCluster, cuts: SmallKubelet, tmp_path: Path
) -> None:
    file = tmp_path / "there"
    command = run.Command([f"sleep 1; echo $MESH_VERIFY_NAMESPACE > {file}; exit 7"], 0.5)
    plan = _plan(cuts.port)
    outcome = _conduct(cluster, plan, command)
    assert outcome.command_exit == outcome.exit_code == 7
    assert file.read_text().strip() == plan.namespace
    (count,) = outcome.counts
    assert count.requests > 1 and count.failed == 0
    assert outcome.failures == ()
    assert _namespaces(cluster) == set()


def test_a_request_that_fails_while_a_command_runs_is_reported_and_ends_with_1(
    cluster: LocalCluster, kubelet: SmallKubelet
) -> None:
    plan = _plan(kubelet.port)
    command = run.Command([sys.executable, "-c", _KILL.format(port=kubelet.port)], 1.0)
    outcome = _conduct(cluster, plan, command)
    assert outcome.command_exit == 0
    assert outcome.exit_code == 1
    (count,) = outcome.counts
    assert count.failed > 0
    assert {one.link for one in outcome.failures} == {"source-target"}
    assert all("Connection" in one.reason or "Remote" in one.reason for one in outcome.failures)


_KILL = """
import os, signal
from pathlib import Path
for entry in Path("/proc").glob("[0-9]*/cmdline"):
    words = entry.read_bytes().split(b"\\0")
    plan = Path(words[2].decode()) if len(words) > 2 else Path("/")
    if plan.name == "echo.json" and plan.is_file() and '"serve": {port}' in plan.read_text():
        os.kill(int(entry.parent.name), signal.SIGKILL)
"""


def test_a_command_is_not_started_where_requests_fail_before(
    cluster: LocalCluster, kubelet: SmallKubelet, tmp_path: Path
) -> None:
    plan = _plan(kubelet.port)
    targets = tuple({**one, "cluster": "elsewhere"} for one in plan.during[WHO])
    file = tmp_path / "there"
    outcome = _conduct(
        cluster, replace(plan, during={WHO: targets}), run.Command(["touch", str(file)], 0)
    )
    assert outcome.exit_code == 1
    assert not file.exists()
    assert any("was not started" in one.detail for one in outcome.results)
    assert _namespaces(cluster) == set()


def _interrupted(kubeconfig: Path, plan: Plan, said: Any) -> None:
    """A run in a process of its own, which is interrupted."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with api_client(kubeconfig) as api:
        clusters = {"source": Cluster("source", api)}
        try:
            run.conduct(_mesh(), plan, clusters, OPTIONS, say=said.put, command=None)
        except KeyboardInterrupt:
            os._exit(130)
    os._exit(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["making namespace", "starting echo", "pods are asking"])
def test_an_interrupted_run_removes_everything(
    cluster: LocalCluster, kubelet: SmallKubelet, number: signal.Signals, moment: str
) -> None:
    plan = _plan(kubelet.port, requests=100_000)
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    # pytest imports this file by a name that a new process does not find.
    here = importlib.import_module("tests.integration.test_verify_session")
    process = context.Process(target=here._interrupted, args=(cluster.kubeconfig, plan, said))
    process.start()
    try:
        while moment not in said.get(timeout=60):
            pass
        assert process.pid is not None
        os.kill(process.pid, number)
        process.join(90)
        assert process.exitcode == 130
    finally:
        process.kill()
    _until(lambda: not _namespaces(cluster), 30)


def test_what_a_killed_run_left_is_deleted_by_the_next_one_after_it_expired(
    cluster: LocalCluster,
) -> None:
    expires = "linkerd-ambassador-mesh/verify-expires"
    label = "linkerd-ambassador-mesh/verify"
    kept = {"mesh-verify-later", "mesh-verify-other"}
    with cluster.api() as api:
        core: Any = client.CoreV1Api(api)
        for name, labels, moment in (
            ("mesh-verify-past", {label: "mesh-verify-past"}, "2020-01-01T00:00:00+00:00"),
            ("mesh-verify-later", {label: "mesh-verify-later"}, "2999-01-01T00:00:00+00:00"),
            ("mesh-verify-other", {}, "2020-01-01T00:00:00+00:00"),
        ):
            core.create_namespace(
                {"metadata": {"name": name, "labels": labels, "annotations": {expires: moment}}}
            )
        try:
            remove_leftovers({"source": Cluster("source", api)}, lambda _: None)
            _until(lambda: _namespaces(cluster) == kept, 30)
        finally:
            for name in kept:
                core.delete_namespace(name)
    _until(lambda: not _namespaces(cluster), 30)


def _until(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)
