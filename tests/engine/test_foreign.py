"""What others installed, under the real engine: Ambassadors are adopted, workloads are meshed.

The second preview is clean, the owners may go on changing what is theirs, and nothing is left
behind. One deployed stack serves all tests, which run in this order.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
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
from tests import adopted_ambassador, foreign_workloads
from tests.adopted_ambassador import NAMESPACE, RELEASE, installation, upgrade
from tests.engine.conftest import Stack
from tests.foreign_workloads import LONGHORN_MANAGER, WORKLOADS, Run, seen
from tests.integration.conftest import Clusters
from tests.integration.mesh_fixture import Tools

NAMES = ("source", "target")
KEY = f"{PROJECT}:clusters"


@dataclass
class Foreign:
    """Two clusters with Ambassadors of others, one with their workloads, and the stack in them."""

    stack: Stack
    helm: Run
    """Helm in the target."""
    kubectl: Mapping[str, Run]
    charts: Path
    before: dict[str, dict[str, Any]]

    def now(self) -> dict[str, dict[str, Any]]:
        """What the owners installed, in both clusters."""
        found = {name: dict(installation(kubectl)) for name, kubectl in self.kubectl.items()}
        return {**found, "workloads": self.workloads()}

    def workloads(self) -> dict[str, Any]:
        """The workloads of others in the source."""
        return dict(seen(self.kubectl["source"]))

    def changed(self, cluster: str, **values: Any) -> dict[str, Any]:
        """The stack's settings with other ones of a cluster."""
        content = copy.deepcopy(self.stack.content)
        content["config"][KEY][cluster].update(values)
        return content


@pytest.fixture(scope="module")
def foreign(
    engine: Engine, charts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Foreign]:
    """Clusters of this module's own, with what was installed without us."""
    directory = tmp_path_factory.mktemp("foreign")
    programs = ensure(["helm", "kubectl"])
    source, target = local_clusters.up(list(NAMES), directory=directory / "clusters")
    try:
        kubeconfig = local_clusters.merge_kubeconfigs([source, target], directory / "kubeconfig")
        tools = Tools(
            programs["helm"], programs["kubectl"], kubeconfig, {name: name for name in NAMES}
        )
        kubectl: dict[str, Run] = {name: partial(tools.kubectl_run, name) for name in NAMES}
        for name in NAMES:
            adopted_ambassador.install(partial(tools.helm_run, name), charts)
        foreign_workloads.install(kubectl["source"])
        stack = Stack(
            DemoStack(tmp_path_factory.mktemp("foreign-stack")),
            engine.having({"KUBECONFIG": str(kubeconfig), "MESH_CHARTS": str(charts)}),
            Clusters(source, target, kubeconfig),
            _content(),
        )
        made = Foreign(stack, partial(tools.helm_run, "target"), kubectl, charts, {})
        made.before = made.now()
        yield made
    finally:
        local_clusters.down(directory=directory / "clusters")


@pytest.fixture(scope="module")
def deployed(foreign: Foreign) -> Foreign:
    """The same, with the stack deployed."""
    foreign.stack.up().passed()
    return foreign


def _content() -> dict[str, Any]:
    """Both Ambassadors adopted, the target's as the gateway; workloads of the source meshed."""
    target = adopted_ambassador.settings("target")
    source = copy.deepcopy(target) | foreign_workloads.settings("source")
    del source["sample"], source["ambassador"]["gateway"], source["ambassador"]["hosts"]
    source["linkerd"] = {**source["linkerd"], "multicluster": {"createNamespaces": True}}
    exports = [{"namespace": "qotm", "service": "qotm-linkerd2"}]
    return {
        "config": {
            "kubernetes:strictMode": "true",
            "pulumi:disable-default-providers": ["*"],
            f"{PROJECT}:protection": {"trustAnchor": False, "crds": False},
            KEY: {"source": source, "target": target},
            f"{PROJECT}:links": [{"source": "source", "target": "target", "exports": exports}],
        }
    }


def test_an_account_that_the_ambassador_does_not_have_stops_the_run_before_anything_is_made(
    foreign: Foreign,
) -> None:
    adopted = foreign.stack.content["config"][KEY]["target"]["ambassador"]
    done = foreign.stack.up(
        foreign.changed("target", ambassador={**adopted, "serviceAccount": "another"})
    )
    assert done.code != 0
    assert f"clusters.target.ambassador.serviceAccount: {RELEASE}" in done.output
    assert "Traceback" not in done.output
    assert foreign.now() == foreign.before


def test_a_variable_with_valueFrom_stops_the_run_before_anything_is_created(
    foreign: Foreign,
) -> None:
    entry = {
        "kind": "DaemonSet",
        "namespace": "longhorn-system",
        "name": "longhorn-manager",
        "container": "longhorn-manager",
        "env": {"POD_IP": "0.0.0.0"},
    }
    done = foreign.stack.up(foreign.changed("source", meshed=[entry], jobs=[]))
    assert done.code != 0
    assert "valueFrom" in done.output
    assert "clusters.source.meshed[0].env.POD_IP" in done.output
    assert "Traceback" not in done.output
    assert foreign.now() == foreign.before


def test_an_adopted_ambassador_is_the_gateway_of_the_link(deployed: Foreign) -> None:
    link = deployed.stack.get(
        "source",
        "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links/target",
    )
    where = f"/api/v1/namespaces/{NAMESPACE}/services/{RELEASE}-linkerd-gateway"
    service = deployed.stack.get("target", where)
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert link["spec"]["gatewayAddress"] == address


def test_workloads_of_others_are_meshed_and_keep_what_they_have(deployed: Foreign) -> None:
    after, before = deployed.workloads(), deployed.before["workloads"]
    pods = after["DaemonSet longhorn-system/longhorn-manager"]["spec"]["template"]
    assert pods["metadata"]["annotations"] == {"linkerd.io/inject": "enabled"}
    manager = next(
        item for item in pods["spec"]["containers"] if item["name"] == LONGHORN_MANAGER["name"]
    )
    assert [item["name"] for item in manager["env"]] == [
        item["name"] for item in LONGHORN_MANAGER["env"]
    ]
    kibana = after["Kibana logging/kibana"]["spec"]["podTemplate"]
    assert kibana["spec"]["automountServiceAccountToken"] is True
    assert {name for name, was in before.items() if after[name] == was} == {
        f"Namespace {name}"
        for name in (
            *("longhorn-system", "logs", "velero", "traefik"),
            *("ingress-nginx", "data", "edge"),
        )
    }


def test_the_second_preview_is_clean(deployed: Foreign) -> None:
    assert deployed.stack.planned() == {}


def test_what_the_owners_change_is_nothing_that_a_preview_would_undo(deployed: Foreign) -> None:
    source = deployed.kubectl["source"]
    upgrade(deployed.helm, deployed.charts, replicaCount=2)
    source("scale", "deployment/velero", "-n", "velero", "--replicas=2")
    foreign_workloads.install(source, [item for item in WORKLOADS if item["kind"] == "DaemonSet"])
    assert deployed.stack.planned() == {}
    deployed.stack.pulumi("up", "--yes", "--skip-preview", "--refresh").passed()
    workload = installation(deployed.kubectl["target"])[f"Deployment {RELEASE}"]
    assert workload["spec"]["replicas"] == 2
    assert deployed.workloads()["Deployment velero/velero"]["spec"]["replicas"] == 2
    assert deployed.stack.planned() == {}
    source("scale", "deployment/velero", "-n", "velero", "--replicas=1")
    upgrade(deployed.helm, deployed.charts)


def test_another_value_of_a_variable_is_an_update_and_then_clean_again(deployed: Foreign) -> None:
    content = deployed.changed("source")
    meshed = content["config"][KEY]["source"]["meshed"]
    (entry,) = [item for item in meshed if item.get("env")]
    entry["env"] = {"LISTEN_ADDRESS": "::", "OTHER": "yes"}
    changes = {"source-meshed-statefulset-data.postgres": "update"}
    assert deployed.stack.planned(content) == changes
    deployed.stack.up(content).passed()
    pods = deployed.workloads()["StatefulSet data/postgres"]["spec"]["template"]["spec"]
    env = {item["name"]: item.get("value") for item in pods["containers"][0]["env"]}
    assert env == {"PGDATA": "/data", "LISTEN_ADDRESS": "::", "OTHER": "yes"}
    assert deployed.stack.planned(content) == {}


def test_what_is_not_there_yet_is_warned_of_and_not_made_and_a_variable_that_is_gone_goes(
    deployed: Foreign,
) -> None:
    entry = {"kind": "Deployment", "namespace": "data", "name": "later"}
    listed = deployed.stack.content["config"][KEY]["source"]["meshed"]
    content = deployed.changed("source", meshed=[*listed, entry])
    done = deployed.stack.up(content).passed()
    assert "has no Deployment data/later" in done.output
    found = deployed.kubectl["source"]("get", "deployments", "-n", "data", "-o", "json")
    assert json.loads(found)["items"] == []
    pods = deployed.workloads()["StatefulSet data/postgres"]["spec"]["template"]["spec"]
    assert "OTHER" not in [item["name"] for item in pods["containers"][0]["env"]]
    assert deployed.stack.planned(content) == {}


def test_destroying_the_stack_leaves_everything_as_it_was(deployed: Foreign) -> None:
    deployed.stack.pulumi("destroy", "--yes", "--skip-preview").passed()
    now, before = (json.dumps(one, sort_keys=True) for one in (deployed.now(), deployed.before))
    assert now == before
