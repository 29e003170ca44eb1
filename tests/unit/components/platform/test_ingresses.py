"""Ingresses that the program declares: to meshed Services, and to the dashboard of viz."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from config import MeshConfig, load_settings
from config.preconditions import expectations
from render import Recording
from tests.recordings import by_urn
from tests.unit.conftest import Records

HOST = "shop.example.com"
DASHBOARD = "linkerd.example.com"
ISSUER = {"certManager": {"issuer": "ca-issuer"}}
NGINX = "nginx.ingress.kubernetes.io"
WEB = {"name": "web", "namespace": "shop", "host": HOST, "service": "web"}


def one(*ingresses: dict[str, Any], viz: dict[str, Any] | None = None) -> MeshConfig:
    """A cluster with Ingresses to Services, and perhaps one to the dashboard."""
    linkerd = {"viz": {"enabled": True, "ingress": viz}} if viz is not None else {}
    cluster = {
        "context": "a",
        "domain": "a.example",
        "linkerd": linkerd,
        "ingresses": list(ingresses),
    }
    return load_settings({"clusters": {"a": cluster}}, "")


def found(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    return {
        item.inputs["metadata"]["name"]: item.inputs
        for item in recording
        if item.inputs.get("kind") == kind and "metadata" in item.inputs
    }


def only(recording: Recording, kind: str) -> Mapping[str, Any]:
    (item,) = found(recording, kind).values()
    return item


def told_by(ingress: Mapping[str, Any]) -> dict[str, str]:
    own: dict[str, str] = dict(ingress["metadata"]["annotations"])
    own.pop("pulumi.com/skipAwait")
    return own


def test_without_ingresses_there_is_no_object_of_any_controller(recorded: Records) -> None:
    recording = recorded(one())
    assert not [item for item in recording if "ingress" in item.name]


def test_the_dashboard_is_reached_through_ingress_nginx_as_documented(recorded: Records) -> None:
    auth = {"secret": "basic-auth-secret", "namespace": "nginx"}
    viz = {"host": DASHBOARD, "controller": "ingress-nginx", "tls": ISSUER, "basicAuth": auth}
    recording = recorded(one(viz=viz))
    ingress = only(recording, "Ingress")
    assert ingress["metadata"]["name"] == "linkerd-viz-ingress"
    assert ingress["metadata"]["namespace"] == "linkerd-viz"
    told = told_by(ingress)
    snippet = told.pop(f"{NGINX}/configuration-snippet")
    assert snippet.splitlines() == [
        'proxy_set_header Origin "";',
        "proxy_hide_header l5d-remote-ip;",
        "proxy_hide_header l5d-server-id;",
    ]
    assert told == {
        f"{NGINX}/auth-type": "basic",
        f"{NGINX}/auth-secret": "nginx/basic-auth-secret",
        f"{NGINX}/service-upstream": "true",
        f"{NGINX}/upstream-vhost": "$service_name.$namespace.svc.a.example:8084",
        "cert-manager.io/cluster-issuer": "ca-issuer",
        "cert-manager.io/common-name": DASHBOARD,
    }
    assert ingress["spec"] == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": [DASHBOARD], "secretName": "linkerd-viz-tls"}],
        "rules": [
            {
                "host": DASHBOARD,
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 8084}}},
                        }
                    ]
                },
            }
        ],
    }
    assert not found(recording, "Middleware")


def test_the_dashboards_ingress_waits_for_the_extension(recorded: Records) -> None:
    recording = recorded(one(viz={"host": DASHBOARD, "controller": "ingress-nginx"}))
    (item,) = [item for item in recording if item.inputs.get("kind") == "Ingress"]
    above = {by_urn(recording, urn).name for urn in recording.upstream([item.urn])}
    assert "a-linkerd-viz" in above


def test_traefik_asks_for_passwords_and_then_names_the_dashboard_to_the_proxy(
    recorded: Records,
) -> None:
    viz = {"host": DASHBOARD, "controller": "traefik", "basicAuth": {"secret": "users"}}
    recording = recorded(one(viz=viz))
    middlewares = found(recording, "Middleware")
    assert {name: item["spec"] for name, item in middlewares.items()} == {
        "linkerd-viz-ingress-basic-auth": {"basicAuth": {"secret": "users"}},
        "linkerd-viz-ingress-l5d-header": {
            "headers": {
                "customRequestHeaders": {"l5d-dst-override": "web.linkerd-viz.svc.a.example:8084"}
            }
        },
    }
    assert {item["apiVersion"] for item in middlewares.values()} == {"traefik.io/v1alpha1"}
    assert told_by(only(recording, "Ingress")) == {
        "traefik.ingress.kubernetes.io/router.middlewares": (
            "linkerd-viz-linkerd-viz-ingress-basic-auth@kubernetescrd,"
            "linkerd-viz-linkerd-viz-ingress-l5d-header@kubernetescrd"
        )
    }
    assert only(recording, "Ingress")["spec"]["ingressClassName"] == "traefik"


def test_ingress_nginx_leaves_the_choice_of_a_pod_to_the_proxy(recorded: Records) -> None:
    recording = recorded(one({**WEB, "controller": "ingress-nginx", "className": "inner"}))
    ingress = only(recording, "Ingress")
    assert told_by(ingress) == {f"{NGINX}/service-upstream": "true"}
    assert ingress["spec"]["ingressClassName"] == "inner"
    assert "tls" not in ingress["spec"]


def test_ingress_nginx_reads_passwords_of_its_own_namespace_by_their_name_alone(
    recorded: Records,
) -> None:
    auth = {"basicAuth": {"secret": "users"}}
    recording = recorded(one({**WEB, "controller": "ingress-nginx", **auth}))
    assert told_by(only(recording, "Ingress"))[f"{NGINX}/auth-secret"] == "users"


def test_an_ingress_route_names_its_middleware_itself(recorded: Records) -> None:
    asked = {**WEB, "controller": "traefik-ingressroute", "port": 8080, "path": "/api", "tls": {}}
    recording = recorded(one(asked))
    header = only(recording, "Middleware")
    assert header["spec"]["headers"]["customRequestHeaders"] == {
        "l5d-dst-override": "web.shop.svc.a.example:8080"
    }
    assert only(recording, "IngressRoute")["spec"] == {
        "routes": [
            {
                "kind": "Rule",
                "match": f"Host(`{HOST}`) && PathPrefix(`/api`)",
                "middlewares": [{"name": header["metadata"]["name"]}],
                "services": [{"name": "web", "port": 8080}],
            }
        ],
        "tls": {"secretName": "web-tls"},
    }
    assert not found(recording, "Ingress")


@pytest.mark.parametrize("controller", ["traefik", "traefik-ingressroute"])
def test_a_middleware_is_there_before_what_names_it(controller: str, recorded: Records) -> None:
    recording = recorded(one({**WEB, "controller": controller}))
    (item,) = [i for i in recording if i.inputs.get("kind") in ("Ingress", "IngressRoute")]
    above = {by_urn(recording, urn).name for urn in recording.upstream([item.urn])}
    assert [name for name in above if "middleware" in name]


def test_two_ingresses_of_a_namespace_have_middlewares_of_their_own(recorded: Records) -> None:
    other = {**WEB, "name": "api", "service": "api", "host": "api.example.com"}
    recording = recorded(one(*({**item, "controller": "traefik"} for item in (WEB, other))))
    assert len(found(recording, "Middleware")) == 2


def test_an_issuer_of_the_namespace_has_the_annotation_for_issuers(recorded: Records) -> None:
    issuer = {"issuer": "house", "kind": "Issuer"}
    long = ".".join(["a" * 60, "example.com"])
    asked = {**WEB, "controller": "traefik", "host": long, "tls": {"certManager": issuer}}
    told = told_by(only(recorded(one(asked)), "Ingress"))
    assert told["cert-manager.io/issuer"] == "house"
    # A common name has at most 64 characters; the certificate has the name in any case.
    assert "cert-manager.io/common-name" not in told


@pytest.mark.parametrize(
    ("controller", "kinds"),
    [
        ("ingress-nginx", ()),
        ("traefik", ("Middleware",)),
        ("traefik-ingressroute", ("Middleware", "IngressRoute")),
    ],
)
def test_traefiks_kinds_are_looked_for_where_objects_are_of_them(
    controller: str, kinds: tuple[str, ...]
) -> None:
    needed = expectations(one({**WEB, "controller": controller}), "a").needed
    assert tuple(kind for item in needed for kind in item.kinds) == kinds
