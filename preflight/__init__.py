"""What is compared with the clusters before the first resource: the guard."""

from preflight.cluster_error import ClusterError, ClusterProblem
from preflight.guard import examine
from preflight.reach import Reach

__all__ = ["ClusterError", "ClusterProblem", "Reach", "examine"]
