"""Values of a chart that follow from the stack file, so that no extra value may change them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from config.inventory.values.merging import MERGE_KEYS, Values, merged, nested

Source = Literal["passed", "default", "placed", "offered"]


@dataclass(frozen=True)
class Entry:
    """A step of a path: the entry of a list whose key is `key`."""

    key: str
    """Its key, as `MERGE_KEYS` finds it."""


Path = tuple[str | Entry, ...]


@dataclass(frozen=True)
class Derived:
    """A value of a chart that the stack file decides."""

    path: Path
    """Where the chart reads it."""
    value: Any
    """The value; None where it is unset."""
    key: str
    """Key path of the stack file that it follows from; empty where no key changes it."""
    source: Source = "passed"
    """Whether the program passes it, relies on the chart's default, places an output there, or
    passes what an extra value may change."""
    changes: str = ""
    """What of the chart's objects changes with a chart's default, in words."""


def derived(path: str | Path, value: Any, key: str, source: Source = "passed") -> Derived:
    """A derived value; a path without odd characters may be written with dots."""
    return Derived(tuple(path.split(".")) if isinstance(path, str) else path, value, key, source)


def passing(given: bool) -> Source:
    """Where a value comes from: the program, or the chart's default."""
    return "passed" if given else "default"


def all_derived(values: Mapping[str, Any], key: str, above: Path = ()) -> Iterator[Derived]:
    """Each of some values as derived from `key`."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from all_derived(value, key, (*above, name))
        else:
            yield derived((*above, name), value, key)


def below(keys: tuple[str, ...], rows: Iterable[Derived]) -> Iterator[Derived]:
    """Derived values of a chart that is part of another, which has its values under `keys`."""
    for row in rows:
        yield derived((*keys, *row.path), row.value, row.key, row.source)


def passed(rows: Iterable[Derived]) -> Values:
    """The values that the program passes, as a chart reads them."""
    found: Values = {}
    for row in rows:
        if row.source in ("passed", "offered"):
            found = merged(found, _placed(row.path, row.value))
    return found


def _placed(path: Path, value: Any) -> Any:
    for place in range(len(path) - 1, -1, -1):
        part = path[place]
        if isinstance(part, Entry):
            of = path[place - 1]
            keys = MERGE_KEYS[of] if isinstance(of, str) else ()
            value = [merged(nested(part.key, keys), value)]
        else:
            value = {part: value}
    return value
