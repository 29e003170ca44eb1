"""Validation that continues after an error, so that a user sees all errors at once.

Unusable values are reported and cut out, and the rest is validated again, until a model is built or
nothing is left to cut. Then each piece of the model reports its inconsistencies.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.language.messages import nearest_key, problem_of
from config.language.model import COLLECTED, Model
from config.language.problems import Problem, join, printable, step, steps

M = TypeVar("M", bound=Model)
Location = tuple[int | str, ...]

DEEPEST = 60
"""Mappings and lists within each other."""
LARGEST_NUMBER = 2**63


class Items(list[Any]):
    """A list that knows the places of its items in the file."""

    def __init__(self, given: int) -> None:
        super().__init__()
        self.given = given
        self.places: list[int] = []


class Paths:
    """Key paths of unusable values."""

    def __init__(self) -> None:
        self._held: set[Location] = set()
        self._above: set[Location] = set()

    def add(self, path: str) -> None:
        """Add a path."""
        place = steps(path)
        self._held.add(place)
        self._above.update(place[:end] for end in range(len(place)))

    def cover(self, path: str) -> bool:
        """Whether `path` is one of these or lies below one."""
        place = steps(path)
        return any(place[:end] in self._held for end in range(len(place) + 1))

    def touch(self, path: str) -> bool:
        """Whether `path` is one of these, or lies below or above one."""
        return self.cover(path) or steps(path) in self._above


@dataclass
class Outcome(Generic[M]):
    """The result of a validation."""

    model: M | None = None
    """The model of the usable data; None if too little is left of it."""
    problems: list[Problem] = field(default_factory=list)
    """Every problem."""
    broken: Paths = field(default_factory=Paths)
    """Key paths of unusable values."""
    tree: dict[str, Any] = field(default_factory=dict)
    """The usable data."""

    def places(self, key: str) -> list[int]:
        """Places in the file of the items that are left of the list under `key`."""
        items = self.tree.get(key)
        return items.places if isinstance(items, Items) else []

    def add(self, problem: Problem) -> None:
        """Add a problem, unless it follows from another problem."""
        if not self.broken.cover(problem.path) and not any(map(self.broken.touch, problem.about)):
            self.problems.append(problem)


def validate(model: type[M], settings: Mapping[str, Any], default: Mapping[str, Any]) -> Outcome[M]:
    """Validate the usable part of `settings` (plain data).

    `default` replaces required keys that are missing at the top.
    """
    outcome: Outcome[M] = Outcome()
    tree = outcome.tree = _copied_mapping(settings, "", 0, outcome)
    for key, value in default.items():
        tree.setdefault(key, value)
    while True:
        try:
            outcome.model = model.model_validate(
                tree, by_alias=True, by_name=False, context={COLLECTED: True}
            )
        except ValidationError as error:
            details = error.errors(include_url=False)
            _note(details, model, tree, outcome)
            if not _cut(details, model, tree):
                return outcome
            for key, value in default.items():
                tree.setdefault(key, value)
        else:
            break
    for problem in _inconsistencies(outcome.model, tree, ""):
        outcome.add(problem)
    return outcome


def _copied(value: Any, path: str, depth: int, outcome: Outcome[M]) -> Any:
    """A copy of plain data, to cut from; other values are reported and left out."""
    if depth > DEEPEST:
        _refuse(path, "this is nested too deeply", f"nest at most {DEEPEST} levels", outcome)
        return _NOTHING
    if isinstance(value, Mapping):
        return _copied_mapping(value, path, depth, outcome)
    if isinstance(value, list | tuple):
        items = Items(len(value))
        for place, inner in enumerate(value):
            copy = _copied(inner, join(path, step(place)), depth + 1, outcome)
            if copy is not _NOTHING:
                items.append(copy)
                items.places.append(place)
        return items
    complaint = _complaint(value)
    if complaint is None:
        return value
    _refuse(path, *complaint, outcome)
    return _NOTHING


def _copied_mapping(
    value: Mapping[Any, Any], path: str, depth: int, outcome: Outcome[M]
) -> dict[str, Any]:
    mapping = {}
    for key, inner in value.items():
        place = join(path, step(str(key)))
        if not isinstance(key, str):
            _refuse(place, "this key is not a string", "put the key in quotes", outcome)
            continue
        copy = _copied(inner, place, depth + 1, outcome)
        if copy is not _NOTHING:
            mapping[key] = copy
    return mapping


_NOTHING = object()


def _refuse(path: str, message: str, remedy: str, outcome: Outcome[M]) -> None:
    outcome.problems.append(Problem(path, message, remedy))
    outcome.broken.add(path)


def _complaint(value: Any) -> tuple[str, str] | None:
    if isinstance(value, datetime.date):
        return "YAML reads this as a date", "put it in quotes"
    if isinstance(value, float) and not math.isfinite(value):
        return "this number is not finite", "write a finite number, or a string in quotes"
    if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
        return "this number is too large", "write a smaller number, or a string in quotes"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "invalid Unicode (unpaired surrogate)", "write it without \\ud800 to \\udfff"
        return None
    if value is None or isinstance(value, bool | int | float):
        return None
    kind = printable(type(value).__name__)
    return (
        f"this is not a string, number, list or mapping, but a {kind}",
        "write strings, numbers, lists and mappings",
    )


def _note(
    details: list[ErrorDetails], model: type[Model], tree: dict[str, Any], outcome: Outcome[M]
) -> None:
    unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
    for detail in unknown:
        location = _real(detail, tree)
        meant = nearest_key(model, location)
        if meant is not None:
            # A misspelled key is not a missing key.
            outcome.broken.add(_path((*location[:-1], meant), tree))
    fresh = []
    for detail in details:
        location = _real(detail, tree)
        path = _path(location, tree)
        for problem in [] if _emptied(detail) else problem_of(detail, location, model):
            if not outcome.broken.cover(problem.below(path).path):
                outcome.problems.append(problem.below(path))
        fresh.append(path)
    for path in fresh:
        outcome.broken.add(path)


def _emptied(detail: ErrorDetails) -> bool:
    """Whether a list is too short only because all of its items are unusable."""
    items = detail["input"]
    return detail["type"] == "too_short" and isinstance(items, Items) and items.given > 0


def _real(detail: ErrorDetails, tree: Any) -> Location:
    """Place of an error, without the names of validators and union members that pydantic adds."""
    found: list[int | str] = []
    node = tree
    for part in detail["loc"]:
        if isinstance(node, dict):
            inside = part in node
        else:
            inside = isinstance(node, list) and isinstance(part, int) and part < len(node)
        if inside:
            found.append(part)
            node = node[part]
    if detail["type"] == "missing":
        found.append(detail["loc"][-1])
    return tuple(found)


def _cut(details: list[ErrorDetails], model: type[Model], tree: dict[str, Any]) -> bool:
    """Cut the values with errors out of `tree`; False if that would be all of it."""
    places = set()
    renamed = False
    for detail in details:
        location = _real(detail, tree)
        if detail["type"] == "extra_forbidden":
            renamed = _rename(location, model, tree) or renamed
    for detail in [] if renamed else details:
        location = _real(detail, tree)
        places.add(location[:-1] if detail["type"] == "missing" else location)
    if () in places:
        return False
    for location in sorted(places, key=_deepest_and_last_first):
        node: Any = tree
        for part in location[:-1]:
            node = node[part]
        del node[location[-1]]
        if isinstance(node, Items):
            del node.places[int(location[-1])]
    return True


def _rename(location: Location, model: type[Model], tree: dict[str, Any]) -> bool:
    """Rename a misspelled key to the known key, so that its value is checked too."""
    meant = nearest_key(model, location)
    node: Any = tree
    for part in location[:-1]:
        node = node[part]
    if meant is None or meant in node:
        return False
    node[meant] = node.pop(location[-1])
    return True


def _deepest_and_last_first(location: Location) -> tuple[int, int]:
    last = location[-1]
    return -len(location), -last if isinstance(last, int) else 0


def _path(location: Location, tree: Any) -> str:
    """The key path of a location, with the places that list items have in the file."""
    path, node = "", tree
    for part in location:
        shown = node.places[part] if isinstance(node, Items) and isinstance(part, int) else part
        path = join(path, step(shown))
        if isinstance(node, dict):
            node = node.get(part)
        else:
            node = node[part] if isinstance(node, list) and isinstance(part, int) else None
    return path


def _placed(problem: Problem, tree: Any) -> Problem:
    """A problem with the places that list items have in the file, before any were cut."""
    return replace(
        problem,
        path=_path(steps(problem.path), tree),
        about=tuple(_path(steps(path), tree) for path in problem.about),
    )


def _deciding(piece: Any, path: str) -> Iterator[str]:
    """Keys that decide what the key at a path means, as paths."""
    place = ""
    for part in (*steps(path), None):
        if isinstance(piece, Model):
            yield from (join(place, key) for key in piece.decided_by)
        place = join(place, step(part)) if part is not None else place
        if isinstance(piece, Model) and isinstance(part, str):
            fields = type(piece).model_fields.items()
            piece = next((getattr(piece, key) for key, at in fields if at.alias == part), None)
        elif isinstance(piece, dict):
            piece = piece.get(part)
        elif isinstance(piece, tuple) and isinstance(part, int):
            piece = piece[part] if part < len(piece) else None
        # The models of a list of Ambassadors are not in a tuple.


def _inconsistencies(piece: Any, tree: Any, path: str) -> Iterator[Problem]:
    if isinstance(piece, Model):
        for key, info in type(piece).model_fields.items():
            alias = info.alias or key
            inner = tree.get(alias) if isinstance(tree, dict) else None
            yield from _inconsistencies(getattr(piece, key), inner, join(path, step(alias)))
        for problem in piece.inconsistencies():
            keys = dict.fromkeys(
                key for place in (problem.path, *problem.about) for key in _deciding(piece, place)
            )
            decided = replace(problem, about=(*problem.about, *keys))
            yield _placed(decided, tree).below(path)
    elif isinstance(piece, dict):
        for key, value in piece.items():
            if isinstance(value, BaseModel):
                inner = tree.get(key) if isinstance(tree, dict) else None
                yield from _inconsistencies(value, inner, join(path, step(key)))
    elif isinstance(piece, tuple):
        for place, value in enumerate(piece):
            shown, inner = place, None
            if isinstance(tree, Items):
                shown, inner = tree.places[place], tree[place]
            yield from _inconsistencies(value, inner, join(path, step(shown)))
