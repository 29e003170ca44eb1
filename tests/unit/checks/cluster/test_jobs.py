"""Jobs that a proxy keeps from ending."""

from __future__ import annotations

from typing import Any

import pytest

from checks.cluster import jobs
from checks.facts.results import Finding, Status
from config import load_settings
from tests.unit.checks.builders import cluster_case, failures, node, of, pod, view

TITLE = "Jobs in shop complete"
OLD: dict[str, Any] = {"values": {"proxy": {"nativeSidecar": False}}}


def seen(*objects: dict[str, Any], linkerd: dict[str, Any] | None = None) -> list[Finding]:
    west = {
        "context": "west",
        "linkerd": OLD if linkerd is None else linkerd,
        "meshed": [{"kind": "Namespace", "name": "shop"}],
    }
    config = load_settings({"clusters": {"west": west}}, "test")
    return list(jobs.jobs(cluster_case(view(*objects), config)))


def of_job(states: dict[str, str], *, job: bool = True) -> dict[str, Any]:
    made = pod("nightly-1-x", "shop", *states)
    made["status"]["containerStatuses"] = [
        {"name": name, "state": {state: {}}} for name, state in states.items()
    ]
    if job:
        made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "nightly-1"}]
    return made


HANGS = of_job({"main": "terminated", "linkerd-proxy": "running"})


def test_a_job_of_which_the_proxy_alone_still_runs_hangs() -> None:
    found = seen(HANGS)
    assert failures(found) == [TITLE]
    assert "nightly-1-x" in of(found, TITLE).detail
    assert "kubectl -n shop delete job nightly-1`" in of(found, TITLE).hint


@pytest.mark.parametrize(
    "states",
    [
        {"main": "running", "linkerd-proxy": "running"},
        {"main": "terminated", "second": "running", "linkerd-proxy": "running"},
        {"main": "terminated", "linkerd-proxy": "terminated"},
        # A native sidecar is one of the init containers.
        {"main": "terminated"},
        {"linkerd-proxy": "running"},
    ],
)
def test_a_job_that_works_or_has_ended_does_not_hang(states: dict[str, str]) -> None:
    assert of(seen(of_job(states)), TITLE).status is Status.OK


def test_pods_of_no_job_are_not_checked() -> None:
    states = {"main": "terminated", "linkerd-proxy": "running"}
    assert seen(of_job(states, job=False)) == []


@pytest.mark.parametrize(
    ("linkerd", "remedy"),
    [
        (OLD, "clusters.west.linkerd.values.proxy.nativeSidecar: true"),
        ({}, "made from now on have native sidecars"),
        ({"version": "2.8.1"}, "treatment: opt-out"),
    ],
    ids=["ordinary containers", "native sidecars", "2.8"],
)
def test_the_remedy_is_that_of_the_version(linkerd: dict[str, Any], remedy: str) -> None:
    assert remedy in of(seen(HANGS, linkerd=linkerd), TITLE).hint


def test_in_a_simulated_cluster_jobs_are_reported_as_simulated() -> None:
    states = {"main": "running", "linkerd-proxy": "running"}
    found = of(seen(of_job(states), node(kwok=True)), TITLE)
    assert found.status is Status.SKIPPED
    assert "simulated" in found.detail
