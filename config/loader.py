"""From the text of a stack file, or what the engine made of it, to validated models."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.base import Model
from config.cluster import ClusterConfig
from config.cross_checks import cross_check
from config.link import LinkConfig
from config.mesh import MeshConfig
from config.problems import Problem, StackFileError

M = TypeVar("M", bound=Model)

PROJECT = "linkerd-ambassador-mesh"
"""Name of the Pulumi project; the prefix of its configuration keys."""


def load_stack_file(path: Path) -> MeshConfig:
    """The validated content of ``Pulumi.<stack>.yaml``.

    Raises StackFileError with every problem in it. Encrypted values are not looked into.
    """
    return load_settings(read_settings(path), str(path))


def read_settings(path: Path) -> dict[str, Any]:
    """The project's own configuration keys in a stack file, prefix removed.

    Raises StackFileError where the file cannot be read as a stack file.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not UTF-8"
        raise _unusable(path, f"the file cannot be read ({reason})", "check its name") from None
    except yaml.YAMLError as error:
        raise _unusable(path, f"this is not YAML: {_where(error)}", "mend the syntax") from None
    except RecursionError:
        raise _unusable(path, "it is nested too deeply", "write it without aliases") from None
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise _unusable(
            path,
            "there is no mapping 'config' at the top",
            f"begin with 'config:' and, below it, '{PROJECT}:clusters:'",
        )
    settings: dict[str, Any] = {}
    for key, value in content["config"].items():
        space, colon, name = str(key).rpartition(":")
        if not colon or space == PROJECT:
            settings[name] = value
    return settings


def load_settings(settings: Mapping[str, Any], origin: str) -> MeshConfig:
    """The validated model of the project's configuration keys.

    `settings` maps keys without prefix to plain data; `origin` is named in the error. Raises
    StackFileError with every problem.
    """
    problems: list[Problem] = []
    raw_clusters, raw_links = settings.get("clusters"), settings.get("links", [])
    clusters: dict[str, ClusterConfig] = {}
    links: dict[int, LinkConfig] = {}
    names: list[str] = []
    if "clusters" not in settings or raw_clusters is None or raw_clusters == {}:
        problems.append(
            Problem(
                "clusters",
                "no cluster is described",
                "add 'clusters:' with a name and a context for each cluster",
            )
        )
    elif not isinstance(raw_clusters, dict):
        problems.append(_not_a("clusters", raw_clusters, "mapping from name to cluster"))
    else:
        for name, value in raw_clusters.items():
            names.append(str(name))
            problems.extend(_check_cluster_name(name))
            cluster = _part(ClusterConfig, value, f"clusters.{name}", problems)
            if cluster is not None:
                clusters[str(name)] = cluster
    if raw_links is None:
        raw_links = []
    if not isinstance(raw_links, list):
        problems.append(_not_a("links", raw_links, "list of links"))
    else:
        for index, value in enumerate(raw_links):
            link = _part(LinkConfig, value, f"links[{index}]", problems)
            if link is not None:
                links[index] = link
    rest = {key: value for key, value in settings.items() if key not in ("clusters", "links")}
    mesh = _part(MeshConfig, {"clusters": {}, **rest}, "", problems)
    if isinstance(raw_clusters, dict):
        problems.extend(cross_check(clusters, links, names))
    if problems or mesh is None:
        raise StackFileError(origin, problems)
    return mesh.model_copy(update={"clusters": clusters, "links": tuple(links.values())})


def _check_cluster_name(name: Any) -> Iterator[Problem]:
    try:
        LinkConfig.model_validate({"source": name, "target": "-"})
    except ValidationError as error:
        for detail in error.errors():
            if detail["loc"] == ("source",):
                yield Problem(
                    f"clusters.{name}",
                    "its name is not a DNS label",
                    "write at most 63 lower-case letters, digits and '-', in quotes where YAML "
                    "would read a number",
                )
    if len(str(name)) > 30:
        yield Problem(
            f"clusters.{name}",
            f"its name has {len(str(name))} characters, and names of Secrets, controllers and "
            "mirrored Services are made from it",
            "write at most 30 characters",
        )


def _part(model: type[M], value: Any, prefix: str, problems: list[Problem]) -> M | None:
    if not isinstance(value, Mapping):
        problems.append(_not_a(prefix, value, "mapping"))
        return None
    if not all(isinstance(key, str) for key in value):
        odd = next(key for key in value if not isinstance(key, str))
        problems.append(
            Problem(_join(prefix, str(odd)), "this key is not a text", "put the key in quotes")
        )
        return None
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        problems.extend(_problem(detail, model, prefix) for detail in error.errors())
        return None


def _problem(detail: ErrorDetails, model: type[Model], prefix: str) -> Problem:
    location = [part for part in detail["loc"] if not _is_marker(part)]
    path = _path(prefix, location)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "stack_file":
        return Problem(path, str(context["what"]), str(context["remedy"]))
    if kind == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
        remedy = (
            f"write '{close[0]}'"
            if close
            else f"leave it out, or write one of: {known_list(known)}"
        )
        return Problem(path, "this key is not known", remedy)
    if kind == "missing":
        return Problem(path, "this key is missing", f"add '{location[-1]}'")
    if kind == "literal_error":
        return Problem(
            path, "this value is not one of those possible", f"write {context['expected']}"
        )
    if kind in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return Problem(path, "a mapping is expected here", "write keys below it, each with a value")
    if kind in ("tuple_type", "list_type"):
        return Problem(path, "a list is expected here", "write each entry on a line with '- '")
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    return Problem(path, message, _REMEDIES.get(kind, "write a value that fits"))


_REMEDIES = {
    "string_type": "write a text, in quotes where YAML would read a number or true/false",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number without quotes",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "greater_than_equal": "write a larger number",
    "less_than_equal": "write a smaller number",
    "too_short": "add an entry, or leave the key out to have the default",
    "string_too_short": "write a text that is not empty",
    "string_pattern_mismatch": "write a value of that form",
}


def known_list(keys: Sequence[str]) -> str:
    """Keys for a message."""
    return ", ".join(keys) if keys else "none (no keys are known here)"


def _is_marker(part: int | str) -> bool:
    # pydantic adds the names of validators and union members to the location.
    return isinstance(part, str) and ("[" in part or part in ("str", "nullable"))


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or current is None:
            continue
        field = next((f for f in current.model_fields.values() if f.alias == part), None)
        current = _model_in(field.annotation) if field is not None else None
    if current is None:
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, tuple, list):
        for inner in get_args(annotation):
            found = _model_in(inner)
            if found is not None:
                return found
    return None


def _path(prefix: str, location: Sequence[int | str]) -> str:
    path = prefix
    for part in location:
        path = f"{path}[{part}]" if isinstance(part, int) else _join(path, part)
    return path or "config"


def _join(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key


def _not_a(path: str, value: Any, what: str) -> Problem:
    found = {dict: "a mapping", list: "a list", str: "a text", type(None): "nothing"}.get(
        type(value), f"{type(value).__name__}"
    )
    return Problem(path, f"{found} stands where a {what} is expected", f"write a {what}")


def _unusable(path: Path, message: str, remedy: str) -> StackFileError:
    return StackFileError(str(path), [Problem("config", message, remedy)])


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or "it cannot be read"
    return f"{text} (line {mark.line + 1}, column {mark.column + 1})" if mark else str(text)


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, which YAML forbids and PyYAML lets pass."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            try:
                doubled = key in seen
                seen.add(key)
            except TypeError:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is not a plain value", key_node.start_mark
                ) from None
            if doubled:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
        return super().construct_mapping(node, deep)
