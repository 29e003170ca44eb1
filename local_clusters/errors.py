"""Errors of local clusters, each with its remedy."""

from __future__ import annotations

from pathlib import Path

from vocabulary.errors import MeshError


class LocalClusterError(MeshError):
    """A local cluster could not be built, started or ended."""


class GoUnavailableError(LocalClusterError):
    """The Go toolchain is missing, too old, or could not be run."""


class ToolBuildError(LocalClusterError):
    """A tool did not build; the message ends with the last lines of the build's log."""


class ClusterStartError(LocalClusterError):
    """A process of a cluster ended, or did not become ready in time.

    Everything it started has been ended again. The message ends with the last lines of the log that
    matters; its first line says enough where there is no room for them.
    """


class StartCancelledError(LocalClusterError):
    """The start was given up on request, and what it had started has been ended again."""


def tail(log: Path, lines: int = 15) -> str:
    """Return the last `lines` lines of a log, indented for a message; empty when there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
