"""Runs commands one after the other, each with its duration and the peak of its memory."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SAMPLE_SECONDS = 0.1
"""Time between two measurements of the memory. One costs some milliseconds."""

LIMIT_SECONDS = 1200.0
"""A command that takes longer hangs."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SESSION, _RESIDENT = 3, 21
"""Places in /proc/<pid>/stat, counted from the first field after the name of the program."""


class BenchmarkError(Exception):
    """The benchmark cannot go on; says why, and what to do where something can be done."""


@dataclass(frozen=True)
class Measured:
    """One command that has ended."""

    title: str
    """What it was for."""
    seconds: float
    """From its start to its end."""
    cpu_seconds: float
    """CPU time of all its processes, in the kernel and outside."""
    peak_bytes: int
    """Most resident memory that all its processes had at one time, shared pages counted in each."""


class Commands:
    """Runs commands with one environment, in one folder."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = dict(environment)
        self._folder = folder

    def run(self, title: str, command: Sequence[str], *, expected: int = 0) -> Measured:
        """Run a command to its end. Raises BenchmarkError where it does not exit as `expected`."""
        with tempfile.TemporaryFile() as said:
            began, used = time.monotonic(), _cpu_seconds()
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                # A session of its own holds all that it starts, orphans too.
                start_new_session=True,
            )
            with _MemoryMeter(process.pid) as meter:
                code = _wait(process, title)
                seconds = time.monotonic() - began
            if code != expected:
                raise BenchmarkError(
                    f"{title}: {command[0]} ended with exit code {code}:\n{_tail(said)}"
                )
        return Measured(title, seconds, _cpu_seconds() - used, meter.peak)

    def shell(self, title: str, lines: str) -> Measured:
        """Run lines as they would be typed into a shell that stops at the first failure."""
        return self.run(title, ["bash", "-euo", "pipefail", "-c", lines])

    def output(self, command: Sequence[str]) -> str:
        """What a command prints, unmeasured. Raises BenchmarkError where it fails."""
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise BenchmarkError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
        return done.stdout


class _MemoryMeter:
    """Watches the memory of a session, in a thread, while a block runs."""

    def __init__(self, session: int) -> None:
        self._session = str(session).encode()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak = 0

    def __enter__(self) -> _MemoryMeter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, self._now())
            if self._ended.wait(SAMPLE_SECONDS):
                return

    def _now(self) -> int:
        pages = 0
        for name in os.listdir("/proc"):  # noqa: PTH208 - a Path for each process takes longer
            if name.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    fields = file.read().rpartition(b")")[2].split()
                    if fields[_SESSION] == self._session:
                        pages += int(fields[_RESIDENT])
        return pages * _PAGE


def _cpu_seconds() -> float:
    """CPU time of all children that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait(process: subprocess.Popen[bytes], title: str) -> int:
    try:
        return process.wait(LIMIT_SECONDS)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchmarkError(f"{title}: no end within {LIMIT_SECONDS:.0f} seconds") from None
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, grace in ((signal.SIGINT, 30), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
            return


def _tail(said: IO[bytes], lines: int = 25) -> str:
    said.seek(0)
    text = said.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
