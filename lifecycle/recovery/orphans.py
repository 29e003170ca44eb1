"""Providers that outlived the engine which started them, and may go on with a Helm release."""

from __future__ import annotations

import os
from pathlib import Path

from local_clusters.processes import ProcessIdentity, identify

_PROVIDER = "pulumi-resource"
"""What the command names of providers begin with; the kernel keeps 15 characters."""
_ENGINE = "pulumi"


def orphaned_providers() -> list[ProcessIdentity]:
    """The providers of this user whose parent is no engine any more."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid != os.getuid() or not _command(folder).startswith(_PROVIDER):
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
