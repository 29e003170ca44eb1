"""An outcome for people, for machines, and for CI systems."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from xml.etree import ElementTree

from rich.console import Console

from checks.facts.results import Status
from checks.run.printing import STYLES, Screen, print_result
from verify.results import WORDS, Outcome

SHOWN_FAILURES = 40
"""Failed requests of ``--during`` that the screen shows; JSON has all."""


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print results by link, the tables, and how many passed."""
    screen = Screen(console)
    for (group, category), results in groupby(
        outcome.results, key=lambda one: (one.cluster, one.category)
    ):
        heading = f"{group}: {category}"
        screen.line((heading, "bold"))
        screen.line(("-" * len(heading), "dim"))
        for result in results:
            print_result(result, screen)
        screen.line()
    if outcome.latencies:
        rows = [
            (one.group, one.title, str(one.requests), *(f"{v:.1f}" for v in _times(one)))
            for one in outcome.latencies
        ]
        head = ("link", "latency in ms", "requests", "p50", "p90", "p99", "max")
        _table(screen, "latency", [head, *rows])
    if outcome.command_exit is not None:
        _print_during(outcome, screen)
    screen.line(("not tried by any run", "bold"))
    for text in outcome.not_tried:
        screen.line((f"  {text}", "dim"))
    screen.line()
    _print_summary(outcome, screen)


def _times(row: object) -> tuple[float, ...]:
    return tuple(getattr(row, key) for key in ("p50", "p90", "p99", "max"))


def _print_during(outcome: Outcome, screen: Screen) -> None:
    rows = [(one.link, str(one.requests), str(one.failed)) for one in outcome.counts]
    _table(screen, "while the command ran", [("link", "requests", "failed"), *rows])
    for one in outcome.failures[:SHOWN_FAILURES]:
        moment = datetime.fromtimestamp(one.at, UTC).strftime("%H:%M:%S.%f")[:-3]
        screen.line((f"{moment}  {one.link}  {one.target}  {one.reason}", "red"))
    more = len(outcome.failures) - SHOWN_FAILURES
    if more > 0:
        screen.line((f"and {more} more; --json has all of them", "red"))
    screen.line((f"the command's exit code: {outcome.command_exit}", "default"))
    screen.line()


def _table(screen: Screen, title: str, rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    screen.line((title, "bold"))
    screen.line(("-" * len(title), "dim"))
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        screen.line(("  ".join(cells).rstrip(), "default" if number else "dim"))
    screen.line()


def _print_summary(outcome: Outcome, screen: Screen) -> None:
    passed, failed, skipped = (
        outcome.count(status) for status in (Status.OK, Status.FAILURE, Status.SKIPPED)
    )
    whole = passed and not outcome.blocked
    status = Status.FAILURE if failed else Status.OK if whole else Status.SKIPPED
    text = f"{passed} passed, {failed} failed, {skipped} skipped"
    if not passed and not failed:
        text += ": nothing was tried, so nothing is proven"
    elif outcome.blocked:
        text += f": no pod could be asked in {' and '.join(outcome.blocked)}, see the reasons above"
    screen.line((f"{screen.marks[status]} {text}", STYLES[status]))


def as_json(outcome: Outcome) -> str:
    """The outcome as JSON text."""
    return json.dumps(outcome.as_dict(), indent=2, ensure_ascii=False)


_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(outcome: Outcome, stack: str) -> str:
    """The outcome as JUnit XML: a suite a link or cluster, a case a question."""

    def clean(text: str) -> str:
        return _ILLEGAL.sub("?", text)

    root = ElementTree.Element("testsuites", name=clean(f"mesh verify {stack}"))
    for group in dict.fromkeys(one.cluster for one in outcome.results):
        results = [one for one in outcome.results if one.cluster == group]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=clean(group),
            tests=str(len(results)),
            failures=str(sum(one.status is Status.FAILURE for one in results)),
            errors="0",
            skipped=str(sum(one.status is Status.SKIPPED for one in results)),
        )
        for one in results:
            case = ElementTree.SubElement(
                suite, "testcase", classname=clean(f"{group}.{one.category}"), name=clean(one.title)
            )
            detail = clean(f"{one.detail}\nhint: {one.hint}" if one.hint else one.detail)
            if one.status is Status.FAILURE:
                ElementTree.SubElement(
                    case, "failure", message=clean(one.detail), type=WORDS[one.status]
                ).text = detail
            elif one.status is Status.SKIPPED:
                ElementTree.SubElement(case, "skipped", message=clean(one.detail))
            elif one.detail:
                ElementTree.SubElement(case, "system-out").text = detail
    for key, status in (("failures", Status.FAILURE), ("skipped", Status.SKIPPED)):
        root.set(key, str(outcome.count(status)))
    root.set("tests", str(len(outcome.results)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
