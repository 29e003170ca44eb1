"""Providers that outlived the engine which started them, and may go on with a Helm release."""

from __future__ import annotations

from pathlib import Path

from local_clusters.processes import ProcessIdentity, identify

ROOT = Path(__file__).resolve().parents[2]
"""This project's folder, in which its engine starts providers."""
_PROVIDER = "pulumi-resource"
"""What the command names of providers begin with; the kernel keeps 15 characters."""
_ENGINE = "pulumi"


def orphaned_providers() -> list[ProcessIdentity]:
    """The providers of this project whose parent is no engine any more."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if not _command(folder).startswith(_PROVIDER) or (folder / "cwd").readlink() != ROOT:
                continue
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if _command(Path("/proc") / parent) == _ENGINE:
                continue
        except OSError:
            continue
        process = identify(int(folder.name))
        if process is not None:
            found.append(process)
    return found


def _command(folder: Path) -> str:
    return (folder / "comm").read_text().strip()
