"""Plain objects and real certificates for the tests of `checks`."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from checks.facts.case import ClusterCase, LinkCase
from checks.facts.results import Finding, Status
from checks.facts.view import ServedKind, View
from config import MeshConfig, load_settings
from tests import certificates
from tests.certificates import Certified
from vocabulary.kinds import Kind

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
UID = "11111111-2222-3333-4444-555555555555"


def certified(
    name: str,
    signer: Certified | None = None,
    *,
    begins: datetime = NOW - timedelta(days=1),
    host: str | None = None,
    **fields: Any,
) -> Certified:
    """A certificate that is valid at `NOW`, for `host` or else for `name`."""
    return certificates.certified(name, signer, begins=begins, hosts=(host or name,), **fields)


def settings(**extra: Any) -> dict[str, Any]:
    """Settings of two linked clusters, east calling west."""
    return {
        "clusters": {
            "east": {"context": "east", "ambassador": {}},
            "west": {"context": "west", "ambassador": {"gateway": {}}},
        },
        "links": [
            {
                "source": "east",
                "target": "west",
                "exports": [{"namespace": "shop", "service": "web"}],
            }
        ],
        **extra,
    }


def mesh(content: Mapping[str, Any] | None = None) -> MeshConfig:
    """The validated stack file."""
    return load_settings(content or settings(), "test")


def thing(
    api_version: str, kind: str, name: str, namespace: str = "", **fields: Any
) -> dict[str, Any]:
    """An object; `labels` and `annotations` go into its metadata."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    for key in ("labels", "annotations", "managedFields", "generation"):
        if key in fields:
            metadata[key] = fields.pop(key)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def secret(name: str, namespace: str, data: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """A Secret; `data` in plain text."""
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return thing("v1", "Secret", name, namespace, data=encoded, **fields)


def deployment(
    name: str, namespace: str, *, replicas: int = 1, available: int | None = None, **fields: Any
) -> dict[str, Any]:
    """A Deployment with pods."""
    labels = fields.pop("pod_labels", {"app": name})
    template = {
        "metadata": {"annotations": fields.pop("pod_annotations", {}), "labels": labels},
        "spec": fields.pop("pod_spec", {}),
    }
    status = {
        "availableReplicas": replicas if available is None else available,
        "observedGeneration": 1,
        "conditions": fields.pop("conditions", []),
    }
    spec = {"replicas": replicas, "template": template}
    return thing("apps/v1", "Deployment", name, namespace, spec=spec, status=status, **fields)


def service(
    name: str,
    namespace: str,
    *,
    address: str | None = None,
    ports: Mapping[str, int] | None = None,
    selector: Mapping[str, str] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A Service; `address` is what a load balancer gave it, `ports` are by their names."""
    balancer = {"ingress": [{"ip": address}]} if address is not None else {}
    spec: dict[str, Any] = {
        "type": "ClusterIP" if address is None else "LoadBalancer",
        "ports": [{"name": port, "port": number} for port, number in (ports or {}).items()],
    }
    if selector is not None:
        spec["selector"] = dict(selector)
    return thing(
        "v1",
        "Service",
        name,
        namespace,
        spec={**spec, **fields.pop("spec", {})},
        status={"loadBalancer": balancer},
        **fields,
    )


def endpoints(name: str, namespace: str, key: str = "addresses", **fields: Any) -> dict[str, Any]:
    """Endpoints with one address; `key` is ``notReadyAddresses`` for one that is not ready."""
    subsets = [{key: [{"ip": "10.1.0.7"}]}]
    return thing("v1", "Endpoints", name, namespace, subsets=subsets, **fields)


def pod(
    name: str,
    namespace: str,
    *containers: str,
    labels: Mapping[str, str] | None = None,
    phase: str = "Running",
) -> dict[str, Any]:
    """A pod with these containers, ready where it runs."""
    spec = {"containers": [{"name": container} for container in containers or ("own",)]}
    metadata = {"labels": dict(labels or {})}
    ready = {"type": "Ready", "status": "True" if phase == "Running" else "False"}
    status = {"phase": phase, "conditions": [ready]}
    return thing("v1", "Pod", name, namespace, spec=spec, status=status, **metadata)


def container_status(
    name: str,
    *,
    waiting: str | None = None,
    message: str = "",
    exit_code: int | None = None,
    reason: str = "Error",
    restarts: int = 0,
    ready: bool = False,
) -> dict[str, Any]:
    """What a kubelet says of a container.

    It waits for the reason `waiting`, or runs; `exit_code` is that of its last run.
    """
    ended = {"exitCode": exit_code, "reason": reason, **({"message": message} if message else {})}
    status: dict[str, Any] = {"name": name, "ready": ready, "restartCount": restarts}
    if waiting is not None:
        status["state"] = {"waiting": {"reason": waiting, "message": message}}
    else:
        status["state"] = {"running": {"startedAt": "2026-06-01T11:00:00Z"}}
    if exit_code is not None:
        status["lastState"] = {"terminated": ended}
    return status


def troubled(
    name: str,
    namespace: str,
    *statuses: Mapping[str, Any],
    init: tuple[Mapping[str, Any], ...] = (),
    labels: Mapping[str, str],
    **fields: Any,
) -> dict[str, Any]:
    """A pod that is not ready, with these states of containers."""
    status = {
        "phase": "Running" if statuses else "Pending",
        "conditions": [{"type": "Ready", "status": "False"}, *fields.pop("conditions", [])],
        "containerStatuses": list(statuses),
        "initContainerStatuses": list(init),
    }
    return thing("v1", "Pod", name, namespace, labels=dict(labels), status=status, **fields)


def event(
    reason: str,
    message: str,
    namespace: str,
    name: str,
    kind: str = "Pod",
    *,
    at: str = "12:00",
) -> dict[str, Any]:
    """A warning about an object, given at `at` (hours and minutes) of the day `NOW`."""
    return thing(
        "v1",
        "Event",
        f"{name}.{reason}.{at}",
        namespace,
        type="Warning",
        reason=reason,
        message=message,
        involvedObject={"kind": kind, "name": name, "namespace": namespace},
        lastTimestamp=f"2026-06-01T{at}:00Z",
    )


def ambassador(kind: str, name: str, version: str = "v3alpha1", **spec: Any) -> dict[str, Any]:
    """An object of Ambassador's in its namespace."""
    return thing(f"getambassador.io/{version}", kind, name, "ambassador", spec=spec)


def served(*kinds: str, version: str = "v3alpha1") -> dict[Kind, ServedKind]:
    """Kinds of Ambassador's that are served in a version, beside the built-in ones."""
    own = {Kind("getambassador.io", kind): ServedKind({version: "x"}, True) for kind in kinds}
    return {**BUILT_IN, **own}


def with_ambassador(*, linkerd: Mapping[str, Any] | None = None, **ambassador: Any) -> MeshConfig:
    """A mesh of the cluster west alone, with these settings of its Ambassador.

    `sample` and `domain` are settings of the cluster itself.
    """
    west: dict[str, Any] = {"context": "west", "linkerd": dict(linkerd or {})}
    for key in ("sample", "domain"):
        if key in ambassador:
            west[key] = ambassador.pop(key)
    return mesh({"clusters": {"west": {**west, "ambassador": ambassador}}})


def node(name: str = "node-1", *, kwok: bool = False, **spec: Any) -> dict[str, Any]:
    """A node that is ready."""
    return thing(
        "v1",
        "Node",
        name,
        labels={"topology.kubernetes.io/zone": spec.pop("zone", "a")},
        spec={"podCIDR": "10.1.0.0/24", **spec},
        status={
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.34.0+kwok" if kwok else "v1.34.0"},
        },
    )


def helm_record(
    name: str,
    namespace: str,
    *,
    chart: str | None = None,
    version: str = "2026.8.3",
    status: str = "deployed",
    revision: int = 1,
    objects: tuple[Mapping[str, Any], ...] = (),
    release: str | None = None,
) -> dict[str, Any]:
    """The Secret in which Helm records a revision; `release` is the application's version."""
    metadata = {"name": chart or name, "version": version}
    if release is not None:
        metadata["appVersion"] = release
    record = {
        "name": name,
        "namespace": namespace,
        "version": revision,
        "info": {"status": status},
        "chart": {"metadata": metadata},
        "manifest": "".join(f"---\n# Source: x\n{yaml.safe_dump(dict(one))}" for one in objects),
    }
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode())).decode()
    return secret(
        f"sh.helm.release.v1.{name}.v{revision}",
        namespace,
        {"release": packed},
        type="helm.sh/release.v1",
        labels={"owner": "helm", "name": name, "status": status, "version": str(revision)},
    )


BUILT_IN = {
    Kind("", "Service"): ServedKind({"v1": "services"}, True),
    Kind("", "ConfigMap"): ServedKind({"v1": "configmaps"}, True),
    Kind("apps", "Deployment"): ServedKind({"v1": "deployments"}, True),
    Kind("rbac.authorization.k8s.io", "ClusterRole"): ServedKind({"v1": "clusterroles"}, False),
}


def view(*objects: Mapping[str, Any], cluster: str = "west", **fields: Any) -> View:
    """A cluster with these objects."""
    defaults: dict[str, Any] = {
        "uid": UID,
        "version": "v1.34.0",
        "served": BUILT_IN,
        "clock_offset": 0.0,
        "now": NOW,
    }
    return View(
        cluster=cluster, objects=tuple(dict(one) for one in objects), **{**defaults, **fields}
    )


def cluster_case(seen: View, config: MeshConfig | None = None) -> ClusterCase:
    """The case of the cluster that was seen."""
    return ClusterCase(config or mesh(), seen.cluster, seen)


def link_case(
    source: View, target: View, config: MeshConfig | None = None, **fields: Any
) -> LinkCase:
    """The case of the only link."""
    config = config or mesh()
    return LinkCase(config, config.links[0], source, target, **fields)


def by_status(findings: list[Finding], status: Status) -> list[str]:
    """Titles of the findings with this status."""
    return [finding.title for finding in findings if finding.status is status]


def failures(findings: list[Finding]) -> list[str]:
    """Titles of what failed."""
    return by_status(findings, Status.FAILURE)


def warnings(findings: list[Finding]) -> list[str]:
    """Titles of what is warned of."""
    return by_status(findings, Status.WARNING)


def of(findings: list[Finding], title: str) -> Finding:
    """The only finding with this title."""
    (found,) = [finding for finding in findings if finding.title == title]
    return found
