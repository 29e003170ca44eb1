"""The verb: what it refuses, what it prints, and that it writes the file only when it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import screen
from cli.commands import app
from config import MeshConfig, load_stack_file
from lifecycle.restarts.plan import Plan
from lifecycle.rotation import report
from lifecycle.rotation.status import ClusterStatus
from lifecycle.rotation.step import next_step
from preflight import ClusterError, ClusterProblem
from preflight.meshed_pods import MeshedPod
from tests.unit.lifecycle.rotation.test_status import FIRST, NOW, SERVICE, WEB, held
from vocabulary.errors import BAD_INPUT, UNPROVEN, MeshError

STALE = MeshedPod("shop/web", True, NOW, False, "deployment", "web-1", "2")
Run = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.shop.yaml"
    path.write_text("config:\n  clusters: {west: {context: w}}   # the only one\n")
    return path


@pytest.fixture
def pods() -> list[MeshedPod]:
    """Pods of the only cluster."""
    return [WEB]


@pytest.fixture
def run(file: Path, pods: list[MeshedPod], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the verb on the file; the cluster holds one anchor and `pods`."""

    def look(mesh: MeshConfig) -> list[ClusterStatus]:
        from lifecycle.rotation.status import status

        trust = held((FIRST,), FIRST, *(pod for pod in pods if pod != SERVICE))
        return [status(mesh, "west", trust, NOW)]

    monkeypatch.setattr("lifecycle.rotation.status.look", look)
    monkeypatch.setattr("lifecycle.restarts.gaps.marked_in", lambda mesh, plan: plan)

    def call(*arguments: str, **more: Any) -> Any:
        return CliRunner().invoke(app, ["rotate", str(file), *arguments], **more)

    return call


def test_without_options_it_shows_and_changes_nothing(run: Run, file: Path) -> None:
    before = file.read_bytes()
    result = run()
    assert result.exit_code == 0
    assert "./mesh rotate shop --next" in result.stdout
    assert file.read_bytes() == before


def test_next_writes_one_step_and_prints_the_commands(run: Run, file: Path) -> None:
    result = run("--next")
    assert result.exit_code == 0
    assert "pulumi up --stack shop" in result.stdout
    assert "# the only one" in file.read_text()
    states = [(one.name, one.state) for one in load_stack_file(file).trust_anchor.anchors]
    assert states == [("root", "active"), ("root-2", "prepared")]
    # The cluster does not have the new anchor yet.
    text = file.read_text()
    error = run("--next").exception
    assert isinstance(error, MeshError) and "its bundle lacks root-2" in error.message
    assert file.read_text() == text


def test_next_waits_for_restarts(run: Run, file: Path, pods: list[MeshedPod]) -> None:
    pods[:] = [STALE]
    text = file.read_text()
    error = run("--next").exception
    assert isinstance(error, MeshError) and "have to restart first" in error.message
    assert file.read_text() == text


@pytest.mark.parametrize("by", ["user", "rotate"])
def test_only_a_stack_file_that_says_so_has_workloads_restarted(
    run: Run, file: Path, pods: list[MeshedPod], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    file.write_text(f"{file.read_text()}  trustAnchor: {{restarts: {{by: {by}}}}}\n")
    pods[:] = [STALE]
    restarted: list[str] = []

    def restart_in(mesh: MeshConfig, plan: Plan, say: Any) -> None:
        restarted.extend(str(one) for one in plan.restarts)
        pods[:] = [WEB]

    monkeypatch.setattr("lifecycle.restarts.act.restart_in", restart_in)
    declined = run("--restart", input="n\n")
    assert declined.exit_code in (1, BAD_INPUT) and not restarted
    result = run("--restart", "--yes")
    if by == "user":
        assert isinstance(result.exception, MeshError)
        assert result.exception.exit_code == BAD_INPUT
        assert "by: rotate" in result.exception.remedy
    else:
        assert result.exit_code == 0
    assert restarted == ([] if by == "user" else ["shop deployment/web (1 pod)"])


@pytest.mark.parametrize("options", [(), ("--restart",)])
def test_a_restart_that_leaves_no_ready_pod_is_named_before_it_begins(
    run: Run, pods: list[MeshedPod], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    pods[:] = [STALE]

    def marked(mesh: MeshConfig, plan: Plan) -> Plan:
        return replace(plan, restarts=tuple(replace(one, gap=True) for one in plan.restarts))

    monkeypatch.setattr("lifecycle.restarts.gaps.marked_in", marked)
    line = "shop deployment/web (1 pod): all its pods end before a new one is ready"
    assert line in run(*options).stdout


def test_pods_that_are_stale_after_their_restart_are_no_success(
    run: Run, file: Path, pods: list[MeshedPod], monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(f"{file.read_text()}  trustAnchor: {{restarts: {{by: rotate}}}}\n")
    pods[:] = [STALE]
    monkeypatch.setattr("lifecycle.restarts.act.restart_in", lambda *_: None)
    error = run("--restart", "--yes").exception
    assert isinstance(error, MeshError) and "still have older anchors" in error.message


def test_nothing_to_restart_is_a_success(run: Run) -> None:
    result = run("--restart")
    assert (result.exit_code, result.stdout) == (0, "no workload has to restart\n")


def test_a_urn_is_printed_as_it_is_whatever_the_stack_is_called(run: Run, file: Path) -> None:
    named = file.rename(file.with_name("Pulumi.rocket.yaml"))
    anchors = "[{name: old, state: tainted}, {name: root, state: active}]"
    named.write_text(f"{named.read_text()}  trustAnchor: {{anchors: {anchors}}}\n")
    config = load_stack_file(named)
    commands = list(report.commands(config, "rocket", next_step(config.trust_anchor)))
    with screen.out().capture() as captured:
        for line in commands:
            screen.out().print(line, markup=False)
    assert captured.get().splitlines() == commands
    assert "urn:pulumi:rocket::" in captured.get()


def test_options_that_exclude_each_other_are_refused(run: Run) -> None:
    error = run("--next", "--restart").exception
    assert isinstance(error, MeshError) and error.exit_code == BAD_INPUT


def test_a_cluster_that_does_not_answer_is_exit_code_3(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_: MeshConfig) -> None:
        raise ClusterError([ClusterProblem("west", "context 'w'", "no answer", "start it")])

    monkeypatch.setattr("lifecycle.rotation.status.look", look)
    error = run().exception
    assert isinstance(error, MeshError) and error.exit_code == UNPROVEN
