"""What pods, workloads, Services and conditions say.

Facts: Kubernetes docs, "Pod Lifecycle" and "Service".
"""

from __future__ import annotations

from collections.abc import Iterator

from kube.answers import inner, items
from vocabulary.kinds import Object


def template_of(workload: Object) -> Object:
    """The pod template of a Deployment, DaemonSet, StatefulSet or Job."""
    return inner(workload, "spec", "template")


def is_running(pod: Object) -> bool:
    """Whether a pod is in the phase Running."""
    return inner(pod, "status").get("phase") == "Running"


def job_of(pod: Object) -> str | None:
    """Name of the Job that owns a pod; None without."""
    owners = items(pod, "metadata", "ownerReferences")
    return next((str(one.get("name")) for one in owners if one.get("kind") == "Job"), None)


def condition(thing: Object, kind: str) -> Object:
    """The condition of this type in an object's status; empty without."""
    conditions = items(thing, "status", "conditions")
    return next((one for one in conditions if one.get("type") == kind), {})


def holds(thing: Object, kind: str) -> bool:
    """Whether a condition of an object is True."""
    return condition(thing, kind).get("status") == "True"


def addresses(endpoints: Object | None, key: str = "addresses") -> Iterator[str]:
    """IP addresses in Endpoints: those that are ready, or with `notReadyAddresses` the others."""
    for subset in items(endpoints, "subsets"):
        for address in items(subset, key):
            yield str(address.get("ip", ""))


def balancer_addresses(thing: Object | None) -> list[str]:
    """Addresses that a load balancer gave a Service, or a controller an Ingress."""
    entries = items(thing, "status", "loadBalancer", "ingress")
    found = [str(entry.get("ip") or entry.get("hostname") or "") for entry in entries]
    return [address for address in found if address]
