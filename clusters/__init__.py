"""How a cluster is reached: kubeconfig, API client, and the guard before anything is touched."""

from clusters.guard import ClusterError, ClusterProblem, Reach, examine
from clusters.kubeconfig import Endpoint, api_client, endpoint

__all__ = [
    "ClusterError",
    "ClusterProblem",
    "Endpoint",
    "Reach",
    "api_client",
    "endpoint",
    "examine",
]
