"""What an interrupted update left is refused before anything changes, and named with its repair."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import MeshConfig
from config.core.cluster import ClusterConfig
from config.preconditions import expectations
from kube.helm import IN_A_CHANGE, newest_records, record_name
from preflight import ClusterError, Reach, examine
from preflight.interrupted import Unlisted
from tests.api_servers import CA_PEM, Answer, api_server, healthy, kubeconfig, written

Mesh = Callable[[str], MeshConfig]

UID = "01234567-89ab-4def-8123-456789abcdef"
ONE = "clusters: {a: {context: a}}"


def record(name: str, revision: int, status: str, namespace: str = "linkerd") -> dict[str, Any]:
    """Metadata of Helm's Secret for a revision."""
    labels = {"owner": "helm", "name": name, "version": str(revision), "status": status}
    return {
        "metadata": {
            "name": record_name(name, revision),
            "namespace": namespace,
            "labels": labels,
        }
    }


def having(
    *records: Mapping[str, Any], phase: str = "Active", message: str = "", status: int = 200
) -> Callable[[str], Answer]:
    """An API server with these records in namespace linkerd, whose phase is `phase`."""

    def respond(path: str) -> Answer:
        if path.startswith("/api/v1/namespaces/linkerd/secrets?"):
            return status, {"items": list(records)}
        if path == "/api/v1/namespaces/linkerd":
            left = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": message}
            idle = {"type": "NamespaceContentRemaining", "status": "False", "message": "nothing"}
            return 200, {"status": {"phase": phase, "conditions": [left, idle]}}
        return healthy(UID)(path)

    return respond


@pytest.fixture
def guard(
    mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[str], Answer]], Reach]:
    """The guard of a stack file with one cluster, asked of a server."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    config = mesh(ONE)

    def ask(respond: Callable[[str], Answer]) -> Reach:
        with api_server(respond) as server:
            written(kubeconfig({"a": server.url}, {"token": "x"}, CA_PEM), tmp_path / "kubeconfig")
            return examine(config.clusters, {"a": expectations(config, "a")}, deadline=30)["a"]

    return ask


Guard = Callable[[Callable[[str], Answer]], Reach]


@pytest.mark.parametrize("status", sorted(IN_A_CHANGE))
def test_a_release_in_an_interrupted_change_is_refused_with_the_verb_that_repairs_it(
    guard: Guard, status: str
) -> None:
    older = record("linkerd-control-plane", 1, "deployed")
    with pytest.raises(ClusterError) as raised:
        guard(having(record("linkerd-control-plane", 2, status), older))
    (problem,) = raised.value.problems
    assert f"release linkerd/linkerd-control-plane is stuck in {status}" in problem.message
    assert "./mesh recover STACK" in problem.remedy


def test_a_later_revision_that_is_deployed_ends_an_interruption(guard: Guard) -> None:
    found = guard(
        having(
            record("linkerd-control-plane", 9, "pending-upgrade"),
            record("linkerd-control-plane", 10, "deployed"),
        )
    )
    assert found.notes == ()


def test_releases_of_other_owners_are_not_read(guard: Guard) -> None:
    assert guard(having(record("prometheus", 1, "pending-install"))).notes == ()


def test_a_failed_release_is_a_warning_because_the_update_may_repair_it(guard: Guard) -> None:
    (note,) = guard(having(record("linkerd-crds", 1, "failed"))).notes
    assert "linkerd/linkerd-crds failed" in note


def test_records_that_may_not_be_read_are_a_warning(guard: Guard) -> None:
    (note,) = guard(having(status=403)).notes
    assert "namespace linkerd" in note
    assert "may not list Secrets" in note


def test_a_namespace_in_deletion_is_refused_with_what_remains_in_it(guard: Guard) -> None:
    with pytest.raises(ClusterError) as raised:
        guard(having(phase="Terminating", message="Some resources have finalizers: x/y"))
    (problem,) = raised.value.problems
    assert "namespace 'linkerd' is being deleted" in problem.message
    assert "x/y" in problem.message
    assert "nothing" not in problem.message
    assert "kubectl get namespace linkerd" in problem.remedy


def test_releases_that_do_not_exist_are_learned(guard: Guard) -> None:
    found = guard(having(record("linkerd-crds", 1, "deployed")))
    assert found.absent_releases == {("linkerd", "linkerd-control-plane")}


CRDS = ("linkerd", "linkerd-crds")


@pytest.mark.parametrize(
    ("absent", "records", "missed"),
    [
        ({CRDS}, (), True),
        ({CRDS}, (record("linkerd-crds", 1, "deployed"),), False),
        # What existed before the run has been compared already.
        (set(), (), False),
    ],
)
def test_a_release_of_the_state_that_the_cluster_lacks_is_reported(
    absent: set[tuple[str, str]], records: tuple[dict[str, Any], ...], missed: bool
) -> None:
    with api_server(having(*records)) as server:
        cluster = ClusterConfig(kubeconfig=json.dumps(kubeconfig({"a": server.url})))
        reason = Unlisted({"a": cluster}, {"a": frozenset(absent)})("a", *CRDS)
    assert (reason is not None) is missed
    assert reason is None or "./mesh recover STACK" in reason


@given(st.dictionaries(st.integers(1, 120), st.sampled_from(sorted(IN_A_CHANGE)), min_size=1))
def test_the_newest_revision_decides_whatever_order_the_records_come_in(
    states: dict[int, str],
) -> None:
    found = newest_records(record("a", number, state) for number, state in states.items())
    newest = found["linkerd", "a"]
    assert (newest.revision, newest.status) == (max(states), states[max(states)])
    assert newest.secret == f"sh.helm.release.v1.a.v{max(states)}"
