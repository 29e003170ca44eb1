"""The Helm values that a control plane keeps in ConfigMap linkerd-config."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from yaml import YAMLError

from kube.answers import inner
from kube.documents import load
from vocabulary.kinds import Object


def values_of(found: Object | None) -> dict[str, Any]:
    """The values in this ConfigMap; empty where there are none that can be read."""
    return _parsed(str(inner(found, "data").get("values") or ""))


# Many checks ask for the values of the same ConfigMap, which are long.
@lru_cache(maxsize=32)
def _parsed(text: str) -> dict[str, Any]:
    try:
        values = load(text)
    except YAMLError:
        values = None
    return values if isinstance(values, dict) else {}
