"""What the program makes, held against a real API server and the schemas of the charts' CRDs."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError

import local_clusters
from components import ChartSource
from components.service_exports import FIELD_MANAGER
from config import MeshConfig, load_stack_file
from local_clusters import LocalCluster
from ops import stand_ins
from render import HelmTemplate, Manifest, Observed, manifests, offline_reach, record

pytestmark = pytest.mark.clusters

ROOT = Path(__file__).resolve().parents[2]
STACKS = {
    "local": ROOT / "stacks" / "Pulumi.local.yaml",
    "staging": ROOT / "stacks" / "Pulumi.staging.yaml",
    "production": ROOT / "stacks" / "Pulumi.production.yaml",
    "every-option": ROOT / "tests" / "stacks" / "Pulumi.every-option.yaml",
}
FIRST = ("CustomResourceDefinition", "Namespace")
"""Kinds without which an API server cannot even look at the others."""


class Answers(Observed):
    """A token and an address, so that every object is whole."""

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        return {"token": base64.b64encode(f"{cluster}/{namespace}/{name}".encode()).decode()}

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        return {"loadBalancer": {"ingress": [{"ip": "203.0.113.5"}]}}


class Server:
    """One API server, asked to look strictly at objects."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.api = cluster.api()
        self.dynamic: Any = DynamicClient(self.api)  # type: ignore[no-untyped-call]

    def apply(self, item: Mapping[str, Any], *, pretend: bool, manager: str = "test") -> Any:
        """Apply one object by server-side apply; unknown fields are refused."""
        parameters = [("fieldValidation", "Strict")]
        if pretend:
            parameters.append(("dryRun", "All"))
        return self.dynamic.server_side_apply(
            self.resource(item["apiVersion"], item["kind"]),
            body=dict(item),
            namespace=item["metadata"].get("namespace"),
            field_manager=manager,
            force_conflicts=True,
            query_params=parameters,
        )

    def resource(self, api_version: str, kind: str) -> Any:
        """How a kind is served; that of a new CRD is, after a moment."""
        for _ in range(300):
            try:
                return self.dynamic.resources.get(api_version=api_version, kind=kind)
            except ResourceNotFoundError:
                time.sleep(0.1)
        raise AssertionError(f"the API server does not come to serve {kind} of {api_version}")


@pytest.fixture(scope="module")
def server(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """An API server of this module's own, as it has CRDs that other tests would trip over."""
    directory = tmp_path_factory.mktemp("strict")
    (cluster,) = local_clusters.up(["strict"], directory=directory)
    found = Server(cluster)
    yield found
    found.api.close()  # type: ignore[no-untyped-call]
    local_clusters.down(directory=directory)


@pytest.fixture(scope="module")
def rendered(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[MeshConfig], dict[str, list[Manifest]]]:
    """Renders a mesh with the stand-in charts."""
    helm = local_clusters.ensure(["helm"])["helm"]
    folder = tmp_path_factory.mktemp("charts")
    stand_ins.package(helm, folder)

    def render(config: MeshConfig) -> dict[str, list[Manifest]]:
        source = ChartSource(folder, config.charts)
        recording = record(config, offline_reach(config), source, Answers())
        return manifests(recording, HelmTemplate(helm))

    return render


@pytest.mark.parametrize("stack", STACKS)
def test_a_real_api_server_accepts_every_object_of_a_stack_to_the_last_field(
    stack: str, server: Server, rendered: Callable[[MeshConfig], dict[str, list[Manifest]]]
) -> None:
    made = rendered(load_stack_file(STACKS[stack]))
    for item in (item for items in made.values() for item in items):
        if item.object["kind"] in FIRST:
            server.apply(item.object, pretend=False)
    refused: list[str] = []
    looked_at = 0
    for cluster, items in made.items():
        for item in items:
            # A patch is of an object that is not here.
            if item.object["kind"] in FIRST or item.patch:
                continue
            looked_at += 1
            try:
                server.apply(item.object, pretend=True)
            except ApiException as error:
                name = f"{item.object['kind']} {item.object['metadata']['name']}"
                refused.append(f"{cluster}: {name}: {error.body}")
    assert looked_at > 50
    assert not refused, "\n".join(refused)


def test_a_field_that_no_schema_knows_is_refused_by_that_api_server(server: Server) -> None:
    host = {
        "apiVersion": "getambassador.io/v3alpha1",
        "kind": "Host",
        "metadata": {"name": "wrong", "namespace": "default"},
        "spec": {"hostname": "*", "hostName": "*"},
    }
    with pytest.raises(ApiException, match="hostName"):
        server.apply(host, pretend=True)


def test_the_patch_on_a_foreign_service_leaves_everything_else_alone(
    server: Server, rendered: Callable[[MeshConfig], dict[str, list[Manifest]]]
) -> None:
    made = rendered(load_stack_file(STACKS["staging"]))
    (patch,) = [item for item in made["west"] if item.patch]
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **{key: patch.object["metadata"][key] for key in ("name", "namespace")},
            "labels": {"app": "profiles", "mirror.linkerd.io/exported": "no"},
            "annotations": {"owner": "accounts"},
        },
        "spec": {"selector": {"app": "profiles"}, "ports": [{"port": 80, "name": "http"}]},
    }
    space = foreign["metadata"]["namespace"]  # type: ignore[index]
    server.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, pretend=False
    )
    before = server.apply(foreign, pretend=False, manager="the-owner").to_dict()
    after = server.apply(patch.object, pretend=False, manager=FIELD_MANAGER).to_dict()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    labels = dict(before["metadata"]["labels"])
    assert labels.pop("mirror.linkerd.io/exported") != "true"
    assert after["metadata"]["labels"] == {**labels, "mirror.linkerd.io/exported": "true"}
    owned = [
        entry["fieldsV1"]
        for entry in after["metadata"]["managedFields"]
        if entry["manager"] == FIELD_MANAGER
    ]
    assert owned == [{"f:metadata": {"f:labels": {"f:mirror.linkerd.io/exported": {}}}}]
