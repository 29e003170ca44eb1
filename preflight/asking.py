"""Asks one cluster for everything that the guard compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.core.api_server import obstacles
from config.core.cluster import ClusterConfig
from config.links.exports import ServiceRef
from config.preconditions import Expectations
from kube.answers import inner, items
from kube.errors import KubeconfigError
from kube.failures import STRANGE, Reason, unanswered, why_silent
from kube.helm import Installed, installed
from kube.kubeconfig import Timeout, api_client, described, endpoint, existing, get_json, login
from kube.nodes import simulated
from kube.paths import path_of
from kube.versions import too_new, too_old
from preflight.adoption import mismatches
from preflight.discovery import absent, unserved
from preflight.helm_secrets import helm_secrets
from preflight.ingress_classes import taken_classes
from preflight.interrupted import leftovers
from preflight.link_tokens import forbidden, kept_token
from preflight.proxy_trust import HeldTrust, held_trust
from preflight.reach import Reach
from preflight.service_ports import closed_ports
from preflight.version_change import version_change
from preflight.workloads import look_at
from vocabulary.kinds import NAMESPACE, NODE, SERVICE


@dataclass(frozen=True)
class Answer:
    """What one cluster gave."""

    reach: Reach | None
    """What was learned of it; None where nothing was."""
    reasons: tuple[Reason, ...] = ()
    """Why it cannot be used."""
    unreachable: bool = False
    """Whether its API server gave no answer of its own."""


LOGIN_SHARE = 0.8
"""How much of the deadline a login plugin may take."""


def ask(cluster: ClusterConfig, expected: Expectations, deadline: float) -> Answer:
    """Ask a cluster for its identity, its version and what is expected of it.

    `deadline` is in seconds, for each request and for the login. Never raises: a failure is a
    reason of the answer.
    """
    timeout = (min(3.0, deadline), deadline)
    try:
        reached, entry = endpoint(cluster), login(cluster)
        with api_client(cluster, login_timeout=deadline * LOGIN_SHARE) as api:
            uid = _uid(get_json(api, path_of(NAMESPACE, name="kube-system"), timeout))
            if uid is None:
                return Answer(None, (STRANGE,))
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
                one.name: kept_token(
                    api, one, datetime.now(UTC), timeout, lasting=one.target in expected.skipped
                )
                for one in expected.kept
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
        return Answer(reach, (*reasons, *left.reasons, *stopped))
    except KubeconfigError as error:
        return Answer(None, ((error.message, error.remedy),))
    except ApiException as error:
        return Answer(None, (_refusal(error),), unreachable=(error.status or 0) >= 500)
    except Exception as error:  # the client may fail in any way, and no thread may die silently
        return Answer(None, (why_silent(error),), unreachable=unanswered(error))


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
    timeout: Timeout,
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


def _simulated(api: client.ApiClient, timeout: Timeout) -> bool:
    try:
        return simulated(items(get_json(api, f"{path_of(NODE)}?limit=20", timeout), "items"))
    except ApiException:
        # Without the right to list nodes they count as real ones.
        return False


def _missing(
    api: client.ApiClient, services: Iterable[ServiceRef], timeout: Timeout
) -> frozenset[ServiceRef]:
    return frozenset(service for service in services if not _exists(api, service, timeout))


def _exists(api: client.ApiClient, service: ServiceRef, timeout: Timeout) -> bool:
    try:
        place = path_of(SERVICE, service.namespace, service.name)
        return existing(api, place, timeout) is not None
    except ApiException as error:
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
