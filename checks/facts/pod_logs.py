"""Reading why pods are not ready: lists of pods and events, and ends of logs.

Nothing of it is read where every pod is available, and no log of a workload that the program
neither makes nor meshes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from typing import NamedTuple

from checks.ambassador.ambassador import kind_of
from checks.cluster.unready import CONTAINERS, blamed, pods_of, worst
from checks.cluster.workloads import availability
from checks.facts.expected import namespaces
from checks.facts.reading import Reader, RefusedError
from checks.facts.results import Status
from checks.facts.view import Log, Unseen, View
from checks.platform.meshed import worst_of_patch
from config.core.mesh import MeshConfig
from config.rules.meshed_workloads import patches
from vocabulary.kinds import EVENT, POD, WORKLOADS, Kind, Object, name_of, namespace_of

TAIL = 40
"""Lines of a log that are read; the last one is often not the one with the error."""
MOST = 16
"""Logs that are read of one cluster."""


class Wanted(NamedTuple):
    """A log to read."""

    namespace: str
    pod: str
    container: str
    previous: bool
    """Whether that of the run before the present one."""


def unavailable(mesh: MeshConfig, cluster: str, view: View) -> list[Object]:
    """Workloads that the program makes or meshes, and of which pods are not available."""
    config = mesh.clusters[cluster]
    ambassador = config.ambassador
    spaces = set(namespaces(mesh, cluster))
    named = {(patch.kind, patch.namespace, patch.name) for _, patch in patches(config)}
    if ambassador is not None:
        named.add((kind_of(ambassador).name, ambassador.namespace, ambassador.workload))
    for history in view.releases.values():
        named |= {(one.kind.name, one.namespace, one.name) for one in history.standing.objects}
    return [
        one
        for one in view.objects
        if Kind.of(one) in WORKLOADS
        and "spec" in one
        and (
            namespace_of(one) in spaces
            or (str(one["kind"]), namespace_of(one), name_of(one)) in named
        )
        and availability(one)[0] is not Status.OK
    ]


def lists(mesh: MeshConfig, cluster: str, view: View) -> Iterator[tuple[Kind, str]]:
    """Kinds and namespaces of the lists that say why pods are not ready; each once."""
    if view.simulated:
        return
    spaces = dict.fromkeys(map(namespace_of, unavailable(mesh, cluster, view)))
    spaces |= dict.fromkeys(map(namespace_of, _of_patches(mesh, cluster, view)))
    for space in spaces:
        yield POD, space
        yield EVENT, space


def _of_patches(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Object]:
    """Of what the stack file meshes, the pods that show best why pods are not ready."""
    for _, patch in patches(mesh.clusters[cluster]):
        try:
            pod = worst_of_patch(view, patch)
        except Unseen:
            continue
        if pod is not None:
            yield pod


def wanted(mesh: MeshConfig, cluster: str, view: View) -> list[Wanted]:
    """The logs that say why pods are not ready, `MOST` at most."""
    if view.simulated:
        return []
    pods = list(_of_patches(mesh, cluster, view))
    for workload in unavailable(mesh, cluster, view):
        try:
            pod = worst(pods_of(view, workload))
        except Unseen:
            continue
        pods += [] if pod is None else [pod]
    found = (
        Wanted(namespace_of(pod), name_of(pod), container.name, container.previous)
        for pod in pods
        for container in blamed(pod)[:CONTAINERS]
        if container.ran
    )
    return list(dict.fromkeys(found))[:MOST]


def read_logs(
    reader: Reader, pool: Executor, wanted: list[Wanted]
) -> Mapping[tuple[str, str, str], Log]:
    """The ends of these logs, by namespace, pod and container."""
    logs = pool.map(lambda one: _read(reader, one), wanted)
    return {one[:3]: log for one, log in zip(wanted, logs, strict=True)}


def _read(reader: Reader, one: Wanted) -> Log:
    try:
        text = reader.log(one.namespace, one.pod, one.container, TAIL, previous=one.previous)
    except RefusedError as error:
        return Log("", str(error))
    return Log(text)
