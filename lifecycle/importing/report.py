"""What `./mesh import` found, for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.facts.results import Status
from checks.run.printing import MARKS
from lifecycle.importing.messages import name_of, type_of
from lifecycle.importing.owners import Refusal

_KEPT = ("same", "read", "refresh")
_EXISTS = "update"


@dataclass(frozen=True)
class Report:
    """What a preview after the import would do, and what cannot be imported."""

    same: int
    """How many resources are as the stack file describes them."""
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Resources that the next update changes, by what it does to them, in the words of Pulumi."""
    refused: tuple[Refusal, ...] = ()
    """What exists and cannot be imported as it is."""

    @property
    def complete(self) -> bool:
        """Whether the next update creates, replaces and deletes nothing."""
        return not self.refused and set(self.changes) <= {_EXISTS}

    def lines(self) -> Iterator[str]:
        """The report, line by line."""
        yield f"{self.same} resources are as the stack file describes them"
        for operation, resources in self.changes.items():
            yield f"{len(resources)} {_MEANING.get(operation, f'would be changed ({operation})')}:"
            yield from (f"  {item}" for item in resources)
        for item in self.refused:
            yield f"{MARKS[Status.FAILURE]} {item.cluster}: {item.what} {item.message}"
            yield f"    {item.remedy}"


_MEANING = {
    "create": "do not exist and would be created",
    _EXISTS: "exist, differ and would be updated",
    "replace": "exist, differ and would be replaced",
    "delete": "would be deleted",
}


def report(preview: Mapping[str, Any]) -> Report:
    """The report on a preview, as Pulumi prints it in JSON."""
    changes: dict[str, dict[str, None]] = {}
    for step in preview.get("steps") or ():
        operation, urn = str(step["op"]), str(step["urn"])
        if operation in _KEPT:
            continue
        # Pulumi splits a replacement into three steps.
        plain = "replace" if "replace" in operation else operation
        fields = ", ".join(sorted({*(step.get("detailedDiff") or {})}))
        shown = f"{type_of(urn).rpartition(':')[2]} {name_of(urn)}"
        changes.setdefault(plain, {})[f"{shown} ({fields})" if fields else shown] = None
    same = int((preview.get("changeSummary") or {}).get("same", 0))
    return Report(same, {key: tuple(found) for key, found in changes.items()})
