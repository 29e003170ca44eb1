"""From the text of a stack file, or what the engine made of it, to validated models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.core.mesh import MeshConfig
from config.language.formats import is_encrypted
from config.language.partial import validate
from config.language.problems import Problem, StackFileError, join, quoted, step, steps
from config.language.spelling import nearest
from config.language.yaml_text import YamlTextError, read_yaml
from config.rules.anchors import anchors_fit
from config.rules.between_parts import cross_check
from config.rules.issuance import issuance_fits
from config.rules.releases import releases_apart
from config.rules.values import values_fit
from config.several import split

PROJECT = "linkerd-ambassador-mesh"
"""Name of the Pulumi project; the prefix of its configuration keys."""

STACK_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt", "environment", "config")
"""Keys at the top of a stack file (Pulumi docs, "Stack settings file reference")."""


LARGEST_FILE = 4_000_000
"""Bytes of a file that are read."""


def load_stack_file(path: Path) -> MeshConfig:
    """The validated content of ``Pulumi.<stack>.yaml``.

    Raises StackFileError with every problem in it. Encrypted values are not read.
    """
    settings, problems = _settings(path)
    return _validated(settings, str(path), problems)


def load_settings(settings: Mapping[str, Any], origin: str) -> MeshConfig:
    """The validated model of the project's configuration keys.

    `settings` maps keys without prefix to plain data; `origin` is named in the error. Raises
    StackFileError with every problem.
    """
    return _validated(settings, origin, [])


def structured(text: Any) -> Any:
    """A configuration value that `pulumi config set` may have stored as text, as plain data.

    Without ``--path``, that command writes every value as a text; the engine hands over every
    value as JSON.
    """
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _settings(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    content = _content(path)
    problems = [_unknown_top_key(str(key), path) for key in content if key not in STACK_KEYS]
    config = content.get("config")
    if not isinstance(config, dict):
        missing = Problem(
            "config",
            "the mapping 'config' is missing at the top of the file",
            f"write 'config:' and, under it, '{PROJECT}:clusters:'",
        )
        raise StackFileError(str(path), [*problems, missing])
    settings: dict[str, Any] = {}
    for key, value in config.items():
        space, colon, name = str(key).partition(":")
        if colon and space != PROJECT:
            if ":" in name.removeprefix("config:"):
                problems.append(_odd_key(str(key)))
            elif nearest(space, [PROJECT]):
                problems.append(
                    Problem(
                        join("config", step(str(key))),
                        f"{quoted(space)} is not the name of this project",
                        f"write '{PROJECT}:{name}'",
                    )
                )
            continue
        name = name.removeprefix("config:") if colon else space
        if ":" in name:
            problems.append(_odd_key(str(key)))
        elif name in settings:
            problems.append(
                Problem(
                    name,
                    f"duplicate key: once with the prefix '{PROJECT}:' and once without",
                    "remove one of the two",
                )
            )
        else:
            settings[name] = value
    return settings, problems


def _content(path: Path) -> dict[Any, Any]:
    try:
        # A pipe or device might block, or never end.
        if path.exists() and not path.is_file():
            raise _unusable(path, "this is not a file", "name a file Pulumi.<stack>.yaml")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise _unusable(
                path,
                f"it is larger than {LARGEST_FILE} bytes",
                "remove what does not belong in a stack file",
            )
        text = data.decode()
    except StackFileError:
        raise
    except UnicodeDecodeError:
        raise _unusable(
            path, "it is not text in UTF-8", "save the file as plain text in UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "invalid name").lower()
        raise _unusable(
            path, f"the file cannot be read ({reason})", "check its name and its permissions"
        ) from None
    try:
        content = read_yaml(text)
    except YamlTextError as error:
        raise _unusable(path, error.message, error.remedy) from None
    if not isinstance(content, dict):
        raise _unusable(
            path,
            "the file is empty" if content is None else "the file has no mapping at its top",
            f"begin with 'config:' and, under it, '{PROJECT}:clusters:'",
        )
    return content


def _unusable(path: Path, message: str, remedy: str) -> StackFileError:
    return StackFileError(str(path), [Problem("file", message, remedy)])


def _unknown_top_key(key: str, path: Path) -> Problem:
    close = nearest(key, STACK_KEYS)
    if close:
        remedy = f"write '{close}'"
    elif key.startswith(f"{PROJECT}:") or key in _KNOWN:
        remedy = "indent it, so that it is under 'config:'"
    else:
        remedy = f"remove it; the keys at the top are {', '.join(STACK_KEYS)}"
    return Problem(step(key), f"unknown key {quoted(key)} at the top of the stack file", remedy)


def _odd_key(key: str) -> Problem:
    return Problem(
        join("config", step(key)),
        "this is not a configuration key",
        "write '<package>:<name>', with one colon",
    )


_KNOWN = tuple(field.alias or name for name, field in MeshConfig.model_fields.items())


def _validated(settings: Mapping[str, Any], origin: str, first: list[Problem]) -> MeshConfig:
    problems = list(first)
    usable: dict[str, Any] = {}
    for key, value in settings.items():
        if is_encrypted(value):
            problems.append(
                Problem(
                    step(key),
                    "the whole value is encrypted, so it can be neither reviewed nor validated",
                    "encrypt only the secrets in it, with `pulumi config set --secret --path`",
                )
            )
        elif value is not None or key not in _KNOWN:
            usable[key] = structured(value)
    if not usable.get("clusters") and not is_encrypted(settings.get("clusters")):
        usable.pop("clusters", None)
        problems.append(
            Problem(
                "clusters",
                "the stack file has no cluster",
                "write a name for each cluster and, under it, its context",
            )
        )
    several = split(usable.get("clusters"))
    if "clusters" in usable:
        usable["clusters"] = several.clusters
    outcome = validate(MeshConfig, usable, {"clusters": {}})
    outcome.problems[:0] = [*problems, *several.problems]
    for problem in several.problems:
        outcome.broken.add(problem.path)
    mesh = outcome.model
    if mesh is not None:
        places = outcome.places("links")
        links = dict(zip(places, mesh.links, strict=True))
        named = usable.get("clusters")
        if not named:
            outcome.broken.add("clusters")
        names = [str(name) for name in named] if isinstance(named, Mapping) else []
        for problem in cross_check(mesh.clusters, links, names):
            outcome.add(problem)
        for problem in issuance_fits(mesh.trust_anchor, mesh.clusters):
            outcome.add(problem)
        for problem in anchors_fit(mesh.trust_anchor, mesh.clusters):
            outcome.add(problem)
        for problem in values_fit(mesh):
            outcome.add(problem)
        for problem in releases_apart(mesh):
            outcome.add(problem)
    if outcome.problems or mesh is None:
        found = [several.placed(problem) for problem in outcome.problems]
        raise StackFileError(origin, _in_order(found, usable))
    return mesh


def _in_order(problems: list[Problem], settings: Mapping[str, Any]) -> list[Problem]:
    """Problems in the order of the pieces (clusters, links, …) that they are in."""
    order: dict[tuple[int | str, ...], int] = {}
    for key, value in settings.items():
        order[(key,)] = len(order)
        for inner in value if isinstance(value, dict) else range(_length(value)):
            order[(key, inner)] = len(order)

    def rank(problem: Problem) -> int:
        place = steps(problem.path)
        return order.get(place[:2], order.get(place[:1], -1))

    return sorted(problems, key=rank)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0
