"""Shapes of Helm values that several charts share."""

from __future__ import annotations

from collections.abc import Sequence

from config.inventory.values.merging import Values
from config.language.model import PullSecret, Resources


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
