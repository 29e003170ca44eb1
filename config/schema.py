"""The JSON Schema of a stack file, for editors; generated from the models.

``python -m config.schema`` writes it to ``stacks/stack.schema.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.core.mesh import MeshConfig
from config.load import PROJECT, STACK_KEYS

SCHEMA_FILE = Path(__file__).resolve().parent.parent / "stacks" / "stack.schema.json"
"""File of the schema."""


def stack_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``Pulumi.<stack>.yaml``."""
    model = MeshConfig.model_json_schema(by_alias=True)
    settings = {key: _top(value) for key, value in model["properties"].items()}
    # The engine accepts the project's keys with and without the project's name before them.
    prefixed = {f"{PROJECT}:{key}": value for key, value in settings.items()}
    path = f"#/properties/config/properties/{PROJECT}"
    short = {f"^{key}$": {"$ref": f"{path}:{key}", "deprecated": True} for key in settings}
    settings["clusters"]["minProperties"] = 1
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Stack file of {PROJECT}",
        "description": "Content of Pulumi.<stack>.yaml: clusters, and the links between them.",
        "type": "object",
        "properties": {
            **{key: _PULUMI_KEYS[key] for key in STACK_KEYS if key != "config"},
            "config": {
                "description": "Settings; those of this project, and of other packages.",
                "type": "object",
                "properties": prefixed,
                "anyOf": [
                    {"required": [f"{space}{key}" for key in model["required"]]}
                    for space in (f"{PROJECT}:", "")
                ],
                "patternProperties": {
                    **short,
                    f"^(?!{PROJECT}:)[^:]+:(config:)?[^:]+$": {
                        "description": "Another package's setting."
                    },
                },
                "additionalProperties": False,
            },
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": model["$defs"],
    }
    _name_keys(schema)
    return schema


def _name_keys(schema: Any) -> None:
    """Use `propertyNames` for mappings whose names all have one form."""
    if isinstance(schema, dict):
        patterns = schema.get("patternProperties", {})
        if len(patterns) == 1 and "properties" not in schema:
            [(pattern, value)] = patterns.items()
            del schema["patternProperties"]
            schema["propertyNames"] = {"pattern": pattern}
            schema["additionalProperties"] = value
        for inner in schema.values():
            _name_keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _name_keys(inner)


_PULUMI_KEYS: dict[str, dict[str, Any]] = {
    "secretsprovider": {
        "description": "Secrets provider that encrypts the secrets of this stack.",
        "type": "string",
    },
    "encryptedkey": {
        "description": "Key of the secrets, itself encrypted by a cloud's key service.",
        "type": "string",
    },
    "encryptionsalt": {
        "description": "Salt and check value for the passphrase of the secrets.",
        "type": "string",
    },
    "environment": {"description": "Pulumi ESC environments that this stack imports."},
}


def _top(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a key at the top, as `pulumi config set` writes it: numbers as texts."""
    if field.get("type") != "integer":
        return field
    number = {key: field[key] for key in ("type", "minimum", "maximum")}
    rest = {key: value for key, value in field.items() if key not in number}
    return {**rest, "anyOf": [number, {"type": "string", "pattern": "^[0-9]+$"}]}


def schema_text() -> str:
    """The schema as it is written to the file."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
