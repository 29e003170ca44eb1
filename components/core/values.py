"""Helm values: how they are merged, and the shapes that several charts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.language.model import PullSecret, Resources

Values = dict[str, Any]


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Values:
    """`ours` overridden by `theirs`: mappings are merged, all else is replaced."""
    result = dict(ours)
    for key, value in theirs.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merged(mine, value)
        else:
            result[key] = value
    return result


def nested(values: Values, keys: Sequence[str]) -> Values:
    """`values` below `keys`, the outermost first."""
    for key in reversed(keys):
        values = {key: values}
    return values


def linkerd_resources(resources: Resources) -> Values:
    """Requests and limits as Linkerd's charts have them; those not given are left out."""
    result: Values = {}
    for kind, key, value in (
        ("cpu", "request", resources.cpu_request),
        ("cpu", "limit", resources.cpu_limit),
        ("memory", "request", resources.memory_request),
        ("memory", "limit", resources.memory_limit),
    ):
        if value is not None:
            result.setdefault(kind, {})[key] = value
    return result


def kubernetes_resources(resources: Resources) -> Values:
    """Requests and limits as a container has them; those not given are left out."""
    result: Values = {}
    for key, kind, value in (
        ("requests", "cpu", resources.cpu_request),
        ("limits", "cpu", resources.cpu_limit),
        ("requests", "memory", resources.memory_request),
        ("limits", "memory", resources.memory_limit),
    ):
        if value is not None:
            result.setdefault(key, {})[kind] = value
    return result


def pull_secret_names(secrets: Sequence[PullSecret]) -> list[Values]:
    """Logins for registries as charts have them."""
    return [{"name": secret.name} for secret in secrets]


def ha_resources(cpu: str, memory_limit: str, memory_request: str) -> Values:
    """Resources of one part of Linkerd in its HA profile, which limits no CPU."""
    return {
        "cpu": {"limit": "", "request": cpu},
        "memory": {"limit": memory_limit, "request": memory_request},
    }
