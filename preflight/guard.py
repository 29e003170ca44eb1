"""The guard: every cluster answers and is the right one, or nothing is changed.

The engine itself waits half a minute for a frozen API server, does not report a dead one on a
new stack, and accepts any cluster that a context names.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.core.api_server import obstacles
from config.core.cluster import ClusterConfig
from config.language.problems import printable
from config.links.exports import ServiceRef
from config.platform.recipes import WorkloadRef
from config.preconditions import Expectations
from kube.answers import inner, items
from kube.at_once import at_once
from kube.errors import KubeconfigError
from kube.failures import STRANGE, Reason, why_silent
from kube.helm import Installed, installed
from kube.kubeconfig import (
    Endpoint,
    Login,
    api_client,
    described,
    endpoint,
    get_json,
    login,
    own_endpoint,
)
from kube.nodes import simulated
from kube.paths import path_of
from kube.versions import too_new, too_old
from preflight.adoption import mismatches
from preflight.discovery import absent, unserved
from preflight.helm_secrets import helm_secrets
from preflight.ingress_classes import taken_classes
from preflight.interrupted import leftovers
from preflight.link_tokens import forbidden, kept_token, refused
from preflight.proxy_trust import HeldTrust, held_trust
from preflight.service_ports import closed_ports
from preflight.version_change import version_change
from preflight.workloads import look_at
from vocabulary.errors import MeshError
from vocabulary.kinds import NAMESPACE, NODE, SERVICE

DEADLINE_SECONDS = 9.0
"""How long all clusters together may take to answer."""


@dataclass(frozen=True)
class Reach:
    """What the guard learned of a cluster."""

    endpoint: Endpoint
    """Its API server for other clusters."""
    uid: str
    """UID of its namespace kube-system, which distinguishes clusters."""
    version: str | None = None
    """Version of its API server, for example ``v1.34.1``."""
    login: Login | None = None
    """How the provider logs in; None where the program runs offline."""
    missing_services: frozenset[ServiceRef] = frozenset()
    """Services of the stack file that do not exist."""
    missing_workloads: frozenset[WorkloadRef] = frozenset()
    """Workloads and Namespaces that the stack file meshes and that do not exist."""
    settled_workloads: frozenset[WorkloadRef] = frozenset()
    """Workloads whose containers have this program's fields as the stack file wants them."""
    trust: HeldTrust | None = None
    """What its proxies trust; None where Linkerd is not installed, or was not read."""
    simulated: bool = False
    """Whether kwok plays its nodes, so that no controller of Linkerd runs."""
    absent_releases: frozenset[tuple[str, str]] = frozenset()
    """Namespaces and names of the stack's Helm releases that do not exist."""
    notes: tuple[str, ...] = ()
    """Warnings about its Helm releases."""
    releases: Mapping[tuple[str, str], Installed] = field(default_factory=dict)
    """The charts of its Helm releases, by namespace and name, as far as they were read."""
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Requested tokens that links from here have and keep, by the name of the link; secret."""


@dataclass(frozen=True)
class ClusterProblem:
    """Why a cluster cannot be used."""

    cluster: str
    """Name of the cluster in the stack file."""
    context: str
    """Its context, or a word for the kubeconfig that is held as a secret."""
    message: str
    """What is wrong."""
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        return f"cluster '{self.cluster}' ({self.context}): {self.message}\n    {self.remedy}"


class ClusterError(MeshError):
    """One or more clusters cannot be used; nothing was changed."""

    def __init__(self, problems: list[ClusterProblem]) -> None:
        self.problems = tuple(problems)
        lines = [f"  {problem}" for problem in self.problems]
        super().__init__("\n".join(["nothing was changed, because", *lines]))


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
        name: partial(_ask, cluster, wanted.get(name, Expectations()), deadline)
        for name, cluster in clusters.items()
    }
    answers = at_once(jobs, deadline)
    silent = _Answer(
        None,
        (
            (
                f"no answer within {deadline:g} seconds",
                "check that the API server is running and that this machine can reach it",
            ),
        ),
    )
    given = {name: answers.get(name, silent) for name in clusters}
    found = {name: answer.reach for name, answer in given.items() if answer.reach is not None}
    mistaken = _mistaken(clusters, found)
    problems = [
        ClusterProblem(name, context_of(cluster), *reason)
        for name, cluster in clusters.items()
        for reason in (*mistaken.get(name, ()), *given[name].reasons)
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
        if (token := reach.tokens.get(link.name)) is not None
    }
    answers = at_once(jobs, max(1.0, until - time.monotonic()))
    return {
        name: replace(
            reach,
            tokens={link: one for link, one in reach.tokens.items() if not answers.get(link)},
        )
        for name, reach in found.items()
    }


def context_of(cluster: ClusterConfig) -> str:
    """How a message names the way to a cluster."""
    if cluster.context:
        return f"context '{printable(cluster.context)}'"
    return "kubeconfig of the stack file"


@dataclass(frozen=True)
class _Answer:
    """What one cluster gave."""

    reach: Reach | None
    """What was learned of it; None where nothing was."""
    reasons: tuple[Reason, ...] = ()
    """Why it cannot be used."""


LOGIN_SHARE = 0.8
"""How much of the deadline a login plugin may take."""


def _ask(cluster: ClusterConfig, expected: Expectations, deadline: float) -> _Answer:
    timeout = (min(3.0, deadline), deadline)
    try:
        reached, entry = endpoint(cluster), login(cluster)
        with api_client(cluster, login_timeout=deadline * LOGIN_SHARE) as api:
            uid = _uid(get_json(api, path_of(NAMESPACE, name="kube-system"), timeout))
            if uid is None:
                return _Answer(None, (STRANGE,))
            version = get_json(api, "/version", timeout)
            missing = _missing(api, expected.services, timeout)
            found = look_at(api, expected.workloads, timeout)
            reasons = (
                *_unreached(cluster, expected),
                *_unmet(api, version, expected, timeout),
                *found.reasons,
            )
            held = helm_secrets(api, expected.releases, timeout)
            left = leftovers(api, held, expected.releases, expected.made_namespaces, timeout)
            trust = held_trust(api, expected.trust, timeout) if expected.trust else None
            charts = installed(held.secrets)
            stopped, allowed = _change(charts, expected, trust)
            played = _simulated(api, timeout)
            tokens = {
                one.name: kept_token(api, one, datetime.now(UTC), timeout) for one in expected.kept
            }
        given = version.get("gitVersion")
        reach = Reach(
            reached,
            uid,
            str(given) if given else None,
            entry,
            missing,
            found.missing,
            found.settled,
            trust,
            played,
            left.absent,
            (*left.notes, *allowed),
            charts,
            {link: token for link, token in tokens.items() if token is not None},
        )
        return _Answer(reach, (*reasons, *left.reasons, *stopped))
    except KubeconfigError as error:
        return _Answer(None, ((error.message, error.remedy),))
    except ApiException as error:
        return _Answer(None, (_refusal(error),))
    except Exception as error:  # the client may fail in any way, and no thread may die silently
        return _Answer(None, (why_silent(error),))


def _uid(namespace: Mapping[str, Any]) -> str | None:
    uid = inner(namespace, "metadata").get("uid")
    return uid if isinstance(uid, str) else None


def _unreached(cluster: ClusterConfig, expected: Expectations) -> Iterator[Reason]:
    """Why sources of links would not log in to a cluster that answers here."""
    if expected.linked_as is not None:
        yield from obstacles(expected.linked_as, cluster.api_server, described(cluster))


def _unmet(
    api: client.ApiClient,
    version: Mapping[str, Any],
    expected: Expectations,
    timeout: tuple[float, float],
) -> Iterator[Reason]:
    """Why a cluster that answers is not as the stack file expects."""
    yield from too_new(version, expected.limits)
    yield from too_old(version, expected.oldest)
    for adopted in expected.adopted:
        yield from mismatches(api, adopted, timeout)
    adopted_in = {one.namespace for one in expected.adopted}
    yield from taken_classes(api, expected.classes, adopted_in, timeout)
    yield from unserved(api, expected.needed, timeout)
    yield from absent(api, expected.namespaces, timeout)
    yield from closed_ports(api, expected.ports, timeout)
    if expected.issues:
        yield from forbidden(api, timeout)


def _change(
    charts: Mapping[tuple[str, str], Installed], expected: Expectations, trust: HeldTrust | None
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """Why the change from the installed versions is refused, and what to warn of."""
    if expected.versions is None:
        return (), ()
    pods = trust.pods if trust is not None else ()
    return version_change(charts, expected.releases, pods, expected.versions)


def _simulated(api: client.ApiClient, timeout: tuple[float, float]) -> bool:
    try:
        return simulated(items(get_json(api, f"{path_of(NODE)}?limit=20", timeout), "items"))
    except ApiException:
        # Without the right to list nodes they count as real ones.
        return False


def _missing(
    api: client.ApiClient, services: Iterable[ServiceRef], timeout: tuple[float, float]
) -> frozenset[ServiceRef]:
    return frozenset(service for service in services if not _exists(api, service, timeout))


def _exists(api: client.ApiClient, service: ServiceRef, timeout: tuple[float, float]) -> bool:
    try:
        get_json(api, path_of(SERVICE, service.namespace, service.name), timeout)
    except ApiException as error:
        if error.status == 404:
            return False
        if error.status != 403:
            raise
    # Without the right to read Services, the patch itself fails and says so.
    return True


def _refusal(error: ApiException) -> tuple[str, str]:
    if error.status == 401:
        return (
            "the API server does not accept the credentials",
            "log in again, or fetch a new kubeconfig",
        )
    if error.status == 403:
        return (
            "the credentials cannot read namespace kube-system",
            "use credentials that can get namespaces",
        )
    if error.status == 404:
        return STRANGE
    if not error.status:
        # The client's own word for a failed TLS handshake.
        return why_silent(error)
    return f"the API server answers with status {error.status}", "check that it is healthy"


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
