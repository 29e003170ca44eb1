"""The guard: every cluster answers and is the right one, or nothing is touched.

The engine itself waits half a minute for a frozen API server, says nothing at all of a dead one
on a fresh stack, and takes whatever cluster a context leads to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from clusters.kubeconfig import Endpoint, Login, api_client, endpoint, get_json, login
from clusters.problems import KubeconfigError
from clusters.silence import STRANGE, why_silent
from config.cluster import ClusterConfig
from config.expectations import Expectations
from config.exports import ServiceRef
from config.problems import printable

DEADLINE_SECONDS = 9.0
"""How long all clusters together may take to answer."""


@dataclass(frozen=True)
class Reach:
    """What the guard learned of a cluster."""

    endpoint: Endpoint
    """Its API server as other clusters reach it."""
    uid: str
    """UID of its namespace kube-system, which tells clusters apart."""
    version: str | None = None
    """Version of its API server, for example ``v1.34.1``."""
    login: Login | None = None
    """How the provider logs in; None where the program runs offline."""
    missing_services: frozenset[ServiceRef] = frozenset()
    """Services that the stack file speaks of and that are not there."""


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


class ClusterError(RuntimeError):
    """One or more clusters cannot be used; nothing was touched."""

    def __init__(self, problems: list[ClusterProblem]) -> None:
        self.problems = tuple(problems)
        lines = [f"  {problem}" for problem in self.problems]
        super().__init__("\n".join(["nothing was touched, because", *lines]))


def examine(
    clusters: Mapping[str, ClusterConfig],
    expected: Mapping[str, Expectations] | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> dict[str, Reach]:
    """Ask every cluster who it is, all at once, within `deadline` seconds.

    `expected` is what has to be true of them beyond that, by cluster name. Returns what was
    learned, by cluster name. Raises ClusterError naming every cluster that does not answer, is not
    the one that the stack file pins, is there twice, or is not as expected.
    """
    answers: dict[str, Reach | ClusterProblem] = {}
    wanted = expected or {}
    # Daemons: a look-up of a name, or a client's own login, cannot be ended from outside.
    threads = [
        threading.Thread(
            target=_ask,
            args=(name, cluster, wanted.get(name, Expectations()), deadline, answers),
            daemon=True,
        )
        for name, cluster in clusters.items()
    ]
    end = time.monotonic() + deadline
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    problems: list[ClusterProblem] = []
    found: dict[str, Reach] = {}
    for name, cluster in clusters.items():
        answer = answers.get(name) or _problem(
            name,
            cluster,
            f"no answer within {deadline:g} seconds",
            "check that the API server runs and that the network leads there",
        )
        if isinstance(answer, ClusterProblem):
            problems.append(answer)
        else:
            found[name] = answer
    problems.extend(_mistaken(clusters, found))
    if problems:
        raise ClusterError(problems)
    return found


def context_of(cluster: ClusterConfig) -> str:
    """How a message names the way to a cluster."""
    if cluster.context:
        return f"context '{printable(cluster.context)}'"
    return "kubeconfig of the stack file"


def _problem(name: str, cluster: ClusterConfig, message: str, remedy: str) -> ClusterProblem:
    return ClusterProblem(name, context_of(cluster), message, remedy)


LOGIN_SHARE = 0.8
"""How much of the deadline a login plugin may take."""


def _ask(
    name: str,
    cluster: ClusterConfig,
    expected: Expectations,
    deadline: float,
    answers: dict[str, Reach | ClusterProblem],
) -> None:
    timeout = (min(3.0, deadline), deadline)
    try:
        reached, entry = endpoint(cluster), login(cluster)
        with api_client(cluster, login_timeout=deadline * LOGIN_SHARE) as api:
            space = get_json(api, "/api/v1/namespaces/kube-system", timeout)
            version = get_json(api, "/version", timeout).get("gitVersion")
            missing = _missing(api, expected.services, timeout)
        uid = space.get("metadata", {}).get("uid")
        answers[name] = (
            Reach(reached, uid, str(version) if version else None, entry, missing)
            if isinstance(uid, str)
            else _problem(name, cluster, *STRANGE)
        )
    except KubeconfigError as error:
        answers[name] = _problem(name, cluster, error.message, error.remedy)
    except ApiException as error:
        answers[name] = _problem(name, cluster, *_refusal(error))
    except Exception as error:  # the client may fail in any way, and no thread may die silently
        answers[name] = _problem(name, cluster, *why_silent(error))


def _missing(
    api: client.ApiClient, services: Iterable[ServiceRef], timeout: tuple[float, float]
) -> frozenset[ServiceRef]:
    return frozenset(service for service in services if not _exists(api, service, timeout))


def _exists(api: client.ApiClient, service: ServiceRef, timeout: tuple[float, float]) -> bool:
    try:
        get_json(api, f"/api/v1/namespaces/{service.namespace}/services/{service.name}", timeout)
    except ApiException as error:
        if error.status == 404:
            return False
        if error.status != 403:
            raise
    # Whoever may not read Services is told so by the patch itself.
    return True


def _refusal(error: ApiException) -> tuple[str, str]:
    if error.status == 401:
        return (
            "the API server does not accept the credentials",
            "log in anew, or fetch the kubeconfig anew",
        )
    if error.status == 403:
        return (
            "the credentials may not read the namespace kube-system",
            "use credentials that may get namespaces",
        )
    if error.status == 404:
        return STRANGE
    if not error.status:
        # The client's own word for a failed TLS handshake.
        return why_silent(error)
    return f"the API server answers with status {error.status}", "check that it is healthy"


def _mistaken(
    clusters: Mapping[str, ClusterConfig], found: Mapping[str, Reach]
) -> list[ClusterProblem]:
    problems: list[ClusterProblem] = []
    first: dict[str, str] = {}
    for name, reach in found.items():
        cluster = clusters[name]
        if cluster.uid is not None and cluster.uid != reach.uid:
            problems.append(
                _problem(
                    name,
                    cluster,
                    f"it is another cluster than the one pinned: its namespace kube-system has "
                    f"UID {reach.uid}, the stack file says {cluster.uid}",
                    f"correct the context, or clusters.{name}.uid if the cluster was made anew",
                )
            )
        if reach.uid in first:
            problems.append(
                _problem(
                    name,
                    cluster,
                    f"it is the same cluster as '{first[reach.uid]}' (UID {reach.uid})",
                    f"correct clusters.{name}.context or clusters.{first[reach.uid]}.context",
                )
            )
        first.setdefault(reach.uid, name)
    return problems
