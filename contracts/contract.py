"""What a contract is: something that is written here, who reads it, and in which form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

CURRENT = "edge"
"""Linkerd's charts by year (edge-25 and edge-26): one generation of readers."""
V2_8 = "2.8"
"""Linkerd 2.8, whose readers are others."""
EDGE = frozenset({CURRENT})
OLD = frozenset({V2_8})


class Subject(StrEnum):
    """The sort of thing that is written."""

    ANNOTATION = "annotation"
    LABEL = "label"
    SECRET = "Secret"
    SECRET_KEY = "key of a Secret"
    CONFIG_MAP_KEY = "key of a ConfigMap"
    PORT = "port of a Service"
    CONTAINER = "container"
    FIELD = "field"
    OBJECT = "object"
    HELM_VALUE = "Helm value"


@dataclass(frozen=True)
class Complaint:
    """Why a reader refuses a value, or does otherwise than the writer means."""

    reason: str
    """One sentence about the value, without its content where it is a secret."""


Fits = Callable[[object], Complaint | None]
"""Returns None for a value that the reader accepts, else what is wrong with it."""


@dataclass(frozen=True)
class Made:
    """A sample of a row that has to be made first, such as a key; tests know how by its name."""

    name: str
    """For example ``key: SEC1 P-256``."""


@dataclass(frozen=True)
class Form:
    """The form of a value: in words, as a predicate, and in samples."""

    text: str
    """The form in words."""
    fits: Fits
    """The form as a predicate."""
    fitting: tuple[object, ...]
    """Values that the reader accepts."""
    refused: tuple[object, ...]
    """Values that it refuses, ignores or misunderstands."""


@dataclass(frozen=True)
class Contract:
    """One row: what is written, in which form, who reads it, and the source of that."""

    on: str
    """What it is on: a kind, the name of a chart, or for Secrets ``component/type name``.
    ``*`` means any text."""
    what: str
    """Names, or paths with dots and ``[]`` for entries of lists, separated by spaces; ``*`` as
    above."""
    form: Form
    """The form that the reader accepts."""
    reader: str
    """The program that reads it."""
    subject: Subject
    """The sort of thing."""
    producer: str
    """The file that writes it."""
    source: str
    """Repository, path and version, or page, that documents the form."""
    generations: frozenset[str] = EDGE | OLD
    """Generations of Linkerd whose clusters this is about."""

    @property
    def keys(self) -> list[str]:
        """The names and paths of `what`."""
        return self.what.split()

    @property
    def name(self) -> str:
        """The row's name; no two rows share one."""
        only = "" if len(self.generations) > 1 else f" ({next(iter(self.generations))})"
        return f"{self.subject} {self.on} {self.keys[0]}{only}"

    def covers(self, subject: Subject, on: str, key: str, generation: str) -> bool:
        """Whether the row is about this key of this thing in a cluster of this generation."""
        return (
            subject is self.subject
            and generation in self.generations
            and matches(self.on, on)
            and any(matches(pattern, key) for pattern in self.keys)
        )


def matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says; ``*`` in a pattern means any text."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None
