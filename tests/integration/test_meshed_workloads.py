"""Meshing what others installed, on a real API server, and giving it back.

Without an engine: what the program declares is applied as the engine's provider does it, by
server-side apply under the patches' own field manager. With the real engine, the same is tried in
tests/engine/test_foreign.py.
"""

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
from charts import ChartSource
from config import MeshConfig, load_settings
from config.ambassador.adoption import FIELD_MANAGER
from config.platform.recipes import RECIPES, WorkloadRef
from config.preconditions import expectations
from machine.build import ensure
from preflight import ClusterError, Reach, examine
from render import ClusterAnswers, RenderedObject, manifests, record
from tests.foreign_workloads import WORKLOADS, Run, cron_job, install, ref, seen, settings
from tests.integration.mesh_fixture import Tools, _Marker

pytestmark = pytest.mark.clusters

CLUSTER = "meshed-alone"


@dataclass
class Foreign:
    """A cluster with other people's workloads, as they were."""

    kubectl: Run
    before: dict[str, Any]

    def config(self, **values: Any) -> MeshConfig:
        """The settings, with other ones of the cluster."""
        return load_settings({"clusters": {CLUSTER: {**settings(CLUSTER), **values}}}, "meshed")

    def look(self, config: MeshConfig) -> Reach:
        """What the guard says."""
        return examine(config.clusters, {CLUSTER: expectations(config, CLUSTER)})[CLUSTER]

    def patches(self, config: MeshConfig) -> list[RenderedObject]:
        """What the program patches."""
        charts = ChartSource(None, config.charts)
        recording = record(
            config, {CLUSTER: self.look(config)}, charts, ClusterAnswers.placeholders()
        )
        return [item for item in manifests(recording, _Marker())[CLUSTER] if item.patch]

    def apply(self, thing: Any) -> None:
        """What the provider does with a patch."""
        command = ("apply", "--server-side", "--field-manager", FIELD_MANAGER, "-f", "-")
        self.kubectl(*command, stdin=json.dumps(thing))

    def give_back(self, patch: RenderedObject) -> None:
        """What the provider does when a patch is deleted."""
        metadata = patch.object["metadata"]
        kept = {key: metadata[key] for key in ("name", "namespace") if metadata.get(key)}
        whole = {key: patch.object[key] for key in ("apiVersion", "kind")}
        self.apply({**whole, "metadata": kept})


@pytest.fixture(scope="module")
def foreign(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Foreign]:
    """A cluster of this module's own with what its owners installed without us."""
    directory = tmp_path_factory.mktemp("meshed")
    programs = ensure(["helm", "kubectl"])
    (cluster,) = local_clusters.up([CLUSTER], directory=directory / "clusters")
    kubeconfig = local_clusters.merge_kubeconfigs([cluster], directory / "kubeconfig")
    tools = Tools(programs["helm"], programs["kubectl"], kubeconfig, {CLUSTER: CLUSTER})
    kubectl: Run = partial(tools.kubectl_run, CLUSTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        install(kubectl)
        yield Foreign(kubectl, seen(kubectl))
    local_clusters.down(directory=directory / "clusters")


def test_there_is_a_workload_of_every_recipe_and_the_guard_finds_them_all(foreign: Foreign) -> None:
    config = foreign.config()
    named = {entry.recipe for entry in config.clusters[CLUSTER].meshed}
    assert named - {None} == set(RECIPES)
    assert foreign.look(config).missing_workloads == frozenset()


def test_every_workload_is_what_it_was_once_it_is_meshed_and_given_back(foreign: Foreign) -> None:
    config = foreign.config()
    patches = foreign.patches(config)
    assert {patch.field_manager for patch in patches} == {FIELD_MANAGER}
    for patch in patches:
        foreign.apply(patch.object)
    meshed = seen(foreign.kubectl)
    changed = {name for name, was in foreign.before.items() if meshed[name] != was}
    assert changed == {str(ref(patch.object)) for patch in patches}
    assert foreign.look(config).settled_workloads == {
        WorkloadRef("StatefulSet", "data", "postgres"),
        WorkloadRef("CronJob", "reports", "monthly"),
    }
    for patch in patches:
        foreign.give_back(patch)
    assert seen(foreign.kubectl) == foreign.before


def test_what_a_patch_would_make_is_missing(foreign: Foreign) -> None:
    entry = {"kind": "Deployment", "namespace": "data", "name": "later"}
    config = foreign.config(meshed=[entry, {"recipe": "velero"}], jobs=[])
    missing = WorkloadRef("Deployment", "data", "later")
    assert foreign.look(config).missing_workloads == {missing}
    assert missing not in {ref(patch.object) for patch in foreign.patches(config)}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {
                "kind": "DaemonSet",
                "namespace": "longhorn-system",
                "name": "longhorn-manager",
                "container": "longhorn-manager",
                "env": {"POD_IP": "0.0.0.0"},
            },
            r"POD_IP .*valueFrom.*\n.*remove clusters.meshed-alone.meshed\[0\].env.POD_IP, or",
        ),
        (
            {
                "kind": "StatefulSet",
                "namespace": "data",
                "name": "postgres",
                "container": "postgres",
                "env": {"PGDATA": "/elsewhere"},
            },
            r"another value of the variable PGDATA",
        ),
        (
            {
                "kind": "StatefulSet",
                "namespace": "data",
                "name": "postgres",
                "container": "database",
                "env": {"A": "b"},
            },
            r"no container database\n.*meshed\[0\].container: postgres",
        ),
        (
            {
                "kind": "Deployment",
                "namespace": "traefik",
                "name": "traefik",
                "annotations": {"prometheus.io/port": "1"},
            },
            r"has the annotation prometheus.io/port: 9100 from its owner",
        ),
    ],
    ids=["valueFrom", "another value", "no such container", "another annotation"],
)
def test_what_its_owner_would_not_get_back_is_refused(
    foreign: Foreign, entry: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        foreign.look(foreign.config(meshed=[entry], jobs=[]))


def test_a_command_of_its_owner_is_not_wrapped(foreign: Foreign) -> None:
    job = {
        "namespace": "reports",
        "name": "backup",
        "treatment": "await",
        "container": "backup",
        "command": ["/bin/backup"],
    }
    config = foreign.config(jobs=[job])
    with pytest.raises(ClusterError, match=r"linkerd-await, --shutdown, -- before it"):
        foreign.look(config)
    container = {
        "name": "backup",
        "image": "example.com/backup:1",
        "command": ["linkerd-await", "--shutdown", "--", "/bin/backup"],
    }
    install(foreign.kubectl, [cron_job("reports", "backup", container)])
    assert foreign.look(config).missing_workloads == frozenset()
    install(foreign.kubectl, [item for item in WORKLOADS if item["kind"] == "CronJob"])


def test_a_value_overwritten_by_force_never_comes_back(foreign: Foreign) -> None:
    """Why the guard refuses it."""
    (workload,) = [item for item in WORKLOADS if item["kind"] == "StatefulSet"]
    patch = copy.deepcopy(workload)
    patch["spec"] = {
        "template": {
            "spec": {
                "containers": [
                    {"name": "postgres", "env": [{"name": "PGDATA", "value": "/elsewhere"}]}
                ]
            }
        }
    }
    patch["metadata"] = {"name": "postgres", "namespace": "data"}
    foreign.kubectl(
        *("apply", "--server-side", "--force-conflicts", "--field-manager", FIELD_MANAGER),
        *("-f", "-"),
        stdin=json.dumps(patch),
    )
    patch.pop("spec")
    foreign.apply(patch)
    spec = seen(foreign.kubectl)["StatefulSet data/postgres"]["spec"]["template"]["spec"]
    assert "value" not in spec["containers"][0]["env"][0]
    install(foreign.kubectl, [workload])
    assert seen(foreign.kubectl) == foreign.before
