"""What an answer of an agent is worth, and the words for it. Pure.

Facts: linkerd2-proxy: every answer that a proxy makes itself has ``l5d-proxy-error``, but an
inbound proxy refuses HTTP of clients outside of the mesh with a bare 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from checks.facts.results import Status

Answer = Mapping[str, Any]
"""The fields of an agent's answer to one task."""


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth."""

    status: Status
    detail: str = ""
    """What was seen."""
    hint: str = ""
    """What to do about it."""


class Expectation(Protocol):
    """What a question expects."""

    def judge(self, answer: Answer) -> Verdict:
        """The verdict on an answer."""


def passed(detail: str = "") -> Verdict:
    """The answer is as expected."""
    return Verdict(Status.OK, detail)


def failed(detail: str, hint: str = "") -> Verdict:
    """It is not."""
    return Verdict(Status.FAILURE, detail, hint)


def skipped(detail: str) -> Verdict:
    """It says nothing about what was asked."""
    return Verdict(Status.SKIPPED, detail)


def shown(found: Answer) -> str:
    """An HTTP answer, or why there was none, in a few words."""
    if found.get("status") is None:
        where = {
            "resolve": "the name does not resolve",
            "connect": "no connection",
            "answer": "the connection gave no answer",
        }.get(str(found.get("stage")), "no answer")
        return f"{where} ({found.get('error', 'unknown')})"
    words = [f"status {found['status']}"]
    if found.get("proxy_error"):
        words.append(f"l5d-proxy-error: {found['proxy_error']}")
    if found.get("cluster"):
        words.append(f"from {found['cluster']}")
    return ", ".join(words)


_KNOWN = (
    (
        ("unauthorized",),
        "see which Server and AuthorizationPolicy describe that port in the target",
    ),
    (("no route",), "see which HTTPRoutes are attached to that port's Server in the target"),
    (
        ("gateway loop",),
        "the two gateways have one identity: give them different ServiceAccounts",
    ),
    (("bad gateway domain",), "see clusters.<target>.domain; the gateway has another one"),
    (
        ("unavailable", "failfast", "no available", "timed out", "connect"),
        "the source's proxy has no endpoint that works; `./mesh check` says whether the gateway "
        "answers its probe",
    ),
)
"""What proxies write into ``l5d-proxy-error`` (linkerd2-proxy, error types), and what to do."""


def hint_for(found: Answer) -> str:
    """What to do about an answer that a proxy made, as far as its text says."""
    text = str(found.get("proxy_error") or "").lower()
    for words, hint in _KNOWN:
        if any(word in text for word in words):
            return hint
    if found.get("status") == 403 and not found.get("server"):
        return "a proxy's inbound policy refused the request"
    return "run `./mesh check`; it looks at what the request needs on its way"
