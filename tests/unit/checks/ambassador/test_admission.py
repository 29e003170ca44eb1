"""What `./mesh check` says of whom the gateway admits to which Service."""

from __future__ import annotations

import copy
from itertools import chain
from typing import Any

import pytest

from checks.ambassador import admission
from checks.facts.results import Finding, Status
from components.links.admission import export_policy, gateway_policy
from config import MeshConfig
from config.inventory import inventory
from tests.stack_builders import changed, loaded
from tests.unit.checks.ambassador.test_inbound import LABELS, cluster
from tests.unit.checks.builders import cluster_case, failures, node, of, settings, view

WEB = "the gateway admits to Service shop/web its clients alone"
OTHERS = "the gateway admits no client to Services that are not exported"
ROUTE = "ambassador-gateway.shop.web"


def config(**export: Any) -> MeshConfig:
    path = "links[0].exports[0]"
    changes = {f"{path}.{key}": value for key, value in export.items()}
    return loaded(changed(changes, settings()))


def made(mesh: MeshConfig) -> dict[tuple[str, str], dict[str, Any]]:
    """The gateway's policy as a policy controller has accepted it, by kinds and names."""
    (found,) = inventory(mesh, "west").admissions
    of_exports = (export_policy(found.gateway, one) for one in found.exports)
    objects: list[Any] = copy.deepcopy(list(chain(gateway_policy(found), *of_exports)))
    for one in objects:
        if one["kind"] == "Server":
            one["spec"]["podSelector"]["matchLabels"] = LABELS
        for parent in one["spec"].get("parentRefs", []):
            accepted = {"type": "Accepted", "status": "True"}
            status = {"parents": [{"parentRef": parent, "conditions": [accepted]}]}
            one["status"] = status
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def lines(mesh: MeshConfig, objects: dict[Any, dict[str, Any]]) -> list[Finding]:
    seen = view(*cluster("deny"), *objects.values())
    return list(admission.admission(cluster_case(seen, mesh)))


def test_each_export_has_a_line_with_its_clients() -> None:
    mesh = config(clients=["shop/cart", "batch/*"])
    found = lines(mesh, made(mesh))
    assert {one.title for one in found} == {WEB, OTHERS}
    assert {one.status for one in found} == {Status.OK}
    assert "cart.shop.serviceaccount" in of(found, WEB).detail
    assert "*.batch.serviceaccount" in of(found, WEB).detail


def _open(objects: dict[Any, dict[str, Any]]) -> None:
    objects["MeshTLSAuthentication", ROUTE]["spec"]["identities"].append("*")


def _server_wide(objects: dict[Any, dict[str, Any]]) -> None:
    policy = copy.deepcopy(objects["AuthorizationPolicy", "ambassador-gateway-admin"])
    policy["metadata"]["name"] = "old"
    policy["spec"]["targetRef"]["name"] = "ambassador-gateway"
    objects["AuthorizationPolicy", "old"] = policy


def _not_accepted(objects: dict[Any, dict[str, Any]]) -> None:
    del objects["HTTPRoute", ROUTE]["status"]


def _other_host(objects: dict[Any, dict[str, Any]]) -> None:
    objects["HTTPRoute", ROUTE]["spec"]["hostnames"] = ["hidden.shop.svc.cluster.local"]


def _deleted(objects: dict[Any, dict[str, Any]]) -> None:
    del objects["HTTPRoute", ROUTE]


def _without_clients(objects: dict[Any, dict[str, Any]]) -> None:
    del objects["MeshTLSAuthentication", ROUTE]


@pytest.mark.parametrize(
    ("change", "title", "detail"),
    [
        (_open, WEB, "it admits * (AuthorizationPolicy"),
        (_server_wide, OTHERS, "it admits * (AuthorizationPolicy old)"),
        (_not_accepted, WEB, "has not accepted HTTPRoute"),
        (_other_host, WEB, "is for the hosts hidden.shop"),
        (_deleted, WEB, "it has no HTTPRoute"),
        (_without_clients, WEB, "is refused"),
    ],
)
def test_what_admits_others_or_refuses_a_client_is_named(
    change: Any, title: str, detail: str
) -> None:
    mesh = config()
    objects = made(mesh)
    change(objects)
    found = lines(mesh, objects)
    assert failures(found) == [title]
    assert detail in of(found, title).detail


def test_where_pods_are_simulated_a_route_that_is_not_accepted_is_skipped() -> None:
    mesh = config()
    objects = made(mesh)
    _not_accepted(objects)
    seen = view(*cluster("deny"), *objects.values(), node(kwok=True))
    found = list(admission.admission(cluster_case(seen, mesh)))
    assert of(found, WEB).status is Status.SKIPPED


def test_clients_of_opaque_exports_are_admitted_to_every_service_and_the_line_says_so() -> None:
    mesh = config(opaque=True, clients=["shop/cart"])
    (line,) = lines(mesh, made(mesh))
    assert line.status is Status.OK
    assert "every meshed Service" in line.title
    assert line.detail == "cart.shop.serviceaccount.identity.linkerd.cluster.local"


def test_a_gateway_that_admits_everything_has_no_such_line() -> None:
    mesh = loaded(changed({"clusters.west.ambassador.gateway.admits": "everything"}, settings()))
    assert lines(mesh, made(mesh)) == []
