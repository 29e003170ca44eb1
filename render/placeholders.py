"""What stands in rendered objects where a value cannot be known offline."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from config.language.model import UNREADABLE_SECRET

UNKNOWN = "known-after-deployment"
"""Stands wherever only a running cluster knows the value."""

UNSIGNED = "signed at deployment: the stack file holds the anchor's private key encrypted\n"
"""Stands for a certificate whose signer only the engine can decrypt."""

PLACEHOLDERS = (UNKNOWN, UNSIGNED.strip(), UNREADABLE_SECRET)
"""All of them; the last stands for what the stack file holds encrypted."""


def has_placeholder(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest, or what it holds in base64, is not all that it will be."""
    return any(
        placeholder in form
        for text in leaves(manifest)
        for form in (text, _decoded(text))
        for placeholder in PLACEHOLDERS
    )


def leaves(value: Any) -> Iterator[str]:
    """Every text within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)


def _decoded(text: str) -> str:
    if len(text) % 4 or len(text) < 8:
        return ""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
