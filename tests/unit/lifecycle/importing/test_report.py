"""What the preview after an import would do, in lines."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.importing.owners import Refusal
from lifecycle.importing.report import Report, report

URN = "urn:pulumi:s::p::pkg:Link$kubernetes:core/v1:Secret::west-token"


def step(operation: str, name: str = "west-token", **more: Any) -> dict[str, Any]:
    return {"op": operation, "urn": URN.replace("west-token", name), **more}


def test_a_preview_without_changes_is_complete() -> None:
    found = report({"steps": [step("same"), step("read")], "changeSummary": {"same": 41}})
    assert found.complete
    assert list(found.lines()) == ["41 resources are as the stack file describes them"]


def test_what_differs_is_listed_with_the_fields_and_is_no_reason_to_stop() -> None:
    found = report({"steps": [step("update", detailedDiff={"spec.b": {}, "spec.a": {}})]})
    assert found.complete
    assert "  Secret west-token (spec.a, spec.b)" in list(found.lines())


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        ("create", "created"),
        ("delete", "deleted"),
        ("replace", "replaced"),
        ("create-replacement", "replaced"),
        ("delete-replaced", "replaced"),
        ("import", "import"),
    ],
)
def test_any_other_change_makes_an_import_incomplete(operation: str, word: str) -> None:
    found = report({"steps": [step(operation), step("update", "other")]})
    assert not found.complete
    lines = list(found.lines())
    place = lines.index("  Secret west-token")
    assert word in lines[place - 1]


def test_a_replacement_is_listed_once() -> None:
    steps = [step(name) for name in ("create-replacement", "replace", "delete-replaced")]
    assert [line for line in report({"steps": steps}).lines() if "west-token" in line] == [
        "  Secret west-token"
    ]


def test_what_is_refused_is_listed_with_its_remedy() -> None:
    refusal = Refusal("west", "Secret shop/tls", "has another owner", "`do this`")
    found = Report(0, refused=(refusal,))
    assert not found.complete
    (line, remedy) = list(found.lines())[-2:]
    assert "west: Secret shop/tls has another owner" in line
    assert remedy.strip() == "`do this`"
