"""How many pods a restart may take down at a time, and what PodDisruptionBudgets permit.

A rollout does not ask the budgets: only evictions do. Facts: Kubernetes docs, "Disruptions",
"Deployments" (maxUnavailable is rounded down, maxSurge up, and both are not 0), "DaemonSet"
(maxUnavailable is rounded up), "StatefulSets" (OnDelete, partition); k8s.io/kubectl
``pkg/polymorphichelpers/objectrestarter.go`` (a paused Deployment is not restarted).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from checks.facts.objects import template_of
from checks.facts.selectors import selects
from kube.answers import inner
from vocabulary.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, Object, labels_of, name_of


@dataclass(frozen=True)
class Budget:
    """A PodDisruptionBudget as it is now."""

    name: str
    selector: Object
    allowed: int
    """Pods that may be down now, besides those that are."""
    most: int
    """Pods that may be down while all others are healthy."""

    @classmethod
    def of(cls, found: Object) -> Budget:
        """A budget that an API server gave."""
        status = inner(found, "status")
        expected = int(status.get("expectedPods") or 0)
        return cls(
            name_of(found),
            inner(found, "spec", "selector"),
            int(status.get("disruptionsAllowed") or 0),
            expected - int(status.get("desiredHealthy") or 0),
        )

    def covers(self, workload: Object) -> bool:
        """Whether it is about the pods of a workload."""
        return selects(self.selector, labels_of(template_of(workload)))


def pods_wanted(workload: Object) -> int:
    """How many pods a workload ought to have."""
    if workload.get("kind") == DAEMON_SET.name:
        return int(inner(workload, "status").get("desiredNumberScheduled") or 0)
    replicas = inner(workload, "spec").get("replicas")
    return 1 if replicas is None else int(replicas)


def down_at_once(workload: Object) -> int | None:
    """Pods that a rollout of a workload may take down at a time.

    None where a rollout does not replace its pods, so that they have to be evicted.
    """
    spec, pods = inner(workload, "spec"), pods_wanted(workload)
    strategy = inner(spec, "strategy") or inner(spec, "updateStrategy")
    rolling = inner(strategy, "rollingUpdate")
    match workload.get("kind"):
        case DEPLOYMENT.name if not spec.get("paused"):
            if strategy.get("type") == "Recreate":
                return pods
            surge = _number(rolling.get("maxSurge", "25%"), pods, up=True)
            down = _number(rolling.get("maxUnavailable", "25%"), pods, up=False)
            return down if surge or down else 1
        case STATEFUL_SET.name if strategy.get("type") != "OnDelete":
            if rolling.get("partition"):
                return None
            return max(1, _number(rolling.get("maxUnavailable", 1), pods, up=True))
        case DAEMON_SET.name if strategy.get("type") != "OnDelete":
            return _number(rolling.get("maxUnavailable", 1), pods, up=True)
    return None


def by_rollout(workload: Object, budgets: Iterable[Budget]) -> bool:
    """Whether a rollout replaces the pods of a workload and can keep to its budgets."""
    down = down_at_once(workload)
    return down is not None and all(
        down <= budget.most for budget in budgets if budget.covers(workload)
    )


def leaves_a_gap(workload: Object, budgets: Iterable[Budget]) -> bool:
    """Whether all pods of a workload end, in its restart, before a new one is ready."""
    down = down_at_once(workload) if by_rollout(workload, budgets) else 1
    return 0 < pods_wanted(workload) <= (down or 0)


def _number(value: object, pods: int, *, up: bool) -> int:
    """A number of pods, which may be written as a percentage."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    share = int(text.removesuffix("%")) * pods / 100
    return math.ceil(share) if up else math.floor(share)
