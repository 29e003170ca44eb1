"""The verb's options: what is refused before any cluster is asked, and how a command is taken."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.commands import app
from vocabulary.errors import BAD_INPUT, MeshError


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["local", "--link", "target-source"], "source-target"),
        (["local", "--from", "web"], "NAMESPACE/KIND/NAME"),
        (["local", "--from", "shop/service/web"], "deployment"),
        (["local", "--from", "shop/deployment/web@elsewhere"], "source, target"),
        (["production", "--from", "shop/deployment/web"], "add @"),
        (["local", "--during"], "after --during"),
        (["local", "--junit", "/no/such/folder/file.xml"], "create it"),
        (["nothing"], "local"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_with_what_to_write(
    arguments: list[str], remedy: str
) -> None:
    error = CliRunner().invoke(app, ["verify", *arguments]).exception
    assert isinstance(error, MeshError)
    assert error.exit_code == BAD_INPUT
    assert remedy in error.remedy


@pytest.fixture
def conducted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `verify.run.run` is called with, in place of a run."""
    taken: dict[str, Any] = {}

    def run(config: object, options: Any, say: object, command: Any) -> None:
        taken.update(options=options, command=command)
        raise typer.Exit

    monkeypatch.setattr("verify.run.run", run)
    return taken


def test_everything_after_during_is_the_command(conducted: dict[str, Any]) -> None:
    words = ["pulumi", "up", "--stack", "x", "--json", "--during"]
    before = ["verify", "local", "--settle", "2", "--requests", "7"]
    assert CliRunner().invoke(app, [*before, "--during", *words]).exit_code == 0
    assert list(conducted["command"].words) == words
    assert conducted["command"].settle == 2.0
    assert conducted["options"].requests == 7


def test_without_a_command_nothing_is_run(conducted: dict[str, Any]) -> None:
    assert CliRunner().invoke(app, ["verify", "local"]).exit_code == 0
    assert conducted["command"] is None
