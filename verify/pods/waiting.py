"""Why one of our pods is not ready, as its status says. Pure.

`checks` looks at the pods of the mesh in more detail; these are ours, and short-lived.
"""

from __future__ import annotations

from typing import Any

from vocabulary.kinds import Object


def ready(pod: Object) -> bool:
    """Whether all of a pod is ready."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def why_not(pod: Object) -> str:
    """Container, reason and exit code of a pod that is not ready."""
    status = pod.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(key) or []:
            said = _container(one)
            if said:
                return said
    for one in status.get("conditions") or []:
        if one.get("status") == "False" and one.get("message"):
            return str(one["message"])[:300]
    return f"it is {status.get('phase', 'not scheduled yet')}"


def unready_container(pod: Object) -> str | None:
    """The first container that runs and is not ready, or ended."""
    status = pod.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(key) or []:
            if _container(one):
                return str(one.get("name"))
    return None


def _container(one: dict[str, Any]) -> str | None:
    name, state = one.get("name"), one.get("state") or {}
    last = ((one.get("lastState") or {}).get("terminated")) or {}
    if "waiting" in state:
        reason = state["waiting"].get("reason") or "waiting"
        if reason == "PodInitializing":
            return None
        message = str(state["waiting"].get("message") or "")[:200]
        code = f", exit code {last['exitCode']}" if "exitCode" in last else ""
        return f"container {name}: {reason}{code}" + (f" ({message})" if message else "")
    ended = state.get("terminated") or {}
    if ended and ended.get("exitCode", 0) != 0:
        return f"container {name}: {ended.get('reason')}, exit code {ended['exitCode']}"
    if "running" in state and not one.get("ready") and one.get("started") is not None:
        code = f", exit code {last['exitCode']} before" if "exitCode" in last else ""
        return f"container {name} runs and is not ready{code}"
    return None
