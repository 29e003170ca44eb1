"""A mesh whose old pods still answer for new ones that never became ready is not proven."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts.results import Status
from checks.facts.view import ServedKind, View
from config import load_settings
from verify.questions.rollouts import rollouts
from vocabulary.kinds import DEPLOYMENT

MESH = load_settings({"clusters": {"a": {"context": "a", "ambassador": {}}}}, "test")


def deployment(name: str, space: str, spec: dict[str, Any], **status: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": space, "generation": 2},
        "spec": spec,
        "status": {"observedGeneration": 2, **status},
    }


def view(*objects: dict[str, Any]) -> View:
    served = {DEPLOYMENT: ServedKind({"v1": "deployments"}, True)}
    return View("a", objects=objects, served=served)


@pytest.mark.parametrize(
    ("spec", "status", "detail"),
    [
        ({}, {"updatedReplicas": 1, "availableReplicas": 1}, ""),
        ({"replicas": 0}, {}, ""),
        (
            # A surge: the new pod exists, and only the old one is available.
            {"replicas": 1},
            {"updatedReplicas": 1, "availableReplicas": 1, "unavailableReplicas": 1},
            "1 of its new pods are not available",
        ),
        (
            {"replicas": 3},
            {"updatedReplicas": 1, "availableReplicas": 3},
            "1 of 3 pods are updated",
        ),
        (
            {"replicas": 2},
            {"updatedReplicas": 2, "availableReplicas": 1},
            "1 of 2 pods are available",
        ),
        (
            {},
            {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1},
            "its latest generation is not observed yet",
        ),
    ],
)
def test_a_deployment_that_is_not_rolled_out_fails(
    spec: dict[str, Any], status: dict[str, int], detail: str
) -> None:
    for space in ("linkerd", "linkerd-multicluster", "ambassador"):
        (found,) = rollouts(MESH, {"a": view(deployment("one", space, spec, **status))})
        assert found.detail == detail
        assert (found.status is Status.OK) == (detail == "")
        assert f"{space}/one" in found.title


def test_what_cannot_be_listed_is_skipped_and_what_is_elsewhere_is_not_checked() -> None:
    hidden = View("a", unseen={(DEPLOYMENT, "linkerd"): "not allowed (status 403)"})
    found = list(rollouts(MESH, {"a": hidden}))
    assert [one.status for one in found] == [Status.SKIPPED]
    assert "403" in found[0].detail
    other = deployment("web", "shop", {"replicas": 3})
    assert list(rollouts(MESH, {"a": view(other)})) == []
