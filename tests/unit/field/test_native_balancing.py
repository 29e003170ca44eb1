"""Traefik that leaves balancing to the proxy in its pods."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts.results import Status
from checks.facts.view import ServedKind
from checks.platform.ingresses import ingresses
from config.preconditions import expectations
from tests.stack_builders import loaded, problems
from tests.unit.checks.builders import BUILT_IN, cluster_case, thing, view
from vocabulary.kinds import INGRESS

NATIVE = "traefik.ingress.kubernetes.io/service.nativelb"
MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares"


def settings(controller: str, **ingress: Any) -> dict[str, Any]:
    """A cluster with a meshed Traefik, and an Ingress to a Service."""
    shop = {"name": "shop", "namespace": "shop", "service": "web", "host": "shop.example.com"}
    traefik = {"kind": "Deployment", "namespace": "traefik", "name": "traefik"}
    entry = {**shop, "controller": controller, "nativeLoadBalancing": True, **ingress}
    return {"clusters": {"a": {"context": "a", "meshed": [traefik], "ingresses": [entry]}}}


def manifests(controller: str, **ingress: Any) -> list[dict[str, Any]]:
    """What is made of the Ingress."""
    cluster = loaded(settings(controller, **ingress)).clusters["a"]
    (entry,) = cluster.ingresses
    return list(entry.manifests(entry.backend(cluster.domain)))


def test_an_ingress_route_uses_the_services_own_address_and_no_header() -> None:
    (route,) = manifests("traefik-ingressroute")
    (rule,) = route["spec"]["routes"]
    assert rule["services"] == [{"name": "web", "port": 80, "nativeLB": True}]
    assert "middlewares" not in rule
    header, route = manifests("traefik-ingressroute", nativeLoadBalancing=False)
    assert "l5d-dst-override" in header["spec"]["headers"]["customRequestHeaders"]
    assert "nativeLB" not in route["spec"]["routes"][0]["services"][0]


def test_an_ingress_has_no_header_and_keeps_its_passwords() -> None:
    (ingress,) = manifests("traefik")
    assert MIDDLEWARES not in ingress["metadata"]["annotations"]
    passwords, ingress = manifests("traefik", basicAuth={"secret": "users"})
    assert passwords["spec"] == {"basicAuth": {"secret": "users"}}
    assert ingress["metadata"]["annotations"][MIDDLEWARES] == "shop-shop-basic-auth@kubernetescrd"


@pytest.mark.parametrize(
    ("controller", "ingress", "kinds"),
    [
        ("traefik", {}, []),
        ("traefik", {"basicAuth": {"secret": "users"}}, ["Middleware"]),
        ("traefik", {"nativeLoadBalancing": False}, ["Middleware"]),
        ("traefik-ingressroute", {}, ["IngressRoute"]),
        ("traefik-ingressroute", {"nativeLoadBalancing": False}, ["Middleware", "IngressRoute"]),
    ],
)
def test_only_kinds_that_are_made_are_required(
    controller: str, ingress: dict[str, Any], kinds: list[str]
) -> None:
    needed = expectations(loaded(settings(controller, **ingress)), "a").needed
    assert [kind for item in needed for kind in item.kinds] == kinds


def test_other_controllers_have_no_such_setting() -> None:
    (problem,) = problems(settings("ingress-nginx"))
    assert problem.path == "clusters.a.ingresses[0].nativeLoadBalancing"
    assert problems(settings("traefik-ingressroute")) == ()


@pytest.mark.parametrize(
    ("annotations", "status"),
    [({NATIVE: "true"}, Status.OK), ({}, Status.WARNING), (None, Status.FAILURE)],
)
def test_the_check_reads_of_the_service_whether_traefik_uses_its_address(
    annotations: dict[str, str] | None, status: Status
) -> None:
    ingress = thing(INGRESS.api_version, "Ingress", "shop", "shop")
    service = thing("v1", "Service", "web", "shop", annotations=annotations or {})
    served = {**BUILT_IN, INGRESS: ServedKind({"v1": "ingresses"}, True)}
    services = [service] if annotations is not None else []
    seen = view(ingress, *services, cluster="a", served=served)
    findings = list(ingresses(cluster_case(seen, loaded(settings("traefik")))))
    (found,) = (item for item in findings if "leaves balancing" in item.title)
    assert found.status is status
