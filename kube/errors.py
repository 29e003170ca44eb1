"""Why no cluster can be reached by a kubeconfig, with the remedy."""

from __future__ import annotations

from vocabulary.errors import MeshError


class KubeconfigError(MeshError):
    """No cluster can be reached by a kubeconfig."""
