"""A report on the screen, line by line as `linkerd check` prints one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from checks.facts.results import GatewayRow, Report, Result, Status

MARKS = {Status.OK: "√", Status.WARNING: "‼", Status.FAILURE: "\u00d7", Status.SKIPPED: "-"}
PLAIN_MARKS = {Status.OK: "ok", Status.WARNING: "!!", Status.FAILURE: "XX", Status.SKIPPED: "--"}
STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAILURE: "bold red",
    Status.SKIPPED: "dim",
}
"""How each status is shown."""


def print_report(report: Report, console: Console) -> None:
    """Print every result, the table of gateways, and a summary."""
    screen = Screen(console)
    for (category, cluster), results in groupby(
        report.results, key=lambda result: (result.category, result.cluster)
    ):
        heading = category if cluster == "all" else f"{cluster}: {category}"
        screen.line((heading, "bold"))
        screen.line(("-" * len(heading), "dim"))
        for result in results:
            print_result(result, screen)
        screen.line()
    if report.gateways:
        _print_gateways(report.gateways, screen)
    _print_summary(report, screen)


class Screen:
    """Prints lines whole: they are read by grep as often as by people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.marks = MARKS if self._can_show("".join(MARKS.values())) else PLAIN_MARKS

    def line(self, *parts: tuple[str, str]) -> None:
        """Print a line of texts, each with its style."""
        line = Text()
        for text, style in parts:
            line.append(self._shown(text), style=style)
        self._console.print(line, soft_wrap=True)

    def _can_show(self, text: str) -> bool:
        try:
            text.encode(self._console.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def _shown(self, text: str) -> str:
        return text if self._can_show(text) else text.encode("ascii", "replace").decode()


def print_result(result: Result, screen: Screen) -> None:
    """Print one result; what was found and what to do are lines of their own where it failed."""
    mark = screen.marks[result.status]
    fine = result.status in (Status.OK, Status.SKIPPED)
    style = "dim" if result.status is Status.SKIPPED else "default"
    detail = [(f"  {result.detail}", "dim")] if fine and result.detail else []
    screen.line((f"{mark} ", STYLES[result.status]), (result.title, style), *detail)
    indent = " " * (len(mark) + 3)
    if not fine and result.detail:
        screen.line((f"{indent}{result.detail}", "default"))
    if not fine and result.hint:
        screen.line((f"{indent}hint: {result.hint}", "cyan"))


def _print_gateways(rows: Sequence[GatewayRow], screen: Screen) -> None:
    table = [("source", "gateway of", "address", "alive", "mirrored services")]
    table += [
        (row.source or "-", row.target, row.address or "-", row.alive, str(row.services))
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    screen.line(("gateways", "bold"))
    screen.line(("-" * len("gateways"), "dim"))
    for number, row in enumerate(table):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        screen.line(("  ".join(cells).rstrip(), "default" if number else "dim"))
    screen.line()


def _print_summary(report: Report, screen: Screen) -> None:
    held, warned, failed, left = (
        report.count(status)
        for status in (Status.OK, Status.WARNING, Status.FAILURE, Status.SKIPPED)
    )
    status = Status.FAILURE if failed else Status.WARNING if warned else Status.OK
    text = f"{held} passed, {warned} warnings, {failed} failed, {left} skipped"
    screen.line((f"{screen.marks[status]} {text}", STYLES[status]))
