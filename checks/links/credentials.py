"""Whether the kubeconfig that a link's source keeps works."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum

import urllib3
import urllib3.exceptions

from kube.access import Access, access_review
from kube.answers import inner
from kube.kubeconfig import Endpoint
from kube.paths import path_of
from kube.token_login import TokenLogin, UntriedError, connected
from vocabulary.kinds import ACCESS_REVIEW


class Outcome(Enum):
    """What logging in gave."""

    WORKS = "works"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    REFUSED = "refused"
    LACKING = "lacking"


@dataclass(frozen=True)
class Trial:
    """What logging in gave, and where."""

    outcome: Outcome
    server: str
    detail: str = ""
    """What exactly, without secrets."""
    from_here: bool = False
    """Whether the operator's own endpoint was used, as this machine cannot reach the source's."""


def try_login(login: TokenLogin, elsewhere: Endpoint | None = None) -> Trial:
    """Log in as the service mirror does, list Services, and ask for the other rights on them.

    `elsewhere` is the operator's own endpoint of the same API server, tried where this machine
    cannot reach the source's. Changes nothing in the target.
    """
    trial = _try(login)
    if trial.outcome is Outcome.UNREACHABLE and elsewhere not in (None, login.endpoint):
        assert elsewhere is not None
        again = _try(TokenLogin(elsewhere, login.token))
        if again.outcome is not Outcome.UNREACHABLE:
            return Trial(again.outcome, again.server, again.detail, from_here=True)
    return trial


def _try(login: TokenLogin) -> Trial:
    server = login.endpoint.server
    try:
        with connected(login.endpoint) as pool:
            return _ask(pool, login)
    except UntriedError as error:
        outcome = Outcome.UNTRUSTED if error.untrusted else Outcome.UNREACHABLE
        return Trial(outcome, server, str(error))
    except urllib3.exceptions.SSLError:
        return Trial(
            Outcome.UNTRUSTED, server, "its certificate is not signed by the CA in the Secret"
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return Trial(Outcome.UNREACHABLE, server, type(error).__name__)


def _ask(pool: urllib3.PoolManager, login: TokenLogin) -> Trial:
    server = login.endpoint.server.rstrip("/")
    headers = {"Authorization": f"Bearer {login.token}", "Content-Type": "application/json"}
    answer = pool.request(
        "GET", f"{server}/api/v1/services?limit=1", headers=headers, redirect=False
    )
    if answer.status == 401:
        return Trial(Outcome.REFUSED, server, "the token is not accepted")
    lacking = [] if answer.status == 200 else ["list"]
    if answer.status not in (200, 403):
        return Trial(Outcome.LACKING, server, f"listing Services gives status {answer.status}")
    for verb in ("get", "watch"):
        review = pool.request(
            "POST",
            f"{server}{path_of(ACCESS_REVIEW)}",
            body=json.dumps(access_review(Access(verb, "", "services"))),
            headers=headers,
            redirect=False,
        )
        if review.status != 201 or not _allowed(review.data):
            lacking.append(verb)
    if lacking:
        return Trial(
            Outcome.LACKING, server, f"the token may not {', '.join(sorted(lacking))} Services"
        )
    return Trial(Outcome.WORKS, server)


def _allowed(data: bytes) -> bool:
    try:
        answer = json.loads(data)
    except ValueError:
        return False
    return isinstance(answer, dict) and inner(answer, "status").get("allowed") is True
