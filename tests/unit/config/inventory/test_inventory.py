"""The inventory of every cluster is what the program declares there, object by object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from config import MeshConfig
from config.core.cluster import ClusterConfig
from config.inventory import Inventory, inventory
from config.preconditions import expectations
from render import Recording, Registration, RenderedObject, manifests
from tests.recordings import of_type
from tests.stack_builders import Settings, changed, loaded, pair, valid_settings
from tests.stack_files import STACK_FILES
from tests.unit.conftest import PUBLISHED, Tells, reach_of
from vocabulary.kinds import NAMESPACE, Kind

Config = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

RELEASE = "kubernetes:helm.sh/v3:Release"


class NoCharts:
    """Renders no chart: the releases themselves are compared."""

    def render(self, release: Registration) -> list[dict[str, Any]]:
        return []


def of_manifest(item: RenderedObject) -> bool:
    """Whether an object is declared from a published manifest."""
    return item.owner.name.startswith(f"{item.component}-crds-")


def identity(item: RenderedObject) -> tuple[str, str, str, str, bool]:
    kind, metadata = Kind.of(item.object), item.object["metadata"]
    return kind.group, kind.name, metadata.get("namespace") or "", metadata["name"], item.patch


def declared(recording: Recording, cluster: str) -> list[RenderedObject]:
    return manifests(recording, NoCharts())[cluster]


def assert_equal(config: MeshConfig, recording: Recording) -> None:
    for cluster in config.clusters:
        found = inventory(config, cluster)
        items = declared(recording, cluster)
        assert_objects(found, [item for item in items if not of_manifest(item)])
        assert_releases(found, recording)
        assert_manifests(found, [item for item in items if of_manifest(item)])
        assert {Kind.of(item.object) for item in items} <= found.written_kinds


def assert_objects(found: Inventory, items: list[RenderedObject]) -> None:
    expected = Counter(
        (item.kind.group, item.kind.name, item.namespace, item.name, item.patch)
        for item in found.objects
    )
    assert Counter(map(identity, items)) == expected
    made = {item.object["metadata"]["name"] for item in items if item.object["kind"] == "Namespace"}
    patched = {item.name for item in found.objects if item.kind == NAMESPACE and item.patch}
    assert made - patched == {
        item.name for item in found.made_namespaces if item.maker == "program"
    }


def assert_releases(found: Inventory, recording: Recording) -> None:
    expected = {}
    for release in found.releases:
        repository = getattr(PUBLISHED.repositories, release.origin)
        oci = repository.startswith("oci://")
        expected[release.key] = (
            f"{repository}/{release.chart}" if oci else release.chart,
            None if oci else repository,
            release.version,
        )
    made = {}
    for item in of_type(recording, RELEASE):
        if item.cluster == found.cluster:
            given = item.inputs
            place = str(given["namespace"]), str(given["name"])
            repository = (given.get("repositoryOpts") or {}).get("repo")
            made[place] = given["chart"], repository, given["version"]
    assert made == expected


def assert_manifests(found: Inventory, items: list[RenderedObject]) -> None:
    kinds = {kind for manifest in found.manifests for kind in manifest.kinds}
    assert {Kind.of(item.object) for item in items} <= kinds
    spaces = {
        item.object["metadata"]["name"] for item in items if item.object["kind"] == "Namespace"
    }
    assert spaces == {item.name for item in found.made_namespaces if item.maker == "manifest"}


@pytest.mark.parametrize("name", STACK_FILES)
def test_the_inventory_of_a_stack_file_is_what_the_program_declares(
    stack_config: Config, stack: Callable[[str], Recording], name: str
) -> None:
    assert_equal(stack_config(name), stack(name))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(valid_settings())
def test_the_inventory_of_a_drawn_stack_file_is_what_the_program_declares(
    recorded: Records, drawn: Settings
) -> None:
    config = loaded(drawn)
    recording = recorded(config, reach=reach_of(config), answers=Tells())
    assert_equal(config, recording)


@pytest.mark.parametrize("name", STACK_FILES)
def test_every_kind_that_is_written_has_the_name_of_its_resource(
    stack_config: Config, name: str
) -> None:
    """Rights are asked for by it."""
    config = stack_config(name)
    for cluster in config.clusters:
        lacking = [
            str(kind) for kind in inventory(config, cluster).written_kinds if not kind.plural
        ]
        assert lacking == []


@pytest.mark.parametrize("name", STACK_FILES)
def test_the_guard_demands_no_namespace_that_the_program_makes(
    stack_config: Config, name: str
) -> None:
    config = stack_config(name)
    for cluster, settings_ in config.clusters.items():
        for space in inventory(config, cluster).made_namespaces:
            asking = settings_.model_copy(
                update={"monitoring": _monitoring_in(settings_, space.name)}
            )
            mesh = config.model_copy(update={"clusters": {**config.clusters, cluster: asking}})
            assert space.name not in {item.name for item in expectations(mesh, cluster).namespaces}


def _monitoring_in(cluster: ClusterConfig, space: str) -> Any:
    settings_ = changed({"clusters.source.monitoring.dashboards.namespace": space}, pair())
    return loaded(settings_).clusters["source"].monitoring


def test_the_guard_demands_the_namespace_of_the_multicluster_extension_where_no_link_makes_it() -> (
    None
):
    asked = {"clusters.source.monitoring.dashboards.namespace": "linkerd-multicluster"}
    linked = loaded(changed(asked))
    apart = loaded({**changed(asked), "links": []})
    assert not expectations(linked, "source").namespaces
    assert [item.name for item in expectations(apart, "source").namespaces] == [
        "linkerd-multicluster"
    ]


def test_the_dashboard_s_host_is_among_the_hosts() -> None:
    viz = {"enabled": True, "route": {"host": "viz.example.com", "tlsSecret": "viz-tls"}}
    config = loaded(changed({"clusters.source.linkerd.viz": viz}))
    hosts = inventory(config, "source").hosts
    assert [(item.hostname, item.tls_secret) for item in hosts] == [
        ("*", None),
        ("viz.example.com", "viz-tls"),
    ]


def test_host_names_of_ingresses_and_of_the_dashboard_s_ingress_are_listed() -> None:
    ingress = {"host": "viz.example.com", "controller": "traefik-ingressroute", "tls": {}}
    web = {
        "name": "web",
        "namespace": "shop",
        "service": "web",
        "host": "shop.example.com",
        "controller": "ingress-nginx",
    }
    config = loaded(
        changed(
            {
                "clusters.source.linkerd.viz": {"enabled": True, "ingress": ingress},
                "clusters.source.ingresses": [web],
            }
        )
    )
    found = inventory(config, "source").ingress_hosts
    assert [(item.namespace, item.name, item.host, item.tls_secret) for item in found] == [
        ("shop", "web", "shop.example.com", None),
        ("linkerd-viz", "linkerd-viz-ingress", "viz.example.com", "linkerd-viz-tls"),
    ]


def test_an_unlinked_cluster_has_no_multicluster_extension() -> None:
    alone = inventory(loaded({**pair(), "links": []}), "source")
    linked = inventory(loaded(pair()), "source")
    assert {item.chart for item in linked.releases} - {item.chart for item in alone.releases} == {
        "linkerd-multicluster"
    }
    assert "linkerd-multicluster" not in alone.namespaces


def test_the_gateway_of_a_target_is_listed_and_a_source_has_none() -> None:
    mesh = loaded(changed({"clusters.target.ambassador.name": "edge"}))
    assert inventory(mesh, "source").gateways == ()
    [gateway] = inventory(mesh, "target").gateways
    assert (gateway.service, gateway.port.number, gateway.probe.path) == ("edge", 4143, "/ready")
    assert gateway.identity == (
        "edge-target.ambassador.serviceaccount.identity.linkerd.cluster.local"
    )
