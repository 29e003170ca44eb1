"""`./mesh recover` asks before it repairs, and says what to do next."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.errors import VerbError
from cli.verbs.recover import recover
from tests.api_servers import CA_PEM, api_server, healthy, kubeconfig, written
from tests.unit.cli.conftest import Program

UID = "01234567-89ab-4def-8123-456789abcdef"

PULUMI = """
import json
command = sys.argv[1]
folder = {folder!r}
open(folder + "/asked", "a").write(command + "\\n")
resource = {{"urn": "urn:pulumi:s::p::t::web", "type": "t", "inputs": {{}}}}
pending = [{{"type": "creating", "resource": resource}}] if {stuck} else []
state = {{"deployment": {{"pending_operations": pending}}}}
print(json.dumps({{"whoami": {{"url": "file://" + folder}}, "stack": state}}.get(command, {{}})))
sys.exit({code} if command == "refresh" else 0)
"""


@pytest.fixture
def stack_file(private: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stack file of a cluster that answers."""
    monkeypatch.setenv("KUBECONFIG", str(private / "kubeconfig"))
    # Other tests kill engines meanwhile, whose providers go on for a moment.
    stuck = importlib.import_module("lifecycle.recovery.stuck")
    monkeypatch.setattr(stuck, "orphaned_providers", list)
    file = private / "Pulumi.s.yaml"
    file.write_text("config: {linkerd-ambassador-mesh:clusters: {a: {context: a}}}")
    others = healthy(UID)
    with api_server(lambda path: (200, {}) if "/secrets?" in path else others(path)) as server:
        written(kubeconfig({"a": server.url}, {"token": "x"}, CA_PEM), private / "kubeconfig")
        yield file


def asked(folder: Path) -> list[str]:
    """What the engine was asked, without its version."""
    return (folder / "asked").read_text().split()


def pulumi(program: Program, folder: Path, *, stuck: bool = True, code: int = 0) -> None:
    """Put an engine onto PATH."""
    program("pulumi", PULUMI.format(folder=str(folder), stuck=stuck, code=code))


def test_where_nothing_is_stuck_nothing_is_asked_and_the_next_command_is_named(
    stack_file: Path, private: Path, program: Program, capfd: pytest.CaptureFixture[str]
) -> None:
    pulumi(program, private, stuck=False)
    recover(str(stack_file))
    assert "pulumi up --stack s" in capfd.readouterr().out
    assert asked(private) == ["whoami", "stack", "preview"]


def test_without_consent_nothing_is_repaired(
    stack_file: Path, private: Path, program: Program
) -> None:
    pulumi(program, private)
    app = typer.Typer()
    app.command()(recover)
    done = CliRunner().invoke(app, [str(stack_file)], input="n\n")
    assert isinstance(done.exception, VerbError)
    assert "--yes" in done.exception.remedy
    assert asked(private) == ["whoami", "stack"]


def test_with_consent_the_state_is_compared_with_the_clusters(
    stack_file: Path, private: Path, program: Program, capfd: pytest.CaptureFixture[str]
) -> None:
    pulumi(program, private)
    recover(str(stack_file), yes=True)
    assert "pending operation: creating t web" in capfd.readouterr().out
    assert asked(private) == ["whoami", "stack", "refresh", "preview"]


def test_a_step_that_fails_ends_the_recovery_with_the_engines_reason(
    stack_file: Path, private: Path, program: Program
) -> None:
    pulumi(program, private, code=7)
    with pytest.raises(Exception, match="pulumi refresh` failed"):
        recover(str(stack_file), yes=True)
    assert asked(private)[-1] == "refresh"


def test_a_file_whose_name_has_no_stack_is_refused(stack_file: Path, program: Program) -> None:
    other = stack_file.rename(stack_file.with_name("mesh.yaml"))
    with pytest.raises(VerbError) as raised:
        recover(str(other))
    assert "Pulumi.STACK.yaml" in raised.value.remedy


@pytest.mark.parametrize("consent", [True, False])
def test_a_file_that_a_killed_write_left_empty_is_deleted_with_consent_alone(
    stack_file: Path, private: Path, program: Program, consent: bool
) -> None:
    pulumi(program, private, stuck=False)
    empty = private / ".pulumi" / "stacks" / "p" / "s.json.attrs"
    empty.parent.mkdir(parents=True)
    empty.touch()
    app = typer.Typer()
    app.command()(recover)
    done = CliRunner().invoke(app, [str(stack_file)], input="y\n" if consent else "n\n")
    assert str(empty) in done.output.replace("\n", "")
    assert empty.exists() is not consent
