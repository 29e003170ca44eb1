"""Routes of an Ambassador, in each version of getambassador.io, and its proxies' mode."""

from __future__ import annotations

from typing import Any

import pytest

from checks.ambassador import ambassador as installation
from checks.ambassador import ingress_mode, routes
from checks.facts.results import Finding, Status
from config import MeshConfig
from config.links.exports import ServiceRef
from tests.unit.checks.builders import (
    ambassador,
    cluster_case,
    deployment,
    failures,
    mesh,
    of,
    served,
    settings,
    thing,
    view,
    warnings,
    with_ambassador,
)

SHOP = {"name": "shop", "prefix": "/shop/", "service": "http://web.shop.svc.cluster.local:80"}
LEADS = "Mapping shop routes /shop/ to web.shop.svc.cluster.local"
MODULE = ambassador("Module", "ambassador", config={"add_linkerd_headers": True})


def looked_at(config: MeshConfig, *objects: dict[str, Any]) -> list[Finding]:
    return list(routes.routes(cluster_case(view(*objects), config)))


def shop(version: str = "v3alpha1", **spec: Any) -> list[Finding]:
    """What is found of one Mapping that has these fields."""
    config = with_ambassador(mappings=[SHOP])
    return looked_at(config, ambassador("Mapping", "shop", version, **spec))


@pytest.mark.parametrize(
    "service",
    [
        "http://web.shop.svc.cluster.local:80",
        "web.shop",
        "web.shop:80",
        "http://web.shop",
        "WEB.shop.svc.cluster.local",
    ],
)
def test_a_service_is_recognised_however_it_is_written(service: str) -> None:
    found = shop(hostname="*", prefix="/shop/", service=service)
    assert of(found, LEADS).status is Status.OK


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"prefix": "/shop"}, "its prefix is /shop, not /shop/"),
        ({"hostname": "shop.example.org"}, "its hostname is shop.example.org, not *"),
        ({"service": "web.other"}, "its Service is web.other, not"),
        ({"service": "web"}, "its Service is web, not"),
        ({"service": "web.shop:8080"}, "its Service is web.shop:8080, not"),
        ({"service": "https://web.shop"}, "its Service is https://web.shop, not"),
    ],
)
def test_a_route_that_goes_elsewhere_is_one_failure_that_says_where(
    spec: dict[str, Any], words: str
) -> None:
    found = shop(**{"hostname": "*", "prefix": "/shop/", "service": "web.shop", **spec})
    assert of(found, LEADS).status is Status.FAILURE
    assert of(found, LEADS).detail.startswith(words)


def test_a_route_that_is_missing_is_one_failure() -> None:
    found = looked_at(with_ambassador(mappings=[SHOP], listeners=[], hosts=[], adopt={}), MODULE)
    assert failures(found) == ["Mappings of the stack file exist"]
    assert of(found, LEADS).status is Status.SKIPPED


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_up_to_v2_a_mapping_without_a_host_is_for_all_of_them(version: str) -> None:
    found = shop(version, prefix="/shop/", service="web.shop")
    assert of(found, LEADS).status is Status.OK
    assert warnings(found) == []
    hosted = shop(version, host="shop.example.org", prefix="/shop/", service="web.shop")
    assert "its hostname is shop.example.org" in of(hosted, LEADS).detail


def test_a_mapping_of_v3alpha1_without_a_hostname_is_dropped() -> None:
    found = shop(prefix="/shop/", service="web.shop")
    assert warnings(found) == ["every Mapping has a hostname"]


def test_the_samples_route_is_checked_where_it_is_wanted() -> None:
    def titles(**sample: Any) -> list[str]:
        return [one.title for one in looked_at(with_ambassador(sample=sample))]

    route = "Mapping linkerd2-qotm routes /qotm-linkerd2/ to qotm-linkerd2.qotm.svc.cluster.local"
    assert route in titles()
    assert route not in titles(mapping=False)


def test_a_route_to_a_mirrored_service_is_checked_in_the_source() -> None:
    content = settings()
    content["links"][0]["exports"][0]["mapping"] = {"prefix": "/web/"}
    config = mesh(content)
    east = list(routes.routes(cluster_case(view(cluster="east"), config)))
    (missing,) = [one for one in east if one.title == "Mappings of the stack file exist"]
    assert missing.detail == "missing in ambassador: web-west"
    west = list(routes.routes(cluster_case(view(), config)))
    assert "Mappings of the stack file exist" not in {one.title for one in west}


def test_getambassador_v1_has_no_hosts_and_legacy_ambassador_no_listeners() -> None:
    legacy: dict[str, Any] = {"flavour": "ambassador"}
    second = {one.title for one in looked_at(with_ambassador(**legacy))}
    first = {one.title for one in looked_at(with_ambassador(**legacy, apiVersion="v1"))}
    assert "Hosts of the stack file exist" in second
    assert "Hosts of the stack file exist" not in first
    assert not [title for title in first | second if "Listener" in title]


def test_in_v1_contexts_are_for_hosts_that_terminate_tls_unless_ambassador_converts() -> None:
    title = "TLSContexts of the stack file exist"
    hosts = [
        {"name": "a", "hostname": "a.example.org", "insecure": "Redirect", "tls": {}},
        {"name": "b", "hostname": "b"},
    ]
    fields: dict[str, Any] = {"hosts": hosts, "apiVersion": "v1"}
    legacy = with_ambassador(flavour="ambassador", **fields)
    assert of(looked_at(legacy), title).detail == "missing in ambassador: a"
    there = ambassador("TLSContext", "a", "v1")
    assert of(looked_at(legacy, there), title).status is Status.OK
    converted = looked_at(with_ambassador(version="3.10.0", **fields))
    assert of(converted, "Hosts of the stack file exist").detail == "missing in ambassador: a, b"


@pytest.mark.parametrize(
    ("hostname", "expression"),
    [
        ("*.example.org", r".+\.example\.org"),
        ("shop.example.*", r"shop\.example\..+"),
        ("*.example.org", "*.example.org"),
    ],
)
def test_a_glob_of_a_host_is_recognised_as_a_regular_expression(
    hostname: str, expression: str
) -> None:
    config = with_ambassador(flavour="ambassador", mappings=[{**SHOP, "hostname": hostname}])
    regex = {"host_regex": True} if "\\" in expression else {}
    spec = {"host": expression, **regex, "prefix": "/shop/", "service": "web.shop"}
    found = looked_at(config, ambassador("Mapping", "shop", "v2", **spec))
    assert of(found, LEADS).status is Status.OK
    other = {**spec, "host": r".+\.example\.com", "host_regex": True}
    found = looked_at(config, ambassador("Mapping", "shop", "v2", **other))
    assert "its hostname is *.example.com" in of(found, LEADS).detail


def test_the_module_of_an_adopted_ambassador_may_be_left_alone() -> None:
    title = "the Module has add_linkerd_headers: true"

    def seen(module: str) -> list[Finding]:
        return looked_at(with_ambassador(adopt={"module": module}))

    assert title not in {one.title for one in seen("leave")}
    assert "adopt.module: make" in of(seen("patch"), title).hint
    assert "adopt.module" not in of(seen("make"), title).hint


@pytest.mark.parametrize(
    ("service", "place"),
    [
        ("web", (ServiceRef("ambassador", "web"), "web", 80)),
        ("https://web.shop", (ServiceRef("shop", "web"), "web.shop", 443)),
        ("web.shop.svc:8080", (ServiceRef("shop", "web"), "web.shop.svc", 8080)),
        ("www.example.com", (None, "www.example.com", 80)),
        ("localhost:8877", (None, "localhost", 8877)),
        ("http://127.0.0.1:8500", (None, "127.0.0.1", 8500)),
    ],
)
def test_names_of_services_are_distinguished_from_other_names(service: str, place: object) -> None:
    assert routes.destination(service, "ambassador") == place


# Kinds, by version


@pytest.mark.parametrize(
    ("version", "kinds", "missing"),
    [
        ("v2", ("Module", "Mapping", "Host"), None),
        ("v2", ("Module", "Mapping"), "Host.getambassador.io v2"),
        ("v1", ("Module", "Mapping"), None),
        ("v1", ("Module",), "Mapping.getambassador.io v1"),
    ],
)
def test_kinds_are_served_in_the_version_that_the_stack_file_writes(
    version: str, kinds: tuple[str, ...], missing: str | None
) -> None:
    config = with_ambassador(flavour="ambassador", apiVersion=version)
    case = cluster_case(view(served=served(*kinds, version=version)), config)
    found = of(list(installation.installation(case)), "the API server serves Ambassador's kinds")
    assert found.detail == (version if missing is None else f"not served: {missing}")


def test_of_an_adopted_ambassador_the_version_that_is_served_is_reported() -> None:
    config = with_ambassador(adopt={})
    case = cluster_case(view(served=served("Module", "Mapping", "Host", version="v2")), config)
    found = of(list(installation.installation(case)), "the API server serves Ambassador's kinds")
    assert "apiVersion: v2" in found.hint


# Ingress mode


def ingress(*mappings: dict[str, Any]) -> list[Finding]:
    config = with_ambassador(sidecar={"mode": "ingress"}, mappings=[SHOP])
    return list(ingress_mode.ingress_mode(cluster_case(view(*mappings), config)))


TAKEN = "Mappings of the stack file remove l5d-dst-override from clients' requests"


@pytest.mark.parametrize("header", ["l5d-dst-override", ["x-other", "L5d-Dst-Override"]])
def test_a_route_that_removes_the_header_of_clients_passes(header: object) -> None:
    found = ingress(ambassador("Mapping", "shop", remove_request_headers=header))
    assert [one.status for one in found] == [Status.OK]


@pytest.mark.parametrize("spec", [{}, {"remove_request_headers": ["x-other"]}])
def test_a_route_that_lets_clients_steer_is_a_failure(spec: dict[str, Any]) -> None:
    found = ingress(ambassador("Mapping", "shop", **spec))
    assert failures(found) == [TAKEN]
    assert "shop" in found[0].detail


def test_other_peoples_routes_and_other_modes_are_not_checked() -> None:
    others = ambassador("Mapping", "theirs")
    assert of(ingress(others), TAKEN).status is Status.SKIPPED
    config = with_ambassador(mappings=[SHOP])
    case = cluster_case(view(ambassador("Mapping", "shop")), config)
    assert list(ingress_mode.ingress_mode(case)) == []


@pytest.mark.parametrize(
    ("wanted", "asked", "failed"),
    [
        ("ingress", "ingress", False),
        ("ingress", "enabled", True),
        ("enabled", "enabled", False),
        ("enabled", "ingress", True),
    ],
)
def test_proxies_run_in_the_mode_of_the_stack_file(wanted: str, asked: str, failed: bool) -> None:
    config = with_ambassador(sidecar={"mode": wanted})
    pods = deployment("ambassador", "ambassador", pod_annotations={"linkerd.io/inject": asked})
    found = list(installation.installation(cluster_case(view(pods), config)))
    title = f"Ambassador's proxies are in the mode '{wanted}'"
    assert (of(found, title).status is Status.FAILURE) is failed


def test_injection_may_be_asked_for_by_the_namespace() -> None:
    config = with_ambassador(sidecar={"injection": "namespace", "mode": "ingress"})
    pods = deployment("ambassador", "ambassador")
    space = thing("v1", "Namespace", "ambassador", annotations={"linkerd.io/inject": "ingress"})

    def seen(*objects: dict[str, Any]) -> list[Finding]:
        return list(installation.installation(cluster_case(view(*objects), config)))

    title = "Ambassador is meshed"
    assert (
        of(seen(pods), title).detail
        == "its namespace lacks the annotation linkerd.io/inject: ingress"
    )
    assert title not in failures(seen(pods, space))


# Ports of the sidecar


def ports(config: MeshConfig, **annotations: str) -> list[Finding]:
    notes = {
        f"config.linkerd.io/{key.replace('_', '-')}": text for key, text in annotations.items()
    }
    pods = deployment("ambassador", "ambassador", pod_annotations=notes)
    return list(installation.installation(cluster_case(view(pods), config)))


def test_ports_that_bypass_the_proxy_are_those_of_the_stack_file() -> None:
    config = with_ambassador(sidecar={"skipInboundPorts": [8443, 8080]})
    title = "ports bypass Ambassador's proxies: 8080,8443"
    assert of(ports(config, skip_inbound_ports="8080, 8443"), title).status is Status.OK
    assert of(ports(config, skip_inbound_ports="8080"), title).status is Status.FAILURE
    assert of(ports(config), title).detail.endswith("skip-inbound-ports is missing")
    plain = ports(with_ambassador())
    assert not [one for one in plain if one.title.startswith("ports")]


def test_identity_is_required_where_a_gateway_of_linkerd_2_8_is() -> None:
    gateway = {"gateway": {"probe": "ambassador"}}
    title = "ports of Ambassador's pods require mTLS: 4143"
    old = with_ambassador(linkerd={"version": "2.8.1"}, **gateway)
    assert of(ports(old), title).status is Status.FAILURE
    name = "proxy_require_identity_inbound_ports"
    assert of(ports(old, **{name: "4143"}), title).status is Status.OK
    assert title not in {one.title for one in ports(with_ambassador(**gateway))}
