"""What is wrong with a stack file, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where, what, and what to write instead."""

    path: str
    """Key path from the top of the configuration, for example ``links[0].target``."""
    message: str
    """What is wrong there, in one sentence without the full stop."""
    remedy: str
    """What to write instead, in one sentence without the full stop."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}\n    {self.remedy}"


class StackFileError(ValueError):
    """A stack file that cannot be used; holds every problem found, not just the first."""

    def __init__(self, origin: str, problems: Sequence[Problem]) -> None:
        self.origin = origin
        self.problems = tuple(dict.fromkeys(problems))
        count = len(self.problems)
        head = f"{origin}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))
