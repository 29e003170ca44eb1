"""Why a kubeconfig does not lead to a cluster, said so that a person can mend it."""

from __future__ import annotations


class KubeconfigError(ValueError):
    """A kubeconfig does not lead to a cluster; says why and what to do, and tells no secret."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy
