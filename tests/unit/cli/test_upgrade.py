"""The verb: what it prints, what it refuses, and that it writes the file only after the checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from checks import Report, Status
from checks.facts.results import Result as Line
from cli.commands import app
from config import load_stack_file
from preflight import Reach
from tests.stack_builders import stack_text
from tests.unit.lifecycle.upgrade.test_plan import reach, three
from vocabulary.errors import BAD_INPUT, FAILED, MeshError

Run = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.shop.yaml"
    path.write_text(f"# the shop\n{stack_text(three())}")
    return path


@pytest.fixture
def failing() -> list[Line]:
    """Results of the checks that failed."""
    return []


@pytest.fixture
def run(file: Path, failing: list[Line], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the verb on clusters that have what the stack file had at first."""
    found: dict[str, Reach] = reach(load_stack_file(file))
    monkeypatch.setattr("lifecycle.upgrade.plan.look", lambda mesh: found)
    monkeypatch.setattr(
        "cli.verbs.check.run_checks",
        lambda config: Report(pre=False, clusters=(), results=tuple(failing), gateways=()),
    )

    def call(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["upgrade", str(file), *arguments])

    return call


def test_without_next_it_shows_the_waves_and_changes_nothing(run: Run, file: Path) -> None:
    before = file.read_bytes()
    result = run("--to", "2026.8.3")
    assert result.exit_code == 0
    assert result.stdout.index("wave 1: east") < result.stdout.index("wave 2: north")
    assert 'clusters.east.linkerd.version: "2026.8.3"' in result.stdout
    assert file.read_bytes() == before


def test_next_writes_the_version_of_the_first_wave_once(run: Run, file: Path) -> None:
    result = run("--to", "2026.8.3", "--next")
    assert result.exit_code == 0
    assert "pulumi up --stack shop" in result.stdout
    assert file.read_text().startswith("# the shop\n")
    versions = {name: one.linkerd.version for name, one in load_stack_file(file).clusters.items()}
    assert versions == {"east": "2026.8.3", "west": "2026.6.3", "north": "2026.6.3"}
    text = file.read_text()
    # The cluster does not have it yet.
    error = run("--to", "2026.8.3", "--next").exception
    assert isinstance(error, MeshError)
    assert "pulumi up --stack shop" in error.remedy
    assert file.read_text() == text


def test_next_writes_nothing_where_a_check_fails(run: Run, file: Path, failing: list[Line]) -> None:
    text = file.read_text()
    failing.append(Line("link", "east -> west", "the gateway answers", Status.WARNING, "slow"))
    failing.append(Line("link", "east -> west", "the link is up", Status.FAILURE, "it is not"))
    error = run("--to", "2026.8.3", "--next").exception
    assert isinstance(error, MeshError)
    assert error.exit_code == FAILED
    assert "east -> west: the link is up: it is not" in error.message
    assert file.read_text() == text
    failing.pop()
    assert run("--to", "2026.8.3", "--next").exit_code == 0


@pytest.mark.parametrize("version", ["2.20", "latest", "edge-26.8.3", "2.8.1", "2020.1.1"])
def test_what_is_no_version_to_upgrade_to_is_refused(run: Run, version: str) -> None:
    error = run("--to", version).exception
    assert isinstance(error, MeshError)
    assert error.exit_code == BAD_INPUT
    assert "20" in error.remedy


def test_digests_are_printed_as_lines_that_a_stack_file_accepts(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "charts"
    folder.mkdir()
    names = ("linkerd-crds", "linkerd-control-plane", "linkerd-multicluster")
    both = [f"{name}-{version}" for name in names for version in ("2026.6.3", "2026.8.3")]
    for name in (*both, "emissary-ingress-4.1.0", "emissary-crds-chart-4.1.0"):
        (folder / f"{name}.tgz").write_text(name)
    monkeypatch.setenv("MESH_CHARTS", str(folder))
    result = run("--digests", "--to", "2026.8.3")
    assert result.exit_code == 0, result.exception
    found = yaml.safe_load(result.stdout)["charts"]["digests"]
    assert set(found) == {one.stem if one.suffix else one.name for one in folder.iterdir()}
    for name, value in found.items():
        assert value == f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    content = yaml.safe_load(file.read_text())
    content["config"]["linkerd-ambassador-mesh:charts"] = {"digests": found}
    file.write_text(yaml.safe_dump(content))
    assert load_stack_file(file).charts.digests == found
    assert "--digests" in run("--to", "2026.8.3", "--next").stdout
