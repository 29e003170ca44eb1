"""Adopting an Ambassador that its owner installed by Helm, on a real API server.

Without an engine: what the program declares is applied as the engine's provider does it, by
server-side apply under the patches' own field manager. With the real engine, the same is tried in
tests/engine/test_foreign.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import local_clusters
from config import MeshConfig, load_settings
from config.ambassador.adoption import FIELD_MANAGER
from config.preconditions import expectations
from machine.build import ensure
from preflight import ClusterError, examine
from render import Recording, RenderedObject, manifests
from tests.adopted_ambassador import (
    NAMESPACE,
    RELEASE,
    Run,
    install,
    installation,
    settings,
    upgrade,
)
from tests.integration.mesh_fixture import Tools, _Marker, deploy
from tests.packages import packages

pytestmark = pytest.mark.clusters

CLUSTER = "adopted"


@dataclass
class Adopted:
    """A cluster with a foreign Ambassador, and what was adopted of it."""

    config: MeshConfig
    helm: Run
    kubectl: Run
    charts: Path
    before: dict[str, dict[str, Any]]
    recording: Recording | None = None

    def patches(self) -> list[RenderedObject]:
        """What the program patches of Ambassador."""
        assert self.recording is not None
        made = manifests(self.recording, _Marker())[CLUSTER]
        return [
            item
            for item in made
            if item.patch and item.object["metadata"]["namespace"] == NAMESPACE
        ]


def _config(cluster: dict[str, Any]) -> MeshConfig:
    return load_settings({"clusters": {CLUSTER: cluster}}, "adoption")


@pytest.fixture(scope="module")
def foreign(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Adopted]:
    """A cluster of this module's own with an Ambassador that was installed without us."""
    directory = tmp_path_factory.mktemp("adoption")
    charts = packages()
    programs = ensure(["helm", "kubectl"])
    (cluster,) = local_clusters.up([CLUSTER], directory=directory / "clusters")
    try:
        kubeconfig = local_clusters.merge_kubeconfigs([cluster], directory / "kubeconfig")
        tools = Tools(programs["helm"], programs["kubectl"], kubeconfig, {CLUSTER: CLUSTER})
        helm, kubectl = partial(tools.helm_run, CLUSTER), partial(tools.kubectl_run, CLUSTER)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", str(kubeconfig))
            patch.setenv("MESH_CHARTS", str(charts))
            install(helm, charts)
            before = installation(kubectl)
            config = _config(settings(CLUSTER))
            yield Adopted(config, helm, kubectl, charts, before)
    finally:
        local_clusters.down(directory=directory / "clusters")


@pytest.fixture(scope="module")
def adopted(foreign: Adopted) -> Adopted:
    """The same cluster, its Ambassador adopted."""
    tools = foreign.helm.func.__self__  # type: ignore[attr-defined]
    (cluster,) = local_clusters.up([CLUSTER], directory=tools.kubeconfig.parent / "clusters")
    foreign.recording = deploy(foreign.config, {CLUSTER: cluster}, tools)
    return foreign


def test_the_guard_finds_the_ambassador_that_the_stack_file_speaks_of(foreign: Adopted) -> None:
    expected = {CLUSTER: expectations(foreign.config, CLUSTER)}
    assert set(examine(foreign.config.clusters, expected)) == {CLUSTER}


def test_the_guard_refuses_an_ambassador_that_runs_under_another_account(
    foreign: Adopted,
) -> None:
    mistaken = settings(CLUSTER)
    mistaken["ambassador"]["serviceAccount"] = "another"
    config = _config(mistaken)
    with pytest.raises(ClusterError, match=f"ambassador.serviceAccount: {RELEASE}"):
        examine(config.clusters, {CLUSTER: expectations(config, CLUSTER)})


def test_adopting_adds_annotations_a_setting_and_objects_of_our_own_and_nothing_else(
    adopted: Adopted,
) -> None:
    after = installation(adopted.kubectl)
    assert set(after) - set(adopted.before) == {
        f"Service {RELEASE}-linkerd-gateway",
        "Host linkerd-host",
        "Mapping public-health-check",
        "Mapping linkerd2-qotm",
    }
    workload = after[f"Deployment {RELEASE}"]
    annotations = workload["spec"]["template"]["metadata"]["annotations"]
    assert annotations.pop("linkerd.io/inject") == "enabled"
    assert annotations.pop("config.linkerd.io/enable-gateway") == "true"
    assert after["Module ambassador"]["spec"]["config"].pop("add_linkerd_headers") is True
    for name, was in adopted.before.items():
        assert after[name] == was, name


def test_the_pods_that_the_gateways_service_selects_are_those_of_the_foreign_ambassador(
    adopted: Adopted,
) -> None:
    service = installation(adopted.kubectl)[f"Service {RELEASE}-linkerd-gateway"]
    selector = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
    listed = adopted.kubectl("get", "pods", "-n", NAMESPACE, "-l", selector, "-o", "json")
    pods = json.loads(listed)["items"]
    assert pods
    owned = {pod["metadata"]["labels"]["app.kubernetes.io/instance"] for pod in pods}
    assert owned == {RELEASE}
    assert all("linkerd.io/inject" in pod["metadata"]["annotations"] for pod in pods)


def test_an_upgrade_by_the_owner_leaves_what_we_added(adopted: Adopted) -> None:
    upgrade(adopted.helm, adopted.charts, replicaCount=2)
    after = installation(adopted.kubectl)
    workload = after[f"Deployment {RELEASE}"]
    assert workload["spec"]["replicas"] == 2
    assert workload["spec"]["template"]["metadata"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert after["Module ambassador"]["spec"]["config"]["add_linkerd_headers"] is True
    upgrade(adopted.helm, adopted.charts)


def test_giving_back_what_was_patched_restores_the_installation(adopted: Adopted) -> None:
    for patch in adopted.patches():
        assert patch.field_manager == FIELD_MANAGER
        metadata = patch.object["metadata"]
        nothing = {
            "apiVersion": patch.object["apiVersion"],
            "kind": patch.object["kind"],
            "metadata": {key: metadata[key] for key in ("name", "namespace")},
        }
        adopted.kubectl(
            *("apply", "--server-side", "--field-manager", FIELD_MANAGER, "-f", "-"),
            stdin=json.dumps(nothing),
        )
    own = {
        "service": [f"{RELEASE}-linkerd-gateway"],
        "host": ["linkerd-host"],
        "mapping": ["public-health-check", "linkerd2-qotm"],
    }
    for kind, names in own.items():
        adopted.kubectl("delete", kind, "-n", NAMESPACE, *names)
    assert installation(adopted.kubectl) == adopted.before
