"""How a cluster is reached: kubeconfig, API client, and the guard before anything is touched."""

from clusters.guard import ClusterError, ClusterProblem, Reach, examine
from clusters.kubeconfig import Endpoint, Login, api_client, endpoint
from clusters.problems import KubeconfigError

__all__ = [
    "ClusterError",
    "ClusterProblem",
    "Endpoint",
    "KubeconfigError",
    "Login",
    "Reach",
    "api_client",
    "endpoint",
    "examine",
]
