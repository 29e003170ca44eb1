"""Why a program cannot be built, each with its remedy."""

from __future__ import annotations

from pathlib import Path

from vocabulary.errors import MeshError


class BuildError(MeshError):
    """A program that is built from a Go module is not available."""


class GoUnavailableError(BuildError):
    """The Go toolchain is missing, too old, or could not be run."""


class ToolBuildError(BuildError):
    """A tool did not build; the message ends with the last lines of the build's log."""


def tail(log: Path, lines: int = 15) -> str:
    """Return the last `lines` lines of a log, indented for a message; empty when there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
