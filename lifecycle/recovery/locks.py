"""Who holds a stack's lock, where the backend is a folder.

Facts: pulumi ``pkg/backend/diy/lock.go``: a lock is a JSON file below ``.pulumi/locks`` with the
host and the id of the process that wrote it, and `pulumi cancel` deletes it. Pulumi Cloud has no
such files: there a killed update ends by itself some minutes later.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Lock:
    """The lock of a run."""

    host: str
    pid: int
    since: str
    """When it was made, as the engine wrote it."""

    @property
    def alive(self) -> bool:
        """Whether its process runs on this machine."""
        return self.host == socket.gethostname() and Path(f"/proc/{self.pid}").exists()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


def locks(backend: str, stack: str) -> Iterator[Lock]:
    """The locks of a stack in the backend of this URL; none where it is no folder."""
    folder = folder_of(backend)
    if folder is None:
        return
    for file in sorted((folder / ".pulumi" / "locks").rglob(f"{stack}/*.json")):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            yield Lock(str(found["hostname"]), int(found["pid"]), str(found["timestamp"]))
        except (OSError, ValueError, KeyError, TypeError):
            yield Lock("an unknown host", 0, "an unknown time")


def folder_of(backend: str) -> Path | None:
    """The folder of the backend of this URL; None where it is no folder."""
    parts = urlsplit(backend)
    if parts.scheme != "file":
        return None
    return Path(f"{parts.netloc}{unquote(parts.path)}").expanduser()
