"""Whether workloads run as they are described now.

Facts: Kubernetes docs, "Deployments", "StatefulSets" and "DaemonSet" (status), and what
``kubectl rollout status`` waits for.
"""

from __future__ import annotations

from kube.answers import inner, items
from vocabulary.kinds import DAEMON_SET, Object


def behind(workload: Object) -> str:
    """What a Deployment, StatefulSet or DaemonSet lacks; empty where it is rolled out."""
    spec, status = inner(workload, "spec"), inner(workload, "status")
    generation = int(inner(workload, "metadata").get("generation") or 0)
    if int(status.get("observedGeneration") or 0) < generation:
        return "its latest generation is not observed yet"
    wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    counts = (("updatedReplicas", "updated"), ("availableReplicas", "available"))
    if workload.get("kind") == DAEMON_SET.name:
        wanted = int(status.get("desiredNumberScheduled") or 0)
        counts = (("updatedNumberScheduled", "updated"), ("numberAvailable", "available"))
    for key, what in counts:
        there = int(status.get(key) or 0)
        if there < wanted:
            return f"{there} of {wanted} pods are {what}"
    unavailable = int(status.get("unavailableReplicas") or 0)
    return f"{unavailable} of its new pods are not available" if unavailable else ""


def stuck(workload: Object) -> bool:
    """Whether the controller of a Deployment has given up its rollout."""
    generation = int(inner(workload, "metadata").get("generation") or 0)
    if int(inner(workload, "status").get("observedGeneration") or 0) < generation:
        return False
    return any(
        one.get("type") == "Progressing" and one.get("status") == "False"
        for one in items(workload, "status", "conditions")
    )
