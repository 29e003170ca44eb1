"""Errors of pydantic as problems, in plain words."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails

from config.language.formats import is_encrypted
from config.language.model import Model
from config.language.problems import Problem, quoted
from config.language.spelling import nearest

Location = tuple[int | str, ...]


def problem_of(detail: ErrorDetails, location: Location, model: type[Model]) -> list[Problem]:
    """An error of pydantic's at `location` within `model`; paths begin at that location.

    Only strings for fields of fixed values are repeated; all other values may be secret.
    """
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "stack_file":
        return list(context["problems"])
    unknown = kind == "extra_forbidden"
    if location[-1:] == ("secure",) if unknown else is_encrypted(value):
        return [
            Problem(
                "",
                "this value is encrypted, but it is not a secret",
                "set it again without --secret, so that it can be reviewed",
            )
        ]
    if unknown:
        return [Problem("", "unknown key", _known(model, location))]
    if kind == "missing":
        return [Problem("", "this required key is missing", f"add '{location[-1]}'")]
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        found = f"{quoted(value)} is" if isinstance(value, str) else "this is"
        return [Problem("", f"{found} not one of the allowed values", f"write {expected}")]
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        side = "below" if "ge" in context else "above"
        limit = "at least" if "ge" in context else "at most"
        return [Problem("", f"this number is {side} {bound}", f"write {limit} {bound}")]
    if kind == "too_short":
        return [Problem("", "this list is empty", "write at least one entry, or leave the key out")]
    for kinds, expected, remedy in _EXPECTED:
        if kind.startswith(kinds):
            found = f"expected {expected}, found {_found(value)}"
            return [Problem("", found, _special_remedy(expected, value) or remedy)]
    return [Problem("", "invalid value", "write a value that docs/stack-file.md allows")]


_EXPECTED = (
    (
        ("string_",),
        "a string",
        "write a string, in quotes if YAML would read a number, a date, true or false",
    ),
    (("bool_",), "true or false", "write true or false, without quotes"),
    (("int_", "finite_number"), "a whole number", "write a whole number, without quotes"),
    (
        ("model_", "dict_", "mapping_"),
        "a mapping",
        "write keys with values under it",
    ),
    (("tuple_", "list_"), "a list", "write each entry on its own line, after '- '"),
)


def _special_remedy(expected: str, value: Any) -> str | None:
    if expected == "a string" and isinstance(value, dict | list):
        return "write one string; a long string goes on indented lines after '|'"
    if expected == "a mapping" and value is None:
        return "write keys with values under it, or {} for the defaults"
    return None


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    for kind, name in (
        (type(None), "nothing"),
        (int | float, "a number"),
        (str, "a string"),
        (list, "a list"),
        (dict, "a mapping"),
    ):
        if isinstance(value, kind):
            return name
    return "another type"


def nearest_key(model: type[Model], location: Location) -> str | None:
    """The known key that the unknown key at `location` misspells; None if there is none."""
    return nearest(str(location[-1]), _keys(_model_at(model, location[:-1])))


def _known(model: type[Model], location: Location) -> str:
    right = nearest_key(model, location)
    if right is not None:
        return f"write '{right}'"
    homes = _homes(model).get(str(location[-1]), [])
    # A key of the same name elsewhere is another key, unless it is the only one.
    near = [home for home in homes if _in_line(_pattern(home), location[:-1])] or homes
    if len(near) == 1:
        return f"write it under {near[0]}"
    known = ", ".join(_keys(_model_at(model, location[:-1])))
    return f"leave it out, or write one of: {known}"


def _pattern(home: str) -> list[str]:
    """The steps of a key path of `_homes`; empty for items of a list and for names."""
    steps = home.replace("[]", ".").replace("<name>", "").split(".")
    return [] if home == "config" else steps


def _in_line(home: Sequence[str], here: Location) -> bool:
    """Whether one of two places is above the other."""
    both = zip(home, here, strict=False)
    return all(not step or isinstance(part, int) or step == part for step, part in both)


def _keys(model: type[BaseModel] | None) -> Sequence[str]:
    if model is None:
        return ()
    return [
        field.alias or name
        for name, field in model.model_fields.items()
        # No stack file has a key that its schema has not.
        if not any(type(item) is SkipJsonSchema for item in field.metadata)
    ]


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model of the piece at `location`; None if the piece is not a model."""
    annotation: Any = model
    for part in location:
        inner = _bare(annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            annotation = next(
                (f.annotation for f in inner.model_fields.values() if f.alias == part), None
            )
        else:
            # A tuple of items, or a mapping from names to values.
            arguments = get_args(inner)
            annotation = arguments[0 if isinstance(part, int) else -1] if arguments else None
    inner = _bare(annotation)
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _bare(annotation: Any) -> Any:
    """An annotation without its metadata and without None as the other choice."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            choices = [item for item in get_args(annotation) if item is not type(None)]
            annotation = choices[0]
        else:
            return annotation


@cache
def _homes(model: type[BaseModel]) -> dict[str, list[str]]:
    """For each key: the key paths of the stack file that have it."""
    found: dict[str, list[str]] = {}
    for path, key in _all_keys(model, "", ()):
        found.setdefault(key, []).append(path)
    return found


def _all_keys(
    model: type[BaseModel], path: str, above: tuple[type[BaseModel], ...]
) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield path or "config", key
        inner, suffix = _bare(field.annotation), ""
        if get_origin(inner) is tuple:
            inner, suffix = _bare(get_args(inner)[0]), "[]"
        elif get_origin(inner) is dict:
            inner, suffix = _bare(get_args(inner)[-1]), ".<name>"
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner not in above:
            yield from _all_keys(
                inner, f"{path}.{key}{suffix}" if path else f"{key}{suffix}", (*above, inner)
            )
