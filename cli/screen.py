"""What people see: results on standard output, progress and errors on standard error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from cli.errors import VerbError
from cli.paths import shown

if TYPE_CHECKING:
    from cli.stacks import BadStackFileError


@cache
def out() -> Console:
    """The console for results."""
    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """The console for progress, notes and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """A line about what goes on."""
    err().print(Text(text, style))


def note(text: str) -> None:
    """A line that the user should not miss, though nothing is wrong."""
    # Whole words on a terminal, whole lines in a log.
    whole = not err().is_terminal
    err().print(Text.assemble(("note: ", "bold yellow"), text), soft_wrap=whole)


def complain(error: VerbError) -> None:
    """Show why a verb cannot go on."""
    err().print(Text.assemble(("error: ", "bold red"), error.message))
    for line in error.remedy.splitlines():
        err().print(Text(f"  {line}"))


def complain_of_stack(error: BadStackFileError) -> None:
    """Show every problem of a stack file: place, what is wrong, what to write instead."""
    problems = error.error.problems
    head = f"{shown(error.path)} has {len(problems)} problem{'' if len(problems) == 1 else 's'}"
    err().print(Text.assemble(("error: ", "bold red"), head))
    for problem in problems:
        err().print(
            Text.assemble("\n  ", (problem.path or "config", "bold"), f"\n    {problem.message}")
        )
        err().print(Text.assemble("    ", ("→ ", "green"), (problem.remedy, "green")))
