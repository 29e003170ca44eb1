"""Problems of a stack file: the place, what is wrong, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pydantic_core import PydanticCustomError

from vocabulary.errors import BAD_INPUT, MeshError

SHOWN_CHARACTERS = 120
"""Characters of a user's text that a message repeats."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where, what, and what to write instead."""

    path: str
    """Key path from the top of the configuration, for example ``links[0].target``."""
    message: str
    """What is wrong there, in one sentence without the full stop."""
    remedy: str
    """What to write instead, in one sentence without the full stop."""
    about: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Other key paths that this follows from; not reported if one of them cannot be used."""

    def __str__(self) -> str:
        return f"{self.path or 'config'}: {self.message}\n    {self.remedy}"

    def below(self, prefix: str) -> Problem:
        """The same problem, with `prefix` before its paths."""
        return replace(
            self,
            path=join(prefix, self.path),
            about=tuple(join(prefix, path) for path in self.about),
        )


class StackFileError(MeshError):
    """A stack file that cannot be used, with every problem found."""

    exit_code = BAD_INPUT

    def __init__(self, origin: str, problems: Sequence[Problem]) -> None:
        self.origin = origin
        self.problems = tuple(dict.fromkeys(problems))
        count = len(self.problems)
        head = f"{printable(origin, 4096)}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


def wrong(message: str, remedy: str) -> PydanticCustomError:
    """An error for a validator to raise, with the remedy for the user."""
    return all_wrong([Problem("", message, remedy)])


def all_wrong(problems: Iterable[Problem]) -> PydanticCustomError:
    """Several errors for a validator to raise at once; their paths begin at what it validates."""
    found = tuple(problems)
    # pydantic formats braces in a message as placeholders.
    what = "; ".join(problem.message for problem in found)
    return PydanticCustomError("stack_file", "{what}", {"what": what, "problems": found})


def join(prefix: str, path: str) -> str:
    """Two key paths, one after the other; either may be empty."""
    if not prefix or not path or path.startswith("["):
        return f"{prefix}{path}"
    return f"{prefix}.{path}"


def step(part: int | str) -> str:
    """One step of a key path, in the form that `pulumi config set --path` accepts."""
    if isinstance(part, int):
        return f"[{part}]"
    if re.fullmatch(r"[\w-]+", part):
        return printable(part)
    return f'["{printable(part)}"]'


def steps(path: str) -> tuple[int | str, ...]:
    """The steps of a key path."""
    found = re.findall(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)', path)
    return tuple(int(place) if place else odd or plain for odd, place, plain in found)


def quoted(text: str) -> str:
    """A text from the stack file for a message: short, on one line, no key, no password."""
    if "-----" in text or "\n" in text or re.search(r"://[^/]*@", text):
        return "this text"
    return f"'{printable(text)}'"


def some(names: Iterable[str], limit: int = 6) -> str:
    """Names for a message, the first `limit` of them and how many more there are."""
    listed = list(names)
    shown = ", ".join(listed[:limit])
    return f"{shown} and {len(listed) - limit} more" if len(listed) > limit else shown


def printable(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """`text` with control characters escaped, cut to `limit` characters."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    if shown.isprintable():
        return shown
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in shown
    )
