"""The engine's events as progress and as the reason of a failure.

Facts: pulumi ``sdk/go/common/apitype/events.go``: a `ResourcePreEvent` comes before a step, a
`ResOutputsEvent` after it; texts have colour directives such as ``<{%fg 1%}>``.
"""

from __future__ import annotations

import re
from typing import Protocol

from pulumi.automation import EngineEvent, OpType

_DONE = {
    OpType.CREATE: "created",
    OpType.UPDATE: "updated",
    OpType.DELETE: "deleted",
    OpType.CREATE_REPLACEMENT: "created the replacement of",
    OpType.DELETE_REPLACED: "deleted the replaced",
    OpType.IMPORT: "imported",
}
_SUMMARY = {**_DONE, OpType.SAME: "unchanged"}
_PLANNED = {
    OpType.CREATE: "to create",
    OpType.UPDATE: "to update",
    OpType.DELETE: "to delete",
    OpType.REPLACE: "to replace",
    OpType.IMPORT: "to import",
    OpType.SAME: "unchanged",
}
_COLOUR = re.compile(r"<\{%.*?%\}>")


class Shown(Protocol):
    """Where progress is shown."""

    def update(self, text: str, *, lasting: bool = True) -> None:
        """Show a line; `lasting` says whether a log keeps it."""
        ...


class Events:
    """Shows every change of a resource and the summary of an update, and keeps its errors.

    Of a `preview` it shows the summary alone.
    """

    def __init__(self, shown: Shown | None = None, *, preview: bool = False) -> None:
        self._shown = shown
        self._preview = preview
        self._done: dict[tuple[str, OpType], None] = {}
        self.errors: list[str] = []
        """Errors of resources and of the program, each once, in the order of the engine."""
        self.planned: dict[str, OpType] = {}
        """What changes, or would change in a preview, by the URN of the resource."""
        self.urns: list[str] = []
        """URNs of all resources that the program declares."""

    def hear(self, event: EngineEvent) -> None:
        """Process one event."""
        if event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            if step.op is not OpType.DELETE and step.urn not in self.urns:
                self.urns.append(step.urn)
            if step.op in _DONE:
                self.planned[step.urn] = step.op
            if step.op in _DONE and not self._preview:
                self._show(f"{step.op.value} {_resource(step.urn)}", lasting=False)
        elif event.res_outputs_event is not None:
            step = event.res_outputs_event.metadata
            # A component's outputs come as an event of their own.
            first = (step.urn, step.op) not in self._done
            if step.op in _DONE and first and not self._preview:
                self._done[step.urn, step.op] = None
                self._show(f"{len(self._done)} {_DONE[step.op]} {_resource(step.urn)}")
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            about = event.diagnostic_event
            text = _COLOUR.sub("", about.message).strip()
            whole = f"{_resource(about.urn)}: {text}" if about.urn else text
            if text and whole not in self.errors:
                self.errors.append(whole)
        elif event.summary_event is not None:
            counts = event.summary_event.resource_changes.items()
            names = _PLANNED if self._preview else _SUMMARY
            self._show(", ".join(f"{number} {names.get(op, op)}" for op, number in counts))

    def _show(self, text: str, *, lasting: bool = True) -> None:
        if self._shown is not None:
            self._shown.update(text, lasting=lasting)


def _resource(urn: str) -> str:
    """Kind and logical name of a resource, for example ``Namespace source-namespace``."""
    parts = urn.split("::")
    return f"{parts[2].rpartition(':')[2]} {parts[3]}" if len(parts) >= 4 else urn
