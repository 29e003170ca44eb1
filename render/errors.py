"""Why a stack cannot be rendered."""

from __future__ import annotations

from vocabulary.errors import MeshError


class RenderError(MeshError):
    """The program, or one of its charts, cannot be rendered."""
