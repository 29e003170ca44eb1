"""The terminal: results on standard output, progress and errors on standard error."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.paths import shown
from vocabulary.errors import MeshError


@cache
def out() -> Console:
    """The console for results."""
    return Console(highlight=False, soft_wrap=True, emoji=False)


@cache
def err() -> Console:
    """The console for progress, notes and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def say(text: str, style: str = "") -> None:
    """Print a line about progress."""
    err().print(Text(text, style))


def note(text: str) -> None:
    """Print a line that is no error and should not be missed."""
    # Wrapped at words on a terminal, not wrapped in a log.
    whole = not err().is_terminal
    err().print(Text.assemble(("note: ", "bold yellow"), text), soft_wrap=whole)


def show_error(error: MeshError) -> None:
    """Print message and remedy; of a stack file, place, message and remedy of every problem."""
    from config import StackFileError

    if not isinstance(error, StackFileError):
        err().print(Text.assemble(("error: ", "bold red"), error.message))
        for line in error.remedy.splitlines():
            err().print(Text(f"  {line}"))
        return
    count = len(error.problems)
    head = f"{shown(Path(error.origin))} has {count} problem{'' if count == 1 else 's'}"
    err().print(Text.assemble(("error: ", "bold red"), head))
    for problem in error.problems:
        err().print(
            Text.assemble("\n  ", (problem.path or "config", "bold"), f"\n    {problem.message}")
        )
        err().print(Text.assemble("    ", ("→ ", "green"), (problem.remedy, "green")))
