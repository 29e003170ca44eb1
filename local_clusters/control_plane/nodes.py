"""The nodes of a local cluster: objects that kwok looks after, without a machine behind them."""

from __future__ import annotations

import http
import platform
from typing import Any

from kubernetes import client
from urllib3.exceptions import HTTPError

from local_clusters.control_plane.networks import Networks
from machine.tools import kubernetes_version, kwok_version

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
                "kubeletVersion": f"{kubernetes_version()}+kwok",
                "containerRuntimeVersion": f"kwok://{kwok_version().removeprefix('v')}",
                "osImage": "none (no containers run)",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "bootID": "",
                "machineID": "",
                "systemUUID": "",
            },
        },
    }


REQUEST_TIMEOUT = 5.0
"""Time limit of one request, in seconds."""


def api_server_problem(api: client.ApiClient) -> str | None:
    """Return why the API server is not ready, or None when it is."""
    try:
        response = api.call_api(
            "GET", f"{api.configuration.host}/readyz", _request_timeout=REQUEST_TIMEOUT
        )
        body: bytes = response.read()  # type: ignore[no-untyped-call]
    except HTTPError as error:
        return f"the API server does not answer ({error})"
    if response.status == http.HTTPStatus.OK:
        return None
    # One line for each check; the failed ones are marked by a minus sign.
    checks = (body or b"").decode(errors="replace").splitlines()
    failed = ", ".join(line for line in checks if line.startswith("[-]"))
    return f"the API server is not ready ({failed or f'HTTP {response.status}'})"


def pods_problem(api: client.ApiClient, nodes: int) -> str | None:
    """Return why pods cannot be made yet, or None when they can.

    Pods need so many ready `nodes`, and in the namespace `default` the service account and the
    root certificate that every pod mounts.
    """
    core = client.CoreV1Api(api)
    try:
        listed = core.list_node(_request_timeout=REQUEST_TIMEOUT).items
        ready = sum(_is_ready(node) for node in listed)
        if ready < nodes:
            return f"only {ready} of {nodes} nodes are ready"
        for read, name in (
            (core.read_namespaced_service_account, "default"),
            (core.read_namespaced_config_map, "kube-root-ca.crt"),
        ):
            read(name, "default", _request_timeout=REQUEST_TIMEOUT)
    except client.ApiException as error:
        if error.status == http.HTTPStatus.NOT_FOUND:
            return "the namespace default has no service account or root certificate yet"
        return f"the API server refuses ({error.status} {error.reason})"
    except HTTPError as error:
        return f"the API server does not answer ({error})"
    return None


def _is_ready(node: client.V1Node) -> bool:
    # The node lifecycle controller removes this taint once it has seen the kubelet's report.
    taints = (node.spec and node.spec.taints) or []
    conditions = (node.status and node.status.conditions) or []
    return all(taint.key != "node.kubernetes.io/not-ready" for taint in taints) and any(
        condition.type == "Ready" and condition.status == "True" for condition in conditions
    )
