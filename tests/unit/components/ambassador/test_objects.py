"""One description of what Ambassador serves, given to every translator side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.ambassador.objects import TRANSLATORS, Routing, ambassador_objects, routing
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.gateway import GatewayConfig
from config.ambassador.listeners import Listener
from config.ambassador.routes import HostConfig, MappingConfig
from config.variants.ambassadors import FLAVOURS, ApiVersion

VERSIONS: tuple[ApiVersion, ...] = ("v1", "v2", "v3alpha1")
WITH_HOSTS: tuple[ApiVersion, ...] = ("v2", "v3alpha1")

Objects = dict[tuple[str, str], dict[str, Any]]
"""Specs by kind and name."""


def config(**settings: Any) -> AmbassadorConfig:
    return AmbassadorConfig.model_validate(settings)


def host(**settings: Any) -> HostConfig:
    return HostConfig.model_validate({"name": "one", "hostname": "shop.example.com", **settings})


def route(**settings: Any) -> MappingConfig:
    default = {"name": "web", "prefix": "/web/", "service": "web.shop"}
    return MappingConfig.model_validate({**default, **settings})


def translated(
    version: ApiVersion,
    *,
    listeners: tuple[Listener, ...] = (),
    hosts: tuple[HostConfig, ...] = (),
    mappings: tuple[MappingConfig, ...] = (),
    converted: bool = False,
    module: dict[str, object] | None = None,
) -> Objects:
    described = Routing("space", listeners, hosts, mappings, converted, module)
    made = list(TRANSLATORS[version](described))
    specs = {(item["kind"], item["metadata"]["name"]): item["spec"] for item in made}
    assert len(specs) == len(made)
    return specs


def side_by_side(**what: Any) -> dict[ApiVersion, Objects]:
    return {version: translated(version, **what) for version in VERSIONS}


def test_every_version_that_a_flavour_can_serve_has_a_translator() -> None:
    served = {
        version
        for flavour in FLAVOURS.values()
        for line in flavour.lines
        for version in line.api_versions
    }
    assert served == set(TRANSLATORS) == set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_all_objects_have_the_namespace_and_the_version_of_the_stack_file(
    version: ApiVersion,
) -> None:
    made = list(
        TRANSLATORS[version](
            Routing(
                "space",
                (Listener(name="http", port=8080),),
                (host(tls={}),),
                (route(),),
                module={"add_linkerd_headers": True},
            )
        )
    )
    assert {item["metadata"]["namespace"] for item in made} == {"space"}
    assert {
        item["apiVersion"].partition("/")[2] for item in made if item["kind"] != "Listener"
    } == {version}
    assert {item["apiVersion"].partition("/")[0] for item in made} == {"getambassador.io"}


def test_a_listener_is_the_same_object_whatever_the_rest_is_written_in() -> None:
    """There is no Listener in v1 and v2."""
    listener = Listener(name="http", port=8080, protocol="HTTP", security_model="INSECURE")
    made = [
        list(TRANSLATORS[version](Routing("space", (listener,), (), ()))) for version in VERSIONS
    ]
    assert made[0] == made[1] == made[2]
    (found,) = made[0]
    assert found["apiVersion"].endswith("/v3alpha1")
    assert found["spec"] == {
        "port": 8080,
        "protocol": "HTTP",
        "securityModel": "INSECURE",
        "hostBinding": {"namespace": {"from": "ALL"}},
    }


@pytest.mark.parametrize("hostname", ["*", "shop.example.com", "*.example.com", "shop.*"])
def test_v3alpha1_always_says_the_host_name_of_a_route_as_it_was_written(hostname: str) -> None:
    """Without one, this version drops a Mapping silently."""
    spec = translated("v3alpha1", mappings=(route(hostname=hostname),))["Mapping", "web"]
    assert spec["hostname"] == hostname
    assert {"host", "host_regex"}.isdisjoint(spec)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_older_versions_route_every_host_name_by_naming_none(version: ApiVersion) -> None:
    spec = translated(version, mappings=(route(hostname="*"),))["Mapping", "web"]
    assert {"host", "hostname", "host_regex"}.isdisjoint(spec)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_older_versions_compare_a_full_host_name_letter_by_letter(version: ApiVersion) -> None:
    spec = translated(version, mappings=(route(hostname="shop.example.com"),))["Mapping", "web"]
    assert spec["host"] == "shop.example.com"
    assert {"hostname", "host_regex"}.isdisjoint(spec)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("glob", "fits", "fails"),
    [
        (
            "*.example.com",
            ["a.example.com", "a.b.example.com"],
            [
                "example.com",
                ".example.com",
                "a.example.community",
                "aXexample.com",
                "a.exampleXcom",
            ],
        ),
        ("shop.*", ["shop.example.com", "shop.x"], ["shop", "shop.", "shopXexample", "a.shop.x"]),
    ],
)
def test_the_older_versions_have_a_regular_expression_for_a_glob(
    version: ApiVersion, glob: str, fits: list[str], fails: list[str]
) -> None:
    """Ambassador 1.14 compares the text itself unless it is marked as a regular expression."""
    spec = translated(version, mappings=(route(hostname=glob),))["Mapping", "web"]
    assert spec["host_regex"] is True
    # Envoy wants the whole host name to fit.
    assert [name for name in (*fits, *fails) if re.fullmatch(spec["host"], name)] == fits


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("glob", ["*.example.com", "shop.*", "shop.example.com"])
def test_where_the_older_versions_are_converted_a_glob_stays_one(
    version: ApiVersion, glob: str
) -> None:
    """Conversion copies the host as it is, and v3alpha1 has globs."""
    found = translated(version, mappings=(route(hostname=glob),), converted=True)
    assert found["Mapping", "web"]["host"] == glob
    assert "host_regex" not in found["Mapping", "web"]
    everything = translated(version, mappings=(route(),), converted=True)["Mapping", "web"]
    assert {"host", "host_regex"}.isdisjoint(everything)


def test_but_for_its_host_name_a_route_is_the_same_in_every_version() -> None:
    full = route(
        hostname="shop.example.com",
        rewrite="",
        linkerd_headers=True,
        bypass_auth=True,
        timeout_ms=5000,
        remove_request_headers=["x-one", "l5d-dst-override"],
    )
    for mapping in (full, route()):
        specs = []
        for found in side_by_side(mappings=(mapping,)).values():
            spec = found["Mapping", "web"]
            specs.append({key: spec[key] for key in spec if key not in ("host", "hostname")})
        assert specs[0] == specs[1] == specs[2]
        if mapping is full:
            assert specs[0] == {
                "prefix": "/web/",
                "service": "web.shop",
                "rewrite": "",
                "add_linkerd_headers": True,
                "bypass_auth": True,
                "timeout_ms": 5000,
                "remove_request_headers": ["x-one", "l5d-dst-override"],
            }
        else:
            assert specs[0] == {"prefix": "/web/", "service": "web.shop"}


def test_what_is_switched_off_is_off_and_what_is_not_configured_is_left_to_ambassador() -> None:
    for found in side_by_side(mappings=(route(linkerd_headers=False, bypass_auth=False),)).values():
        spec = found["Mapping", "web"]
        assert (spec["add_linkerd_headers"], spec["bypass_auth"]) == (False, False)
    for found in side_by_side(mappings=(route(),)).values():
        assert {"add_linkerd_headers", "bypass_auth"}.isdisjoint(found["Mapping", "web"])


def test_a_host_is_the_same_in_both_versions_that_have_hosts() -> None:
    for one in (host(), host(tls={}), host(insecure="Redirect", tls={"secret": "mine"})):
        v1, v2, v3 = side_by_side(hosts=(one,)).values()
        assert v2 == v3
        assert set(v2) == {("Host", "one")}
        assert ("Host", "one") not in v1


@pytest.mark.parametrize("version", WITH_HOSTS)
@pytest.mark.parametrize("action", ["Route", "Redirect", "Reject"])
def test_a_host_has_an_action_for_cleartext_and_no_acme_authority(
    version: ApiVersion, action: str
) -> None:
    """Without the latter, an Edge Stack would ask Let's Encrypt."""
    spec = translated(version, hosts=(host(insecure=action),))["Host", "one"]
    assert spec == {
        "hostname": "shop.example.com",
        "requestPolicy": {"insecure": {"action": action}},
        "acmeProvider": {"authority": "none"},
    }


@pytest.mark.parametrize("version", WITH_HOSTS)
def test_a_certificate_is_fetched_by_acme_only_where_the_stack_file_asks_for_it(
    version: ApiVersion,
) -> None:
    acme = {"authority": "https://acme.example/directory", "email": "ops@example.com"}
    spec = translated(version, hosts=(host(acme=acme),))["Host", "one"]
    assert spec["acmeProvider"] == acme
    assert "tlsSecret" not in spec


TLS = {
    "secret": "mine",
    "minVersion": "v1.2",
    "maxVersion": "v1.3",
    "alpnProtocols": ["h2", "http/1.1"],
    "cipherSuites": ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-GCM-SHA256"],
}
SETTINGS = {
    "min_tls_version": "v1.2",
    "max_tls_version": "v1.3",
    "alpn_protocols": "h2,http/1.1",
    "cipher_suites": ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-GCM-SHA256"],
}


def test_tls_settings_are_in_the_host_and_in_v1_in_a_tls_context_of_its_name() -> None:
    found = side_by_side(hosts=(host(tls=TLS),))
    for version in WITH_HOSTS:
        spec = found[version]["Host", "one"]
        assert (spec["tlsSecret"], spec["tls"]) == ({"name": "mine"}, SETTINGS)
    assert found["v1"] == {
        ("TLSContext", "one"): {"hosts": ["shop.example.com"], "secret": "mine", **SETTINGS}
    }


def test_tls_without_settings_is_the_secret_alone_which_is_named_after_the_host() -> None:
    found = side_by_side(hosts=(host(tls={}),))
    for version in WITH_HOSTS:
        spec = found[version]["Host", "one"]
        assert spec["tlsSecret"] == {"name": "one-tls"}
        assert "tls" not in spec
    assert found["v1"]["TLSContext", "one"] == {"hosts": ["shop.example.com"], "secret": "one-tls"}


def test_v1_redirects_cleartext_by_a_tls_context_and_routes_it_by_saying_nothing() -> None:
    redirecting = translated("v1", hosts=(host(insecure="Redirect", tls={}),))
    # The port of the pod that accepts cleartext is that of the default Listener.
    assert redirecting["TLSContext", "one"]["redirect_cleartext_from"] == 8080
    routing_ = translated("v1", hosts=(host(insecure="Route", tls={}),))
    assert "redirect_cleartext_from" not in routing_["TLSContext", "one"]


def test_v1_has_nothing_for_a_host_that_terminates_no_tls() -> None:
    assert translated("v1", hosts=(host(),)) == {}


def test_where_v1_is_converted_hosts_are_of_v2_and_there_is_no_tls_context() -> None:
    """Those that convert v1 ignore a TLSContext without a Host, and redirect all cleartext."""
    hosts = (host(tls=TLS, insecure="Reject"), host(name="all", hostname="*"))
    described = Routing("space", (), hosts, (), converted=True)
    older, newer = list(TRANSLATORS["v1"](described)), list(TRANSLATORS["v2"](described))
    assert older == newer
    assert [item["kind"] for item in older] == ["Host", "Host"]
    assert {item["apiVersion"] for item in older} == {"getambassador.io/v2"}


def test_a_module_that_the_program_makes_has_its_label_in_every_version() -> None:
    for version in VERSIONS:
        settings = {"add_linkerd_headers": True}
        (made,) = TRANSLATORS[version](Routing("space", (), (), (), module=dict(settings)))
        assert (made["kind"], made["metadata"]["name"]) == ("Module", "ambassador")
        assert made["spec"] == {"config": settings}
        assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"]


# From the stack file's Ambassador to the description -----------------------------------------


def by_version(make: Callable[[ApiVersion], AmbassadorConfig]) -> Mapping[ApiVersion, Objects]:
    found = {}
    for version in VERSIONS:
        made = ambassador_objects(make(version))
        found[version] = {(item["kind"], item["metadata"]["name"]): item["spec"] for item in made}
    return found


def test_the_health_route_goes_to_ambassador_itself_past_auth_and_without_linkerd_s_header() -> (
    None
):
    found = by_version(lambda version: config(apiVersion=version, gateway={"healthPath": "/alive"}))
    common = {
        "prefix": "/alive",
        "rewrite": "/ambassador/v0/check_ready",
        "service": "localhost:8877",
        "bypass_auth": True,
        "add_linkerd_headers": False,
    }
    key = ("Mapping", "public-health-check")
    assert found["v1"][key] == found["v2"][key] == common
    assert found["v3alpha1"][key] == {**common, "hostname": "*"}


@pytest.mark.parametrize("version", VERSIONS)
def test_without_the_role_of_a_gateway_there_is_no_health_route(version: ApiVersion) -> None:
    kinds = [item["kind"] for item in ambassador_objects(config(apiVersion=version))]
    assert "Mapping" not in kinds


@pytest.mark.parametrize("version", VERSIONS)
def test_an_emissary_has_listeners_without_which_it_serves_nothing(version: ApiVersion) -> None:
    ports = [
        item["spec"]["port"]
        for item in ambassador_objects(config(apiVersion=version))
        if item["kind"] == "Listener"
    ]
    assert ports == [8080, 8443]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_legacy_ambassador_has_no_listener(version: ApiVersion) -> None:
    legacy = config(flavour="ambassador", apiVersion=version, gateway={})
    kinds = {item["kind"] for item in ambassador_objects(legacy)}
    assert kinds == {"Mapping"} | ({"Host"} if version == "v2" else set())


INGRESS_MAPPING = {
    "name": "web",
    "prefix": "/web/",
    "service": "http://web.shop.svc.cluster.local:80",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_in_ingress_mode_no_route_lets_a_client_s_choice_of_destination_through(
    version: ApiVersion,
) -> None:
    mappings = [
        INGRESS_MAPPING,
        {
            **INGRESS_MAPPING,
            "name": "guarded",
            "prefix": "/guarded/",
            "removeRequestHeaders": ["X-Own", "L5D-Dst-Override"],
        },
    ]
    ambassador = config(apiVersion=version, sidecar={"mode": "ingress"}, mappings=mappings)
    asked = route(name="asked", service="http://x.shop.svc.cluster.local:80")
    specs = {
        item["metadata"]["name"]: item["spec"]
        for item in ambassador_objects(ambassador, [asked])
        if item["kind"] == "Mapping"
    }
    assert {name: spec["remove_request_headers"] for name, spec in specs.items()} == {
        "web": ["l5d-dst-override"],
        "guarded": ["x-own", "l5d-dst-override"],
        "asked": ["l5d-dst-override"],
    }


def test_in_ingress_mode_the_health_route_is_guarded_too() -> None:
    """A stack file cannot ask for both today; nothing may depend on that."""
    ambassador = config(sidecar={"mode": "ingress"}).model_copy(update={"gateway": GatewayConfig()})
    removed = {item.name: item.remove_request_headers for item in routing(ambassador).mappings}
    assert removed == {"public-health-check": ("l5d-dst-override",)}


@pytest.mark.parametrize("version", VERSIONS)
def test_outside_of_ingress_mode_no_header_is_removed_that_the_stack_file_does_not_name(
    version: ApiVersion,
) -> None:
    ambassador = config(apiVersion=version, mappings=[INGRESS_MAPPING], gateway={})
    for item in ambassador_objects(ambassador):
        assert "remove_request_headers" not in item["spec"]


def test_routes_that_other_parts_ask_for_come_beside_those_of_the_stack_file() -> None:
    ambassador = config(mappings=[INGRESS_MAPPING], gateway={})
    names = [item.name for item in routing(ambassador, [route(name="asked")]).mappings]
    assert sorted(names) == ["asked", "public-health-check", "web"]


@pytest.mark.parametrize(
    ("settings", "converted"),
    [
        ({}, False),
        ({"apiVersion": "v2"}, True),
        ({"apiVersion": "v1"}, True),
        ({"version": "3.10.0"}, True),
        ({"version": "3.10.0", "apiVersion": "v1", "adopt": {}}, True),
        ({"flavour": "edge-stack", "edgeStack": {"licenseSecret": "s"}, "apiVersion": "v2"}, True),
        ({"flavour": "ambassador"}, False),
        ({"flavour": "ambassador", "apiVersion": "v1"}, False),
    ],
)
def test_the_description_says_whether_a_webhook_converts_the_objects(
    settings: dict[str, Any], converted: bool
) -> None:
    assert routing(config(**settings)).converted is converted


def test_a_module_is_made_only_where_an_adopted_ambassador_is_to_get_one() -> None:
    wanted = {"make": {"add_linkerd_headers": True}, "patch": None, "leave": None}
    for module, expected in wanted.items():
        assert routing(config(adopt={"module": module})).module == expected
    assert routing(config()).module is None


def test_an_adopted_ambassador_gets_no_listener_and_no_host_unless_the_stack_file_names_them() -> (
    None
):
    assert list(ambassador_objects(config(adopt={}))) == []
    named = config(
        adopt={},
        hosts=[{"name": "all", "hostname": "*"}],
        listeners=[{"name": "http", "port": 8080}],
    )
    kinds = sorted(item["kind"] for item in ambassador_objects(named))
    assert kinds == ["Host", "Listener"]
