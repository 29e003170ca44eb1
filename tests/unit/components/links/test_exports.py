"""Exports of today: labels, selectors, flat networks, weights, and routes to mirrors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config import MeshConfig
from config.links.exports import ServiceRef
from kube import Endpoint
from preflight import Reach
from render import Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

EXPORTED = "mirror.linkerd.io/exported"
FEDERATED = "mirror.linkerd.io/federated"

GATEWAY_KEYS = {"gatewayAddress", "gatewayPort", "gatewayIdentity", "probeSpec", "selector"}
"""What a Link says of a gateway, and by which Services are called through it."""


@pytest.fixture
def linked(mesh: Mesh, recorded: Records) -> Callable[..., Recording]:
    """Records a link from `a` to `b` with these settings; both have an Ambassador."""

    def run(settings: str, *more: str, missing: tuple[ServiceRef, ...] = ()) -> Recording:
        config = mesh(f"""
            clusters:
              a: {{context: a, domain: a.internal, ambassador: {{}}}}
              b: {{context: b, ambassador: {{gateway: {{}}}}}}
              c: {{context: c}}
            links: [{{source: a, target: b, {settings}}}{"".join(f", {{{text}}}" for text in more)}]
        """)
        reach = {
            name: Reach(Endpoint(f"https://{name}.example", None), f"{name}-uid")
            for name in config.clusters
        }
        if missing:
            lacking = frozenset(missing)
            reach = {name: replace(item, missing_services=lacking) for name, item in reach.items()}
        return recorded(config, reach=reach)

    return run


def labels(recording: Recording) -> dict[str, dict[str, str]]:
    """Labels that exported Services get, by cluster, namespace and name."""
    found: dict[str, dict[str, str]] = {}
    for patch in of_type(recording, "ServicePatch"):
        metadata = patch.inputs["metadata"]
        key = f"{patch.cluster}/{metadata['namespace']}/{metadata['name']}"
        assert key not in found
        found[key] = metadata.get("labels")
    return found


def link_spec(recording: Recording, name: str = "a-b") -> dict[str, Any]:
    found: dict[str, Any] = recording.named(f"{name}-link").inputs["spec"]
    return found


def controllers(recording: Recording, cluster: str = "a") -> list[dict[str, Any]]:
    values = recording.named(f"{cluster}-multicluster-release").inputs["values"]
    found: list[dict[str, Any]] = values["controllers"]
    return found


def routes(recording: Recording) -> list[Registration]:
    kind = ("gateway.networking.k8s.io/v1", "HTTPRoute")
    return [
        item
        for item in recording
        if (item.inputs.get("apiVersion"), item.inputs.get("kind")) == kind
    ]


def mappings(recording: Recording, cluster: str) -> dict[str, dict[str, Any]]:
    return {
        item.inputs["metadata"]["name"]: item.inputs["spec"]
        for item in recording
        if item.inputs.get("kind") == "Mapping" and item.cluster == cluster
    }


def test_a_service_is_labelled_by_how_it_is_called(linked: Callable[..., Recording]) -> None:
    recording = linked("""exports: [
        {namespace: shop, service: plain},
        {namespace: shop, service: gated, mode: gateway},
        {namespace: shop, service: flat, mode: remote-discovery},
        {namespace: shop, service: both, mode: remote-discovery, federated: true},
        {namespace: shop, service: joined, mode: none, federated: true}]""")
    assert labels(recording) == {
        "b/shop/plain": {EXPORTED: "true"},
        "b/shop/gated": {EXPORTED: "true"},
        "b/shop/flat": {EXPORTED: "remote-discovery"},
        "b/shop/both": {EXPORTED: "remote-discovery", FEDERATED: "member"},
        "b/shop/joined": {FEDERATED: "member"},
    }


def test_a_service_that_several_links_export_is_labelled_once(
    linked: Callable[..., Recording],
) -> None:
    recording = linked(
        "exports: [{namespace: shop, service: web}]",
        "source: c, target: b, exports: [{namespace: shop, service: web}]",
    )
    assert labels(recording) == {"b/shop/web": {EXPORTED: "true"}}


def test_the_link_looks_for_the_labels_that_exports_by_name_get(
    linked: Callable[..., Recording],
) -> None:
    exports = """exports: [
        {namespace: shop, service: web},
        {namespace: shop, service: db, mode: remote-discovery, federated: true}]"""
    recording = linked(exports)
    spec, told = link_spec(recording), labels(recording)
    for key, service, label in (
        ("selector", "web", EXPORTED),
        ("remoteDiscoverySelector", "db", EXPORTED),
        ("federatedServiceSelector", "db", FEDERATED),
    ):
        assert spec[key] == {"matchLabels": {label: told[f"b/shop/{service}"][label]}}


def test_selectors_of_the_stack_file_take_the_place_of_those_labels_one_by_one(
    linked: Callable[..., Recording],
) -> None:
    own = {
        "gateway": ("selector", "{matchLabels: {reach: gateway}}"),
        "remoteDiscovery": ("remoteDiscoverySelector", "{matchLabels: {reach: direct}}"),
        "federated": (
            "federatedServiceSelector",
            "{matchLabels: {a: b}, matchExpressions: ["
            "{key: tier, operator: In, values: [one, two]}, {key: old, operator: DoesNotExist}]}",
        ),
    }
    plain = link_spec(linked("exports: []"))
    for name, (key, text) in own.items():
        recording = linked(f"selectors: {{{name}: {text}}}")
        changed = {other: value for other, value in link_spec(recording).items() if other != key}
        assert changed == {other: value for other, value in plain.items() if other != key}
        assert labels(recording) == {}
    wanted = {
        "selector": {"matchLabels": {"reach": "gateway"}},
        "remoteDiscoverySelector": {"matchLabels": {"reach": "direct"}},
        "federatedServiceSelector": {
            "matchLabels": {"a": "b"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["one", "two"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        },
    }
    for name, (key, text) in own.items():
        assert link_spec(linked(f"selectors: {{{name}: {text}}}"))[key] == wanted[key]


def test_a_selector_by_expressions_alone_has_no_empty_labels(
    linked: Callable[..., Recording],
) -> None:
    expression = "{key: shared, operator: Exists}"
    spec = link_spec(linked(f"selectors: {{gateway: {{matchExpressions: [{expression}]}}}}"))
    assert spec["selector"] == {"matchExpressions": [{"key": "shared", "operator": "Exists"}]}


def test_on_a_flat_network_the_link_knows_no_gateway_and_the_controller_probes_none(
    linked: Callable[..., Recording],
) -> None:
    through, flat = linked("exports: []"), linked("flatNetwork: true")
    assert set(link_spec(through)) >= GATEWAY_KEYS
    assert set(link_spec(flat)) == set(link_spec(through)) - GATEWAY_KEYS
    assert controllers(flat) == [{"link": {"ref": {"name": "b"}}, "gateway": {"enabled": False}}]
    assert controllers(through) == [
        {"link": {"ref": {"name": "b"}}, "gateway": {"probe": {"port": 4191}}}
    ]


def test_a_flat_network_needs_no_ambassador_and_calls_pods_directly_by_default(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters: {a: {context: a}, b: {context: b}}
            links:
              - source: a
                target: b
                flatNetwork: true
                exports: [{namespace: shop, service: web}]
        """)
    )
    assert labels(recording) == {"b/shop/web": {EXPORTED: "remote-discovery"}}
    selector = link_spec(recording)["remoteDiscoverySelector"]
    assert selector == {"matchLabels": labels(recording)["b/shop/web"]}
    assert recording.outputs["gateways"] == {}
    assert not [item for item in recording if item.read]


def test_headless_services_are_mirrored_as_such_by_the_links_that_ask_for_it(
    linked: Callable[..., Recording],
) -> None:
    recording = linked("headlessServices: true", "source: a, target: c, flatNetwork: true")
    asked = {
        item["link"]["ref"]["name"]: item.get("enableHeadlessServices")
        for item in controllers(recording)
    }
    assert asked == {"b": True, "c": None}


def test_excluded_labels_and_annotations_are_in_the_link_and_empty_lists_are_not(
    linked: Callable[..., Recording],
) -> None:
    spec = link_spec(linked("excludedLabels: [one, x.example/two], excludedAnnotations: [three]"))
    assert spec["excludedLabels"] == ["one", "x.example/two"]
    assert spec["excludedAnnotations"] == ["three"]
    assert {"excludedLabels", "excludedAnnotations"}.isdisjoint(link_spec(linked("exports: []")))


def test_the_mirror_makes_namespaces_where_the_source_is_to_have_them(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a, linkerd: {multicluster: {createNamespaces: true}}}
              b: {context: b, ambassador: {gateway: {}}}
            links: [{source: a, target: b}]
        """)
    )
    made = {
        cluster: recording.named(f"{cluster}-multicluster-release").inputs["values"][
            "enableNamespaceCreation"
        ]
        for cluster in ("a", "b")
    }
    assert made == {"a": True, "b": False}


WEIGHTED = """exports: [
    {namespace: shop, service: web, port: 8080, weights: {local: 9, mirrored: 1}},
    {namespace: shop, service: plain}]"""


def test_weights_share_requests_to_the_source_s_own_service_with_its_mirror(
    linked: Callable[..., Recording],
) -> None:
    (route,) = routes(linked(WEIGHTED))
    assert route.cluster == "a"
    assert route.inputs["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert route.inputs["metadata"] == {"name": "web-b", "namespace": "shop"}
    assert route.inputs["spec"] == {
        "parentRefs": [{"group": "core", "kind": "Service", "name": "web", "port": 8080}],
        "rules": [
            {
                "backendRefs": [
                    {"name": "web", "port": 8080, "weight": 9},
                    {"name": "web-b", "port": 8080, "weight": 1},
                ]
            }
        ],
    }


def test_a_weight_of_zero_is_written(linked: Callable[..., Recording]) -> None:
    """Left out, it would be 1."""
    (route,) = routes(linked(WEIGHTED.replace("local: 9", "local: 0")))
    backends = route.inputs["spec"]["rules"][0]["backendRefs"]
    assert [item["weight"] for item in backends] == [0, 1]


def test_weights_wait_for_the_link_that_brings_the_mirror_and_for_the_kind_of_the_route(
    linked: Callable[..., Recording],
) -> None:
    recording = linked(WEIGHTED)
    (route,) = routes(recording)
    above = {by_urn(recording, urn).name for urn in recording.upstream([route.urn])}
    assert {"a-b-link", "a-linkerd-control-plane", "a-linkerd-crds"} <= above


def test_weights_of_the_sample_s_service_wait_for_it(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a, sample: {}}
              b: {context: b, ambassador: {gateway: {}}, sample: {}}
            links:
              - source: a
                target: b
                exports:
                  - namespace: qotm
                    service: qotm-linkerd2
                    weights: {local: 1, mirrored: 1}
        """)
    )
    (route,) = routes(recording)
    above = {by_urn(recording, urn).name for urn in route.depends_on}
    assert "a-sample-service" in above
    (patch,) = of_type(recording, "ServicePatch")
    assert {by_urn(recording, urn).name for urn in patch.depends_on} >= {"b-sample-service"}


def test_weights_of_a_service_that_the_source_lacks_are_left_out_and_warned_of(
    linked: Callable[..., Recording],
) -> None:
    recording = linked(WEIGHTED, missing=(ServiceRef("shop", "web"),))
    assert routes(recording) == []
    # What the target lacks is reported separately.
    of_source = [text for text in recording.warnings if "'a'" in text]
    assert len(of_source) == 1
    assert "shop/web" in of_source[0]
    assert "web-b" in of_source[0]
    assert "b/shop/plain" in labels(recording)


def test_a_service_that_is_there_under_another_namespace_counts_as_missing(
    linked: Callable[..., Recording],
) -> None:
    recording = linked(WEIGHTED, missing=(ServiceRef("other", "web"),))
    assert len(routes(recording)) == 1
    assert recording.warnings == []


def test_without_weights_there_is_no_route_and_no_component_for_any(
    linked: Callable[..., Recording],
) -> None:
    recording = linked("exports: [{namespace: shop, service: web}]")
    assert routes(recording) == []
    assert not [item for item in recording if item.type.endswith(":LinkTraffic")]


def test_a_mapping_routes_from_the_source_s_ambassador_to_the_mirror(
    linked: Callable[..., Recording],
) -> None:
    recording = linked("""exports: [
        {namespace: shop, service: web, port: 8080, mapping: {prefix: /web/}},
        {namespace: shop, service: db,
         mapping: {prefix: /db/, name: own, hostname: shop.example.com}}]""")
    assert mappings(recording, "a") == {
        "web-b": {
            "hostname": "*",
            "prefix": "/web/",
            "service": "http://web-b.shop.svc.a.internal:8080",
        },
        "own": {
            "hostname": "shop.example.com",
            "prefix": "/db/",
            "service": "http://db-b.shop.svc.a.internal:80",
        },
    }
    assert set(mappings(recording, "b")) == {"public-health-check"}


def test_the_sample_s_mapping_is_in_its_own_cluster_and_names_the_service_in_full(
    mesh: Mesh, recorded: Records
) -> None:
    text = "clusters: {{a: {{context: a, domain: a.internal, ambassador: {{}}, sample: {}}}}}"
    recording = recorded(mesh(text.format("{prefix: /quotes/}")))
    assert mappings(recording, "a") == {
        "linkerd2-qotm": {
            "hostname": "*",
            "prefix": "/quotes/",
            "service": "http://qotm-linkerd2.qotm.svc.a.internal:80",
        }
    }
    service = recording.named("a-sample-service").inputs
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == (
        "qotm-linkerd2",
        "qotm",
    )
    assert mappings(recorded(mesh(text.format("{mapping: false}"))), "a") == {}


def test_the_sample_answers_on_the_port_that_its_service_and_its_probe_use(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh("clusters: {a: {context: a, sample: {name: one, service: two}}}"))
    service = recording.named("a-sample-service").inputs
    deployment = recording.named("a-sample-deployment").inputs
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    (port,) = container["ports"]
    assert [item["targetPort"] for item in service["spec"]["ports"]] == [port["name"]]
    assert container["readinessProbe"]["httpGet"] == {
        "path": "/health",
        "port": port["containerPort"],
    }
    labels_ = template["metadata"]["labels"]
    assert service["spec"]["selector"] == labels_
    assert deployment["spec"]["selector"]["matchLabels"] == labels_
    assert container["env"] == [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    ]
    assert set(container["resources"]) == {"limits"}
    space = recording.named("a-sample-namespace").inputs["metadata"]
    assert space["annotations"] == {"linkerd.io/inject": "enabled"}
