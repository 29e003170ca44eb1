"""Running the Pulumi CLI: its environment, its output, its end, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from cli.engine.engine import Engine
from tests.unit.cli.conftest import Program


def silent(_: str) -> None: ...


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt even where the parent process ignores it, as nohup does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    """What Ctrl-C does to the main thread."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_settings_reach_the_engine_and_later_changes_of_the_environment_too(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("pulumi", "print(os.environ.get('A'), os.environ.get('B'), sys.argv[1])")
    monkeypatch.setenv("B", "left over")
    runs = Engine().having({"A": "1"}).having({"B": None})
    monkeypatch.setenv("A", "overridden")
    lines: list[str] = []
    assert runs.execute(["up"], lines.append) == 0
    assert lines == ["1 None up"]


def test_its_temporary_files_are_private_and_gone_afterwards(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = "os.path.join(os.environ['TMPDIR'], 'kubeconfig1')"
    program("pulumi", f"open({written}, 'w'); print(os.environ['TMPDIR'])")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen: list[int] = []
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        seen.append(Path(line).stat().st_mode & 0o777)

    assert Engine().execute(["up"], on_line) == 0
    assert Path(lines[0]).parent == folder
    assert seen == [0o700]
    assert list(folder.iterdir()) == []


def test_an_engine_that_runs_too_long_is_ended(program: Program) -> None:
    program("pulumi", "time.sleep(600)")
    with pytest.raises(TimeoutError):
        Engine().execute(["up"], silent, limit=0.5)


def test_the_automation_api_gets_output_errors_and_exit_code_apart(
    program: Program, private: Path
) -> None:
    program("pulumi", "print('out', os.getcwd()); print('err', file=sys.stderr); sys.exit(3)")
    output: list[str] = []
    with pytest.raises(CommandError) as caught:
        Engine().run(["up"], str(private), {}, output.append)
    assert output == [f"out {os.path.realpath(private)}"]
    said = str(caught.value)
    assert "code: 3" in said
    assert "stderr: err" in said


COUNTS_INTERRUPTS = """
count = 0
def interrupted(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, interrupted)
print("ready", flush=True)
end = time.monotonic() + 60
while not count and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.5)
print("x" * 200_000, flush=True)
print("interrupts", count, flush=True)
"""


def test_ctrl_c_reaches_the_engine_once_and_its_last_lines_are_read(
    program: Program, private: Path, interruptible: None
) -> None:
    program("pulumi", COUNTS_INTERRUPTS)
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        if line == "ready":
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        Engine().run(["up"], str(private), {}, hear)
    assert lines[-1] == "interrupts 1"


IGNORES_INTERRUPTS = """
signal.signal(signal.SIGINT, lambda *_: print("again", flush=True))
print("ready", flush=True)
time.sleep(600)
time.sleep(600)
"""


def test_a_second_ctrl_c_ends_an_engine_that_does_not_stop(
    program: Program, private: Path, interruptible: None
) -> None:
    program("pulumi", IGNORES_INTERRUPTS)

    def hear(line: str) -> None:
        if line in ("ready", "again"):
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        Engine().run(["up"], str(private), {}, hear)
