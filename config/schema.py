"""The JSON Schema of a stack file, for editors; generated from the models.

``python -m config.schema`` writes it to ``stacks/stack.schema.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.loader import PROJECT
from config.mesh import MeshConfig

SCHEMA_FILE = Path(__file__).resolve().parent.parent / "stacks" / "stack.schema.json"
"""Where the schema is kept."""


def stack_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``Pulumi.<stack>.yaml``."""
    model = MeshConfig.model_json_schema(by_alias=True)
    settings = {f"{PROJECT}:{key}": value for key, value in model["properties"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Stack file of {PROJECT}",
        "type": "object",
        "properties": {
            "secretsprovider": {"type": "string"},
            "encryptedkey": {"type": "string"},
            "encryptionsalt": {"type": "string"},
            "environment": {},
            "config": {
                "type": "object",
                "properties": settings,
                "required": [f"{PROJECT}:{key}" for key in model["required"]],
                "patternProperties": {
                    f"^(?!{PROJECT}:)[^:]+:": {"description": "Another package's setting."}
                },
                "additionalProperties": False,
            },
        },
        "required": ["config"],
        "$defs": model["$defs"],
    }


def schema_text() -> str:
    """The schema as it is written to the file."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
