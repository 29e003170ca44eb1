"""Whether what has pods is available."""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster.unready import Explanation, explain
from checks.facts.objects import condition
from checks.facts.results import Finding, Status, ok, skipped
from checks.facts.view import View
from kube.answers import inner
from vocabulary.kinds import DAEMON_SET, Kind, Object

UNKNOWN = 3
"""Rank of pods of which nothing shows why they are not ready, behind those of an Explanation."""


def availability(workload: Object) -> tuple[Status, str]:
    """Whether the pods of a Deployment, StatefulSet or DaemonSet are available, and how many."""
    status = inner(workload, "status")
    if workload.get("kind") == DAEMON_SET.name:
        wanted = int(status.get("desiredNumberScheduled") or 0)
        there = int(status.get("numberAvailable") or 0)
    else:
        replicas = inner(workload, "spec").get("replicas")
        wanted = 1 if replicas is None else int(replicas)
        there = int(status.get("availableReplicas") or 0)
    text = f"{there} of {wanted} pods available"
    if wanted == 0 and workload.get("kind") != DAEMON_SET.name:
        return Status.FAILURE, "it is scaled to 0 replicas"
    stuck = _stuck(workload)
    if stuck:
        return Status.FAILURE, f"{text}; {stuck}"
    if there < wanted:
        return (Status.WARNING if there else Status.FAILURE), text
    generation = int(inner(workload, "metadata").get("generation") or 0)
    if int(status.get("observedGeneration") or 0) < generation:
        return Status.WARNING, "the latest generation is not observed yet"
    return Status.OK, text


def has_pods(view: View, kind: Kind, namespace: str, name: str) -> bool:
    """Whether a workload exists and at least one of its pods is available.

    Raises Unseen: workloads of this kind could not be read there.
    """
    found = view.get(kind, namespace, name)
    return found is not None and availability(found)[0] is not Status.FAILURE


def _stuck(workload: Object) -> str:
    progressing = condition(workload, "Progressing")
    if progressing.get("status") == "False":
        return f"its rollout is stuck ({progressing.get('reason', 'no reason given')})"
    return ""


def workload(view: View, kind: Kind, namespace: str, name: str, hint: str) -> Iterator[Finding]:
    """One workload exists and is available; skipped where the line of its release reports it."""
    title = f"{kind.name} {namespace}/{name} is available"
    found = view.get(kind, namespace, name)
    released = view.made_by_release(kind, namespace, name)
    if found is None:
        yield view.missing(title, kind, namespace, name, hint=hint)
        return
    status, text, explained = described(view, found)
    if status is Status.OK:
        yield ok(title, text)
    elif released:
        yield skipped(title, f"{availability(found)[1]}; see its release")
    else:
        yield Finding(title, status, text, (explained.remedy if explained else "") or hint)


def described(view: View, workload: Object) -> tuple[Status, str, Explanation | None]:
    """Status and number of available pods, and the explanation where some are missing."""
    status, text = availability(workload)
    explained = None if status is Status.OK else explain(view, workload)
    return status, f"{text}: {explained.text}" if explained else text, explained
