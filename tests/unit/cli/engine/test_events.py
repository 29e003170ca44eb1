"""What the engine's events become on the screen and in an error."""

from __future__ import annotations

from typing import Any

from pulumi.automation import EngineEvent

from cli.engine.events import Events

STACK = "urn:pulumi:local::linkerd-ambassador-mesh::"


class Shown:
    """Keeps what is shown, by whether a log has it too."""

    def __init__(self) -> None:
        self.lasting: list[str] = []
        self.passing: list[str] = []

    def update(self, text: str, *, lasting: bool = True) -> None:
        (self.lasting if lasting else self.passing).append(text)


def step(kind: str, op: str, type_: str, name: str) -> dict[str, Any]:
    return {kind: {"metadata": {"op": op, "urn": f"{STACK}{type_}::{name}", "type": type_}}}


def error(message: str, urn: str = "", severity: str = "error") -> dict[str, Any]:
    return {"diagnosticEvent": {"message": message, "severity": severity, "urn": urn, "color": ""}}


def heard(*events: dict[str, Any]) -> tuple[Events, Shown]:
    shown = Shown()
    found = Events(shown)
    for number, event in enumerate(events):
        found.hear(EngineEvent.from_json({"sequence": number, "timestamp": 0, **event}))
    return found, shown


NAMESPACE = ("kubernetes:core/v1:Namespace", "source-namespace")
RELEASE = ("mesh:Linkerd$kubernetes:helm.sh/v3:Release", "source-crds")


def test_a_change_is_shown_when_it_begins_and_counted_when_it_ends() -> None:
    _, shown = heard(
        step("resourcePreEvent", "create", *NAMESPACE),
        step("resourcePreEvent", "update", *RELEASE),
        step("resOutputsEvent", "update", *RELEASE),
        step("resOutputsEvent", "create", *NAMESPACE),
    )
    assert shown.passing == ["create Namespace source-namespace", "update Release source-crds"]
    assert shown.lasting == [
        "1 updated Release source-crds",
        "2 created Namespace source-namespace",
    ]


def test_what_does_not_change_is_not_shown() -> None:
    _, shown = heard(
        step("resourcePreEvent", "same", *NAMESPACE),
        step("resOutputsEvent", "same", *NAMESPACE),
        step("resOutputsEvent", "read", *RELEASE),
    )
    assert (shown.passing, shown.lasting) == ([], [])


def test_a_component_whose_outputs_come_later_is_counted_once() -> None:
    _, shown = heard(*[step("resOutputsEvent", "create", *NAMESPACE)] * 2)
    assert len(shown.lasting) == 1


def test_errors_are_kept_with_their_resource_without_colours_and_once() -> None:
    urn = f"{STACK}{RELEASE[0]}::{RELEASE[1]}"
    coloured = "<{%fg 1%}>chart not found<{%reset%}>\n"
    found, _ = heard(
        error("a note", urn, "warning"),
        error(coloured, urn),
        error(coloured, urn),
        error("update failed"),
        error(" \n"),
    )
    assert found.errors == ["Release source-crds: chart not found", "update failed"]


def test_the_summary_is_shown_in_the_end() -> None:
    _, shown = heard({"summaryEvent": {"resourceChanges": {"create": 2, "same": 1}}})
    assert shown.lasting == ["2 created, 1 unchanged"]
