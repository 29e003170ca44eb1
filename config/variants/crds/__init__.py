"""Fields of Ambassador's objects in each version of getambassador.io, by release line.

`fields.json` is made from the published CRDs by `tests/contracts/schemas.py`. In it a field is
``string``, ``integer``, ``boolean``, ``any``, a choice (``=a|b``), several types (``array or
string``), a list (``[...]``), an object (its fields by name) or a mapping (the name ``*``).

Facts: the charts emissary-crds-chart 4.1.0 and 3.10.0, and ambassador 6.9.5.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from config.language.problems import Problem, join, quoted, step
from config.language.spelling import nearest
from vocabulary.ambassador import GROUP
from vocabulary.kinds import HOST, LISTENER, MAPPING, TRACING_SERVICE

FILE = Path(__file__).with_name("fields.json")
KINDS = frozenset(kind.name for kind in (HOST, LISTENER, MAPPING, TRACING_SERVICE))
"""Kinds whose fields are known."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_ARTICLE = {"array": "a list", "object": "a mapping", "integer": "a whole number"}


@cache
def _known() -> dict[tuple[str, str], Any]:
    return {
        (of, row["kind"]): row["fields"]
        for row in json.loads(FILE.read_text(encoding="utf-8"))
        for of in row["of"]
    }


def faults(line: str, version: str, kind: str, spec: Any) -> Iterator[Problem]:
    """What the CRD of `kind` in `version` of the release line `line` does not accept in `spec`.

    The API server would drop an unknown field without a word. Paths begin at `spec`.
    """
    fields = _known().get((f"{line}/{version}", kind))
    if fields is None:
        yield Problem("", f"{GROUP}/{version} has no {kind}", "leave it out")
        return
    yield from _faults(fields, spec, "", f"{kind} of {GROUP}/{version}")


def _faults(fields: Any, value: Any, path: str, what: str) -> Iterator[Problem]:
    if isinstance(fields, dict):
        if not isinstance(value, dict):
            yield _mistyped(path, "object", value)
            return
        for name, inner in value.items():
            place = join(path, step(str(name)))
            if name in fields or "*" in fields:
                yield from _faults(fields.get(name, fields.get("*")), inner, place, what)
                continue
            close = nearest(str(name), [one for one in fields if not one.startswith(("v2", "v3"))])
            yield Problem(
                place,
                f"a {what} has no field {quoted(str(name))} here",
                f"write '{close}'" if close else "leave it out, or write another apiVersion",
            )
    elif isinstance(fields, list):
        if not isinstance(value, list):
            yield _mistyped(path, "array", value)
            return
        for index, inner in enumerate(value):
            yield from _faults(fields[0], inner, join(path, step(index)), what)
    elif fields.startswith("="):
        choices = fields[1:].split("|")
        if str(value) not in choices:
            yield Problem(path, "this is not one of the allowed values", f"write {_or(choices)}")
    elif fields != "any":
        kinds = fields.split(" or ")
        fits = tuple(kind for one in kinds for kind in _TYPES[one])
        if not isinstance(value, fits) or (isinstance(value, bool) and bool not in fits):
            yield _mistyped(path, fields, value)


def _mistyped(path: str, wanted: str, value: Any) -> Problem:
    names = [_ARTICLE.get(one, f"a {one}") for one in wanted.split(" or ")]
    empty = " (it is empty)" if value is None else ""
    return Problem(path, f"this is not {' or '.join(names)}{empty}", f"write {' or '.join(names)}")


def _or(choices: list[str]) -> str:
    return " or ".join(choice for choice in choices if choice) or "another value"
