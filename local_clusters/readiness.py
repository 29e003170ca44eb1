"""What has to be true of a local cluster before it can be used, asked of its API server."""

from __future__ import annotations

import http

from kubernetes import client
from urllib3.exceptions import HTTPError

REQUEST_TIMEOUT = 5.0
"""Seconds that one request may take; all of them are small and go to loopback."""


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

    It takes so many ready `nodes`, and in the namespace `default` the service account and the root
    certificate that every pod mounts.
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
    # The node lifecycle controller takes this taint away once it has seen the kubelet's report.
    taints = (node.spec and node.spec.taints) or []
    conditions = (node.status and node.status.conditions) or []
    return all(taint.key != "node.kubernetes.io/not-ready" for taint in taints) and any(
        condition.type == "Ready" and condition.status == "True" for condition in conditions
    )
