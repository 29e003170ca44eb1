"""When an object is ready, so that what depends on it can be applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from vocabulary import kinds

Ready = Callable[[Mapping[str, Any]], bool]
"""Whether an object, as the API server has it, is ready."""


class Condition(NamedTuple):
    """What to wait for."""

    what: str
    """Its name, as a message continues after "waited … s for"."""
    met: Ready


def condition_of(kind: str) -> Condition | None:
    """What to wait for after an object of this kind was applied; None where it is ready at once."""
    return _CONDITIONS.get(kind)


def _established(crd: Mapping[str, Any]) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def _available(workload: Mapping[str, Any]) -> bool:
    spec, status = workload["spec"], workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(
            status.get("numberAvailable", 0) >= wanted == status.get("updatedNumberScheduled", 0)
        )
    wanted = spec.get("replicas", 1)
    return bool(
        status.get("availableReplicas", 0) >= wanted and status.get("updatedReplicas", 0) >= wanted
    )


_PODS = Condition("available pods", _available)
_CONDITIONS = {
    kinds.CRD.name: Condition("to be established", _established),
    kinds.DEPLOYMENT.name: _PODS,
    kinds.DAEMON_SET.name: _PODS,
    kinds.STATEFUL_SET.name: _PODS,
}
