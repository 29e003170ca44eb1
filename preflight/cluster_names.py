"""Whether clusters still have the names that they had at the last update.

Logical names begin with the cluster's name, and so do the names by which Pulumi knows what it made:
a renamed cluster is one to make everything in, and its old name one to delete everything of, the
same control plane among it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.core.cluster import ClusterConfig
from kube.failures import Reason
from preflight.cluster_error import ClusterError, ClusterProblem, context_of
from preflight.reach import Reach

OUTPUT = "clusters"
"""The stack's output with the UIDs of its clusters by their names."""


def require_same_names(
    clusters: Mapping[str, ClusterConfig], reach: Mapping[str, Reach], outputs: Mapping[str, Any]
) -> None:
    """Raise ClusterError where a cluster had another name at the last update.

    `outputs` are those of the stack after that update.
    """
    last = outputs.get(OUTPUT)
    before = dict(last) if isinstance(last, Mapping) else {}
    now = {name: item.uid for name, item in reach.items()}
    problems = [
        ClusterProblem(name, context_of(clusters[name]), *reason)
        for name, reason in renamed(before, now)
    ]
    if problems:
        raise ClusterError(problems)


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
