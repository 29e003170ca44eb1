"""Ingresses as `./mesh check` sees them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts import fetch
from checks.facts.results import Finding, Status
from checks.facts.view import ServedKind
from checks.platform import ingresses
from config import MeshConfig
from tests.unit.checks.builders import BUILT_IN, ambassador, cluster_case, mesh, of, secret, view
from vocabulary.kinds import INGRESS, INGRESS_ROUTE, MIDDLEWARE, SECRET

KINDS = (INGRESS, INGRESS_ROUTE, MIDDLEWARE)
SERVED = {**BUILT_IN, **{kind: ServedKind({"v1": "x"}, True) for kind in KINDS}}
CONTROLLERS = ("ingress-nginx", "traefik", "traefik-ingressroute")


def config(controller: str = "ingress-nginx", **more: Any) -> MeshConfig:
    web = {"name": "web", "namespace": "shop", "host": "a.example.com", "service": "web"}
    west = {"context": "west", "ingresses": [{**web, "controller": controller, **more}]}
    return mesh({"clusters": {"west": west}})


def dashboard(**viz: Any) -> MeshConfig:
    west = {"context": "west", "linkerd": {"viz": {"enabled": True, **viz}}, "ambassador": {}}
    return mesh({"clusters": {"west": west}})


def made(asked: MeshConfig, address: str | None = "192.0.2.1") -> list[dict[str, Any]]:
    """What the program declares, as a controller that serves it leaves it."""
    cluster = asked.clusters["west"]
    found = [
        one
        for item in cluster.every_ingress
        for one in item.manifests(item.backend(cluster.domain))
    ]
    for item in found:
        if item["kind"] == "Ingress" and address is not None:
            item["status"] = {"loadBalancer": {"ingress": [{"ip": address}]}}
    return found


def look(asked: MeshConfig, *objects: dict[str, Any], **fields: Any) -> list[Finding]:
    seen = view(*objects, **{"served": SERVED, **fields})
    return list(ingresses.ingresses(cluster_case(seen, asked)))


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_what_the_program_makes_is_what_is_checked(controller: str) -> None:
    more = {"tls": {}, "basicAuth": {"secret": "users"}}
    asked = config(controller, **more)
    secrets = [secret(name, "shop", {}) for name in ("web-tls", "users")]
    found = look(asked, *made(asked), *secrets)
    assert {item.status for item in found} == {Status.OK}
    assert len(found) == (2 if controller == "ingress-nginx" else 3)


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_each_thing_that_is_missing_is_reported(controller: str) -> None:
    asked = config(controller)
    objects = made(asked)
    for place, gone in enumerate(objects):
        found = look(asked, *objects[:place], *objects[place + 1 :])
        assert [item.status for item in found].count(Status.FAILURE) == 1, gone["kind"]


def test_an_ingress_that_no_controller_took_is_warned_of() -> None:
    asked = config(className="inner")
    found = of(look(asked, *made(asked, None)), "Ingress shop/web has an address")
    assert found.status is Status.WARNING
    assert "inner" in found.hint


def test_a_cluster_without_traefik_is_reported_what_it_lacks() -> None:
    asked = config("traefik-ingressroute")
    found = look(asked, *made(asked), served=BUILT_IN)
    assert Status.FAILURE in {item.status for item in found}


def test_secrets_are_checked_where_the_controller_reads_them() -> None:
    asked = config(basicAuth={"secret": "users", "namespace": "nginx"})
    title = "the Secrets of shop/web exist"
    assert of(look(asked, *made(asked), secret("users", "nginx", {})), title).status is Status.OK
    lost = of(look(asked, *made(asked), secret("users", "shop", {})), title)
    assert lost.status is Status.FAILURE
    assert "nginx/users" in lost.detail


def test_the_dashboards_ingress_is_checked_like_any_other() -> None:
    asked = dashboard(ingress={"host": "a.example.com", "controller": "traefik", "tls": {}})
    tls = secret("linkerd-viz-tls", "linkerd-viz", {})
    assert {item.status for item in look(asked, *made(asked), tls)} == {Status.OK}
    lost = of(look(asked, *made(asked)), "the Secrets of linkerd-viz/linkerd-viz-ingress exist")
    assert "linkerd-viz-tls" in lost.detail


@pytest.mark.parametrize("gone", ["Host", "Mapping"])
def test_ambassadors_way_to_the_dashboard_needs_both_of_its_objects(gone: str) -> None:
    asked = dashboard(route={"host": "a.example.com"})
    objects = {kind: ambassador(kind, "linkerd-viz") for kind in ("Host", "Mapping")}
    title = "Ambassador routes to the dashboard"
    assert of(look(asked, *objects.values()), title).status is Status.OK
    del objects[gone]
    assert gone in of(look(asked, *objects.values()), title).detail


def test_of_secrets_only_their_names_are_read() -> None:
    asked = config("traefik", tls={}, basicAuth={"secret": "users"})
    plan = [item for item in fetch.plan(asked, "west", pre=False) if item.namespace == "shop"]
    assert {item.kind for item in plan} == {INGRESS, MIDDLEWARE, SECRET}
    secrets = [item for item in plan if item.kind == SECRET]
    assert len(secrets) == 2
    assert all(item.metadata_only and item.selectors for item in secrets)
