"""The workload that ``--from`` names, and its pod template."""

from __future__ import annotations

from dataclasses import replace

from verify.cluster import Cluster, ClusterRefusedError
from verify.questions.plan import Workload
from vocabulary.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET

TEMPLATES = {
    **{
        kind.name.lower(): (kind, ("spec", "template"))
        for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, JOB)
    },
    "cronjob": (CRON_JOB, ("spec", "jobTemplate", "spec", "template")),
    "pod": (POD, ()),
}
"""Kinds of workloads by the names of ``kubectl``, each with the path of its pod template."""


def found(cluster: Cluster, workload: Workload) -> Workload:
    """The workload with its pod template. Raises ClusterRefusedError where it does not exist."""
    kind, inner = TEMPLATES[workload.kind]
    item = cluster.get(kind, workload.namespace, workload.name)
    if item is None:
        raise ClusterRefusedError(
            f"{workload.kind} {workload.namespace}/{workload.name} does not exist in cluster "
            f"{cluster.name}"
        )
    for key in inner:
        item = item.get(key) or {}
    return replace(workload, template=item)
