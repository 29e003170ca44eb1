"""Values that the program leaves to a chart's default, and what depends on them.

Some change what the program relies on, some add kinds of objects, some are copied into a list that
has entries of the program. Beside them, what each chart may make in no namespace.

Facts: `shaping.json`, which ``python -m tests.contracts.shaping`` derives from the published
charts: it changes each of their values in turn and compares what they render.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as File
from typing import Any

from config.inventory.values.derived import Derived, Path
from config.language.problems import steps
from vocabulary.kinds import Kind

TABLE = File(__file__).with_name("shaping.json")
"""For each chart: key path of a value, its default, and what changes with it, or which kinds are
added; key path of a value that is copied, and of the value that has the same list; pattern of the
name of an object in no namespace, and its kinds."""

_WORDS = {
    "names": "names of objects",
    "namespaces": "namespaces of objects",
    "accounts": "ServiceAccounts of pods",
    "labels": "labels by which pods are selected",
    "ports": "ports",
    "secrets": "names of Secrets",
    "network": "the network of pods",
    "kinds": "the kinds of objects",
}


@cache
def _table() -> Mapping[str, Mapping[str, list[list[Any]]]]:
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def _rows(table: str, chart: str, version: str) -> list[list[Any]]:
    """The rows of a chart; of a version that is not in the table, those of the most alike one."""
    charts = _table()[table]
    known = [name for name in charts if re.fullmatch(rf"{re.escape(chart)}-v?[0-9].*", name)]
    major = version.split(".", maxsplit=1)[0]
    alike = sorted(known, key=lambda name: (name != f"{chart}-{version}", f"-{major}." not in name))
    return charts[alike[0]] if alike else []


def shaping(chart: str, version: str, keys: Mapping[str, str]) -> Iterator[Derived]:
    """The values of a chart, as derived from its defaults.

    `keys` has the key paths of the stack file that change names, namespaces and ServiceAccounts.
    """
    for path, default, changes in _rows("charts", chart, version):
        key = next((keys[word] for word in changes if word in keys), "")
        words = " and ".join(_WORDS[word] for word in changes)
        yield Derived(tuple(map(str, steps(path))), default, key, "default", words)


def added_kinds(chart: str, version: str, extra: Mapping[str, Any]) -> frozenset[Kind]:
    """Kinds of objects that a chart makes besides its own with these extra values."""
    found: set[Kind] = set()
    for path, default, kinds in _rows("kinds", chart, version):
        node: Any = extra
        for part in map(str, steps(path)):
            node = node.get(part, default) if isinstance(node, Mapping) else default
        if node != default:
            found |= {Kind.named(name) for name in kinds}
    return frozenset(found)


def in_no_namespace(
    chart: str, version: str, name: str, linkerd: str
) -> frozenset[tuple[Kind, str]]:
    """Kinds and names of the objects in no namespace that a chart may make, without CRDs.

    `name` is what names of an Ambassador's Roles begin with, `linkerd` Linkerd's namespace.
    """
    return frozenset(
        (Kind.named(kind), pattern.format(name=name, linkerd=linkerd))
        for pattern, kinds in _rows("scoped", chart, version)
        for kind in kinds
    )


def copied(chart: str, version: str) -> Iterator[tuple[Path, Path]]:
    """Values that a chart copies into a list, each with the value whose entries are in that list.

    Both are paths within the chart's values.
    """
    for path, beside in _rows("copied", chart, version):
        yield tuple(map(str, steps(path))), tuple(map(str, steps(beside)))
