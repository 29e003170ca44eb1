"""The Helm values that a control plane keeps in ConfigMap linkerd-config."""

from __future__ import annotations

from typing import Any

import yaml

from kube.answers import inner
from vocabulary.kinds import Object


def values_of(found: Object | None) -> dict[str, Any]:
    """The values in this ConfigMap; empty where there are none that can be read."""
    try:
        values = yaml.safe_load(str(inner(found, "data").get("values") or ""))
    except yaml.YAMLError:
        values = None
    return values if isinstance(values, dict) else {}
