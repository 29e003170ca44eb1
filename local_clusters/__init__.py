"""Real Kubernetes control planes as local processes, without containers.

Each cluster is etcd, the API server, the controller manager and the scheduler of Kubernetes, kwok
in the kubelet's place (pods become ready, no container runs), and a small process that gives
Services of type LoadBalancer an address. They are built once from the `go.mod` next to this file
and listen on 127.0.0.1 only.

    clusters = up(["source", "target"], print)
    kubeconfig = merge_kubeconfigs(clusters)
    ...
    down()
"""

from local_clusters.binaries import CLUSTER_TOOLS, TOOLS, cached, ensure
from local_clusters.cluster import ClusterStatus, LocalCluster
from local_clusters.control_plane.networks import Networks
from local_clusters.errors import (
    ClusterStartError,
    GoUnavailableError,
    LocalClusterError,
    StartCancelledError,
    ToolBuildError,
)
from local_clusters.lifecycle import default_directory, down, merge_kubeconfigs, status, up
from local_clusters.progress import Progress, Report

__all__ = [
    "CLUSTER_TOOLS",
    "TOOLS",
    "ClusterStartError",
    "ClusterStatus",
    "GoUnavailableError",
    "LocalCluster",
    "LocalClusterError",
    "Networks",
    "Progress",
    "Report",
    "StartCancelledError",
    "ToolBuildError",
    "cached",
    "default_directory",
    "down",
    "ensure",
    "merge_kubeconfigs",
    "status",
    "up",
]
