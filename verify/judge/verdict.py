"""What an answer of an agent is worth, and the words for it. Pure.

Facts: linkerd2-proxy, error types: every answer that a proxy makes itself has ``l5d-proxy-error``,
which the client's own proxy removes where another proxy made it; but an inbound proxy refuses HTTP
of clients outside of the mesh with a bare 403.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from checks.facts.results import Status

Answer = Mapping[str, Any]
"""The fields of an agent's answer to one task."""


@dataclass(frozen=True)
class Verdict:
    """The result of a question."""

    status: Status
    detail: str = ""
    """What was seen."""
    hint: str = ""
    """What to do about it."""


Expectation = Callable[[Answer], Verdict]
"""Judges an answer."""


def passed(detail: str = "") -> Verdict:
    """The answer is as expected."""
    return Verdict(Status.OK, detail)


def failed(detail: str, hint: str = "") -> Verdict:
    """The answer is not as expected."""
    return Verdict(Status.FAILURE, detail, hint)


def skipped(detail: str) -> Verdict:
    """The answer shows neither."""
    return Verdict(Status.SKIPPED, detail)


_STAGES = {
    "resolve": "the name does not resolve",
    "connect": "no connection",
    "answer": "the connection gave no answer",
}


def shown(found: Answer) -> str:
    """An HTTP answer, or why there is none, in a few words."""
    if found.get("status") is None:
        where = _STAGES.get(str(found.get("stage")), "no answer")
        return f"{where} ({found.get('error', 'unknown')})"
    words = [f"status {found['status']}"]
    if found.get("proxy_error"):
        words.append(f"l5d-proxy-error: {found['proxy_error']}")
    if found.get("cluster"):
        words.append(f"from {found['cluster']}")
    return ", ".join(words)


_NO_ENDPOINT = (
    "the source's proxy has no endpoint that works; `./mesh check` says whether the gateway "
    "answers its probe"
)
_HINTS = {
    "unauthorized": "see which Server and AuthorizationPolicy describe that port in the target",
    "no route": "see which HTTPRoutes are attached to that port's Server in the target",
    "gateway loop": "the two gateways have one identity: give them different ServiceAccounts",
    "bad gateway domain": "see clusters.<target>.domain; the gateway has another one",
    **dict.fromkeys(
        ("unavailable", "failfast", "no available", "timed out", "connect"), _NO_ENDPOINT
    ),
}
"""What to do, by words in ``l5d-proxy-error``."""


def hint_for(found: Answer) -> str:
    """What to do about an answer that a proxy made, as far as its text says."""
    text = str(found.get("proxy_error") or "").lower()
    for words, hint in _HINTS.items():
        if words in text:
            return hint
    if found.get("status") == 403 and not found.get("server"):
        return "a proxy's inbound policy refused the request"
    return "run `./mesh check`; it checks what the request needs on its way"
