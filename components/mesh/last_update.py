"""The gate for names of clusters: no update may rename one.

Facts: pulumi 3.260, ``pkg/resource/deploy/builtins.go`` (readStackOutputs): a program may read the
outputs that its own stack had after the last update.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi.runtime.invoke import invoke_async

from components.mesh.state import CLUSTERS
from config.core.mesh import MeshConfig
from preflight.cluster_names import renamed
from preflight.guard import ClusterError, ClusterProblem, Reach, context_of


async def last_clusters() -> Mapping[str, str]:
    """UIDs of the clusters at the last update, by their names; empty before the first one."""
    stack = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()))
    answer = await invoke_async("pulumi:pulumi:readStackOutputs", {"name": stack})
    found = (answer.get("outputs") or {}).get(CLUSTERS)
    return dict(found) if isinstance(found, Mapping) else {}


async def names_kept(config: MeshConfig, reach: Mapping[str, Reach]) -> bool:
    """True where every cluster has the name that it had. Raises pulumi.RunError."""
    now = {name: item.uid for name, item in reach.items()}
    problems = [
        ClusterProblem(name, context_of(config.clusters[name]), *reason)
        for name, reason in renamed(await last_clusters(), now)
    ]
    if problems:
        raise pulumi.RunError(str(ClusterError(problems)))
    return True
