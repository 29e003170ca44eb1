"""What is compared with the clusters before the first resource: the guard."""

from preflight.guard import ClusterError, ClusterProblem, Reach, examine

__all__ = ["ClusterError", "ClusterProblem", "Reach", "examine"]
