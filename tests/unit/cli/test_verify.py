"""The verb's options: what is refused before any cluster is asked, and how a command is taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.commands import app

ROOT = Path(__file__).resolve().parents[3]


def _verify(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "cli" / "__main__.py", "verify", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["local", "--link", "target-source"], "source-target"),
        (["local", "--from", "web"], "NAMESPACE/KIND/NAME"),
        (["local", "--from", "shop/service/web"], "deployment"),
        (["local", "--from", "shop/deployment/web@elsewhere"], "source, target"),
        (["production", "--from", "shop/deployment/web"], "add @"),
        (["local", "--during"], "after --during"),
        (["local", "--junit", "/no/such/folder/file.xml"], "make it"),
        (["nothing"], "local"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_with_what_to_write(
    arguments: list[str], remedy: str
) -> None:
    done = _verify(*arguments)
    assert done.returncode == 2, done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


def test_everything_after_during_is_the_command_as_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: dict[str, object] = {}
    monkeypatch.setattr("cli.verbs.verify.verify", lambda stack, **options: taken.update(options))
    words = ["pulumi", "up", "--stack", "x", "--json", "--during"]
    CliRunner().invoke(app, ["verify", "local", "--settle", "2", "--during", *words])
    assert taken["command"] == words
    assert (taken["settle"], taken["as_json"]) == (2.0, False)


def test_without_a_command_none_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, object] = {}
    monkeypatch.setattr("cli.verbs.verify.verify", lambda stack, **options: taken.update(options))
    CliRunner().invoke(app, ["verify", "local"])
    assert taken["command"] is None
