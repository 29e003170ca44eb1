"""Lines of agents, each once, and what is counted of them while a command runs."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checks.facts.results import Status
from verify import during
from verify.pods.logs import Lines
from verify.questions.plan import Plan

WHO = ("west", "client")


def _printed(boot: str, count: int) -> list[str]:
    return [json.dumps({"boot": boot, "seq": n, "at": n, "kind": "x"}) for n in range(count)]


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_however_the_stream_is_cut_each_line_comes_once_and_in_order(
    count: int, pieces: list[tuple[int, int]]
) -> None:
    printed = _printed("a", count)
    taken = []
    lines = Lines()
    reached = 0
    # A stream that begins again goes back, but never leaves a gap.
    for start, length in [*pieces, (0, count)]:
        begin = min(start, reached)
        reached = max(reached, min(begin + length, count))
        for text in printed[begin : begin + length]:
            line = lines.new(text)
            if line is not None:
                taken.append(line["seq"])
    assert taken == list(range(count))
    assert lines.restarts == 0
    assert lines.latest == count - 1


def test_an_agent_that_was_started_again_is_noticed() -> None:
    lines = Lines()
    taken = [lines.new(text) for text in (*_printed("a", 3), *_printed("b", 2))]
    assert [line["seq"] for line in taken if line] == [0, 1, 2, 0, 1]
    assert lines.restarts == 1


@given(st.text())
def test_whatever_else_is_in_a_log_is_no_line(text: str) -> None:
    lines = Lines()
    assert lines.new(text) is None
    assert lines.new(f"{text}{{") is None
    assert lines.new('{"kind": "done"}') is None


# While a command runs -----------------------------------------------------------------------


def _plan() -> Plan:
    own = {"id": "own", "link": "west-east", "url": "http://echo", "cluster": "east"}
    export = {"id": "export", "link": "west-east", "url": "http://shop", "export": True}
    return Plan("n", ("west",), during={WHO: (own, export)})


def _line(kind: str, key: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "id": key, "at": 5.0, **fields}


def test_asking_has_begun_once_all_were_tried_and_those_that_answer_are_counted() -> None:
    tally = during.Tally(_plan())
    states = []
    for line in (
        _line("begin", "own", why=None),
        _line("begin", "export", why="BadStatusLine"),
        _line("count", "own", requests=3, failed=0),
    ):
        tally.take(WHO, line)
        states.append(tally.begun())
    assert states == [False, False, True]
    assert [(task["id"], why) for task, why in tally.silent()] == [("export", "BadStatusLine")]


def test_requests_and_failures_are_summed_by_link() -> None:
    tally = during.Tally(_plan())
    for key in ("own", "export"):
        tally.take(WHO, _line("begin", key, why=None))
        tally.take(WHO, _line("failed", key, why="unavailable"))
        tally.take(WHO, _line("count", key, requests=10, failed=1))
    tally.take(("another", "client"), _line("count", "own", requests=99, failed=9))
    (count,) = tally.counts()
    assert (count.requests, count.failed) == (20, 2)
    assert {(one.target, one.reason) for one in tally.failures} == {
        ("http://echo", "unavailable"),
        ("http://shop", "unavailable"),
    }
    assert tally.beats() == {(WHO, "own"): 1, (WHO, "export"): 1}


def test_a_link_without_a_request_is_not_called_good() -> None:
    tally = during.Tally(_plan())
    (row,) = during.results(tally.counts(), (), (), {})
    assert row.status is Status.FAILURE


def test_an_export_that_never_spoke_http_is_skipped_and_our_own_server_is_not() -> None:
    tally = during.Tally(_plan())
    found = {row.title: row.status for row in during.results((), tally.silent(), (), {})}
    assert set(found.values()) == {Status.SKIPPED, Status.FAILURE}
    assert found["http://echo answered before"] is Status.FAILURE


def test_a_client_that_was_started_again_counts_as_a_failure() -> None:
    (row,) = during.results((), (), [WHO], {})
    assert row.status is Status.FAILURE
