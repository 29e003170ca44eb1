"""Meshing what others installed, under the real engine: a clean second preview, nothing left."""

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
from tests.engine.conftest import Stack
from tests.foreign_workloads import LONGHORN_MANAGER, WORKLOADS, Run, install, seen, settings
from tests.integration.conftest import Clusters
from tests.integration.mesh_fixture import Tools

CLUSTER = "meshed"
KEY = f"{PROJECT}:clusters"


@dataclass
class Foreign:
    """A cluster with other people's workloads, and the stack that meshes them."""

    stack: Stack
    kubectl: Run
    before: dict[str, Any]

    def changed(self, **values: Any) -> dict[str, Any]:
        """The stack's settings with other ones of the cluster."""
        content = copy.deepcopy(self.stack.content)
        content["config"][KEY][CLUSTER].update(values)
        return content


@pytest.fixture(scope="module")
def foreign(
    engine: Engine, charts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Foreign]:
    """A cluster of this module's own with what its owners installed without us."""
    directory = tmp_path_factory.mktemp("meshed")
    programs = ensure(["helm", "kubectl"])
    (cluster,) = local_clusters.up([CLUSTER], directory=directory / "clusters")
    kubeconfig = local_clusters.merge_kubeconfigs([cluster], directory / "kubeconfig")
    tools = Tools(programs["helm"], programs["kubectl"], kubeconfig, {CLUSTER: CLUSTER})
    kubectl: Run = partial(tools.kubectl_run, CLUSTER)
    install(kubectl)
    stack = Stack(
        DemoStack(tmp_path_factory.mktemp("meshed-stack")),
        engine.having(
            {
                "KUBECONFIG": str(kubeconfig),
                "MESH_CHARTS": str(charts),
            }
        ),
        Clusters(cluster, cluster, kubeconfig),
        {
            "config": {
                "kubernetes:strictMode": "true",
                "pulumi:disable-default-providers": ["*"],
                f"{PROJECT}:protection": {"trustAnchor": False, "crds": False},
                KEY: {CLUSTER: settings(CLUSTER)},
            }
        },
    )
    yield Foreign(stack, kubectl, seen(kubectl))
    local_clusters.down(directory=directory / "clusters")


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
    done = foreign.stack.up(foreign.changed(meshed=[entry], jobs=[]))
    assert done.code != 0
    assert "valueFrom" in done.output
    assert "clusters.meshed.meshed[0].env.POD_IP" in done.output
    assert "Traceback" not in done.output
    assert seen(foreign.kubectl) == foreign.before


def test_what_others_installed_is_meshed_and_the_second_preview_is_clean(
    foreign: Foreign,
) -> None:
    foreign.stack.up().passed()
    after = seen(foreign.kubectl)
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
    assert {name for name, was in foreign.before.items() if after[name] == was} == {
        f"Namespace {name}"
        for name in (
            *("longhorn-system", "logs", "velero", "traefik"),
            *("ingress-nginx", "data", "edge"),
        )
    }
    assert foreign.stack.planned() == {}


def test_what_its_owner_changes_is_nothing_that_a_preview_would_undo(foreign: Foreign) -> None:
    foreign.kubectl("scale", "deployment/velero", "-n", "velero", "--replicas=2")
    install(foreign.kubectl, [item for item in WORKLOADS if item["kind"] == "DaemonSet"])
    assert foreign.stack.planned() == {}
    foreign.stack.pulumi("up", "--yes", "--skip-preview", "--refresh").passed()
    assert foreign.stack.planned() == {}
    foreign.kubectl("scale", "deployment/velero", "-n", "velero", "--replicas=1")


def test_another_value_of_a_variable_is_an_update_and_then_clean_again(foreign: Foreign) -> None:
    content = foreign.changed()
    meshed = content["config"][KEY][CLUSTER]["meshed"]
    (entry,) = [item for item in meshed if item.get("env")]
    entry["env"] = {"LISTEN_ADDRESS": "::", "OTHER": "yes"}
    assert foreign.stack.planned(content) == {"meshed-meshed-statefulset-data.postgres": "update"}
    foreign.stack.up(content).passed()
    pods = seen(foreign.kubectl)["StatefulSet data/postgres"]["spec"]["template"]["spec"]
    env = {item["name"]: item.get("value") for item in pods["containers"][0]["env"]}
    assert env == {"PGDATA": "/data", "LISTEN_ADDRESS": "::", "OTHER": "yes"}
    assert foreign.stack.planned(content) == {}
    foreign.stack.up().passed()
    pods = seen(foreign.kubectl)["StatefulSet data/postgres"]["spec"]["template"]["spec"]
    assert "OTHER" not in [item["name"] for item in pods["containers"][0]["env"]]


def test_what_is_not_there_yet_is_warned_of_and_not_made(foreign: Foreign) -> None:
    name = "later"
    entry = {"kind": "Deployment", "namespace": "data", "name": name}
    listed = foreign.stack.content["config"][KEY][CLUSTER]["meshed"]
    content = foreign.changed(meshed=[*listed, entry])
    done = foreign.stack.up(content).passed()
    assert f"has no Deployment data/{name}" in done.output
    found = foreign.kubectl("get", "deployments", "-n", "data", "-o", "json")
    assert json.loads(found)["items"] == []
    assert foreign.stack.planned(content) == {}


def test_destroying_the_stack_leaves_everything_as_it_was(foreign: Foreign) -> None:
    foreign.stack.pulumi("destroy", "--yes", "--skip-preview").passed()
    assert json.dumps(seen(foreign.kubectl), sort_keys=True) == json.dumps(
        foreign.before, sort_keys=True
    )
