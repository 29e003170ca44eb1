"""The guard: every cluster answers and is the right one, or nothing is changed.

The engine itself waits half a minute for a frozen API server, does not report a dead one on a
new stack, and accepts any cluster that a context names.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from config.core.cluster import ClusterConfig
from config.preconditions import Expectations
from kube.at_once import at_once
from kube.failures import Reason
from kube.kubeconfig import own_endpoint
from preflight.asking import Answer, ask
from preflight.cluster_error import ClusterError, ClusterProblem, context_of
from preflight.link_tokens import refused
from preflight.reach import Reach

DEADLINE_SECONDS = 9.0
"""How long all clusters together may take to answer."""


def examine(
    clusters: Mapping[str, ClusterConfig],
    expected: Mapping[str, Expectations] | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> dict[str, Reach]:
    """Read UID, version and preconditions of every cluster, all at once, in `deadline` seconds.

    `expected` is what has to be true of them beyond that, by cluster name. Returns what was
    learned, by cluster name. Raises ClusterError naming every cluster that does not answer, is not
    the one that the stack file pins, is listed under two names, or is not as expected.
    """
    wanted, until = expected or {}, time.monotonic() + deadline
    jobs = {
        name: partial(ask, cluster, wanted.get(name, Expectations()), deadline)
        for name, cluster in clusters.items()
    }
    answers = at_once(jobs, deadline)
    silent = Answer(
        None,
        (
            (
                f"no answer within {deadline:g} seconds",
                "check that the API server is running and that this machine can reach it",
            ),
        ),
        unreachable=True,
    )
    given = {name: answers.get(name, silent) for name in clusters}
    found = {name: answer.reach for name, answer in given.items() if answer.reach is not None}
    mistaken = _mistaken(clusters, found)
    problems = [
        ClusterProblem(name, context_of(cluster), what, remedy, given[name].unreachable)
        for name, cluster in clusters.items()
        for what, remedy in (*mistaken.get(name, ()), *given[name].reasons)
    ]
    if problems:
        raise ClusterError(problems)
    return _with_accepted_tokens(clusters, wanted, found, until)


def _with_accepted_tokens(
    clusters: Mapping[str, ClusterConfig],
    expected: Mapping[str, Expectations],
    found: Mapping[str, Reach],
    until: float,
) -> dict[str, Reach]:
    """The same, without tokens that their targets refuse by `until` (of the monotonic clock)."""
    jobs = {
        link.name: partial(refused, own_endpoint(clusters[link.target]), token)
        for name, reach in found.items()
        for link in expected.get(name, Expectations()).kept
        if link.target in clusters and (token := reach.tokens.get(link.name)) is not None
    }
    answers = at_once(jobs, max(1.0, until - time.monotonic()))
    return {
        name: replace(
            reach,
            tokens={link: one for link, one in reach.tokens.items() if not answers.get(link)},
        )
        for name, reach in found.items()
    }


def _mistaken(
    clusters: Mapping[str, ClusterConfig], found: Mapping[str, Reach]
) -> dict[str, list[Reason]]:
    """Why clusters are not the expected ones, by their names."""
    reasons: dict[str, list[Reason]] = {name: [] for name in found}
    first: dict[str, str] = {}
    for name, reach in found.items():
        pinned = clusters[name].uid
        if pinned is not None and pinned != reach.uid:
            reasons[name].append(
                (
                    "it is not the pinned cluster: its namespace kube-system has "
                    f"UID {reach.uid}, and the stack file has {pinned}",
                    f"correct the context, or clusters.{name}.uid if the cluster was recreated",
                )
            )
        other = first.setdefault(reach.uid, name)
        if other != name:
            reasons[name].append(
                (
                    f"it is the same cluster as '{other}' (UID {reach.uid})",
                    f"correct clusters.{name}.context or clusters.{other}.context",
                )
            )
    return reasons
