"""Holds charts and manifests to the digests that a stack file gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from vocabulary.errors import BAD_INPUT, MeshError


class DigestError(MeshError):
    """Charts or manifests whose content is not the one that the stack file names."""


def digest(content: bytes) -> str:
    """The digest of a file's content, as a stack file writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def hold(pinned: Mapping[str, str], contents: Mapping[str, Callable[[], bytes]]) -> None:
    """Compare every content with its digest.

    `pinned` has the digests of ``charts.digests``, `contents` what reads each file, by the same
    names. Raises DigestError with all that differ or have no digest.
    """
    found = {name: digest(read()) for name, read in contents.items()}
    wrong = {name: value for name, value in found.items() if pinned.get(name) != value}
    if not wrong:
        return
    lines = [
        f"  {name}: the file has {value}, and charts.digests "
        + (f"has {pinned[name]}" if name in pinned else "has no line for it")
        for name, value in wrong.items()
    ]
    raise DigestError(
        "\n".join(["nothing was changed, because charts are not the pinned ones:", *lines]),
        "find out why they differ; where you trust these files, write under charts.digests:\n"
        + "\n".join(f"  {name}: {value}" for name, value in wrong.items()),
        BAD_INPUT,
    )
