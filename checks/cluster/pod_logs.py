"""Reading why pods are not ready: lists of pods and events, and ends of logs.

Nothing of it is read where every pod is available, and no log of a workload that the program
neither makes nor meshes.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import kind_of
from checks.cluster.unready import CONTAINERS, blamed, pods_of, worst
from checks.cluster.workloads import availability
from checks.facts.check import LogRequest
from checks.facts.listing import Listing
from checks.facts.results import Status
from checks.facts.view import Unseen, View
from checks.platform.meshed import worst_of_patch
from config.core.mesh import MeshConfig
from config.inventory import inventory
from vocabulary.kinds import EVENT, POD, WORKLOADS, Kind, Object, name_of, namespace_of


def unavailable(mesh: MeshConfig, cluster: str, view: View) -> list[Object]:
    """Workloads that the program makes or meshes, and of which pods are not available."""
    config = mesh.clusters[cluster]
    spaces = set(inventory(mesh, cluster).namespaces)
    named = {(patch.kind, patch.namespace, patch.name) for _, patch in config.patches}
    for one in config.each_ambassador:
        if (ambassador := one.ambassador) is not None:
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


def lists(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
    """Pods and events of every namespace that has pods that are not ready."""
    if view.simulated:
        return
    spaces = dict.fromkeys(map(namespace_of, unavailable(mesh, cluster, view)))
    spaces |= dict.fromkeys(map(namespace_of, _of_patches(mesh, cluster, view)))
    for space in spaces:
        yield Listing(POD, space)
        yield Listing(EVENT, space, fields="type=Warning", complete=False)


def _of_patches(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Object]:
    """Of what the stack file meshes, the pods that say most of why pods are not ready."""
    for _, patch in mesh.clusters[cluster].patches:
        try:
            pod = worst_of_patch(view, patch)
        except Unseen:
            continue
        if pod is not None:
            yield pod


def wanted(mesh: MeshConfig, cluster: str, view: View) -> Iterator[LogRequest]:
    """The logs that say why pods are not ready."""
    if view.simulated:
        return
    pods = list(_of_patches(mesh, cluster, view))
    for workload in unavailable(mesh, cluster, view):
        try:
            pod = worst(pods_of(view, workload))
        except Unseen:
            continue
        pods += [] if pod is None else [pod]
    for pod in pods:
        for container in blamed(pod)[:CONTAINERS]:
            if container.ran:
                yield LogRequest(
                    namespace_of(pod), name_of(pod), container.name, container.previous
                )
