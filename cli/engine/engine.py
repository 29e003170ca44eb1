"""The Pulumi engine: the one on PATH, or the pinned one from the Automation API's installer."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cli import paths
from cli.internet import unreachable

SITE = "https://get.pulumi.com/install.sh"
"""What the Automation API's installer fetches first."""
PLUGINS = {"kubernetes": "pulumi-kubernetes", "tls": "pulumi-tls"}
"""Providers that the program needs, and the packages whose versions they have."""

_INSTALL_SECONDS = 900.0
_ANSWER_SECONDS = 30.0

_INSTALLER = """
import sys
from pulumi.automation import PulumiCommand
PulumiCommand.install(root=sys.argv[1])
"""


class EngineUnavailableError(Exception):
    """The engine cannot be had here; says why, in words that fit after 'as'."""


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI that is there, with the providers that the program needs."""

    program: Path
    """Path of the CLI."""
    settings: Mapping[str, str | None]
    """Environment variables besides those of this process; None takes one out."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment that it runs with."""
        merged = {**os.environ, **self.settings}
        return {key: value for key, value in merged.items() if value is not None}

    def having(self, settings: Mapping[str, str | None]) -> Engine:
        """The same with more settings."""
        return Engine(self.program, {**self.settings, **settings})

    def run(
        self,
        arguments: Sequence[str],
        on_line: Callable[[str], None],
        *,
        folder: Path = paths.ROOT,
        limit: float | None = None,
    ) -> int:
        """Run the CLI, hand over each line that it prints, and return its exit code.

        On Ctrl-C it is told once, so that it ends what it is doing and unlocks the stack. Raises
        TimeoutError after `limit` seconds.
        """
        process = subprocess.Popen(
            [str(self.program), *arguments, "--non-interactive", "--color", "never"],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Out of the terminal's reach: a second signal would make it drop everything at once.
            process_group=0,
        )
        return _follow(process, on_line, limit)


def find(say: Callable[[str], None]) -> Engine:
    """The engine, installed into the cache where PATH has none.

    `say` is told of installations. That there is no internet is noticed within 15 seconds. Raises
    EngineUnavailableError.
    """
    own = shutil.which("pulumi")
    program = Path(own) if own is not None else _installed(say)
    # The CLI looks for its language host beside itself, or on PATH.
    path = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])
    engine = Engine(program, {"PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true"})
    _require_plugins(engine, say)
    return engine


def _installed(say: Callable[[str], None]) -> Path:
    from local_clusters.files import locked

    pinned = version("pulumi")
    root = paths.cache() / f"pulumi-{pinned}"
    program = root / "bin" / "pulumi"
    if _answers(program):
        return program
    _require_internet("pulumi is not on PATH")
    say(f"installing Pulumi {pinned} into {root}")
    with locked(root.with_name(f"{root.name}.lock")):
        command = [sys.executable, "-c", _INSTALLER, str(root)]
        said = _attempt(command, dict(os.environ), _INSTALL_SECONDS)
    if not _answers(program):
        raise EngineUnavailableError(f"Pulumi {pinned} cannot be installed ({said})")
    return program


def _answers(program: Path) -> bool:
    try:
        done = subprocess.run(
            [program, "version"], capture_output=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _require_plugins(engine: Engine, say: Callable[[str], None]) -> None:
    missing = {
        name: version(package) for name, package in PLUGINS.items() if not _has(engine, name)
    }
    if not missing:
        return
    _require_internet(f"its providers ({', '.join(missing)}) are not installed")
    for name, wanted in missing.items():
        say(f"installing the provider {name} {wanted}")
        command = [str(engine.program), "plugin", "install", "resource", name, wanted]
        said = _attempt([*command, "--non-interactive"], engine.environment, _INSTALL_SECONDS)
        if not _has(engine, name):
            raise EngineUnavailableError(f"its provider {name} cannot be installed ({said})")


def _has(engine: Engine, name: str) -> bool:
    if shutil.which(f"pulumi-resource-{name}", path=engine.environment["PATH"]):
        return True
    try:
        done = subprocess.run(
            [engine.program, "plugin", "ls", "--json"],
            env=engine.environment,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
        listed = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return False
    wanted = version(PLUGINS[name])
    return any(item.get("name") == name and item.get("version") == wanted for item in listed)


def _require_internet(situation: str) -> None:
    for reason in unreachable([SITE]).values():
        raise EngineUnavailableError(f"{situation} and get.pulumi.com cannot be reached ({reason})")


def _attempt(command: Sequence[str], environment: Mapping[str, str], limit: float) -> str:
    """Run an installer to its end, or end it; returns the last thing it said."""
    lines: list[str] = []
    try:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        _follow(process, lines.append, limit)
    except OSError as error:
        return str(error)
    except TimeoutError:
        return f"it took more than {limit / 60:.0f} minutes"
    spoken = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in lines]
    return next((line for line in reversed(spoken) if line), "it said nothing")


def _follow(
    process: subprocess.Popen[str], on_line: Callable[[str], None], limit: float | None
) -> int:
    # A thread of its own goes on reading while an interrupted engine says its last words.
    reader = threading.Thread(target=_read, args=(process, on_line), daemon=True)
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
        # What it has started may outlive it and hold the pipe open.
        reader.join(2)
    return code


def _read(process: subprocess.Popen[str], on_line: Callable[[str], None]) -> None:
    if process.stdout is not None:
        with process.stdout as stream:
            for line in stream:
                on_line(line.rstrip("\n"))


def _wait_or_kill(process: subprocess.Popen[str], grace: float = 60.0) -> None:
    """Wait for a process that was told to end; whoever is impatient interrupts once more."""
    deadline = time.monotonic() + grace
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
