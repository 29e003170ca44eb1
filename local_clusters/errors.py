"""Errors of local clusters, each with its remedy."""

from __future__ import annotations

from vocabulary.errors import MeshError


class LocalClusterError(MeshError):
    """A local cluster could not be started or ended."""


class ClusterStartError(LocalClusterError):
    """A process of a cluster ended, or did not become ready in time.

    Everything it started has been ended again. The message ends with the last lines of the log that
    matters; its first line says enough where there is no room for them.
    """


class StartCancelledError(LocalClusterError):
    """The start was given up on request, and what it had started has been ended again."""
