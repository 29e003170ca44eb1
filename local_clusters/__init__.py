"""Real Kubernetes control planes as local processes, without containers.

Each cluster is etcd, the API server, the controller manager and the scheduler of Kubernetes, kwok
in the kubelet's place (pods become ready, no container runs), and a small process that gives
Services of type LoadBalancer an address. `machine` builds them once from a pinned `go.mod`;
they listen on 127.0.0.1 only.

    clusters = up(["source", "target"], print)
    kubeconfig = merge_kubeconfigs(clusters)
    ...
    down()
"""

from local_clusters.cluster import ClusterStatus, LocalCluster
from local_clusters.control_plane.networks import Networks
from local_clusters.errors import (
    ClusterStartError,
    LocalClusterError,
    StartCancelledError,
)
from local_clusters.lifecycle import default_directory, down, merge_kubeconfigs, status, up

__all__ = [
    "ClusterStartError",
    "ClusterStatus",
    "LocalCluster",
    "LocalClusterError",
    "Networks",
    "StartCancelledError",
    "default_directory",
    "down",
    "merge_kubeconfigs",
    "status",
    "up",
]
