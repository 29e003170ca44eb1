"""Why clusters cannot be used: the error that ends a run before anything changes."""

from __future__ import annotations

from dataclasses import dataclass

from config.core.cluster import ClusterConfig
from config.language.problems import printable
from vocabulary.errors import MeshError


@dataclass(frozen=True)
class ClusterProblem:
    """Why a cluster cannot be used."""

    cluster: str
    """Name of the cluster in the stack file."""
    context: str
    """Its context, or a word for the kubeconfig that is held as a secret."""
    message: str
    """What is wrong."""
    remedy: str
    """What to do."""
    unreachable: bool = False
    """Whether its API server gave no answer of its own."""

    def __str__(self) -> str:
        return f"cluster '{self.cluster}' ({self.context}): {self.message}\n    {self.remedy}"


class ClusterError(MeshError):
    """One or more clusters cannot be used; nothing was changed."""

    def __init__(self, problems: list[ClusterProblem]) -> None:
        self.problems = tuple(problems)
        lines = [f"  {problem}" for problem in self.problems]
        super().__init__("\n".join(["nothing was changed, because", *lines]))


def context_of(cluster: ClusterConfig) -> str:
    """How a message names the way to a cluster."""
    if cluster.context:
        return f"context '{printable(cluster.context)}'"
    return "kubeconfig of the stack file"
