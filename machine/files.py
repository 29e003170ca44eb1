"""Where local clusters keep things, files that only their owner may read, and locks."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

APPLICATION = "linkerd-ambassador-mesh"


def cache_directory() -> Path:
    """Return the folder for what can be made again: `MESH_CACHE`, else the user's XDG cache."""
    return _directory("MESH_CACHE", "XDG_CACHE_HOME", ".cache")


def state_directory() -> Path:
    """Return the folder for what runs right now: `MESH_STATE`, else the user's XDG state."""
    return _directory("MESH_STATE", "XDG_STATE_HOME", ".local/state")


def _directory(override: str, xdg_variable: str, xdg_default: str) -> Path:
    if own := os.environ.get(override):
        return Path(own).expanduser().absolute()
    # The XDG specification has relative paths ignored.
    base = Path(os.environ.get(xdg_variable, ""))
    return (base if base.is_absolute() else Path.home() / xdg_default) / APPLICATION


def make_private_directory(directory: Path) -> Path:
    """Create `directory`, readable by its owner alone; one that exists is left as it is."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def write_private(path: Path, content: str | bytes) -> Path:
    """Write `path` with mode 0600, whole or not at all: no reader ever sees half of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.partial")
    data = content.encode() if isinstance(content, str) else content
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


@contextmanager
def locked(path: Path, on_wait: Callable[[float], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on `path` among all processes and threads of this machine.

    The kernel drops the lock when its holder ends, however that happens. `on_wait` is called about
    twice a second with the seconds waited so far while another process has the lock.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.monotonic()
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if on_wait is not None:
                    on_wait(time.monotonic() - began)
                time.sleep(0.5 if on_wait is not None else 0.05)
        yield
