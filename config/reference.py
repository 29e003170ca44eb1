"""The reference of the stack file, for people; generated from the models.

``python -m config.reference`` writes it to ``docs/stack-file.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.schema import stack_schema

REFERENCE_FILE = Path(__file__).resolve().parent.parent / "docs" / "stack-file.md"
"""Where the reference is kept."""

_HEAD = """\
# The stack file

`stacks/Pulumi.<stack>.yaml` describes the clusters of one environment and the links between them.
Below, every key with its default and its meaning; `<name>` stands for a name of your own, `[]` for
the entries of a list. In the file, each key of the first level has the prefix
`linkerd-ambassador-mesh:`. `./mesh validate <stack>` says what is wrong with a file, and
[`stacks/stack.schema.json`](../stacks/stack.schema.json) tells an editor the same.

This page is generated: `.venv/bin/python -m config.reference` writes it anew.
"""


def reference_text() -> str:
    """The reference as Markdown."""
    schema = stack_schema()
    settings = schema["properties"]["config"]["properties"]
    parts = [_HEAD]
    for key, value in settings.items():
        name = key.partition(":")[2]
        rows = list(_rows(name, value, schema["$defs"]))
        parts.append(f"## {name}\n")
        parts.append("| key | default | meaning |\n|---|---|---|")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _rows(path: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    default = schema.get("default", "")
    shown = f"`{_brief(default)}`" if "default" in schema and default is not None else ""
    meaning = " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
    choices = _choices(schema, definitions)
    if choices:
        meaning += f" One of {choices}."
    yield f"| `{path}` | {shown} | {meaning.replace('``', '`')} |"
    for inner_path, inner in _inside(path, schema, definitions):
        yield from _rows(inner_path, inner, definitions)


def _inside(
    path: str, schema: dict[str, Any], definitions: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = _resolved(schema, definitions)
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}", value
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _inside(f"{path}[]", items, definitions)
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield from _inside(f"{path}.<name>", more, definitions)


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, behind a reference or the one alternative to null."""
    for _ in range(8):
        options = [item for item in schema.get("anyOf", []) if item.get("type") != "null"]
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rpartition("/")[2]]
        elif len(options) == 1:
            schema = options[0]
        else:
            break
    return schema


def _choices(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    values = _resolved(schema, definitions).get("enum", [])
    return ", ".join(f"`{value}`" for value in values)


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_brief(item) for item in value) + "]"
    if isinstance(value, dict):
        inner = ", ".join(
            f"{key}: {_brief(item)}" for key, item in value.items() if item not in (None, {}, [])
        )
        return "{" + inner + "}" if len(inner) < 90 else "{…}"
    return str(value)


if __name__ == "__main__":
    REFERENCE_FILE.write_text(reference_text(), encoding="utf-8")
