"""Runs that are killed, API servers that fail and credentials that end, in the short form; the long
ones are `python -m tests.faults` and `python -m tests.faults --servers`.

The tests run in this order: from empty clusters to empty ones.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from machine.build import ensure
from tests.faults.credentials import end_issuer, end_link_token, with_revoked_token
from tests.faults.documented import (
    ELSEWHERE,
    EXPIRED_ISSUER,
    LOST,
    NOT_PINNED,
    REFUSED_LINK,
    REVOKED,
    SILENT,
    failures,
    looked,
    settled,
)
from tests.faults.kills import Kill, Phase, Result, heal, phases, suffer
from tests.faults.world import TARGET, World


@pytest.fixture(scope="module")
def empty(made: World) -> Iterator[Result]:
    """The clusters and the state before anything was deployed."""
    made.stack.prepare(made.engine, made.content)
    yield Result.of(made)


@pytest.mark.parametrize("fault", ["frozen", "wrong UID", "revoked token"])
def test_a_cluster_that_cannot_be_used_is_refused_with_the_documented_error(
    made: World, fault: str
) -> None:
    content, world = made.content, made
    if fault == "wrong UID":
        content = made.with_cluster(TARGET, uid=ELSEWHERE)
    if fault == "revoked token":
        world = with_revoked_token(made)
    if fault == "frozen":
        made.proxies[TARGET].frozen.set()
    try:
        said, _ = looked(world, content)
    finally:
        made.proxies[TARGET].frozen.clear()
    wanted = {"frozen": SILENT, "wrong UID": NOT_PINNED, "revoked token": REVOKED}
    assert re.search(rf"cluster '{TARGET}' .*{wanted[fault]}", said)
    assert "cluster 'source'" not in said


def test_an_update_that_is_killed_is_completed_by_recover(made: World, empty: Result) -> None:
    up, *_ = phases(made)
    found = suffer(made, Kill(up, 40, "both", "after"), empty)
    assert found.hit
    assert found.way == "recover"
    # All that is deployed differs from the empty clusters, but nothing is there twice.
    assert not [one for one in found.troubles if not one.startswith("+ ")]
    # A field of a killed run conflicts with the next change.
    assert not [one for one in found.troubles if "has fields of" in one]
    assert settled(made, made.content) == []


def test_a_release_that_is_stuck_is_refused_although_a_refresh_would_pass(made: World) -> None:
    """A provider that dies in an upgrade leaves the release pending, and the Deployments old."""
    changed = made.with_anchors("root", "next", signer="root")
    process = made.start(changed, "up", "--yes", "--skip-preview")
    _kill_in_upgrade(made, process.pid)
    made.ended(process)
    refused = made.run(changed, "up", "--yes", "--skip-preview", "--refresh")
    assert refused.code != 0
    stuck = re.search(r"release \S+ is stuck in pending-upgrade", refused.output)
    assert stuck, refused.output
    assert "./mesh recover STACK" in refused.output
    found = [one for one in failures(made, changed) if "pending-upgrade" in one]
    assert found
    for ended in (made.recover(changed), made.up(changed)):
        assert ended.code == 0, ended.output
    assert [one for one in Result.of(made).objects if "pending" in one] == []


def test_an_update_whose_api_server_stops_fails_with_the_documented_error_and_is_completed(
    made: World,
) -> None:
    target = made.proxies[TARGET]

    def stop(number: int, what: str) -> bool:
        target.refusing.set()
        return True

    made.restart()
    target.before = stop
    failed = made.up(made.content)
    target.before = lambda number, what: False
    target.refusing.clear()
    assert failed.code != 0
    assert re.search(LOST, failed.output)
    _, ended = heal(made, Phase("anchor removed", "up", made.content))
    assert ended.code == 0, ended.output
    assert settled(made, made.content) == []


def test_a_release_that_only_the_state_has_fails_an_update_until_recover(made: World) -> None:
    """Helm deletes the record of a release although the deletion of one of its objects failed."""
    before = Result.of(made)
    options = ("--kubeconfig", made.clusters["source"].kubeconfig, "--namespace", "ambassador")
    command = (ensure(["helm"])["helm"], *options, "uninstall", "ambassador")
    subprocess.run(command, check=True, capture_output=True)
    failed = made.up(made.content)
    assert failed.code != 0
    assert "release ambassador/ambassador is in the state, but does not exist" in failed.output
    for ended in (made.recover(made.content), made.up(made.content)):
        assert ended.code == 0, ended.output
    assert before.differences(Result.of(made)) == []


def test_credentials_that_ended_are_reported_by_check(made: World) -> None:
    end_issuer(made)
    end_link_token(made)
    found = "\n".join(failures(made, made.content))
    assert re.search(f"{TARGET}: {EXPIRED_ISSUER}", found)
    assert re.search(REFUSED_LINK, found)


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
