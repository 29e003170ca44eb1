"""Progress of long work, reported to the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One step of long work. `str()` gives a line for a screen that has nothing better.

    Attributes:
        subject: the tool or the cluster that the step is about.
        text: what is happening to it.
        number: which one it is, counted from 1, where steps are counted; else 0.
        total: of how many; else 0.
        seconds: how long this step has taken so far.
    """

    subject: str
    text: str
    number: int = 0
    total: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        count = f"[{self.number}/{self.total}] " if self.total else ""
        elapsed = f" ({self.seconds:.0f} s)" if self.seconds >= 1 else ""
        return f"{count}{self.subject}: {self.text}{elapsed}"


Report = Callable[[Progress], None]
"""Called from the thread that does the work, so possibly from several threads at once."""


def silent(_: Progress) -> None:
    """Report nothing."""
