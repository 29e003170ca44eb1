"""The workload that ``--from`` names: what its pods look like."""

from __future__ import annotations

from dataclasses import replace

from verify.cluster import Cluster, ClusterRefusedError
from verify.questions.plan import Workload

TEMPLATES = {
    "deployment": ("apps/v1", "deployments", ("spec", "template")),
    "statefulset": ("apps/v1", "statefulsets", ("spec", "template")),
    "daemonset": ("apps/v1", "daemonsets", ("spec", "template")),
    "replicaset": ("apps/v1", "replicasets", ("spec", "template")),
    "job": ("batch/v1", "jobs", ("spec", "template")),
    "cronjob": ("batch/v1", "cronjobs", ("spec", "jobTemplate", "spec", "template")),
    "pod": ("v1", "pods", ()),
}
"""Kinds of workloads, each with its API, and where its pod template is."""


def found(cluster: Cluster, workload: Workload) -> Workload:
    """The workload with its pod template. Raises ClusterRefusedError where it does not exist."""
    api_version, plural, inner = TEMPLATES[workload.kind]
    item = cluster.get(api_version, plural, workload.namespace, workload.name)
    if item is None:
        raise ClusterRefusedError(
            f"there is no {workload.kind} {workload.namespace}/{workload.name} in cluster "
            f"{cluster.name}"
        )
    for key in inner:
        item = item.get(key) or {}
    return replace(workload, template=item)
