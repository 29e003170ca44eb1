"""From a plan and its answers to results: each question judged or skipped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from checks.facts.results import Result, Status
from verify.judge import Verdict, skipped
from verify.questions.limits import ALWAYS, NOTHING_TRIED
from verify.questions.plan import Plan, Question, Who, pod_key


@dataclass(frozen=True)
class LatencyRow:
    """Latency of a series of requests over one connection, in milliseconds."""

    group: str
    title: str
    requests: int
    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True)
class LinkCount:
    """Requests of a link while a command ran."""

    link: str
    requests: int
    failed: int


@dataclass(frozen=True)
class Failure:
    """A request that failed while a command ran."""

    at: float
    """Seconds since 1970, by the clock of the pod's node."""
    link: str
    target: str
    """URL of the request."""
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Everything that a run found."""

    results: Sequence[Result]
    latencies: Sequence[LatencyRow] = ()
    counts: Sequence[LinkCount] = ()
    failures: Sequence[Failure] = ()
    command_exit: int | None = None
    """Exit code of the command of ``--during``."""
    not_tried: Sequence[str] = ALWAYS
    blocked: Sequence[str] = ()
    """Clusters of links and Ambassadors in which no pod could be asked."""

    def count(self, status: Status) -> int:
        """How many results have this status."""
        return sum(result.status is status for result in self.results)

    @property
    def exit_code(self) -> int:
        """1 where something failed, 3 where nothing or not every cluster could be tried, else 0.

        With a command, its own exit code where no request failed and some were made.
        """
        if self.count(Status.FAILURE):
            return 1
        if not self.count(Status.OK):
            return NOTHING_TRIED
        return self.command_exit or (NOTHING_TRIED if self.blocked else 0)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as plain data, for ``--json``."""
        data: dict[str, Any] = {
            "success": self.exit_code == 0,
            "summary": {
                "passed": self.count(Status.OK),
                "failed": self.count(Status.FAILURE),
                "skipped": self.count(Status.SKIPPED),
            },
            "results": [
                {
                    "group": one.cluster,
                    "status": WORDS[one.status],
                    **{key: getattr(one, key) for key in ("category", "title", "detail", "hint")},
                }
                for one in self.results
            ],
            "latencies": [asdict(row) for row in self.latencies],
            "notTried": list(self.not_tried),
            "blocked": list(self.blocked),
        }
        if self.command_exit is not None:
            data["command"] = {
                "exitCode": self.command_exit,
                "links": [asdict(row) for row in self.counts],
                "failures": [asdict(row) for row in self.failures],
            }
        return data


WORDS = {
    Status.OK: "passed",
    Status.FAILURE: "failed",
    Status.SKIPPED: "skipped",
    Status.WARNING: "warning",
}
"""What a status is called."""


def judged(
    plan: Plan,
    answers: Mapping[tuple[Who, str], Mapping[str, Any]],
    troubles: Mapping[Who, str],
) -> list[Result]:
    """A result for every question and for everything that cannot be tried, grouped."""
    verdicts: dict[str, Verdict] = {}
    titles = {question.key: question.title for question in plan.questions}
    rows: list[Result] = []
    for one in plan.questions:
        verdict = _verdict(one, verdicts, titles, answers, troubles)
        verdicts[one.key] = verdict
        rows.append(Result(one.category, one.group, one.title, *astuple(verdict)))
    for left in plan.untried:
        rows.append(Result(left.category, left.group, left.title, Status.SKIPPED, left.reason))
    order = list(dict.fromkeys(row.cluster for row in rows))
    last = len(_ORDER)
    return sorted(rows, key=lambda row: (order.index(row.cluster), _ORDER.get(row.category, last)))


_CATEGORIES = ("pods", "requests", "identities", "exports", "refused", "ambassador")
_ORDER = {category: place for place, category in enumerate(_CATEGORIES)}


def _verdict(
    question: Question,
    before: Mapping[str, Verdict],
    titles: Mapping[str, str],
    answers: Mapping[tuple[Who, str], Mapping[str, Any]],
    troubles: Mapping[Who, str],
) -> Verdict:
    for key in (pod_key(question.asker), *question.needs):
        if key in before and before[key].status is not Status.OK:
            return skipped(f"not judged, because this did not pass: {titles[key]}")
    answer = answers.get((question.asker, question.task))
    if answer is None:
        trouble = troubles.get(question.asker, "it was not asked")
        pod = f"pod {question.asker[1]} in {question.asker[0]}"
        return Verdict(Status.FAILURE, f"{pod} gave no answer: {trouble}")
    if answer.get("trouble"):
        return Verdict(Status.FAILURE, f"the agent failed: {answer['trouble']}")
    if question.beside is not None:
        answer = {**answer, "direct": answers.get(question.beside)}
    return question.expects(answer)


def latencies(plan: Plan, answers: Mapping[tuple[Who, str], Mapping[str, Any]]) -> list[LatencyRow]:
    """The table of latencies, of series whose requests were all answered."""
    rows = []
    for series in plan.series:
        answer = answers.get((series.asker, series.task)) or {}
        took, groups = answer.get("ms") or {}, answer.get("groups") or []
        if took and all(group.get("status") == 200 for group in groups):
            times = (float(took[key]) for key in ("p50", "p90", "p99", "max"))
            sent = int(answer.get("sent", 0))
            rows.append(LatencyRow(series.group, series.title, sent, *times))
    return rows
