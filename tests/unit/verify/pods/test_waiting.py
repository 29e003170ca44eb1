"""What verify says of its own pods that do not become ready, by a server's real answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes import client

from tests.unit.verify.builders import serving
from verify.cluster import Cluster
from verify.pods import waiting

POD = "/api/v1/namespaces/space/pods/client"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "client", "namespace": "space"}, "status": status}


def said(port: int, item: dict[str, Any]) -> str:
    api = client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{port}"))
    return waiting.why_not(Cluster("source", api), item)


@pytest.mark.timeout(60)
def test_a_container_that_fails_is_named_with_its_log_and_cause_and_without_secrets() -> None:
    status = {
        "name": "linkerd-proxy",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 64, "reason": "Error"}},
        "restartCount": 2,
    }
    query = "container=linkerd-proxy&previous=true&tailLines=40"
    log = f"Invalid configuration: token {TOKEN}\n"
    with serving({f"{POD}/log?{query}": (200, {}, log)}) as port:
        found = said(port, pod(containerStatuses=[status]))
    assert "container linkerd-proxy is in CrashLoopBackOff (exit code 64, 2 restarts)" in found
    assert "Invalid configuration" in found
    assert TOKEN not in found
    assert "<redacted>" in found


@pytest.mark.timeout(60)
def test_a_pod_without_a_container_is_explained_by_its_events() -> None:
    event = {
        "metadata": {"name": "client.1", "namespace": "space"},
        "involvedObject": {"kind": "Pod", "name": "client"},
        "reason": "FailedMount",
        "message": 'secret "pull" not found',
    }
    listed = "/api/v1/namespaces/space/events?labelSelector="
    with serving({listed: (200, {}, json.dumps({"items": [event]}))}) as port:
        assert 'FailedMount: secret "pull" not found' in said(port, pod(phase="Pending"))
    with serving({listed: (403, {}, "{}")}) as port:
        found = said(port, pod(phase="Pending"))
    assert "events cannot be read" in found
    assert "no event says why" not in found


def test_a_pod_whose_status_was_not_read_is_not_ready() -> None:
    assert not waiting.ready({})
    assert not waiting.ready(pod(phase="Running"))
    assert waiting.ready(pod(conditions=[{"type": "Ready", "status": "True"}]))
