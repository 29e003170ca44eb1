"""Adopting an Ambassador under the real engine: a clean second preview, and nothing left behind."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import local_clusters
from cli.demo.stack import DemoStack
from cli.engine.engine import Engine
from config import PROJECT
from machine.build import ensure
from tests.adopted_ambassador import (
    NAMESPACE,
    RELEASE,
    Run,
    install,
    installation,
    settings,
    upgrade,
)
from tests.engine.conftest import Stack
from tests.integration.conftest import Clusters
from tests.integration.mesh_fixture import Tools

NAMES = ("source", "target")


@dataclass
class Adoption:
    """Two clusters with foreign Ambassadors, and the stack that adopts them."""

    stack: Stack
    helm: Run
    kubectl: dict[str, Run]
    charts: Path
    before: dict[str, dict[str, dict[str, Any]]]

    def installations(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What is in Ambassador's namespace, in both clusters."""
        return {name: installation(kubectl) for name, kubectl in self.kubectl.items()}


@pytest.fixture(scope="module")
def adoption(
    engine: Engine, charts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Adoption]:
    """Clusters of this module's own, each with an Ambassador that was installed without us."""
    directory = tmp_path_factory.mktemp("adoption")
    programs = ensure(["helm", "kubectl"])
    source, target = local_clusters.up(list(NAMES), directory=directory / "clusters")
    try:
        kubeconfig = local_clusters.merge_kubeconfigs([source, target], directory / "kubeconfig")
        tools = Tools(
            programs["helm"], programs["kubectl"], kubeconfig, {name: name for name in NAMES}
        )
        kubectl: dict[str, Run] = {name: partial(tools.kubectl_run, name) for name in NAMES}
        for name in NAMES:
            install(partial(tools.helm_run, name), charts)
        before = {name: installation(run) for name, run in kubectl.items()}
        stack = Stack(
            DemoStack(tmp_path_factory.mktemp("adoption-stack")),
            engine.having(
                {
                    "KUBECONFIG": str(kubeconfig),
                    "MESH_CHARTS": str(charts),
                }
            ),
            Clusters(source, target, kubeconfig),
            _content(),
        )
        yield Adoption(stack, partial(tools.helm_run, "target"), kubectl, charts, before)
    finally:
        local_clusters.down(directory=directory / "clusters")


def _content() -> dict[str, Any]:
    """Both Ambassadors adopted; the source's only meshed, the target's the gateway."""
    target = settings("target")
    source = copy.deepcopy(target)
    source["context"] = "source"
    del source["sample"], source["ambassador"]["gateway"], source["ambassador"]["hosts"]
    source["linkerd"] = {"multicluster": {"createNamespaces": True}}
    return {
        "config": {
            "kubernetes:strictMode": "true",
            "pulumi:disable-default-providers": ["*"],
            f"{PROJECT}:protection": {"trustAnchor": False, "crds": False},
            f"{PROJECT}:clusters": {"source": source, "target": target},
            f"{PROJECT}:links": [
                {
                    "source": "source",
                    "target": "target",
                    "exports": [{"namespace": "qotm", "service": "qotm-linkerd2"}],
                }
            ],
        }
    }


def test_an_account_that_the_ambassador_does_not_have_stops_the_run_before_anything_is_made(
    adoption: Adoption,
) -> None:
    content = copy.deepcopy(adoption.stack.content)
    content["config"][f"{PROJECT}:clusters"]["target"]["ambassador"]["serviceAccount"] = "another"
    done = adoption.stack.up(content)
    assert done.code != 0
    assert f"clusters.target.ambassador.serviceAccount: {RELEASE}" in done.output
    assert "Traceback" not in done.output
    assert adoption.installations() == adoption.before


def test_adopted_ambassadors_join_the_mesh_and_the_second_preview_is_clean(
    adoption: Adoption,
) -> None:
    adoption.stack.up().passed()
    link = adoption.stack.get(
        "source",
        "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links/target",
    )
    where = f"/api/v1/namespaces/{NAMESPACE}/services/{RELEASE}-linkerd-gateway"
    service = adoption.stack.get("target", where)
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert link["spec"]["gatewayAddress"] == address
    assert adoption.stack.planned() == {}


def test_an_upgrade_by_the_owner_is_nothing_that_a_preview_would_undo(
    adoption: Adoption,
) -> None:
    upgrade(adoption.helm, adoption.charts, replicaCount=2)
    assert adoption.stack.planned() == {}
    refreshed = adoption.stack.pulumi("up", "--yes", "--skip-preview", "--refresh").passed()
    assert refreshed.output
    workload = installation(adoption.kubectl["target"])[f"Deployment {RELEASE}"]
    assert workload["spec"]["replicas"] == 2
    assert adoption.stack.planned() == {}
    upgrade(adoption.helm, adoption.charts)


def test_destroying_the_stack_leaves_the_installations_as_they_were(adoption: Adoption) -> None:
    adoption.stack.pulumi("destroy", "--yes", "--skip-preview").passed()
    assert json.dumps(adoption.installations(), sort_keys=True) == json.dumps(
        adoption.before, sort_keys=True
    )
