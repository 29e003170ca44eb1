"""Placeholders in rendered objects for values that only a cluster or the engine knows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from config.language.model import UNREADABLE_SECRET

UNKNOWN = "known-after-deployment"
"""For values that only a running cluster knows."""

UNSIGNED = "signed at deployment: the stack file holds the anchor's private key encrypted\n"
"""For a certificate whose signer only the engine can decrypt."""

PLACEHOLDERS = (UNKNOWN, UNSIGNED.strip(), UNREADABLE_SECRET)
"""All of them; the last is for values that the stack file has encrypted."""


def has_placeholder(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest has a placeholder, in plain text or in base64."""
    return any(
        placeholder in form
        for text in leaves(manifest)
        for form in (text, from_base64(text) or "")
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


def from_base64(text: str) -> str | None:
    """The text that `text` is the base64 of; None where it is not."""
    if len(text) % 4:
        return None
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
