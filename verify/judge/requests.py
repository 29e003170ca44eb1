"""What is expected of pods, mirrors and requests that must be answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.judge.verdict import Answer, Verdict, failed, hint_for, passed, shown


@dataclass(frozen=True)
class PodReady:
    """Our pod is ready, with its proxy where it asked for one."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass unless something kept it from that."""
        why = str(answer.get("why") or "")
        if why:
            return failed(why, "`./mesh check` looks at the control plane that pods depend on")
        return passed(str(answer.get("where") or ""))


@dataclass(frozen=True)
class MirrorMade:
    """A mirror (or federated Service) exists in the source."""

    endpoints: bool = False
    """Whether it is to have endpoints: those of the gateway."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass where it exists, and has endpoints where it is to have some."""
        seconds = f"within {answer.get('seconds', 0):.0f} s"
        if not answer.get("exists"):
            return failed(
                str(answer.get("error") or f"none {seconds}"),
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
    """Every one of the requests gets 200 from one of these clusters."""

    clusters: frozenset[str]
    count: int

    def judge(self, answer: Answer) -> Verdict:
        """Pass only where as many requests as planned were made, and each was answered so."""
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
        said = shown(first)
        if first.get("status") == 200:
            said = f"answered by {first.get('cluster') or 'another server'}"
        return failed(f"{good} of {self.count} requests were answered; {said}", hint_for(first))


@dataclass(frozen=True)
class ExportAnswered:
    """An exported Service answers: by HTTP, or at least by mTLS to the gateway."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass for an answer that no proxy made; skipped where nothing can be said."""
        found: Answer = answer.get("http") or {}
        if found.get("status") is not None:
            if found.get("proxy_error"):
                return failed(shown(found), hint_for(found))
            return passed(f"status {found['status']}")
        if found.get("stage") == "resolve":
            return failed(shown(found), "see whether the service mirror made it: `./mesh check`")
        greeting = answer.get("greeting")
        opened = answer.get("opened") or 0
        if opened and greeting:
            return passed("not HTTP; the server greets, and mTLS to the gateway was opened")
        if opened:
            return passed("not HTTP; mTLS to the gateway was opened, and the server waits")
        if greeting:
            return failed("the server greets, but not over mTLS to the gateway")
        return failed(
            f"{shown(found)}, and no mTLS connection to the gateway was opened",
            hint_for(found),
        )


@dataclass(frozen=True)
class Gives:
    """One request gets this status."""

    status: int

    def judge(self, answer: Answer) -> Verdict:
        """Pass for that status from no proxy's own making."""
        if answer.get("status") == self.status and not answer.get("proxy_error"):
            return passed(f"status {self.status}")
        return failed(shown(answer), hint_for(answer))
