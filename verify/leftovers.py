"""What runs leave behind: how it is deleted, by a run itself, by a later one, and by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from config.core.mesh import MeshConfig
from verify.cluster import Cluster, ClusterRefusedError
from verify.pods import objects
from verify.pods.logs import wait_until
from vocabulary.kinds import CONFIG_MAP, NAMESPACE, POD, labels_of, name_of

Say = Callable[[str], None]
"""Reports one line of progress."""


def how_to_delete(mesh: MeshConfig, clusters: Iterable[str], namespace: str) -> list[str]:
    """Commands that delete a run's namespace in each cluster."""
    return [
        f"kubectl {f'--context {context} ' if (context := mesh.clusters[name].context) else ''}"
        f"delete namespace {namespace}" + ("" if context else f"   # in cluster {name}")
        for name in clusters
    ]


def remove_namespace(cluster: Cluster, name: str, seconds: float) -> str | None:
    """Delete a namespace and wait until it is gone; a sentence on what is left, or None."""
    try:
        if not cluster.delete(NAMESPACE, None, name):
            return None
        gone = wait_until(
            lambda: cluster.get(NAMESPACE, None, name) is None, seconds, threading.Event()
        )
    except ClusterRefusedError as error:
        return f"namespace {name} in cluster {cluster.name}: {error}"
    return None if gone else f"namespace {name} in cluster {cluster.name} is still terminating"


def remove_leftovers(clusters: Mapping[str, Cluster], say: Say) -> None:
    """Delete expired namespaces of runs that were killed."""
    now = datetime.now(UTC)
    for cluster in clusters.values():
        try:
            for item in cluster.list(NAMESPACE, None, objects.LABEL):
                if objects.expired(item, now):
                    say(f"deleting {name_of(item)} in {cluster.name}, left by an earlier run")
                    cluster.delete(NAMESPACE, None, name_of(item))
        except ClusterRefusedError as error:
            say(f"cannot list what earlier runs left: {error}")


def remove_strays(cluster: Cluster, space: str, say: Say) -> None:
    """Delete what runs with ``--from`` that were killed left in a workload's namespace."""
    try:
        for kind in (POD, CONFIG_MAP):
            for item in cluster.list(kind, space, objects.LABEL):
                run, what = labels_of(item)[objects.LABEL], f"{kind.name} {space}/{name_of(item)}"
                if cluster.get(NAMESPACE, None, run) is None:
                    say(f"deleting {what} in {cluster.name}, left by {run}")
                    cluster.delete(kind, space, name_of(item))
    except ClusterRefusedError as error:
        say(f"cannot list what earlier runs left in {space}: {error}")
