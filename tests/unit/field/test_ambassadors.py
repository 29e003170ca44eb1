"""What people do with Ambassador: streams, gRPC, PROXY protocol, shared certificates, ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from checks.ambassador import ids
from components.ambassador.objects import ambassador_objects
from config import MeshConfig
from config.inventory import inventory
from config.preconditions import expectations
from config.variants.crds import FILE, KINDS, faults
from render import Recording
from tests.stack_builders import Settings, loaded, problems
from tests.unit.checks.builders import (
    ambassador,
    cluster_case,
    deployment,
    failures,
    settings,
    view,
)

Records = Callable[..., Recording]
Specs = dict[tuple[str, str], dict[str, Any]]


def stack(text: str) -> Settings:
    """Settings of clusters `a` and `b`, of which the text has the Ambassador of `a`."""
    return {
        "clusters": {
            "a": {"context": "a", "ambassador": yaml.safe_load(text)},
            "b": {"context": "b", "ambassador": {"gateway": {}}},
        }
    }


def to_mirror(mapping: str, text: str = "{}") -> Settings:
    """Cluster `a` with a route to a mirror of cluster `b`."""
    export = {
        "namespace": "shop",
        "service": "catalogue",
        "port": 9000,
        "mapping": yaml.safe_load(mapping),
    }
    return {**stack(text), "links": [{"source": "a", "target": "b", "exports": [export]}]}


def specs(content: Settings) -> Specs:
    """What Ambassador of `a` gets, by kind and name."""
    mesh = loaded(content)
    config = mesh.clusters["a"].ambassador
    assert config is not None
    made = ambassador_objects(config, mesh.asked_mappings("a"), mesh.asked_hosts("a"))
    return {(item["kind"], item["metadata"]["name"]): item["spec"] for item in made}


def complaints(content: Settings) -> list[tuple[str, str]]:
    """Places, without the cluster's, and remedies of what is wrong."""
    return [
        (found.path.removeprefix("clusters.a.ambassador."), found.remedy)
        for found in problems(content)
    ]


def test_a_route_has_no_timeout_speaks_grpc_and_upgrades_to_websockets() -> None:
    found = specs(
        stack("""
            mappings:
              - {name: stream, prefix: /stream/, service: chat.shop, timeoutMs: 0, idleTimeoutMs: 0}
              - {name: grpc, prefix: /shop.Catalogue/, service: "catalogue.shop:9000", grpc: true}
              - {name: ws, prefix: /ws/, service: chat.shop, allowUpgrade: [websocket]}
        """)
    )
    assert found["Mapping", "stream"]["timeout_ms"] == 0
    assert found["Mapping", "stream"]["idle_timeout_ms"] == 0
    # Emissary's default would cut off the name of the gRPC service, which is the prefix.
    assert found["Mapping", "grpc"].items() >= {"grpc": True, "rewrite": ""}.items()
    assert found["Mapping", "ws"]["allow_upgrade"] == ["websocket"]
    assert "rewrite" not in found["Mapping", "ws"]


def test_a_route_to_a_mirror_has_every_setting_of_a_route() -> None:
    route = """
        prefix: /shop.Catalogue/
        hostname: grpc.example.com
        grpc: true
        timeoutMs: 0
        retryPolicy: {retryOn: gateway-error, numRetries: 2, perTryTimeoutMs: 1500}
        circuitBreakers: [{maxRequests: 50}, {priority: high, maxRetries: 0}]
        spec: {headers: {x-tenant: one}}
    """
    found = specs(to_mirror(route))["Mapping", "catalogue-b"]
    assert found == {
        "hostname": "grpc.example.com",
        "prefix": "/shop.Catalogue/",
        "service": "http://catalogue-b.shop.svc.cluster.local:9000",
        "rewrite": "",
        "grpc": True,
        "timeout_ms": 0,
        "retry_policy": {
            "retry_on": "gateway-error",
            "num_retries": 2,
            "per_try_timeout": "1.500s",
        },
        "circuit_breakers": [
            {"priority": "default", "max_requests": 50},
            {"priority": "high", "max_retries": 0},
        ],
        "headers": {"x-tenant": "one"},
    }


def test_the_spec_of_a_route_to_a_mirror_is_that_of_the_sources_ambassador() -> None:
    route = "{prefix: /a/, spec: {stats_name: a, service: b, timeout: 3}}"
    older = to_mirror(route, "{apiVersion: v2}")
    assert [path.rpartition("mapping.")[2] for path, _ in complaints(older)] == [
        "spec.service",
        "spec.stats_name",
        "spec.timeout",
    ]
    assert len(complaints(to_mirror(route))) == 2


def test_a_port_that_leaves_past_the_proxy_is_no_port_of_a_mirror() -> None:
    both = to_mirror("{prefix: /a/}", "{sidecar: {skipOutboundPorts: [8500, 9000]}}")
    assert [path for path, _ in complaints(both)] == ["sidecar.skipOutboundPorts[1]"]


def test_a_listener_reads_the_proxy_protocol_before_tls() -> None:
    found = specs(
        stack("""
            listeners:
              - {name: https, port: 8443, protocolStack: [PROXY, TLS, HTTP, TCP], l7Depth: 1}
        """)
    )
    assert found["Listener", "https"]["protocolStack"] == ["PROXY", "TLS", "HTTP", "TCP"]
    assert found["Listener", "https"]["l7Depth"] == 1
    assert "protocol" not in found["Listener", "https"]


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("protocol: HTTPSPROXY", "protocolStack: [PROXY, TLS, HTTP, TCP]"),
        ("protocolStack: [TLS, PROXY, HTTP, TCP]", "[PROXY, TLS, HTTP, TCP]"),
        ("protocolStack: [HTTP]", "[HTTP, TCP]"),
        ("protocolStack: [TLS, UDP]", "[TLS, TCP]"),
        ("protocolStack: [HTTP, UDP, TCP]", "[HTTP, TCP]"),
        ("protocolStack: [PROXY, PROXY, TCP]", "[PROXY, TCP]"),
    ],
)
def test_a_stack_that_no_client_speaks_is_refused_and_its_remedy_is_valid(
    given: str, remedy: str
) -> None:
    wrong = stack(f"listeners: [{{name: https, port: 8443, {given}}}]")
    assert [found.partition("write ")[2] for _, found in complaints(wrong)] == [remedy]
    fitting = remedy if ":" in remedy else f"protocolStack: {remedy}"
    assert complaints(stack(f"listeners: [{{name: https, port: 8443, {fitting}}}]")) == []


def test_a_gateway_is_not_probed_on_a_port_that_expects_the_proxy_protocol() -> None:
    text = (
        "{{gateway: {{probe: {}}}, listeners: [{{name: http, port: 8080, protocol: HTTPPROXY}}]}}"
    )
    assert [path for path, _ in complaints(stack(text.format("ambassador")))] == [
        "listeners[0].protocol"
    ]
    assert complaints(stack(text.format("proxy"))) == []


SHARED = """
hosts:
  - {name: shop, hostname: shop.example.com, tls: {secret: wildcard, namespace: certificates}}
  - {name: api, hostname: api.example.com, tls: {secret: wildcard, namespace: certificates}}
"""


@pytest.mark.parametrize("version", ["v3alpha1", "v2"])
def test_hosts_share_a_certificate_of_another_namespace(version: str) -> None:
    content = stack(f"apiVersion: {version}\n{SHARED}")
    for name in ("shop", "api"):
        assert specs(content)["Host", name]["tlsSecret"] == {
            "name": "wildcard",
            "namespace": "certificates",
        }
    needed = {item.name: item.path for item in expectations(loaded(content), "a").namespaces}
    assert needed["certificates"] == "clusters.a.ambassador.hosts[0].tls.namespace"


def test_secrets_of_one_name_in_two_namespaces_are_two_secrets() -> None:
    host = "{{name: {0}, hostname: {0}.example.com, tls: {{secret: x, namespace: {1}, {2}}}}}"
    issued = "certManager: {issuer: ca}"
    apart = [host.format(name, f"space-{name}", issued) for name in "ab"]
    assert complaints(stack(f"hosts: [{', '.join(apart)}]")) == []
    same = [host.format(name, "space", issued) for name in "ab"]
    assert [path for path, _ in complaints(stack(f"hosts: [{', '.join(same)}]"))] == [
        "hosts[1].tls.secret"
    ]


def test_ambassador_1_14_reads_it_by_a_tls_context_alone() -> None:
    legacy = f"flavour: ambassador\napiVersion: v1\n{SHARED}".replace(
        "com, tls", "com, insecure: Redirect, tls"
    )
    found = specs(stack(legacy))
    assert found["TLSContext", "api"]["secret"] == "wildcard.certificates"
    assert [path for path, _ in complaints(stack(legacy.replace("v1\n", "v2\n")))] == [
        "hosts[0].tls.namespace",
        "hosts[1].tls.namespace",
    ]


def test_an_external_issuer_is_named_with_its_group(recorded: Records) -> None:
    text = """
        hosts:
          - name: shop
            hostname: shop.example.com
            tls:
              namespace: certificates
              certManager: {issuer: pca, kind: AWSPCAClusterIssuer, group: awspca.cert-manager.io}
    """
    made = recorded(loaded(stack(text))).named("a-ambassador-host.shop-certificate").inputs
    assert made["metadata"]["namespace"] == "certificates"
    assert made["spec"]["issuerRef"] == {
        "name": "pca",
        "kind": "AWSPCAClusterIssuer",
        "group": "awspca.cert-manager.io",
    }
    alone = text.replace(", group: awspca.cert-manager.io", "")
    assert [path for path, _ in complaints(stack(alone))] == ["hosts[0].tls.certManager.kind"]


@pytest.mark.parametrize("adopt", ["", "adopt: {}, "])
def test_the_sidecar_of_any_ambassador_has_annotations_and_ports_past_it(
    adopt: str, recorded: Records
) -> None:
    text = f"""{{{adopt}sidecar: {{skipOutboundPorts: [8500],
        annotations: {{config.linkerd.io/proxy-cpu-request: 500m}}}}}}"""
    made = recorded(loaded(stack(text)))
    name = "a-ambassador-workload-patch" if adopt else "a-ambassador-release"
    given = made.named(name).inputs
    notes = (
        given["spec"]["template"]["metadata"]["annotations"]
        if adopt
        else given["values"]["podAnnotations"]
    )
    assert notes == {
        "linkerd.io/inject": "enabled",
        "config.linkerd.io/skip-outbound-ports": "8500",
        "config.linkerd.io/proxy-cpu-request": "500m",
    }


@pytest.mark.parametrize(
    ("annotation", "key"),
    [
        ("linkerd.io/inject", "sidecar.mode"),
        ("config.linkerd.io/skip-inbound-ports", "sidecar.skipInboundPorts"),
        ("config.linkerd.io/skip-outbound-ports", "sidecar.skipOutboundPorts"),
        ("config.linkerd.io/enable-gateway", "gateway: {}"),
        ("config.linkerd.io/admin-port", "keep the port"),
    ],
)
def test_an_annotation_that_follows_from_a_key_is_refused_with_that_key(
    annotation: str, key: str
) -> None:
    found = complaints(stack(f'sidecar: {{annotations: {{{annotation}: "1"}}}}'))
    assert [path for path, _ in found] == [f'sidecar.annotations["{annotation}"]']
    assert key in found[0][1]


# Free fields


def test_free_fields_are_merged_into_each_object() -> None:
    found = specs(
        stack("""
            tracing: {service: "collector.tracing:4317", spec: {tag_headers: [x-tenant]}}
            listeners:
              - name: http
                port: 8080
                spec: {statsPrefix: edge, hostBinding: {selector: {matchLabels: {a: b}}}}
            hosts:
              - name: all
                hostname: "*"
                spec: {requestPolicy: {insecure: {additionalPort: 8081}}}
            mappings:
              - {name: one, prefix: /, service: a.b, spec: {method: GET, grpc: true, timeout_ms: 0}}
              - {name: two, prefix: /, service: c.b, spec: {method: POST}}
        """)
    )
    assert found["Listener", "http"]["hostBinding"] == {
        "namespace": {"from": "ALL"},
        "selector": {"matchLabels": {"a": "b"}},
    }
    assert found["Host", "all"]["requestPolicy"]["insecure"] == {
        "action": "Route",
        "additionalPort": 8081,
    }
    assert found["TracingService", "tracing"]["tag_headers"] == ["x-tenant"]
    # What is free and what has a key of its own make the same Mapping.
    assert found["Mapping", "one"].items() >= {"grpc": True, "rewrite": "", "timeout_ms": 0}.items()


@pytest.mark.parametrize(
    ("settings_of_route", "field"),
    [
        ("timeoutMs: 0, spec: {timeout_ms: 5}", "timeout_ms"),
        ("grpc: false, spec: {grpc: true}", "grpc"),
        ('rewrite: "", spec: {rewrite: /}', "rewrite"),
        ("rewrite: /x/, spec: {regex_rewrite: {pattern: a, substitution: b}}", "regex_rewrite"),
        ("bypassAuth: false, spec: {bypass_auth: true}", "bypass_auth"),
    ],
)
def test_a_field_is_written_by_its_key_or_free_and_not_by_both(
    settings_of_route: str, field: str
) -> None:
    route = f"{{name: x, prefix: /x/, service: a.b, {settings_of_route}}}"
    found = complaints(stack(f"mappings: [{route}]"))
    assert [path for path, _ in found] == [f"mappings[0].spec.{field}"]


def with_spec(version: str, kind: str, field: str, value: object) -> Settings:
    """An Ambassador with an object of this kind that has this field free."""
    spec = {field: value}
    entry: dict[str, Settings] = {
        "Listener": {"listeners": [{"name": "x", "port": 8080, "spec": spec}]},
        "Host": {"hosts": [{"name": "x", "hostname": "*", "spec": spec}]},
        "Mapping": {"mappings": [{"name": "x", "prefix": "/x/", "service": "a.b", "spec": spec}]},
        "TracingService": {"tracing": {"service": "a.b:4317", "spec": spec}},
    }
    return stack(yaml.safe_dump({"apiVersion": version, **entry[kind]}))


DERIVED = {
    "Listener": {"ambassador_id", "port", "protocol", "protocolStack"},
    "Host": {"ambassador_id", "ambassadorId", "hostname", "tlsSecret"},
    "Mapping": {
        *("ambassador_id", "prefix", "hostname", "host", "host_regex", "service"),
        *("add_linkerd_headers", "remove_request_headers"),
    },
    "TracingService": {"ambassador_id", "service", "driver"},
}


def sample(fields: Any) -> Any:
    """A value that fits fields of `config.variants.crds`."""
    if isinstance(fields, dict):
        return {} if "*" not in fields else {"x": sample(fields["*"])}
    if isinstance(fields, list):
        return [sample(fields[0])]
    if fields.startswith("="):
        return fields[1:].split("|")[-1]
    return {"integer": 1, "boolean": True, "array or string": ["x"]}.get(fields, "x")


@pytest.mark.parametrize("version", ["v3alpha1", "v2"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_the_crds_is_taken_as_it_is_or_has_a_key(version: str, kind: str) -> None:
    of = f"emissary-4/{version if kind != 'Listener' else 'v3alpha1'}"
    rows = yaml.safe_load(FILE.read_text())
    fields = next(row["fields"] for row in rows if row["kind"] == kind and of in row["of"])
    assert "x-unknown" not in fields
    for field, form in fields.items():
        content = with_spec(version, kind, field, sample(form))
        found = complaints(content)
        if field in DERIVED[kind]:
            assert len(found) == 1 and "write " in found[0][1], (field, found)
        else:
            assert found == [], field
            made = [spec for (of_kind, _), spec in specs(content).items() if of_kind == kind]
            assert any(field in spec for spec in made)
    unknown = complaints(with_spec(version, kind, "x-unknown", 1))
    assert [path.rpartition("].")[2] for path, _ in unknown] in (
        [["spec.x-unknown"], ["spec.x-unknown"]],
        ["spec.x-unknown"],
        ["tracing.spec.x-unknown"],
    )


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"timeout_ms": "5s"}, "timeout_ms"),
        ({"timeout_ms": True}, "timeout_ms"),
        ({"grpc": "yes"}, "grpc"),
        ({"cors": []}, "cors"),
        ({"cors": {"origins": "https://a"}}, "cors.origins"),
        ({"load_balancer": {"policy": "random"}}, "load_balancer.policy"),
        ({"add_request_headers": {"x": {"valeu": "y"}}}, "add_request_headers.x.valeu"),
    ],
)
def test_a_value_that_the_api_server_would_refuse_or_drop_is_reported(
    spec: Settings, place: str
) -> None:
    assert [found.path for found in faults("emissary-4", "v3alpha1", "Mapping", spec)] == [place]


# Which Ambassador reads what


@pytest.mark.parametrize("version", ["v3alpha1", "v2", "v1"])
def test_every_object_names_the_id_of_its_ambassador(version: str, recorded: Records) -> None:
    text = f"""
        apiVersion: {version}
        ambassadorId: edge
        gateway: {{probe: ambassador}}
        tracing: {{service: "collector.tracing:4317"}}
        mappings: [{{name: web, prefix: /web/, service: web.shop}}]
    """
    content = stack(text)
    assert {kind for kind, _ in specs(content)} == {"Listener", "Host", "Mapping", "TracingService"}
    assert all(spec["ambassador_id"] == ["edge"] for spec in specs(content).values())
    release = recorded(loaded(content)).named("a-ambassador-release").inputs
    assert release["values"]["env"] == {"AMBASSADOR_ID": "edge"}


def test_both_charts_of_an_edge_stack_know_the_id() -> None:
    text = "{flavour: edge-stack, edgeStack: {licenseSecret: x}, ambassadorId: edge}"
    values = inventory(loaded(stack(text)), "a").values["ambassador", "ambassador"].over({})
    assert values["env"] == values["emissary-ingress"]["env"] == {"AMBASSADOR_ID": "edge"}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("{values: {env: {AMBASSADOR_ID: edge}}}", ["values.env.AMBASSADOR_ID"]),
        ("{ambassadorId: a, values: {env: {AMBASSADOR_ID: b}}}", ["values.env.AMBASSADOR_ID"]),
        ("{ambassadorId: b, values: {env: {AMBASSADOR_ID: b}}}", []),
        ("{values: {env: {OTHER: b}}}", []),
        ('{values: {envRaw: "- {name: AMBASSADOR_ID, value: b}"}}', ["values.envRaw"]),
    ],
)
def test_an_id_among_the_values_has_to_be_that_of_the_objects(text: str, places: list[str]) -> None:
    found = complaints(stack(text))
    assert [path for path, _ in found] == places
    assert all("ambassadorId" in remedy for _, remedy in found)


def seen(own: str | None, variable: str | None, ids_of_mapping: object) -> list[str]:
    """Failed lines about ids, of one Mapping and an Ambassador with a variable."""
    env = [{"name": "AMBASSADOR_ID", "value": variable}] if variable else []
    route = {"name": "shop", "prefix": "/shop/", "service": "web.shop"}
    given = {} if own is None else {"ambassadorId": own}
    extra = {
        "ambassador": {"listeners": [], "hosts": [], "adopt": {}, "mappings": [route], **given}
    }
    content = settings()
    content["clusters"]["west"] |= extra
    spec: Settings = {} if ids_of_mapping is None else {"ambassador_id": ids_of_mapping}
    pods = {"containers": [{"name": "ambassador", "env": env}]}
    there = deployment("ambassador", "ambassador")
    there["spec"]["template"]["spec"] = {**there["spec"]["template"].get("spec", {}), **pods}
    found = view(there, ambassador("Mapping", "shop", **spec))
    return failures(list(ids.ids(cluster_case(found, MeshConfig.model_validate(content)))))


@pytest.mark.parametrize(
    ("own", "variable", "of_mapping", "lines"),
    [
        (None, None, None, 0),
        (None, "default", ["default", "edge"], 0),
        ("edge", "edge", "edge", 0),
        ("edge", "edge", ["_other", "edge"], 0),
        ("edge", None, ["edge"], 1),
        ("edge", "edge", None, 1),
        (None, "edge", None, 1),
        (None, None, ["edge"], 1),
    ],
)
def test_check_says_that_ambassador_does_not_read_an_object(
    own: str | None, variable: str | None, of_mapping: object, lines: int
) -> None:
    assert len(seen(own, variable, of_mapping)) == lines
