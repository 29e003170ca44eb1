"""Makes `.venv` from requirements.txt. The script `mesh` runs this before anything is installed.

Uses only the standard library, and is run by path: ``python3 cli/virtualenv.py ROOT``. It can be
interrupted at any moment: the stamp of a finished environment is written last, and an environment
without it is made again.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

STAMP = "requirements.installed"
"""A copy of the requirements that are installed; `mesh` compares it with the file itself."""
LOG = ".mesh.log"
"""Output of pip, within the environment."""


class NoEnvironmentError(Exception):
    """The environment cannot be made, for the reason and with the remedy of the message."""


def make(root: Path) -> None:
    """Make or renew ``root/.venv``, after any other process that does.

    Raises NoEnvironmentError.
    """
    environment = root / ".venv"
    requirements = root / "requirements.txt"
    try:
        wanted = requirements.read_bytes()
        environment.mkdir(exist_ok=True)
        lock = (environment / ".mesh.lock").open("w")
    except OSError as error:
        raise NoEnvironmentError(
            f"{error.filename}: {error.strerror}; it must exist and be writable"
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = environment / STAMP
        if stamp.is_file() and stamp.read_bytes() == wanted and _works(environment):
            return
        stamp.unlink(missing_ok=True)
        if not _works(environment):
            _create(environment)
        _install(environment, requirements)
        partial = environment / f"{STAMP}.partial"
        partial.write_bytes(wanted)
        partial.replace(stamp)


def _works(environment: Path) -> bool:
    """Whether it has pip and Python 3.11 or later."""
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run(
            [environment / "bin" / "python", "-c", check], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _create(environment: Path) -> None:
    # Everything but the lock and the log: `venv --clear` would delete the lock.
    for part in ("bin", "include", "lib", "lib64", "share", "pyvenv.cfg"):
        path = environment / part
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with _Progress("making the virtual environment .venv"):
        if not _run([sys.executable, "-m", "venv", str(environment)], environment / LOG):
            raise NoEnvironmentError(
                f"{sys.executable} cannot make virtual environments:\n"
                f"{_tail(environment / LOG)}\n"
                "Install its module venv (on Debian and Ubuntu: apt install python3-venv)."
            )


def _install(environment: Path, requirements: Path) -> None:
    python = str(environment / "bin" / "python")
    command = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    # Python compiles what it imports; compiling all of it takes longer than the rest.
    command += ["--no-compile"]
    with _Progress("installing requirements.txt into .venv (about a minute the first time)"):
        if not _run([*command, "-r", str(requirements)], environment / LOG):
            raise NoEnvironmentError(
                f"pip cannot install requirements.txt:\n{_tail(environment / LOG)}\n"
                "Check the network (pip honours HTTPS_PROXY and PIP_INDEX_URL); "
                f"the output of pip is in {environment / LOG}."
            )


def _run(command: Sequence[str], log: Path) -> bool:
    """Run a command with its output in `log`; False when it failed."""
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def _tail(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-6:])


class _Progress:
    """One line about the work; on a terminal with its seconds."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._done = threading.Event()
        self._counter = threading.Thread(target=self._count, daemon=True)
        self._began = time.monotonic()

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            self._counter.start()
        else:
            self._say(f"{self._text} ...\n")

    def __exit__(self, kind: object, *_: object) -> None:
        self._done.set()
        if self._counter.is_alive():
            self._counter.join()
        if sys.stderr.isatty():
            state = "done" if kind is None else "not done"
            self._say(f"\r\033[K{self._text}: {state} ({self._seconds()} s)\n")

    def _count(self) -> None:
        while True:
            self._say(f"\r\033[K{self._text} ... {self._seconds()} s")
            if self._done.wait(1):
                return

    def _seconds(self) -> int:
        return round(time.monotonic() - self._began)

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def main(root: str) -> int:
    """Make the environment of the checkout at `root`; returns an exit code."""
    try:
        make(Path(root))
    except NoEnvironmentError as error:
        sys.stderr.write(f"mesh: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("mesh: interrupted; run it again to go on\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
