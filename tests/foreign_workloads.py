"""Workloads as their owners install them, for tests that mesh them: what recipes know, and others.

Small manifests with the names, containers and variables that the products' own charts give them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from config.platform.recipes import WorkloadRef
from tests.stack_files import STACK_FILES

Object = dict[str, Any]
Run = Callable[..., str]
"""Runs kubectl in the cluster and returns what it prints; accepts `stdin`."""

COUNTERS = ("resourceVersion", "generation", "managedFields")
"""Metadata that changes with every write, whatever is written."""
REVISIONS = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")
"""Annotations in which the server counts rollouts; they cannot be restored."""
OWNER = "helm"
"""Field manager of their owner."""


def _container(name: str, **fields: Any) -> Object:
    return {"name": name, "image": f"example.com/{name}:1", **fields}


def _metadata(name: str, namespace: str) -> Object:
    return {"name": name, "namespace": namespace, "labels": {"app": name}}


def _pods(name: str, *containers: Object, **annotations: str) -> Object:
    metadata: Object = {"labels": {"app": name}}
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": {"containers": list(containers)}}


def workload(kind: str, namespace: str, name: str, *containers: Object, **notes: str) -> Object:
    """A Deployment, DaemonSet or StatefulSet; `notes` are annotations of its pods."""
    spec: Object = {
        "selector": {"matchLabels": {"app": name}},
        "template": _pods(name, *(containers or (_container(name),)), **notes),
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    meta = _metadata(name, namespace)
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


def cron_job(namespace: str, name: str, container: Object) -> Object:
    """A CronJob that never comes due."""
    template = _pods(name, container)
    template["spec"]["restartPolicy"] = "Never"
    spec = {
        "schedule": "0 0 30 2 *",
        "suspend": True,
        "jobTemplate": {"spec": {"template": template}},
    }
    meta = _metadata(name, namespace)
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec}


def namespace(name: str) -> Object:
    """A Namespace with a label and an annotation of its owner's."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {"team": "platform"},
            "annotations": {"example.com/owner": "platform-team"},
        },
    }


LONGHORN_MANAGER = _container(
    "longhorn-manager",
    command=["longhorn-manager", "-d", "daemon"],
    env=[
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "LONGHORN_DATA_PATH", "value": "/var/lib/longhorn/"},
    ],
)

KIBANA: Object = {
    "apiVersion": "kibana.k8s.elastic.co/v1",
    "kind": "Kibana",
    "metadata": {"name": "kibana", "namespace": "logging"},
    "spec": {
        "version": "9.0.0",
        "count": 1,
        "podTemplate": {"spec": {"containers": [{"name": "kibana", "env": []}]}},
    },
}
KIBANA_CRD = Path(__file__).resolve().parent / "kinds" / "kibana.yaml"

SPACES = (
    "longhorn-system",
    "monitoring",
    "logging",
    "logs",
    "velero",
    "traefik",
    "ingress-nginx",
    "data",
    "reports",
    "edge",
)

WORKLOADS: tuple[Object, ...] = (
    *(namespace(name) for name in SPACES),
    workload(
        "DaemonSet",
        "longhorn-system",
        "longhorn-manager",
        LONGHORN_MANAGER,
        _container("pre-pull-share-manager-image"),
    ),
    workload("Deployment", "longhorn-system", "longhorn-ui"),
    KIBANA,
    workload("DaemonSet", "logs", "fluentd"),
    workload("DaemonSet", "logs", "fluent-bit"),
    workload("Deployment", "velero", "velero", **{"prometheus.io/scrape": "true"}),
    workload("DaemonSet", "velero", "node-agent"),
    workload("Deployment", "traefik", "traefik", **{"prometheus.io/port": "9100"}),
    workload("Deployment", "ingress-nginx", "ingress-nginx-controller", _container("controller")),
    workload(
        "StatefulSet",
        "data",
        "postgres",
        _container("postgres", env=[{"name": "PGDATA", "value": "/data"}]),
    ),
    workload("DaemonSet", "edge", "haproxy"),
    cron_job("reports", "backup", _container("backup", command=["/bin/backup"])),
    # The image's own entrypoint: what has no command in its manifest can be wrapped.
    cron_job("reports", "monthly", _container("report")),
)
"""What tests/stacks/Pulumi.meshed.yaml speaks of, as it is before it is meshed."""


def ref(thing: Mapping[str, Any]) -> WorkloadRef:
    """How the program names an object."""
    metadata = thing["metadata"]
    return WorkloadRef(thing["kind"], metadata.get("namespace", ""), metadata["name"])


def install(kubectl: Run, things: Iterable[Object] = WORKLOADS) -> None:
    """Make them, as their owner does."""
    kubectl("apply", "--server-side", "-f", str(KIBANA_CRD))
    kubectl("wait", "--for=condition=Established", "crd/kibanas.kibana.k8s.elastic.co")
    for thing in things:
        kubectl(
            *("apply", "--server-side", "--field-manager", OWNER, "-f", "-"),
            stdin=json.dumps(thing),
        )


def seen(kubectl: Run) -> dict[str, Object]:
    """What they are now, without status and without what merely counts writes."""
    found = {}
    for thing in WORKLOADS:
        name = ref(thing)
        space = ("--namespace", name.namespace) if name.namespace else ()
        item = json.loads(kubectl("get", name.kind, name.name, *space, "-o", "json"))
        item.pop("status", None)
        for key in COUNTERS:
            item["metadata"].pop(key, None)
        annotations = item["metadata"].get("annotations", {})
        for key in REVISIONS:
            annotations.pop(key, None)
        if not annotations:
            item["metadata"].pop("annotations", None)
        found[str(name)] = item
    return found


def settings(context: str) -> Object:
    """The settings of both clusters of that stack file in one, reached by this context."""
    content = yaml.safe_load(STACK_FILES["meshed"].read_text(encoding="utf-8"))
    clusters = content["config"]["linkerd-ambassador-mesh:clusters"].values()
    found: Object = {"meshed": [], "jobs": []}
    for cluster in clusters:
        found["meshed"] += cluster.get("meshed", [])
        found["jobs"] += cluster.get("jobs", [])
        found["linkerd"] = cluster.get("linkerd", {})
    return {**found, "context": context, "networks": ["10.0.0.0/8", "127.0.0.0/8"]}
