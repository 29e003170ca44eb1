"""Programs are built once, whole or not at all, and by one process at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from machine.build import cached, ensure
from machine.errors import GoUnavailableError, ToolBuildError
from machine.progress import Progress
from machine.tools import KUBERNETES
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a `go` of these words (version, script for `go build`) on PATH, with an empty cache.

    Returns the file that the script may note things in, as `$NOTES`; `$OUT` is what to build.
    """
    folder = tmp_path / "go"
    folder.mkdir()
    notes = tmp_path / "notes"
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("NOTES", str(notes))

    def install(version: str, build: str) -> Path:
        program = folder / "go"
        program.write_text(
            "#!/bin/sh\n"
            f'[ "$1" = version ] && {{ echo "go version go{version} linux/amd64"; exit; }}\n'
            'while [ "$1" != -o ]; do shift; done; OUT=$2\n'
            f"{build}\n"
        )
        program.chmod(0o755)
        return notes

    return install


GOOD_BUILD = 'echo "$OUT" >> "$NOTES"; echo "#!/bin/sh" > "$OUT"; chmod 755 "$OUT"'


def test_without_go_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoUnavailableError, match="no `go` on PATH") as error:
        ensure(["etcd"])
    assert f"Install Go {KUBERNETES.go}" in error.value.remedy


@pytest.mark.parametrize("version", ["1.20", "1.9.7", "1.25.11"])
def test_a_go_that_is_too_old_is_refused(fake_go: Callable[[str, str], Path], version: str) -> None:
    fake_go(version, GOOD_BUILD)
    with pytest.raises(GoUnavailableError, match=f"is go{version}"):
        ensure(["helm"])


def test_a_go_that_refuses_to_run_is_quoted(
    fake_go: Callable[[str, str], Path], tmp_path: Path
) -> None:
    fake_go("1.26.0", GOOD_BUILD)
    (tmp_path / "go" / "go").write_text("#!/bin/sh\necho go.mod requires go 9 >&2; exit 1\n")
    with pytest.raises(GoUnavailableError, match=r"go\.mod requires go 9"):
        ensure(["helm"])


def test_a_build_is_for_this_machine_and_within_its_memory_whatever_the_environment_says(
    fake_go: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = fake_go("1.99.0", f'env >> "$NOTES"; {GOOD_BUILD}')
    for name, value in (("GOOS", "plan9"), ("GOARCH", "mips"), ("GOGC", "off")):
        monkeypatch.setenv(name, value)
    ensure(["etcd"])
    given = {line.partition("=")[0] for line in notes.read_text().splitlines()}
    assert given.isdisjoint({"GOOS", "GOARCH", "GOGC"})


def test_a_tool_is_built_once_and_on_its_own(fake_go: Callable[[str, str], Path]) -> None:
    notes = fake_go("1.99.0", GOOD_BUILD)
    steps: list[Progress] = []
    programs = ensure(["helm", "kwok"], steps.append)
    assert [path.exists() for path in programs.values()] == [True, True]
    assert {(step.subject, step.number, step.total) for step in steps} == {
        ("helm", 1, 2),
        ("kwok", 2, 2),
    }
    assert ensure(["kwok", "helm"]) == programs
    assert len(notes.read_text().splitlines()) == 2
    assert not cached(["etcd"])


def test_a_build_that_fails_shows_the_end_of_its_log_and_leaves_no_program(
    fake_go: Callable[[str, str], Path],
) -> None:
    fake_go("1.99.0", 'echo half > "$OUT"; echo the compiler is sad >&2; exit 1')
    with pytest.raises(ToolBuildError, match="the compiler is sad"):
        ensure(["helm"])
    assert not cached(["helm"])
    fake_go("1.99.0", GOOD_BUILD)
    assert ensure(["helm"])["helm"].read_text() == "#!/bin/sh\n"


def test_two_processes_that_want_the_same_program_build_it_once(
    fake_go: Callable[[str, str], Path],
) -> None:
    notes = fake_go("1.99.0", f"sleep 1; {GOOD_BUILD}")
    script = "from machine.build import ensure; print(ensure(['helm'])['helm'].read_text())"
    command = [sys.executable, "-c", script]
    builders = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [builder.communicate()[0].strip() for builder in builders] == ["#!/bin/sh"] * 2
    assert len(notes.read_text().splitlines()) == 1


def test_a_builder_that_is_killed_leaves_a_cache_that_the_next_one_can_use(
    fake_go: Callable[[str, str], Path],
) -> None:
    notes = fake_go("1.99.0", 'echo half > "$OUT"; echo $$ > "$NOTES"; exec sleep 1000')
    script = "from machine.build import ensure; ensure(['helm'])"
    builder = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    compiler = eventually(lambda: notes.read_text().strip() if notes.exists() else None)
    builder.kill()
    builder.wait()
    try:
        assert not cached(["helm"])
        fake_go("1.99.0", GOOD_BUILD)
        helm = ensure(["helm"])["helm"]
        assert [path.name for path in helm.parent.iterdir()] == ["helm"]
    finally:
        os.kill(int(compiler), signal.SIGKILL)
