"""Where things are: the checkout, the cache, the state, the logs."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""


def cache() -> Path:
    """Folder for what can be built again: ``MESH_CACHE``, else below ``XDG_CACHE_HOME``."""
    from machine.files import cache_directory, make_private_directory

    return make_private_directory(cache_directory())


def state() -> Path:
    """Folder for what is running: ``MESH_STATE``, else below ``XDG_STATE_HOME``."""
    from machine.files import make_private_directory, state_directory

    return make_private_directory(state_directory())


def log(name: str) -> Path:
    """A log file (mode 0600), created where it is missing."""
    file = state() / f"{name}.log"
    file.touch(mode=0o600)
    return file


def shown(path: Path) -> str:
    """A path for messages: relative where it is below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
