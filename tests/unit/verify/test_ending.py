"""How a run of `./mesh verify` ends: what it made is deleted, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kube.at_once import Work
from verify import run
from verify.questions.plan import Plan
from verify.results import Outcome
from verify.session import Session

COMMAND = "kubectl delete namespace mesh-verify-abcde"


class Made(Session):
    """A session that made something; `clean` deletes it."""

    def __init__(self, left: list[str]) -> None:
        self.taken = False
        self.left = left

    @property
    def namespace(self) -> str:
        return "mesh-verify-abcde"

    def stop(self) -> None:
        pass

    def clean(self, seconds: float = 0.0) -> list[str]:
        self.taken = True
        return self.left

    def how_to_delete(self) -> list[str]:
        return [COMMAND]


def _ended(
    monkeypatch: pytest.MonkeyPatch,
    interruptions: int,
    *,
    interrupted: bool = False,
    left: tuple[str, ...] = (),
) -> tuple[bool, list[str]]:
    """Whether the run says that it was interrupted, and what it printed."""

    class Interrupted(Work[Any]):
        def __init__(self, do: Any) -> None:
            super().__init__(do)
            self.pending = interruptions

        def result(self) -> Any:
            if self.pending:
                self.pending -= 1
                raise KeyboardInterrupt
            return super().result()

    asked: Work[Outcome] = Work(lambda: Outcome(()))
    monkeypatch.setattr(run, "Work", Interrupted)
    said: list[str] = []
    session = Made(list(left))
    try:
        run.clean(session, asked, said.append, interrupted=interrupted)
    except KeyboardInterrupt:
        return True, said
    assert session.taken or interrupted
    return False, said


def test_a_run_that_nothing_interrupts_says_only_what_it_deletes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _ended(monkeypatch, 0) == (False, ["deleting namespace mesh-verify-abcde"])


def test_a_first_interruption_while_deleting_leaves_nothing_behind_and_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported, said = _ended(monkeypatch, 1)
    assert reported
    assert not any("left behind" in line for line in said)
    assert "Ctrl-C again" in said[-1]


@pytest.mark.parametrize(("interruptions", "before"), [(2, False), (1, True)])
def test_a_second_interruption_names_what_is_left_and_how_to_delete_it(
    monkeypatch: pytest.MonkeyPatch, interruptions: int, before: bool
) -> None:
    _, said = _ended(monkeypatch, interruptions, interrupted=before)
    assert any("left behind: interrupted" in line for line in said)
    assert COMMAND in said[-1]


def test_what_cannot_be_deleted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _, said = _ended(monkeypatch, 0, left=("namespace x in cluster a: forbidden",))
    assert "left behind: namespace x in cluster a: forbidden" in said


def test_after_an_interruption_a_session_reports_no_progress_any_more() -> None:
    said: list[str] = []
    clusters: Mapping[str, Any] = {}
    session = Session(Any, Plan("mesh-verify-abcde", ()), clusters, 1.0, said.append)  # type: ignore[arg-type]
    session.stop()
    session.ask()
    assert said == []
