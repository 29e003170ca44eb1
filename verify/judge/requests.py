"""What is expected of pods, mirrors and requests that must be answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.judge.verdict import Answer, Verdict, failed, hint_for, passed, shown, skipped


@dataclass(frozen=True)
class PodReady:
    """A pod of verify is ready, with its proxy where it asked for one."""

    def __call__(self, answer: Answer) -> Verdict:
        why = str(answer.get("why") or "")
        if why:
            return failed(why, "`./mesh check` checks the control plane that pods depend on")
        return passed(str(answer.get("where") or ""))


@dataclass(frozen=True)
class MirrorMade:
    """A mirror (or federated Service) exists in the source."""

    endpoints: bool = False
    """Whether it must have endpoints: those of the gateway."""

    def __call__(self, answer: Answer) -> Verdict:
        seconds = f"within {answer.get('seconds', 0):.0f} s"
        if not answer.get("exists"):
            return failed(
                str(answer.get("error") or f"it does not exist {seconds}"),
                "`./mesh check` says whether the source's service mirror runs and may read the "
                "target",
            )
        found = answer.get("addresses") or []
        if self.endpoints and not found:
            return failed(
                f"it has no endpoint {seconds}: the gateway does not answer the service mirror's "
                "probe",
                "see whether the source reaches the gateway's address and port; `./mesh check` "
                "names both",
            )
        return passed(", ".join(found[:3]))


@dataclass(frozen=True)
class AllAnsweredBy:
    """All `count` requests get 200 from one of these clusters."""

    clusters: frozenset[str]
    count: int

    def __call__(self, answer: Answer) -> Verdict:
        groups: Sequence[Answer] = answer.get("groups") or []
        bad = [
            group
            for group in groups
            if group.get("status") != 200
            or group.get("proxy_error")
            or group.get("cluster") not in self.clusters
        ]
        good = sum(int(group.get("count", 0)) for group in groups if group not in bad)
        if not bad and good == self.count:
            names = sorted({str(group["cluster"]) for group in groups})
            return passed(f"{good} of {self.count}, by {' and '.join(names)}")
        first = bad[0] if bad else answer.get("first") or {}
        reason = shown(first)
        if first.get("status") == 200:
            reason = f"answered by {first.get('cluster') or 'another server'}"
        return failed(f"{good} of {self.count} requests were answered; {reason}", hint_for(first))


@dataclass(frozen=True)
class ExportAnswered:
    """An exported Service, not a proxy, answers by HTTP; or mTLS to the gateway is opened."""

    def __call__(self, answer: Answer) -> Verdict:
        found: Answer = answer.get("http") or {}
        if found.get("status") is not None:
            return _answered(found, answer.get("direct") or {})
        if found.get("stage") == "resolve":
            return failed(shown(found), "see whether the service mirror made it: `./mesh check`")
        greeting = answer.get("greeting")
        if answer.get("opened"):
            sends = "the server greets, and" if greeting else "the server sends nothing;"
            return passed(f"not HTTP; {sends} mTLS to the gateway was opened")
        if greeting:
            return failed("the server greets, but not over mTLS to the gateway")
        why = f"{shown(found)}, and no mTLS connection to the gateway was opened"
        return failed(why, hint_for(found))


def _answered(found: Answer, direct: Answer) -> Verdict:
    """Whether an answer across the link is the Service's own, as far as can be known.

    A source's proxy removes ``l5d-proxy-error`` from what other proxies answer, so that an error of
    the gateway's proxy looks like one of the Service (linkerd2-proxy, outbound
    handle_proxy_error_headers). `direct` is the answer to the same request within the target.
    """
    status = int(found["status"])
    if found.get("proxy_error"):
        return failed(shown(found), hint_for(found))
    if status not in (403, 404) and status < 500:
        return passed(f"status {status}")
    there = direct.get("status")
    if found.get("server") or found.get("body"):
        # Proxies name no server and write no body.
        return passed(f"status {status}, by the server itself")
    if there == status and not direct.get("proxy_error"):
        return passed(f"status {status}, as within the target")
    if there is not None and there < 400:
        return failed(
            f"status {status}, but {there} within the target: a proxy on the way answered",
            "see the log of the gateway's linkerd-proxy in the target, and of the server's",
        )
    within = shown(direct) if direct else "not asked"
    if direct and (there is None or direct.get("proxy_error")):
        return failed(
            f"status {status}; within the target: {within}",
            "see whether the Service has ready pods, and whether it answers there",
        )
    return skipped(
        f"status {status}, which may come from a proxy on the way; within the target: {within}"
    )


@dataclass(frozen=True)
class Gives:
    """One request gets this status, and not from a proxy."""

    status: int

    def __call__(self, answer: Answer) -> Verdict:
        if answer.get("status") == self.status and not answer.get("proxy_error"):
            return passed(f"status {self.status}")
        return failed(shown(answer), hint_for(answer))
