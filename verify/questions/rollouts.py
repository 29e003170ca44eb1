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
from kube.rollouts import behind
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
    lacks = behind(deployment)
    if not lacks:
        return Result(CATEGORY, cluster, title, Status.OK)
    return Result(
        CATEGORY,
        cluster,
        title,
        Status.FAILURE,
        lacks,
        "see `./mesh check`, which names the pod, the container and the end of its log",
    )
