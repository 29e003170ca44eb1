"""`./mesh demo` in local clusters: deployed, changed and destroyed by the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.demo.second_export import NAMESPACE, SERVICE
from cli.engine.engine import Engine
from tests.demo import ROOT, Demo
from tests.waiting import eventually

EXPORTED = "/api/v1/services?labelSelector=mirror.linkerd.io%2Fexported%3Dtrue"


def killed(demo: Demo, *arguments: str, when: Callable[[], bool]) -> None:
    """Start a run of the demo, and kill it at a moment."""
    run = subprocess.Popen(
        [sys.executable, ROOT / "cli" / "__main__.py", "demo", *arguments],
        env=demo.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: when() or run.poll() is not None, 300)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


@pytest.fixture(scope="module")
def demo(engine: Engine, charts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo, whose first run was killed during its update."""
    demo = Demo(tmp_path_factory.mktemp("state"), charts)

    def in_the_middle() -> bool:
        return any("Release" in file.read_text() for file in demo.folder.rglob("local.json"))

    killed(demo, when=in_the_middle)
    done = demo.run()
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield demo
    finally:
        demo.run("--down")


def exported(demo: Demo) -> set[str]:
    """Names of the Services that the target exports."""
    return {item["metadata"]["name"] for item in demo.get("target", EXPORTED)["items"]}


def test_the_next_run_repairs_a_demo_that_was_killed_during_an_update(demo: Demo) -> None:
    assert "was killed during an update" in demo.outputs[0]
    assert "√ The mesh is deployed" in demo.outputs[0]


def test_the_demo_prints_urns_outputs_and_that_a_second_preview_is_clean(
    demo: Demo, engine: Engine
) -> None:
    first = demo.outputs[0]
    assert "urn:pulumi:local::linkerd-ambassador-mesh::" in first
    assert "A preview after the update plans no change." in first
    assert "identity: ambassador-target.ambassador." in first
    assert engine.origin in first


def test_a_change_exports_a_second_service_and_shows_its_diff_before(demo: Demo) -> None:
    assert exported(demo) == {"qotm-linkerd2"}
    done = demo.run("--change")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"+   service: {SERVICE}" in done.stdout
    assert f"target-exports-{NAMESPACE}.{SERVICE}" in done.stdout
    assert f"httproute-ambassador-gateway.{NAMESPACE}.{SERVICE}" in done.stdout
    assert "to update" not in done.stdout and "to delete" not in done.stdout
    assert exported(demo) == {"qotm-linkerd2", SERVICE}


def test_a_second_run_keeps_the_change(demo: Demo) -> None:
    done = demo.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert SERVICE in exported(demo)


# The last one: it ends the demo of the others.
def test_taking_it_down_leaves_no_process_even_if_that_was_killed_once(demo: Demo) -> None:
    log = demo.folder / "demo" / "pulumi" / "pulumi.log"
    before = log.read_text().count("deleting")
    killed(demo, "--down", when=lambda: log.read_text().count("deleting") > before)
    done = demo.run("--down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "was killed during an update; the local clusters are deleted" in done.stderr
    assert demo.processes() == []
    assert not (demo.folder / "demo").exists()


def test_without_a_demo_there_is_nothing_to_change(tmp_path: Path, charts: Path) -> None:
    done = Demo(tmp_path, charts).run("--change")
    assert done.returncode == 2
    assert "run `./mesh demo` first" in done.stderr
