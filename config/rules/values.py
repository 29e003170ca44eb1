"""Extra values of charts that contradict what the program derives from the stack file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from config.core.mesh import MeshConfig
from config.inventory.values import ReleaseValues, release_values
from config.inventory.values.derived import Derived, Entry, Path
from config.inventory.values.merging import MERGE_KEYS, entry_key
from config.language.problems import Problem, join, quoted, step
from config.language.yaml_text import YamlTextError, read_yaml


def values_fit(mesh: MeshConfig) -> Iterator[Problem]:
    """Every extra value that contradicts a derived one, at its place in the stack file."""
    for name in mesh.clusters:
        for values in release_values(mesh, name).values():
            if values.extra:
                yield from contradictions(values)
                yield from _lists(values)
                yield from _copies(values)


def contradictions(values: ReleaseValues) -> Iterator[Problem]:
    """The extra values of one release that contradict its derived values."""
    found: dict[str, Problem] = {}
    for row in values.derived:
        given = _given(values, row.path)
        if given is None or row.source == "offered":
            continue
        path, value, whole = given
        if _same(value, row, whole=whole):
            continue
        remedy = f"leave it out, and set {row.key} instead" if row.key else "leave it out"
        about = (row.key,) if row.key else ()
        found.setdefault(path, Problem(path, _contradicted(value, row), remedy, about=about))
    yield from found.values()


def _contradicted(value: Any, row: Derived) -> str:
    # What is unset may be a key or a password.
    shown = _shown(value) if row.value is not None or row.changes else "this value"
    if row.changes:
        return f"{shown} changes {row.changes}, on which the program relies"
    whence = f"derives from {row.key}" if row.key else "needs"
    return f"{shown} contradicts the value that the program {whence}"


def _given(values: ReleaseValues, path: Path) -> tuple[str, Any, bool] | None:
    """What the stack file has at a path: its place, the value, and whether that is the path's end.

    A value on the way that is neither mapping nor list replaces what is below. None where the
    stack file says nothing.
    """
    place, node = values.key, values.extra
    for before, part in zip((None, *path), path, strict=False):
        if isinstance(part, Entry):
            if not isinstance(node, list):
                return place, node, False
            keys = [entry_key(str(before), entry) for entry in node]
            if part.key not in keys:
                return None
            index = keys.index(part.key)
            place, node = join(place, step(index)), node[index]
        elif not isinstance(node, Mapping):
            return place, node, False
        elif part not in node:
            return None
        else:
            place, node = join(place, step(part)), node[part]
    return place, node, True


def _same(value: Any, row: Derived, *, whole: bool) -> bool:
    if row.source == "default" and not row.value and value in (None, "", False):
        return True
    # 1 is no true, and Helm passes it on as a number.
    equal = type(value) is type(row.value) and value == row.value
    return whole and equal and row.source != "placed"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value) if value else "an empty text"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "null" if value is None else "this value"


def _lists(values: ReleaseValues) -> Iterator[Problem]:
    """Entries of lists that are merged by key: without a key, doubled, or of no link."""
    for path, ours in _lists_of(values.derived).items():
        given = _given(values, path)
        if given is None or not isinstance(given[1], list):
            continue
        place, entries, _ = given
        name = str(path[-1])
        keys = [entry_key(name, entry) for entry in entries]
        for index, key in enumerate(keys):
            where = join(place, step(index))
            if key is None:
                what = ".".join(MERGE_KEYS[name])
                yield Problem(
                    where, f"this entry has no {what}, by which it is merged", f"add {what}"
                )
            elif key in keys[:index]:
                yield Problem(where, f"duplicate entry {quoted(key)}", "write each entry once")
            elif name == "controllers" and key not in ours:
                yield Problem(
                    f"{where}.link.ref.name",
                    f"no link from this cluster has the target {quoted(key)}",
                    f"leave this entry out, or write one of {', '.join(ours)}",
                    about=("links",),
                )
        if name == "ports":
            yield from _doubled_ports(values, path, place, entries)


def _lists_of(rows: Iterable[Derived]) -> dict[Path, list[str]]:
    """Lists that the program has entries of, with the keys of its entries."""
    found: dict[Path, list[str]] = {}
    for row in rows:
        for place, part in enumerate(row.path):
            if isinstance(part, Entry):
                keys = found.setdefault(row.path[:place], [])
                keys += [] if part.key in keys else [part.key]
    return found


def _doubled_ports(
    values: ReleaseValues, path: Path, place: str, entries: list[Any]
) -> Iterator[Problem]:
    """Ports with the number of another port, which no API server accepts in a Service."""
    every: Any = values.over({})
    for part in path:
        every = every[part]
    owners: dict[Any, str] = {}
    for item in every:
        owners.setdefault(_number(item), entry_key("ports", item) or "")
    offered = {row.path[-2] for row in values.derived if row.source == "offered"}
    for index, entry in enumerate(entries):
        name, number = entry_key("ports", entry), _number(entry)
        other = owners.get(number)
        if name is not None and other and other != name:
            instead = f"name it {quoted(other)}" if Entry(other) in offered else "leave it out"
            yield Problem(
                f"{join(place, step(index))}.port",
                f"port {number[0]} is already the port {quoted(other)} of this Service",
                f"write another port here, or {instead}",
            )


def _number(entry: Any) -> tuple[Any, Any]:
    found = entry if isinstance(entry, Mapping) else {}
    return found.get("port"), found.get("protocol", "TCP")


def _copies(values: ReleaseValues) -> Iterator[Problem]:
    """Values that the chart copies into a list beside the program's own entries of that list."""
    for path, beside in values.copied:
        given = _given(values, path)
        if given is None or not given[1]:
            continue
        place, value, _ = given
        known: dict[str | None, Derived] = {}
        numbers: dict[Any, str | None] = {}
        for row in values.derived:
            key = _key(row, beside)
            known.setdefault(key, row)
            if row.path[-1] == "port":
                numbers[row.value] = key
        known.pop(None, None)
        for name, number in _copied_entries(str(beside[-1]), value, known):
            found = known.get(name) or known.get(numbers.get(number))
            if found is not None:
                whence = f"derives from {found.key}" if found.key else "makes"
                yield Problem(
                    place,
                    f"{quoted(name)} here contradicts the entry that the program {whence}",
                    f"leave {name} out" + (f", and set {found.key} instead" if found.key else ""),
                    about=(found.key,) if found.key else (),
                )


def _key(row: Derived, beside: Path) -> str | None:
    """The key of the entry of a list, or of the mapping in its place, that a row is about."""
    if len(row.path) <= len(beside) or row.path[: len(beside)] != beside:
        return None
    part = row.path[len(beside)]
    return part.key if isinstance(part, Entry) else part


def _copied_entries(
    name: str, value: Any, known: Iterable[str | None]
) -> Iterator[tuple[str, Any]]:
    """Keys and port numbers of entries of the list called `name`, which may be a text.

    Of a text that is a template, the known keys that are in it.
    """
    text = value if isinstance(value, str) else ""
    try:
        entries = read_yaml(text) if text else value
    except YamlTextError:
        entries = [{MERGE_KEYS[name][0]: key} for key in known if key and key in text]
    for entry in entries if isinstance(entries, list) else ():
        key = entry_key(name, entry)
        if key is not None:
            yield key, entry.get("port")
