"""The nodes of a local cluster: objects that kwok looks after, without a machine behind them."""

from __future__ import annotations

import http
import platform
from typing import Any

from kubernetes import client

from local_clusters.networks import Networks
from local_clusters.pins import read_pins

ZONES = ("zone-a", "zone-b", "zone-c")
"""The zones that nodes are spread over, so that what spreads over zones can."""

_LEASES = "kube-node-lease"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def node_name(cluster: str, number: int) -> str:
    """Return the name of a node, counted from 0."""
    return f"{cluster}-{number + 1}"


def create_nodes(api: client.ApiClient, cluster: str, networks: Networks, count: int) -> None:
    """Create the nodes that are not there yet.

    Raises:
        kubernetes.client.ApiException: the API server refuses.
    """
    core = client.CoreV1Api(api)
    for number in range(count):
        try:
            core.create_node(_node(cluster, networks, number))
        except client.ApiException as error:
            if error.status != http.HTTPStatus.CONFLICT:
                raise


def release_leases(api: client.ApiClient) -> None:
    """Delete the nodes' leases, so that a new kwok need not wait until those of the old run out.

    Raises:
        kubernetes.client.ApiException: the API server refuses.
    """
    client.CoordinationV1Api(api).delete_collection_namespaced_lease(_LEASES)


def _node(cluster: str, networks: Networks, number: int) -> Any:
    name = node_name(cluster, number)
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    pins = read_pins()
    resources = {"cpu": "32", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "200"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": architecture,
                "topology.kubernetes.io/region": "local",
                "topology.kubernetes.io/zone": ZONES[number % len(ZONES)],
            },
        },
        "spec": {"podCIDR": str(networks.node_pods(number))},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "addresses": [
                {"type": "InternalIP", "address": str(networks.node_address(number))},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": architecture,
                "operatingSystem": "linux",
                "kubeletVersion": f"{pins.kubernetes}+kwok",
                "containerRuntimeVersion": f"kwok://{pins.kwok.removeprefix('v')}",
                "osImage": "none (no containers run)",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "bootID": "",
                "machineID": "",
                "systemUUID": "",
            },
        },
    }
