"""Remedies are followed: what a problem says to write leaves fewer problems."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config import Problem
from config.language.problems import wrong
from tests import remedy_cases
from tests.remedies import clauses, followed, mended
from tests.remedy_cases.builders import Wrong, edge, one
from tests.stack_builders import (
    FREE,
    ROOT,
    Settings,
    changed,
    joined,
    places,
    problems,
    shipped,
)
from tests.unit.config import test_stack_files
from tests.unit.config.ambassador import test_wrong_combinations
from tests.unit.config.links import test_wrong_links

CASES: Wrong = [
    *((case[0], changed(case[1])) for case in test_stack_files.WRONG),
    *((case[0], changed(case[1])) for case in test_wrong_combinations.WRONG),
    *((case[0], changed(case[2], case[1])) for case in test_wrong_links.WRONG),
    *remedy_cases.CASES,
]


@pytest.mark.parametrize("case", CASES, ids=[name for name, _ in CASES])
def test_following_a_remedy_leaves_fewer_problems(case: tuple[str, Settings]) -> None:
    found = problems(case[1])
    assert found
    for problem in found:
        assert mended(case[1], problem, depth=1), str(problem)


OF_THE_FILE = "config/load.py"
"""Problems of a file as a whole, whose remedies are in `test_stack_files`."""
FOR_THE_REST = ("invalid value", "this is not a string, number, list or mapping")
"""Messages for what no stack file has: another error of pydantic, an object of Python."""


def test_every_problem_of_the_code_is_raised_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: set[tuple[str, int]] = set()
    make = Problem.__init__

    def noted(self: Problem, *given: Any, **named: Any) -> None:
        frame = sys._getframe(1)
        makers = [frame, frame.f_back] if frame.f_code is wrong.__code__ else [frame]
        raised.update((one.f_code.co_filename, one.f_lineno) for one in makers if one is not None)
        make(self, *given, **named)

    monkeypatch.setattr(Problem, "__init__", noted)
    for _, settings in CASES:
        problems(settings)
    missing = [
        f"{file}:{node.lineno}"
        for file, node in calls()
        if file != OF_THE_FILE
        and not any(
            name.endswith(file) and node.lineno <= line <= (node.end_lineno or 0)
            for name, line in raised
        )
    ]
    assert missing == []


MADE = ("Problem", "wrong")
"""What makes a problem."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every place in `config` that makes a problem."""
    for path in sorted((ROOT / "config").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = isinstance(node, ast.Call) and getattr(node.func, "id", "") in MADE
            kept = any(text in ast.dump(node) for text in FOR_THE_REST)
            if isinstance(node, ast.Call) and made and not kept:
                yield str(path.relative_to(ROOT)), node


# Remedies that misled -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "path", "never"),
    [
        (
            edge(adopt={}, sidecar={"skipOutboundPorts": [3306]}),
            "clusters.a.ambassador.sidecar.skipOutboundPorts",
            "skipInboundPorts'",
        ),
        (
            edge(service={"loadBalancerIP": "203.0.113.7"}),
            "clusters.a.ambassador.service.loadBalancerIP",
            "loadBalancerClass'",
        ),
    ],
)
def test_a_key_that_is_merely_alike_is_not_suggested(
    settings: Settings, path: str, never: str
) -> None:
    for problem in problems(settings):
        assert problem.path == path
        assert f"write '{never}" not in problem.remedy
        assert mended(settings, problem)


@pytest.mark.parametrize(
    ("remedy", "parts"),
    [
        ("leave it out, or write mode: gateway", ["leave it out", "write mode: gateway"]),
        ("write a or b", ["write a or b"]),
        ("leave it out, and set x.y instead", ["leave it out", "set x.y instead"]),
    ],
)
def test_a_remedy_offers_one_thing_after_the_other(remedy: str, parts: list[str]) -> None:
    assert clauses(remedy) == parts


def test_a_remedy_that_no_reading_understands_is_not_followed() -> None:
    problem = Problem("clusters.a.context", "wrong", "pray")
    assert list(followed(one(), problem)) == []


@given(st.sampled_from(("every-option", "exports", "tls", "viz", "meshed")), st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_key_at_a_wrong_level_is_sent_home_or_nowhere(name: str, data: st.DataObject) -> None:
    settings = shipped(name)
    nested = [
        location
        for location, _ in places(settings)
        if len(location) > 3 and isinstance(location[-1], str) and location[0] == "clusters"
    ]
    location = data.draw(st.sampled_from(nested))
    above = location[: data.draw(st.integers(2, len(location) - 2))]
    parent: Any = settings
    for part in above:
        parent = parent[part]
    if not isinstance(parent, dict) or location[-1] in parent or set(location) & set(FREE):
        return
    node: Any = settings
    for part in location[:-1]:
        node = node[part]
    parent[location[-1]] = node.pop(location[-1])
    for problem in problems(settings):
        if problem.path == joined((*above, location[-1])) and "write it under" in problem.remedy:
            assert mended(settings, problem), str(problem)
