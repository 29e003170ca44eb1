"""What an API server answered, looked into without trusting its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def inner(value: Any, *keys: str) -> dict[str, Any]:
    """The mapping below `keys`; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def items(value: Any, *keys: str) -> list[dict[str, Any]]:
    """The mappings in the list below `keys`; empty where there is no list."""
    *path, last = keys
    found = inner(value, *path).get(last)
    return (
        [dict(one) for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    )
