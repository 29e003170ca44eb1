"""Whether clusters still have the names that they had at the last update.

Logical names begin with the cluster's name, and so do the names by which Pulumi knows what it made:
a renamed cluster is one to make everything in, and its old name one to delete everything of, the
same control plane among it.

Facts: pulumi 3.260, ``pkg/resource/deploy/builtins.go`` (readStackOutputs): a program may read the
outputs that its own stack had after the last update.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import pulumi
from pulumi.runtime.invoke import invoke

from config.core.cluster import ClusterConfig
from kube.failures import Reason
from preflight.cluster_error import ClusterError, ClusterProblem, context_of
from preflight.reach import Reach

_TRIES = 20
_PAUSE_SECONDS = 0.25
OUTPUT = "clusters"
"""The stack's output with the UIDs of its clusters by their names."""


def require_same_names(clusters: Mapping[str, ClusterConfig], reach: Mapping[str, Reach]) -> None:
    """Raise ClusterError where a cluster had another name at the last update. Needs an engine."""
    now = {name: item.uid for name, item in reach.items()}
    problems = [
        ClusterProblem(name, context_of(clusters[name]), *reason)
        for name, reason in renamed(_last(), now)
    ]
    if problems:
        raise ClusterError(problems)


def _last() -> Mapping[str, str]:
    """UIDs of the clusters at the last update, by their names; empty before the first one."""
    stack = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()))
    for left in reversed(range(_TRIES)):
        try:
            answer = invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value
            break
        except Exception:  # the engine may be writing the state that it reads
            if not left:
                raise
            time.sleep(_PAUSE_SECONDS)
    found = (answer.get("outputs") or {}).get(OUTPUT)
    return dict(found) if isinstance(found, Mapping) else {}


def renamed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, Reason]]:
    """Yields each cluster that had another name, and why it is refused.

    `before` and `now` are UIDs of the namespace kube-system by the clusters' names.
    """
    names = {uid: name for name, uid in before.items()}
    for name, uid in now.items():
        old = names.get(uid, name)
        if old != name:
            yield (
                name,
                (
                    f"at the last update it was '{old}' (UID {uid}): under another name, all in it "
                    "would be made again, and then deleted",
                    f"name it '{old}'; or remove it from the stack file, run `pulumi up`, and add "
                    "it under the new name (docs/removal.md)",
                ),
            )
