"""Why a kubeconfig does not lead to a cluster, said so that a person can mend it."""

from __future__ import annotations

from vocabulary.errors import MeshError


class KubeconfigError(MeshError):
    """A kubeconfig does not lead to a cluster."""
