"""Properties in the engine's messages: read and written with their secrets marked."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import rpc

_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig


def name_of(urn: str) -> str:
    """Logical name of a resource."""
    return urn.rpartition("::")[2]


def type_of(urn: str) -> str:
    """Type of a resource, without those of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def opened(value: Any) -> Any:
    """A value without its mark as secret."""
    fields = value.struct_value.fields
    # Looking up a missing field would add it.
    if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
        return fields["value"]
    return value


def secret(value: Any) -> Any:
    """A value, marked as secret."""
    marked = struct_pb2.Value()
    marked.struct_value.fields[_SIGNATURE].string_value = _SECRET
    marked.struct_value.fields["value"].CopyFrom(opened(value))
    return marked


def put(properties: Any, texts: dict[str, str]) -> None:
    """Write texts over those properties that exist; a secret stays one."""
    for key in texts.keys() & properties.fields.keys():
        opened(properties.fields[key]).string_value = texts[key]


def as_found(asked: Any, found: Any) -> Any:
    """The value `found`, with the marks of `asked` where both are equal.

    Whatever differs is marked as secret: only the program knows what is none.
    """
    plain = opened(asked) if asked is not None else None
    if plain is None or not (plain.HasField("struct_value") and found.HasField("struct_value")):
        same = plain is not None and plain == found
        return asked if same else secret(found)
    merged = struct_pb2.Value()
    for key, value in found.struct_value.fields.items():
        of = plain.struct_value.fields.get(key, None)
        merged.struct_value.fields[key].CopyFrom(as_found(of, value))
    # A mapping without keys is a mapping too.
    merged.struct_value.SetInParent()
    return merged if plain is asked else secret(merged)
