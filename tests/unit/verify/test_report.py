"""An outcome of `./mesh verify` as people, machines and CI systems read it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from checks.facts.results import Result, Status
from verify import judge, report, results
from verify.questions import limits
from verify.questions.plan import HERE, Plan, Question, Series, Untried, pod_key
from verify.results import Failure, LatencyRow, LinkCount, Outcome

OK, FAILED, SKIPPED = Status.OK, Status.FAILURE, Status.SKIPPED
WHO = ("west", "client")


def _result(status: Status, detail: str = "", hint: str = "") -> Result:
    return Result("requests", "west -> east", f"it is {status}", status, detail, hint)


statuses = st.lists(st.sampled_from([OK, FAILED, SKIPPED]), max_size=6)


@given(statuses, st.sampled_from([None, 0, 7]))
def test_the_exit_code_is_never_0_where_something_failed_or_nothing_was_tried(
    found: list[Status], command: int | None
) -> None:
    outcome = Outcome([_result(one) for one in found], command_exit=command)
    if FAILED in found:
        assert outcome.exit_code == 1
    elif OK not in found:
        assert outcome.exit_code == 3
    else:
        assert outcome.exit_code == (command or 0)
    assert outcome.as_dict()["success"] == (outcome.exit_code == 0)


@pytest.mark.parametrize(
    ("found", "command", "expected"), [([OK], None, 3), ([OK], 7, 7), ([OK, FAILED], None, 1)]
)
def test_a_cluster_that_could_not_be_asked_keeps_the_exit_code_from_0_and_is_named(
    found: list[Status], command: int | None, expected: int
) -> None:
    outcome = Outcome([_result(one) for one in found], command_exit=command, blocked=("west",))
    assert outcome.exit_code == expected
    stream = io.StringIO()
    report.print_outcome(outcome, Console(file=stream, width=200))
    last = stream.getvalue().strip().splitlines()[-1]
    assert "no pod could be asked in west" in last
    assert not last.startswith("√")


@given(statuses, st.text(), st.text())
def test_junit_has_a_case_a_result_and_can_be_parsed_whatever_it_contains(
    found: list[Status], detail: str, hint: str
) -> None:
    outcome = Outcome([_result(one, detail, hint) for one in found])
    root = ElementTree.fromstring(report.as_junit(outcome, "a <stack>"))
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len(found) == int(root.get("tests", "-1"))
    for case, status in zip(cases, found, strict=True):
        assert (case.find("failure") is not None) == (status is FAILED)
        assert (case.find("skipped") is not None) == (status is SKIPPED)
    suites = root.findall("testsuite")
    assert sum(int(one.get("failures", "-9")) for one in suites) == found.count(FAILED)


def _printed(outcome: Outcome) -> str:
    text = io.StringIO()
    report.print_outcome(outcome, Console(file=text, width=200))
    return text.getvalue()


def test_the_screen_shows_results_latencies_and_what_no_run_tries() -> None:
    shown = _printed(
        Outcome(
            [_result(OK, "20 of 20"), _result(FAILED, "no answer", "look"), _result(SKIPPED)],
            [LatencyRow("west -> east", "across the link", 20, 1.25, 2.0, 3.0, 4.0)],
        )
    )
    assert "1 passed, 1 failed, 1 skipped" in shown
    assert "hint: look" in shown
    row = next(line for line in shown.splitlines() if "across the link" in line)
    assert row.split()[-5:] == ["20", "1.2", "2.0", "3.0", "4.0"]
    assert all(text in shown for text in limits.ALWAYS)


def test_an_outcome_without_an_answer_is_not_shown_as_good() -> None:
    shown = _printed(Outcome([_result(SKIPPED, "no address")]))
    assert "nothing is proven" in shown
    assert "√" not in shown


def test_every_failed_request_is_in_the_json_and_the_screen_says_if_it_shows_fewer() -> None:
    failures = [Failure(1e9 + n, "west-east", "http://echo", f"why {n}") for n in range(60)]
    outcome = Outcome([_result(FAILED)], (), [LinkCount("west-east", 90, 60)], failures, 0)
    content = json.loads(report.as_json(outcome))
    assert [one["reason"] for one in content["command"]["failures"]] == [
        f"why {n}" for n in range(60)
    ]
    shown = _printed(outcome)
    count = sum("why " in line for line in shown.splitlines())
    assert f"and {60 - count} more" in shown


# From a plan to results -------------------------------------------------------------------------


def _question(key: str, *needs: str, asker: tuple[str, str] = WHO) -> Question:
    return Question(
        key, "west -> east", "requests", f"title of {key}", asker, key, judge.Gives(200), needs
    )


GOOD, BAD = {"status": 200}, {"status": 503, "proxy_error": "unavailable"}


def test_what_depends_on_something_that_does_not_hold_is_skipped_and_says_on_what() -> None:
    plan = Plan("n", ("west",), questions=(_question("a"), _question("b", "a")))
    answers: dict[Any, Any] = {(WHO, "a"): BAD, (WHO, "b"): GOOD}
    first, second = results.judged(plan, answers, {})
    assert (first.status, second.status) == (FAILED, SKIPPED)
    assert "title of a" in second.detail


def test_an_export_is_judged_by_the_answer_within_the_target_too() -> None:
    other = ("east", "client")
    question = replace(_question("a"), expects=judge.ExportAnswered(), beside=(other, "direct"))
    plan = Plan("n", ("west",), questions=(question,))
    answers: dict[Any, Any] = {(WHO, "a"): {"http": {"status": 500}}}
    (alone,) = results.judged(plan, answers, {})
    (compared,) = results.judged(plan, {**answers, (other, "direct"): GOOD}, {})
    assert (alone.status, compared.status) == (SKIPPED, FAILED)


def test_a_pod_that_is_not_ready_is_one_failure() -> None:
    ready = Question(
        pod_key(WHO), "west", "pods", "it is ready", HERE, pod_key(WHO), judge.PodReady()
    )
    plan = Plan("n", ("west",), questions=(ready, _question("a"), _question("b")))
    answers = {(HERE, pod_key(WHO)): {"why": "container verify: ImagePullBackOff"}}
    found = results.judged(plan, answers, {})
    assert [one.status for one in found] == [FAILED, SKIPPED, SKIPPED]
    assert "ImagePullBackOff" in found[0].detail


@pytest.mark.parametrize("answers", [{}, {(WHO, "a"): {"trouble": "KeyError"}}])
def test_a_question_without_an_answer_fails(answers: dict[Any, Any]) -> None:
    plan = Plan("n", ("west",), questions=(_question("a"),))
    (found,) = results.judged(plan, answers, {WHO: "its log was cut"})
    assert found.status is FAILED


def test_what_cannot_be_tried_is_among_the_results() -> None:
    plan = Plan("n", (), untried=(Untried("west -> east", "requests", "all", "no address"),))
    (found,) = results.judged(plan, {}, {})
    assert (found.status, found.detail) == (SKIPPED, "no address")


def test_latencies_are_those_of_series_that_were_answered() -> None:
    series = tuple(Series("west -> east", key, WHO, key) for key in ("fine", "failed", "missing"))
    took = {"p50": 1.0, "p90": 2.0, "p99": 3.0, "max": 4.0}
    answers: dict[Any, Any] = {
        (WHO, "fine"): {"sent": 5, "ms": took, "groups": [GOOD]},
        (WHO, "failed"): {"sent": 5, "ms": took, "groups": [GOOD, BAD]},
    }
    rows = results.latencies(Plan("n", (), series=series), answers)
    assert [(row.title, row.requests, row.p99) for row in rows] == [("fine", 5, 3.0)]
