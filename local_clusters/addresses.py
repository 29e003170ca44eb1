"""Which local clusters have which addresses, in whatever folders they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_clusters.control_plane.networks import MAX_INDEX
from local_clusters.errors import LocalClusterError
from local_clusters.state import read_state
from machine.files import APPLICATION, locked, make_private_directory, write_private


def _claims() -> Path:
    # Loopback is one for the whole machine, whatever folders HOME and MESH_STATE name.
    folder = make_private_directory(Path("/tmp") / f"{APPLICATION}-{os.getuid()}")
    if folder.stat().st_uid != os.getuid():
        raise LocalClusterError(f"{folder} belongs to another user.", "Remove it.")
    return folder


@contextmanager
def reserving() -> Iterator[None]:
    """Hold the lock under which clusters get their addresses, among all processes of a user."""
    with locked(_claims() / "addresses.lock"):
        yield


def taken() -> set[int]:
    """Indexes of the user's clusters; a claim ends with the state file of its cluster."""
    found = set()
    for claim in _claims().glob("*.claim"):
        state = read_state(Path(claim.read_text(encoding="utf-8")))
        if state is not None and claim.stem == str(state.index):
            found.add(state.index)
        else:
            claim.unlink()
    return found


def claim(index: int, directory: Path) -> None:
    """Note that the cluster kept in `directory` has the addresses of this index."""
    write_private(_claims() / f"{index}.claim", str(directory))


def lowest_unused(used: set[int]) -> int:
    """The lowest index that is not among these; raises LocalClusterError: all are taken."""
    for index in range(MAX_INDEX + 1):
        if index not in used:
            return index
    raise LocalClusterError(f"There are {len(used)} local clusters already.", "Take some down.")
