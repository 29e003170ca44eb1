"""Between the engine's messages and plain Python data.

The SDK's own decoding turns every number into a float and spreads a secret over the whole
top-level property; here whole numbers are integers and every secret keeps its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import rpc

Path = tuple[str | int, ...]

_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig


def decoded(message: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[Path]]:
    """The properties of a message, secrets laid open, and the paths where they lay."""
    secrets: set[Path] = set()
    plain = {key: _plain(value, (key,), secrets) for key, value in message.fields.items()}
    return plain, frozenset(secrets)


def encoded(properties: Mapping[str, Any], secrets: Collection[str] = ()) -> struct_pb2.Struct:
    """A message with these properties; those named in `secrets` are marked as secret."""
    message = struct_pb2.Struct()
    message.update(
        {
            key: {_SIGNATURE: _SECRET, "value": value} if key in secrets else value
            for key, value in properties.items()
        }
    )
    return message


def _plain(value: struct_pb2.Value, path: Path, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
            secrets.add(path)
            return _plain(fields["value"], path, secrets)
        return {key: _plain(inner, (*path, key), secrets) for key, inner in fields.items()}
    if kind == "list_value":
        return [
            _plain(inner, (*path, index), secrets)
            for index, inner in enumerate(value.list_value.values)
        ]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind in ("string_value", "bool_value"):
        return getattr(value, kind)
    return None
