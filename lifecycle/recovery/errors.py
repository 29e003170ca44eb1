"""What goes wrong in a recovery."""

from __future__ import annotations

from vocabulary.errors import MeshError


class RecoveryError(MeshError):
    """A stack cannot be recovered by this program."""
