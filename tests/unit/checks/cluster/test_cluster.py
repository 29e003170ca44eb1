"""Control plane, Ambassador, gateway and sample: each fault is one line about it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from checks.ambassador import ambassador, hosts, routes
from checks.ambassador import gateway as gateway_checks
from checks.facts.results import Finding, GatewayRow, Status
from checks.facts.view import ServedKind
from checks.linkerd import control_plane
from checks.links import gateways, liveness
from checks.platform import sample
from config import MeshConfig
from config.core.mesh import gateway_identity
from tests.unit.checks.builders import (
    cluster_case,
    deployment,
    failures,
    mesh,
    node,
    of,
    settings,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import Kind

API = "getambassador.io/v3alpha1"
IDENTITY = "ambassador-west.ambassador.serviceaccount.identity.linkerd.cluster.local"
Objects = dict[str, dict[str, Any]]


def with_linkerd(**linkerd: Any) -> MeshConfig:
    content = settings()
    content["clusters"]["west"]["linkerd"] = linkerd
    return mesh(content)


# The control plane


def config_map(**values: Any) -> dict[str, Any]:
    usual = {
        "clusterDomain": "cluster.local",
        "identityTrustDomain": "cluster.local",
        "clusterNetworks": "172.16.0.0/12,10.0.0.0/8,100.64.0.0/10,192.168.0.0/16,fd00::/8",
        "cniEnabled": False,
        "linkerdVersion": "edge-26.8.3",
    }
    data = {"values": yaml.safe_dump({**usual, **values})}
    return thing("v1", "ConfigMap", "linkerd-config", "linkerd", data=data)


def configured(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[Finding]:
    return list(control_plane.configuration(cluster_case(view(*objects), config)))


def test_a_configuration_that_agrees_passes_in_any_order_of_networks() -> None:
    assert failures(configured(config_map())) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clusterDomain", "k8s.example.org"),
        ("identityTrustDomain", "example.org"),
        ("clusterNetworks", "10.0.0.0/8"),
        ("cniEnabled", True),
        ("linkerdVersion", "edge-26.7.1"),
    ],
)
def test_each_setting_that_differs_is_named(key: str, value: object) -> None:
    found = configured(config_map(**{key: value}))
    assert failures(found) == ["linkerd-config matches the stack file"]
    assert found[1].detail.startswith(f"{key} is {value}")


def test_a_configuration_that_is_missing_or_no_yaml_is_one_failure() -> None:
    title = "ConfigMap linkerd/linkerd-config exists"
    broken = thing("v1", "ConfigMap", "linkerd-config", "linkerd", data={"values": "a: [b"})
    assert failures(configured()) == [title]
    assert failures(configured(broken)) == [title]


CONTROL_PLANE = tuple(
    deployment(name, "linkerd", replicas=3)
    for name in ("linkerd-identity", "linkerd-destination", "linkerd-proxy-injector")
)


def pods(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[Finding]:
    return list(control_plane.deployments(cluster_case(view(*objects), config)))


def test_every_deployment_of_the_control_plane_is_checked() -> None:
    assert failures(pods(*CONTROL_PLANE)) == []
    for left_out in range(3):
        some = [one for number, one in enumerate(CONTROL_PLANE) if number != left_out]
        name = CONTROL_PLANE[left_out]["metadata"]["name"]
        assert failures(pods(*some)) == [f"Deployment linkerd/{name} is available"]


def test_high_availability_asks_for_more_than_one_replica() -> None:
    title = "every control plane Deployment has more than one replica"
    ha = with_linkerd(highAvailability=True)
    single = (*CONTROL_PLANE[:2], deployment("linkerd-proxy-injector", "linkerd"))
    assert failures(pods(*CONTROL_PLANE, config=ha)) == []
    assert failures(pods(*single, config=ha)) == [title]
    assert failures(pods(*single)) == []


def test_the_cni_plugin_is_checked_where_it_is_wanted() -> None:
    title = "DaemonSet linkerd-cni/linkerd-cni is available"
    assert failures(pods(*CONTROL_PLANE, config=with_linkerd(cni=True))) == [title]


def spaces(**labels: str) -> list[dict[str, Any]]:
    return [
        thing("v1", "Namespace", name.replace("_", "-"), labels={"linkerd.io/extension": label})
        for name, label in labels.items()
    ]


def test_an_extensions_label_belongs_on_one_namespace() -> None:
    def seen(**labels: str) -> list[Finding]:
        return list(control_plane.extensions(cluster_case(view(*spaces(**labels)))))

    title = "the label linkerd.io/extension=multicluster is only on linkerd-multicluster"
    assert failures(seen(linkerd_multicluster="multicluster")) == []
    assert failures(seen(linkerd_multicluster="multicluster", old="multicluster")) == [title]
    assert failures(seen(old="multicluster")) == [title]
    assert failures(seen()) == [title]


def test_a_namespace_without_the_control_planes_labels_is_warned_of() -> None:
    found = list(control_plane.namespace(cluster_case(view(thing("v1", "Namespace", "linkerd")))))
    assert warnings(found) == ["namespace linkerd has the control plane's labels"]


def test_a_control_plane_without_its_namespace_is_a_failure() -> None:
    found = list(control_plane.namespace(cluster_case(view())))
    assert failures(found) == ["namespace linkerd exists"]


def test_kinds_have_to_be_served_in_the_version_that_is_read() -> None:
    served = {
        **{kind: ServedKind({v: "x"}, True) for kind, v in control_plane._KINDS},
        **{kind: ServedKind({v: "x"}, True) for kind, v in control_plane._GATEWAY_API},
    }

    def seen(changed: dict[Kind, ServedKind]) -> list[Finding]:
        return list(control_plane.kinds(cluster_case(view(served={**served, **changed}))))

    assert failures(seen({})) == []
    beta = ServedKind({"v1beta1": "httproutes"}, True)
    assert failures(seen({Kind("gateway.networking.k8s.io", "HTTPRoute"): beta})) == [
        "the API server serves the Gateway API's kinds"
    ]
    old = ServedKind({"v1beta1": "servers"}, True)
    assert failures(seen({Kind("policy.linkerd.io", "Server"): old})) == [
        "the API server serves Linkerd's kinds"
    ]


# Ambassador and its gateway


def pod(name: str, *containers: str, native: bool = False) -> dict[str, Any]:
    listed = [{"name": container} for container in containers]
    spec: dict[str, Any] = {"containers": [{"name": "own"}]}
    spec["initContainers" if native else "containers"] = listed
    labels = {"app.kubernetes.io/name": "ambassador", "app.kubernetes.io/instance": "ambassador"}
    return thing(
        "v1", "Pod", name, "ambassador", labels=labels, spec=spec, status={"phase": "Running"}
    )


def installed() -> Objects:
    """Ambassador of the cluster west, sound, by kind and name."""
    service = thing(
        "v1",
        "Service",
        "ambassador",
        "ambassador",
        annotations={
            "mirror.linkerd.io/gateway-identity": IDENTITY,
            "mirror.linkerd.io/multicluster-gateway": "true",
            "mirror.linkerd.io/probe-path": "/ready",
            "mirror.linkerd.io/probe-period": "3",
        },
        spec={
            "type": "LoadBalancer",
            "ports": [{"name": "mc-gateway", "port": 4143}, {"name": "mc-probe", "port": 4191}],
        },
        status={"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}},
    )
    health = {
        "hostname": "*",
        "prefix": "/-/ambassador/ready",
        "rewrite": "/ambassador/v0/check_ready",
        "service": "localhost:8877",
        "bypass_auth": True,
        "add_linkerd_headers": False,
    }
    objects = [
        deployment(
            "ambassador",
            "ambassador",
            pod_annotations={
                "linkerd.io/inject": "enabled",
                "config.linkerd.io/enable-gateway": "true",
            },
            pod_spec={"serviceAccountName": "ambassador-west"},
        ),
        pod("one", "linkerd-proxy", native=True),
        service,
        thing(
            API,
            "Module",
            "ambassador",
            "ambassador",
            spec={"config": {"add_linkerd_headers": True}},
        ),
        thing(API, "Listener", "http", "ambassador", spec={"port": 8080}),
        thing(API, "Listener", "https", "ambassador", spec={"port": 8443}),
        thing(API, "Host", "wildcard", "ambassador", spec={"hostname": "*"}),
        thing(API, "Mapping", "public-health-check", "ambassador", spec=health),
        *(
            thing("policy.linkerd.io/v1beta3", "HTTPRoute", name, "ambassador")
            for name in ("ambassador-gateway", "ambassador-gateway.shop.web")
        ),
        *(
            thing("policy.linkerd.io/v1alpha1", "MeshTLSAuthentication", name, "ambassador")
            for name in ("ambassador-gateway", "ambassador-gateway.shop.web")
        ),
        *(
            thing("policy.linkerd.io/v1beta3", "Server", name, "ambassador", spec={"port": port})
            for name, port in (
                ("ambassador-gateway", "linkerd-proxy"),
                ("ambassador-gateway-admin", "linkerd-admin"),
            )
        ),
        *(
            thing("policy.linkerd.io/v1alpha1", "AuthorizationPolicy", name, "ambassador")
            for name in ("ambassador-gateway.shop.web", "ambassador-gateway-admin")
        ),
    ]
    return {f"{one['kind']} {one['metadata']['name']}": one for one in objects}


SERVED = {
    Kind("getambassador.io", kind): ServedKind({"v3alpha1": kind.lower()}, True)
    for kind in ("Module", "Listener", "Host", "Mapping")
}


def looked_at(objects: Objects, config: MeshConfig | None = None, **fields: Any) -> list[Finding]:
    case = cluster_case(view(*objects.values(), **{"served": SERVED, **fields}), config)
    return [
        *ambassador.installation(case),
        *routes.routes(case),
        *hosts.certificates(case),
        *gateway_checks.gateway(case),
    ]


def test_a_sound_ambassador_passes_everything() -> None:
    assert {finding.status for finding in looked_at(installed())} == {Status.OK}


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        ("Module ambassador", "the Module has add_linkerd_headers: true"),
        ("Listener http", "Listeners of the stack file exist"),
        ("Host wildcard", "Hosts of the stack file exist"),
        ("Service ambassador", "Service ambassador/ambassador is the gateway"),
        (
            "Mapping public-health-check",
            "Mapping public-health-check routes to Ambassador's health check",
        ),
        ("Server ambassador-gateway", "the gateway's Servers and policies exist"),
        (
            "AuthorizationPolicy ambassador-gateway-admin",
            "the gateway's Servers and policies exist",
        ),
        (
            "MeshTLSAuthentication ambassador-gateway",
            "the gateway's Servers and policies exist",
        ),
        ("Deployment ambassador", "Deployment ambassador/ambassador is available"),
    ],
)
def test_each_object_that_is_missing_is_one_failure(gone: str, title: str) -> None:
    objects = installed()
    del objects[gone]
    assert failures(looked_at(objects)) == [title]


def changed(path: str, value: Any) -> Objects:
    """A sound Ambassador with one field set; the path begins with kind and name."""
    objects = installed()
    first, *middle, last = path.split("/")
    inner: Any = objects[first]
    for key in middle:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    inner[last.replace("|", "/")] = value
    return objects


@pytest.mark.parametrize(
    ("path", "value", "title"),
    [
        (
            "Service ambassador/metadata/annotations/mirror.linkerd.io|gateway-identity",
            "default.ambassador.serviceaccount.identity.linkerd.cluster.local",
            "the gateway Service has the identity of Ambassador's proxies",
        ),
        (
            "Service ambassador/metadata/annotations/mirror.linkerd.io|probe-path",
            "-/ambassador/ready",
            "the gateway Service has the configured probe",
        ),
        (
            "Service ambassador/spec/ports/0/port",
            4180,
            "the gateway Service has ports mc-gateway and mc-probe",
        ),
        (
            "Service ambassador/metadata/annotations/mirror.linkerd.io|probe-period",
            "30",
            "the gateway Service has the configured probe",
        ),
        (
            "Service ambassador/metadata/annotations/mirror.linkerd.io|multicluster-gateway",
            "false",
            "the gateway Service has annotation mirror.linkerd.io/multicluster-gateway",
        ),
        ("Service ambassador/status/loadBalancer", {}, "the gateway has an address"),
        (
            "Deployment ambassador/spec/template/metadata/annotations",
            {"linkerd.io/inject": "enabled"},
            "Ambassador's proxies are configured as a gateway",
        ),
        (
            "Deployment ambassador/spec/template/spec/serviceAccountName",
            "ambassador",
            "Ambassador runs as ServiceAccount ambassador-west",
        ),
        (
            "Module ambassador/spec/config",
            {},
            "the Module has add_linkerd_headers: true",
        ),
        (
            "Mapping public-health-check/spec/bypass_auth",
            False,
            "Mapping public-health-check routes to Ambassador's health check",
        ),
        (
            "Server ambassador-gateway/spec/port",
            4143,
            "the gateway's Servers and policies exist",
        ),
    ],
)
def test_each_field_that_is_wrong_is_one_failure(path: str, value: Any, title: str) -> None:
    assert failures(looked_at(changed(path, value))) == [title]


@pytest.mark.parametrize(
    ("found", "told"),
    [({}, "its annotation is missing, not"), ({"x": "y"}, "its annotation is missing, not")],
)
def test_a_service_without_annotations_is_reported_to_have_nothing(
    found: dict[str, str], told: str
) -> None:
    objects = changed("Service ambassador/metadata/annotations", found)
    title = "the gateway Service has the identity of Ambassador's proxies"
    assert of(looked_at(objects), title).detail.startswith(told)
    probed = of(looked_at(objects), "the gateway Service has the configured probe")
    assert probed.detail == "its path is missing, not /ready"


def test_where_no_load_balancer_can_be_the_address_has_to_be_given() -> None:
    title = "the gateway has an address"
    objects = changed("Service ambassador/status/loadBalancer", {})
    waiting = of(looked_at(objects), title)
    assert "its load balancer has no address yet" in waiting.detail
    objects["Service ambassador"]["spec"]["type"] = "NodePort"
    never = of(looked_at(objects), title)
    assert (never.status, never.hint) == (
        Status.FAILURE,
        "write clusters.west.ambassador.gateway.address",
    )
    content = settings()
    content["clusters"]["west"]["ambassador"]["gateway"]["address"] = ["gw.example.org"]
    assert of(looked_at(objects, mesh(content)), title).detail == "gw.example.org"
    content = settings()
    content["links"][0]["gateway"] = {"address": ["gw.example.org"]}
    assert of(looked_at(objects, mesh(content)), title).status is Status.OK


def test_an_ambassador_that_is_no_gateway_is_not_checked_as_one() -> None:
    content = settings(links=[])
    content["clusters"]["west"]["ambassador"] = {}
    case = cluster_case(view(), mesh(content))
    assert list(gateway_checks.gateway(case)) == []
    del content["clusters"]["west"]["ambassador"]
    case = cluster_case(view(), mesh(content))
    assert [*ambassador.installation(case), *routes.routes(case)] == []
    assert list(gateway_checks.gateway(case)) == []


def test_without_listeners_of_its_own_a_stack_needs_another_owners() -> None:
    content = settings()
    content["clusters"]["west"]["ambassador"]["listeners"] = []
    objects = installed()
    assert failures(looked_at(objects, mesh(content))) == []
    del objects["Listener http"], objects["Listener https"]
    assert failures(looked_at(objects, mesh(content))) == ["Ambassador has a Listener"]


def test_a_proxy_among_the_containers_counts_as_well() -> None:
    objects = {**installed(), "Pod one": pod("one", "emissary", "linkerd-proxy")}
    assert failures(looked_at(objects)) == []


def test_a_pod_that_does_not_run_yet_is_not_asked_for_its_proxy() -> None:
    objects = installed()
    starting = pod("two", "emissary")
    starting["status"]["phase"] = "Pending"
    assert failures(looked_at({**objects, "Pod two": starting})) == []


def test_pods_without_a_proxy_fail_but_only_warn_where_pods_are_simulated() -> None:
    objects = {**installed(), "Pod one": pod("one", "emissary")}
    assert failures(looked_at(objects)) == ["Ambassador is meshed"]
    objects["Node 1"] = node("one", kwok=True)
    found = looked_at(objects)
    assert (failures(found), warnings(found)) == ([], ["Ambassador is meshed"])
    objects["Node 2"] = node("two")
    assert failures(looked_at(objects)) == ["Ambassador is meshed"]


def test_an_ambassador_that_no_one_asks_a_proxy_for_fails() -> None:
    path = "Deployment ambassador/spec/template/metadata/annotations"
    objects = changed(path, {"config.linkerd.io/enable-gateway": "true"})
    assert failures(looked_at(objects)) == ["Ambassador is meshed"]
    space = thing("v1", "Namespace", "ambassador", annotations={"linkerd.io/inject": "enabled"})
    assert failures(looked_at({**objects, "Namespace": space})) == []


def test_a_mapping_that_emissary_drops_silently_is_warned_of() -> None:
    lost = thing(API, "Mapping", "mine", "ambassador", spec={"prefix": "/"})
    found = looked_at({**installed(), "Mapping mine": lost})
    assert warnings(found) == ["every Mapping has a hostname"]


def test_a_kind_that_is_not_served_is_named() -> None:
    served = {kind: how for kind, how in SERVED.items() if kind.name != "Listener"}
    found = looked_at(installed(), served=served)
    assert failures(found) == ["the API server serves Ambassador's kinds"]
    assert (
        "Listener.getambassador.io" in of(found, "the API server serves Ambassador's kinds").detail
    )


def test_the_identity_that_is_expected_is_that_of_the_configuration() -> None:
    assert gateway_identity("west", mesh().clusters["west"]) == IDENTITY


def test_the_sample_has_to_be_there_and_to_ask_for_a_proxy() -> None:
    content = settings()
    content["clusters"]["west"]["sample"] = {}
    config = mesh(content)
    service = thing("v1", "Service", "qotm-linkerd2", "qotm")
    pods = deployment("qotm", "qotm")

    def seen(*objects: dict[str, Any]) -> list[str]:
        return failures(list(sample.sample(cluster_case(view(*objects), config))))

    space = thing("v1", "Namespace", "qotm", annotations={"linkerd.io/inject": "enabled"})
    assert seen(service, pods, space) == []
    assert seen(service, pods) == ["the sample is meshed"]
    assert seen(pods, space) == ["Service qotm/qotm-linkerd2 exists"]
    assert seen(service, space) == ["Deployment qotm/qotm is available"]


# The table of gateways


def endpoints(key: str) -> dict[str, Any]:
    return thing(
        "v1",
        "Endpoints",
        "web-west",
        "shop",
        labels={
            "mirror.linkerd.io/cluster-name": "west",
            "mirror.linkerd.io/mirrored-service": "true",
        },
        subsets=[{key: [{"ip": "203.0.113.9"}]}],
    )


def mirror() -> dict[str, Any]:
    labels = endpoints("addresses")["metadata"]["labels"]
    return thing("v1", "Service", "web-west", "shop", labels=labels)


def rows(
    config: MeshConfig, *source: dict[str, Any], metric: bool | None = None
) -> list[GatewayRow]:
    views = {
        "east": view(*source, cluster="east"),
        "west": view(installed()["Service ambassador"]),
    }
    return list(gateways.gateway_rows(config, views, {"east-west": metric}))


def test_the_table_shows_where_a_gateway_is_and_how_many_services_are_mirrored() -> None:
    assert rows(mesh(), mirror(), endpoints("addresses"), metric=True) == [
        GatewayRow("east", "west", "203.0.113.9:4143", "yes", 1)
    ]


@pytest.mark.parametrize(
    ("metric", "found", "alive"),
    [
        (True, (), "yes"),
        (False, (), "no"),
        # A gateway that never answered leaves mirrors ready, so these prove nothing.
        (False, (endpoints("addresses"),), "no"),
        (None, (endpoints("addresses"),), "unknown"),
        (None, (endpoints("notReadyAddresses"),), "no"),
        (None, (), "unknown"),
    ],
)
def test_the_service_mirror_shows_whether_a_gateway_is_alive_and_mirrors_only_that_it_is_not(
    metric: bool | None, found: tuple[dict[str, Any], ...], alive: str
) -> None:
    assert [row.alive for row in rows(mesh(), *found, metric=metric)] == [alive]


@pytest.mark.parametrize(
    ("metrics", "alive"),
    [
        ('gateway_alive{target_cluster_name="west"} 1', True),
        ('gateway_alive{gateway="x",target_cluster_name="west"} 0', False),
        ('gateway_alive{target_cluster_name="north"} 1', None),
        ('gateway_probes{target_cluster_name="west"} 1', None),
        ("", None),
    ],
)
def test_the_metric_of_the_right_target_is_read(metrics: str, alive: bool | None) -> None:
    text = f"# HELP gateway_alive A gauge\n{metrics}\nother 1\n"
    assert liveness.gateway_alive(text, "west") is alive


def test_a_links_own_address_and_port_win_over_those_of_the_service() -> None:
    content = settings()
    content["links"][0]["gateway"] = {"address": ["2001:db8::1", "gw.example.org"], "port": 443}
    assert rows(mesh(content))[0].address == "[2001:db8::1]:443, gw.example.org:443"


def test_of_a_target_that_was_not_seen_only_what_the_stack_file_says_is_reported() -> None:
    def address(content: dict[str, Any]) -> str:
        return next(gateways.gateway_rows(mesh(content), {}, {})).address

    content = settings()
    assert address(content) == ""
    content["clusters"]["west"]["ambassador"]["gateway"]["address"] = ["gw.example.org"]
    assert address(content) == "gw.example.org:4143"
    assert [row.alive for row in gateways.gateway_rows(mesh(content), {}, {})] == ["unknown"]


def test_a_cluster_without_a_gateway_has_no_row() -> None:
    content = settings(links=[])
    content["clusters"]["west"]["ambassador"] = {}
    assert rows(mesh(content)) == []


def test_a_gateway_that_no_link_uses_has_a_row() -> None:
    content = settings(links=[])
    assert rows(mesh(content)) == [GatewayRow("", "west", "203.0.113.9:4143", "unknown", 0)]
