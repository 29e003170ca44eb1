"""Whether the programs that carry the mesh run as they are described now.

While a new pod does not become ready, the old one goes on answering: every request passes, and the
next restart ends that. Fact: Kubernetes API, Deployment status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.facts.results import Result, Status
from checks.facts.view import Unseen, View
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from vocabulary.kinds import DEPLOYMENT, Object, name_of, namespace_of
from vocabulary.linkerd import MULTICLUSTER

CATEGORY = "rollouts"


def namespaces(config: ClusterConfig) -> list[str]:
    """Namespaces of the control plane, the service mirrors and Ambassador, each once."""
    found = [config.linkerd.namespace, MULTICLUSTER]
    views = config.each_ambassador
    found += [view.ambassador.namespace for view in views if view.ambassador is not None]
    return list(dict.fromkeys(found))


def rollouts(mesh: MeshConfig, views: Mapping[str, View]) -> Iterator[Result]:
    """A result for each Deployment of the mesh, in every cluster that was read."""
    for name, view in views.items():
        for space in namespaces(mesh.clusters[name]):
            title = f"every Deployment in {space} runs as it is described"
            try:
                found = view.all(DEPLOYMENT, space)
            except Unseen as unseen:
                yield Result(CATEGORY, name, title, Status.SKIPPED, str(unseen))
                continue
            for deployment in found:
                yield _result(name, deployment)


def _result(cluster: str, deployment: Object) -> Result:
    title = f"Deployment {namespace_of(deployment)}/{name_of(deployment)} is rolled out"
    behind = _behind(deployment)
    if not behind:
        return Result(CATEGORY, cluster, title, Status.OK)
    return Result(
        CATEGORY,
        cluster,
        title,
        Status.FAILURE,
        behind,
        "see `./mesh check`, which names the pod, the container and the end of its log",
    )


def _behind(deployment: Object) -> str:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    generation = int((deployment.get("metadata") or {}).get("generation") or 0)
    if int(status.get("observedGeneration") or 0) < generation:
        return "its latest generation is not observed yet"
    for key, what in (("updatedReplicas", "updated"), ("availableReplicas", "available")):
        there = int(status.get(key) or 0)
        if there < wanted:
            return f"{there} of {wanted} pods are {what}"
    unavailable = int(status.get("unavailableReplicas") or 0)
    return f"{unavailable} of its new pods are not available" if unavailable else ""
