"""`./mesh sweep`: what it lists, asks, deletes and reports."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from checks.links.leftovers import Leftover
from cli.commands import app
from lifecycle.orphans import find as finding
from lifecycle.orphans.find import Found
from vocabulary.kinds import SERVICE

LEFT = Found({"source": [Leftover(SERVICE, "shop", "web-gone", "no link to gone")]}, {})


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """What was deleted, in place of a deletion; what is found is the first item."""
    given = [LEFT]
    monkeypatch.setattr(finding, "find", lambda mesh: given[0])

    def delete(mesh: object, found: Found) -> list[str]:
        given.append(found)
        return []

    monkeypatch.setattr(finding, "delete", delete)
    return given


def test_what_is_left_over_is_listed_and_deleted_after_the_answer(swept: list[Found]) -> None:
    done = CliRunner().invoke(app, ["sweep", "local"], input="y\n")
    assert done.exit_code == 0
    assert "source: Service shop/web-gone: no link to gone" in done.output
    assert swept[1:] == [LEFT]


def test_nothing_is_deleted_without_the_answer(swept: list[Found]) -> None:
    done = CliRunner().invoke(app, ["sweep", "local"], input="n\n")
    assert done.exit_code == 1
    assert swept[1:] == []


def test_a_cluster_that_was_not_read_is_no_success(swept: list[Found]) -> None:
    swept[0] = Found({}, {"target": "the API server refuses connections"})
    done = CliRunner().invoke(app, ["sweep", "local"])
    assert done.exit_code == 1
    assert "target was not read: the API server refuses connections" in done.output
    assert "nothing is left over" not in done.output
