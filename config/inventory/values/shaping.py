"""Values that the program leaves to a chart's default, and that change what it relies on.

Facts: `shaping.json`, which ``python -m tests.contracts.shaping`` derives from the published
charts: it changes each of their values in turn and compares what they render.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from config.inventory.values.derived import Derived
from config.language.problems import steps

TABLE = Path(__file__).with_name("shaping.json")
"""For each chart: key path of a value, its default, and what changes with it."""

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
def _charts() -> Mapping[str, list[tuple[str, Any, list[str]]]]:
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))["charts"]
    return found


def shaping(chart: str, version: str, keys: Mapping[str, str]) -> Iterator[Derived]:
    """The values of a chart, as derived from its defaults.

    `keys` has the key paths of the stack file that change names, namespaces and ServiceAccounts.
    Of a version that is not in the table, those of the most alike version are.
    """
    known = [name for name in _charts() if re.fullmatch(rf"{re.escape(chart)}-v?[0-9].*", name)]
    major = version.split(".", maxsplit=1)[0]
    alike = sorted(known, key=lambda name: (name != f"{chart}-{version}", f"-{major}." not in name))
    for path, default, changes in _charts()[alike[0]] if alike else ():
        key = next((keys[word] for word in changes if word in keys), "")
        words = " and ".join(_WORDS[word] for word in changes)
        yield Derived(tuple(map(str, steps(path))), default, key, "default", words)
