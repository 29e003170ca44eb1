"""Finding Pulumi and its providers, or installing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.engine import find as finding
from cli.engine.engine import PLUGINS, EngineUnavailableError
from cli.engine.find import find
from tests.unit.cli.conftest import Program


def silent(_: str) -> None: ...


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "unreachable", lambda urls: {})


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "unreachable", lambda urls: dict.fromkeys(urls, "no route"))


def test_without_pulumi_and_internet_the_reason_is_given(private: Path, offline: None) -> None:
    with pytest.raises(EngineUnavailableError, match=r"not on PATH and .* cannot be") as got:
        find(silent)
    assert "no route" in got.value.message
    assert "install Pulumi" in got.value.remedy


def test_a_pulumi_without_its_providers_is_not_used_where_there_is_no_internet(
    program: Program, offline: None
) -> None:
    program("pulumi", "print('[]')")
    program("pulumi-resource-tls", "")
    with pytest.raises(EngineUnavailableError, match=r"providers \(kubernetes\) are not installed"):
        find(silent)


def test_providers_of_other_versions_do_not_count(program: Program, offline: None) -> None:
    listed = '[{"name": "kubernetes", "version": "0.0.1"}, {"name": "tls", "version": "0.0.1"}]'
    program("pulumi", f"print('{listed}')")
    with pytest.raises(EngineUnavailableError, match="kubernetes, tls"):
        find(silent)


def test_pulumi_of_path_is_used_with_the_providers_beside_it(program: Program) -> None:
    program("pulumi", "print(sys.argv[1])")
    for name in PLUGINS:
        program(f"pulumi-resource-{name}", "")
    found = find(silent)
    lines: list[str] = []
    assert found.execute(["up"], lines.append) == 0
    assert lines == ["up"]
    assert found.environment["PULUMI_SKIP_UPDATE_CHECK"] == "true"


def test_a_pulumi_that_is_too_old_is_refused_with_both_versions(
    program: Program, private: Path
) -> None:
    file = program("pulumi", "")
    file.write_text(file.read_text().replace("v3.260.0", "v3.0.0"))
    with pytest.raises(EngineUnavailableError, match=r"3\.0\.0") as got:
        find(silent)
    assert "install Pulumi" in got.value.remedy


def test_an_installation_that_fails_is_reported_with_its_last_line(
    private: Path, online: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_INSTALLER", "raise SystemExit('curl: no such program')")
    with pytest.raises(EngineUnavailableError, match="curl: no such program"):
        find(silent)


def test_an_installation_that_runs_too_long_is_ended(
    private: Path, online: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_INSTALL_SECONDS", 0.5)
    monkeypatch.setattr(finding, "_INSTALLER", "import time; time.sleep(600)")
    with pytest.raises(EngineUnavailableError, match="took more than"):
        find(silent)


def test_an_installed_engine_is_found_again_without_internet(
    private: Path, online: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "#!/bin/sh\\nif [ $1 = version ]; then echo v3.260.0; else echo []; fi\\n"
    installer = f"""
import pathlib, sys
folder = pathlib.Path(sys.argv[1]) / "bin"
folder.mkdir(parents=True)
for name in ("pulumi", "pulumi-resource-kubernetes", "pulumi-resource-tls"):
    (folder / name).write_text("{script}")
    (folder / name).chmod(0o755)
"""
    monkeypatch.setattr(finding, "_INSTALLER", installer)
    told: list[str] = []
    first = find(told.append)
    assert first.command.startswith(str(private / "cache"))
    assert any("installing Pulumi" in text for text in told)
    monkeypatch.setattr(finding, "unreachable", lambda urls: dict.fromkeys(urls, "no route"))
    assert find(silent).command == first.command
