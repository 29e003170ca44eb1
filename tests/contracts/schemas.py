"""Write the fields of Ambassador's objects from published CRDs, for `config/variants/crds`.

``python -m tests.contracts.schemas emissary-4=FILE emissary-3=FILE ambassador-6=FILE`` reads a file
of CRDs for each release line, as `helm template` renders its chart of CRDs (with
``enableLegacyVersions`` and ``enableV1``), or as its folder ``crds`` has them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from config.variants.crds import FILE, KINDS

Fields = Any


def fields_of(schema: Mapping[str, Any], known: Fields = None) -> Fields:
    """A schema in the short form of `config.variants.crds`.

    The CRDs of later releases leave out fields of v2 that have several types, and keep what is
    unknown; `known` is the same object in the CRDs of Ambassador 1.14, which have them.
    """
    if "oneOf" in schema:
        kinds = {item.get("type") for item in schema["oneOf"]}
        return " or ".join(sorted(kind for kind in kinds if kind))
    if "enum" in schema:
        return "=" + "|".join(str(item) for item in schema["enum"])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        legacy = known if isinstance(known, dict) else {}
        found = {
            name: fields_of(inner, legacy.get(name)) for name, inner in schema["properties"].items()
        }
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            found = {**legacy, **found}
        return dict(sorted(found.items()))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return {"*": fields_of(schema["additionalProperties"])}
    if kind == "array":
        return [fields_of(schema.get("items", {}))]
    return kind if kind in ("string", "integer", "boolean") else known or "any"


def rows(files: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    """Fields by release line, kind and version; equal ones share a row."""
    found: dict[tuple[str, str, str], Fields] = {}
    for line, file in sorted(files.items()):
        for crd in yaml.safe_load_all(file.read_text()):
            kind = crd["spec"]["names"]["kind"] if crd and "names" in crd.get("spec", {}) else ""
            for version in crd["spec"]["versions"] if kind in KINDS else ():
                place = version.get("schema") or crd["spec"]["validation"]
                spec = place["openAPIV3Schema"]["properties"]["spec"]
                old = None
                if version["name"] != "v3alpha1":
                    old = found.get(("ambassador-6", kind, "v2"))
                found[line, kind, version["name"]] = fields_of(spec, old)
    together: dict[str, dict[str, Any]] = {}
    for (line, kind, version), fields in sorted(found.items(), reverse=True):
        row = {"kind": kind, "fields": fields}
        of = together.setdefault(json.dumps(row), {"of": [], **row})["of"]
        of.append(f"{line}/{version}")
    yield from together.values()


if __name__ == "__main__":
    given = dict(item.split("=", 1) for item in sys.argv[1:])
    lines = [json.dumps(row) for row in rows({line: Path(file) for line, file in given.items()})]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")
