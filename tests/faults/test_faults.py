"""Runs that are killed, and API servers that fail, in the short form; `python -m tests.faults` has
the long one.

The tests run in this order: from empty clusters to empty ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import checks
from config import load_stack_file
from tests.faults.kills import Kill, Phase, Result, heal, phases, suffer
from tests.faults.world import World


@pytest.fixture(scope="module")
def empty(made: World) -> Iterator[Result]:
    """The clusters and the state before anything was deployed."""
    made.stack.prepare(made.engine, made.content)
    yield Result.of(made)


def test_an_update_that_is_killed_is_completed_by_recover(
    made: World, empty: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, *_ = phases(made)
    found = suffer(made, Kill(up, 40, "both", "after"), empty)
    assert found.hit
    assert found.way == "recover"
    # All that is deployed differs from the empty clusters, but nothing is there twice.
    assert not [one for one in found.troubles if not one.startswith("+ ")]
    monkeypatch.setenv("KUBECONFIG", made.engine.environment["KUBECONFIG"])
    report = checks.run(load_stack_file(made.stack.stack_file))
    assert [one for one in report.results if one.status is checks.Status.FAILURE] == []


def test_a_release_that_is_stuck_is_refused_although_a_refresh_would_pass(made: World) -> None:
    """A provider that dies in an upgrade leaves the release pending, and the Deployments old."""
    changed = made.with_anchors("root", "next", signer="root")
    process = made.start(changed, "up", "--yes", "--skip-preview")
    _kill_in_upgrade(made, process.pid)
    made.ended(process)
    refused = made.run(changed, "up", "--yes", "--skip-preview", "--refresh")
    assert refused.code != 0
    assert re.search(r"release \S+ is stuck in pending-upgrade", refused.output)
    assert "./mesh recover STACK" in refused.output
    way, ended = heal(made, Phase("anchor added", "up", changed))
    assert (way, ended.code) == ("recover", 0), ended.output
    assert [one for one in Result.of(made).objects if "pending" in one] == []


def test_a_deletion_that_is_killed_leaves_nothing_after_recover(made: World, empty: Result) -> None:
    destroy = phases(made)[-1]
    found = suffer(made, Kill(destroy, 12, "both", "after"), empty)
    assert found.hit
    kept = [one for one in found.troubles if "gateway.networking.k8s.io" not in one]
    assert kept == []


def _kill_in_upgrade(made: World, engine: int) -> None:
    """Kill the providers when Helm has recorded an upgrade, before its objects change."""
    from tests.faults.world import kill

    def heard(_: int, what: str) -> bool:
        if what.startswith("POST") and what.endswith("/namespaces/linkerd/secrets"):
            made.proxies["source"].after = lambda number, what: False
            kill(engine, "providers")
        return False

    made.proxies["source"].after = heard
