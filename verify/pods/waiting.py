"""Whether a pod of verify is ready, and why not: `checks/cluster/unready.py` explains any pod."""

from __future__ import annotations

from checks.cluster.unready import CONTAINERS, Container, blamed, explain_pod, is_ready
from checks.facts.fetch import TAIL
from checks.facts.view import Log, View
from verify.cluster import Cluster, ClusterRefusedError
from vocabulary.kinds import EVENT, Kind, Object, name_of, namespace_of


def ready(pod: Object) -> bool:
    """Whether all of a pod is ready; one without a status has not been read yet."""
    return "status" in pod and is_ready(pod)


def why_not(cluster: Cluster, pod: Object) -> str:
    """Container, state, end of its log and the known cause of a pod that is not ready.

    The log and, where no container has started, events are read; secrets are left out.
    """
    found = blamed(pod)[:CONTAINERS]
    events: list[Object] = []
    unseen: dict[tuple[Kind, str], str] = {}
    if not found:
        try:
            listed = cluster.list(EVENT, namespace_of(pod), "")
            events = [{"apiVersion": "v1", "kind": "Event", **one} for one in listed]
        except ClusterRefusedError as error:
            unseen[EVENT, namespace_of(pod)] = str(error)
    place = namespace_of(pod), name_of(pod)
    logs = {(*place, one.name): _log(cluster, *place, one) for one in found if one.ran}
    view = View(cluster=cluster.name, objects=tuple(events), unseen=unseen, logs=logs)
    return explain_pod(view, pod, f"pod/{name_of(pod)}").text


def _log(cluster: Cluster, space: str, pod: str, container: Container) -> Log:
    try:
        lines = cluster.log(space, pod, container.name, lines=TAIL, previous=container.previous)
        return Log("\n".join(lines))
    except ClusterRefusedError as error:
        return Log("", str(error))
