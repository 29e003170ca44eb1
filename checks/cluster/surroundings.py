"""The cluster itself: its version, its clock, its nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.facts.case import ClusterCase, MeshCase
from checks.facts.check import Check, Phase
from checks.facts.objects import holds
from checks.facts.results import Finding, failure, ok, skipped, warning
from config.preconditions import expectations
from kube.answers import inner, items
from vocabulary.kinds import NODE, Object, labels_of
from vocabulary.kubernetes import ZONE

CLOCK_WARNING = 10.0
CLOCK_FAILURE = 20.0
"""Seconds; Linkerd's identity allows as much between two clocks (`clockSkewAllowance`)."""


def advised(case: ClusterCase) -> Iterator[Finding]:
    """Linkerd's makers do not advise against the version; yields nothing for other generations."""
    linkerd = case.config.linkerd
    if not linkerd.generation.dated:
        return
    title = f"Linkerd's makers do not advise against {linkerd.app_version}"
    found = linkerd.advice
    if found is None:
        yield ok(title)
    else:
        hint = f'write clusters.{case.name}.linkerd.version: "{found.instead}" or a later one'
        yield warning(title, f"{found.reason} ({found.source})", hint)


def version(case: ClusterCase) -> Iterator[Finding]:
    """Kubernetes is new enough for Linkerd, and old enough for the APIs of an old release."""
    oldest = case.config.linkerd.oldest_kubernetes
    title = f"Kubernetes is {_dotted(oldest)} or newer"
    match = re.match(r"v?(\d+)\.(\d+)", case.view.version)
    if match is None:
        yield warning(title, f"the API server reports version '{case.view.version}'")
        return
    found = int(match[1]), int(match[2])
    if found < oldest:
        yield failure(title, f"it is {case.view.version}", "upgrade the cluster")
    else:
        yield ok(title, case.view.version)
    for limit in expectations(case.mesh, case.name).limits:
        title = f"Kubernetes is {_dotted(limit.version)} or older, for {limit.what}"
        if found > limit.version:
            yield failure(title, f"it is {case.view.version}", limit.remedy)
        else:
            yield ok(title, case.view.version)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def pinned(case: ClusterCase) -> Iterator[Finding]:
    """The cluster is pinned by its UID; the guard has compared the two."""
    title = "the cluster is pinned by its UID"
    uid = case.view.uid
    if case.config.uid is not None:
        yield ok(title, f"UID {uid}")
    else:
        yield ok(title, f"not pinned; to pin it, write clusters.{case.name}.uid: {uid}")


def clock(case: ClusterCase) -> Iterator[Finding]:
    """The cluster's clock and this machine's agree, so that new certificates are valid there."""
    title = "the API server's clock agrees with this machine's"
    offset = case.view.clock_offset
    if offset is None:
        yield skipped(title, "the API server's responses have no Date header")
        return
    way = "ahead" if offset > 0 else "behind"
    detail = f"the API server is {abs(offset):.0f} seconds {way}"
    hint = "synchronize both clocks (NTP); certificates made here may not be valid there yet"
    if abs(offset) > CLOCK_FAILURE:
        yield failure(title, detail, hint)
    elif abs(offset) > CLOCK_WARNING:
        yield warning(title, detail, hint)
    else:
        yield ok(title)


def different(case: MeshCase) -> Iterator[Finding]:
    """No cluster has two names in the stack file. Yields nothing for fewer than two clusters."""
    if len(case.views) < 2:
        return
    title = "no cluster is listed under two names"
    names: dict[str, list[str]] = {}
    for name, view in case.views.items():
        names.setdefault(view.uid, []).append(name)
    doubled = [" and ".join(same) for same in names.values() if len(same) > 1]
    if doubled:
        hint = "correct the context of one of them"
        yield failure(title, f"one cluster with several names: {'; '.join(doubled)}", hint)
    else:
        yield ok(title)


def nodes(case: ClusterCase) -> Iterator[Finding]:
    """There are nodes for the pods, and enough of them, in enough zones, where HA is wanted."""
    title = "the cluster has schedulable nodes"
    usable = [node for node in case.view.all(NODE) if _usable(node)]
    if not usable:
        yield failure(
            title,
            "no node is ready and free of taints and cordons",
            "add a node, or `kubectl uncordon` one",
        )
        return
    yield ok(title, f"{len(usable)} of {len(case.view.all(NODE))}")
    wanted = _replicas(case)
    if wanted > 1:
        title = f"the cluster has a node for each of {wanted} replicas"
        if len(usable) < wanted:
            yield failure(
                title,
                f"it has {len(usable)} that are schedulable",
                f"add nodes, or write highAvailability: false for cluster {case.name}",
            )
        else:
            yield ok(title)
        title = "the schedulable nodes are in more than one zone"
        zones = {labels_of(node).get(ZONE) for node in usable} - {None}
        if len(zones) < 2:
            yield warning(
                title,
                f"they are in {len(zones)} (label {ZONE})",
                "a zone outage would take all replicas down: add nodes in another zone",
            )
        else:
            yield ok(title, f"{len(zones)} zones")


def _usable(node: Object) -> bool:
    spec = inner(node, "spec")
    if spec.get("unschedulable"):
        return False
    if any(taint.get("effect") != "PreferNoSchedule" for taint in items(spec, "taints")):
        return False
    return holds(node, "Ready")


def _replicas(case: ClusterCase) -> int:
    """Replicas that need, or prefer, nodes of their own."""
    wanted = 3 if case.config.linkerd.high_availability else 1
    for one in case.config.every_ambassador:
        if one.high_availability:
            wanted = max(wanted, min(3, one.replica_count))
    return wanted


CHECKS = (
    Check("cluster", Phase.SURROUNDINGS, version, order=10),
    Check("cluster", Phase.SURROUNDINGS, advised, order=13),
    Check("cluster", Phase.SURROUNDINGS, pinned, order=11),
    Check("cluster", Phase.SURROUNDINGS, clock, order=12),
    Check("nodes", Phase.BEFORE, nodes, order=10),
    Check("mesh", Phase.ACROSS, different, order=10),
)
