"""Comparing what is documented with what is made; applying a patch as ``kubectl`` does."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any


class Absent(Enum):
    """The value of what is not there, which null is not."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


def differences(documented: Any, made: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, documented and made value of every difference; the highest one, where a side lacks it.

    Entries of a list are compared by their names where all of them have one.
    """
    documented, made = _named(documented, made)
    if isinstance(documented, Mapping) and isinstance(made, Mapping):
        for key in dict.fromkeys((*documented, *made)):
            inner = key if key.startswith("[") else f".{key}" if path else key
            if "." in key or "/" in key:
                inner = f'["{key}"]'
            values = documented.get(key, ABSENT), made.get(key, ABSENT)
            yield from differences(*values, f"{path}{inner}")
    elif documented != made or type(documented) is not type(made):
        yield path, documented, made


def _named(*values: Any) -> tuple[Any, Any]:
    """Two lists as mappings of their entries, by name, where every entry has one."""
    first, second = values
    if not isinstance(first, list) or not isinstance(second, list):
        return first, second
    if not all(isinstance(item, Mapping) and "name" in item for item in first + second):
        return first, second
    return {f"[{i['name']}]": i for i in first}, {f"[{i['name']}]": i for i in second}


def within(path: str, places: Sequence[str]) -> bool:
    """Whether a path is within one of the places or contains it; always true for no places."""
    return not places or any(_inside(path, place) or _inside(place, path) for place in places)


def _inside(path: str, place: str) -> bool:
    rest = path.removeprefix(place)
    return path == place or (rest != path and rest[0] in ".[")


def patched(value: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """`value` after ``add`` and ``replace`` of a JSON patch (RFC 6902)."""
    result = copy.deepcopy(value)
    for operation in operations:
        *before, last = operation["path"].strip("/").split("/")
        node = result
        for step in before:
            node = node[int(step) if isinstance(node, list) else step]
        if operation["op"] == "add" and isinstance(node, list):
            node.insert(len(node) if last == "-" else int(last), operation["value"])
        elif operation["op"] in ("add", "replace"):
            node[int(last) if isinstance(node, list) else last] = operation["value"]
        else:
            raise ValueError(f"the operation {operation['op']} is not known here")
    return result
