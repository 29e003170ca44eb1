"""A program run in a process group of its own, so that Ctrl-C reaches it once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

OnLine = Callable[[str], object]

_GRACE_SECONDS = 60.0


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_output: OnLine,
    on_error: OnLine | None = None,
    *,
    folder: Path | None = None,
    limit: float | None = None,
) -> int:
    """Run a command to its end and return its exit code.

    `on_output` is called with each line of standard output, `on_error` with each of standard error
    (`on_output` where it is None), without the line feed. On Ctrl-C the command is interrupted
    once, so that it can stop and release its locks; a second Ctrl-C kills it. Raises TimeoutError
    after `limit` seconds, OSError where the command cannot be started.
    """
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # A terminal interrupts its whole group: the engine would count that as a second signal
        # and give up what it is doing.
        process_group=0,
    )
    # Threads go on reading while an interrupted command prints its last lines.
    readers = [
        threading.Thread(target=_read, args=(stream, on_line), daemon=True)
        for stream, on_line in (
            (process.stdout, on_output),
            (process.stderr, on_error or on_output),
        )
    ]
    for reader in readers:
        reader.start()
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()
        raise TimeoutError(f"no end within {limit} seconds") from None
    except BaseException:
        _signal(process, signal.SIGINT)
        _wait_or_kill(process)
        raise
    finally:
        for reader in readers:
            # Children of the command may outlive it and keep the pipes open.
            reader.join(2)
    return code


def _read(stream: IO[str] | None, on_line: OnLine) -> None:
    if stream is not None:
        with stream:
            for line in stream:
                on_line(line.rstrip("\n"))


def _wait_or_kill(process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    try:
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
