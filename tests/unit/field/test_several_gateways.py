"""Lists of Ambassadors, several of which may be gateways, each for links of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.links.admission import export_policy, gateway_policy
from config.inventory import Admission, inventory
from config.language.problems import steps
from render import Recording
from tests.remedies import mended
from tests.stack_builders import Settings, changed, loaded, problems
from tests.unit.config.inventory.test_inventory import assert_equal
from tests.unit.conftest import Tells, reach_of
from tests.unit.field.test_exports import (
    ACCOUNTS,
    SERVICES,
    SOURCES,
    Objects,
    allowed,
    answer,
    identity_of,
    tables,
)

Records = Callable[..., Recording]

NAMES = ("edge", "inner", "partner", "public")
HOST = {"name": "shop", "hostname": "shop.example.com"}
CERTIFICATES: st.SearchStrategy[Settings] = st.sampled_from(
    [{}, {"tls": {"trial": True}}, {"tls": {"secret": "shop-tls"}}]
)
GATEWAY = st.fixed_dictionaries(
    {},
    optional={
        "port": st.integers(5000, 5999),
        "probePort": st.integers(6000, 6999),
        "ownService": st.booleans(),
        "rateLimit": st.just({"total": 50}),
    },
)


@st.composite
def ambassadors(draw: st.DrawFn) -> list[Settings]:
    """A list of Ambassadors, at least one of which is a gateway."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    gateways = draw(st.sets(st.sampled_from(names), min_size=1))
    adopted = draw(st.sets(st.sampled_from(names)))
    found = []
    for place, name in enumerate(names):
        one: Settings = {"name": name}
        if draw(st.booleans()):
            one |= {"ambassadorId": f"id-{place}", "namespace": f"space-{place}"}
        if draw(st.booleans()):
            one["hosts"] = [{**HOST, **draw(CERTIFICATES)}]
        if name in gateways:
            one["gateway"] = draw(GATEWAY)
        if name in adopted:
            one["adopt"] = {}
            one.get("gateway", {}).pop("ownService", None)
        found.append(one)
    if adopted and adopted != set(names):
        # Another owner installed the CRDs; the main one says so.
        main = next(one for one in found if "gateway" in one)
        if "adopt" not in main:
            main["installCrds"] = False
    return found


@st.composite
def stacks(draw: st.DrawFn) -> Settings:
    """A target with a list of Ambassadors, and sources whose links go through its gateways."""
    listed, exports = draw(ambassadors()), draw(tables)
    gateways = [one["name"] for one in listed if "gateway" in one]
    clusters: Settings = {
        name: {"context": name, "linkerd": {"trustDomain": SOURCES[name]}} for name in exports
    }
    clusters["tt"] = {"context": "tt", "ambassador": listed}
    links = []
    for name, services in exports.items():
        each = [{"namespace": "n", **one} for one in services]
        link: Settings = {"source": name, "target": "tt", "exports": each}
        if len(gateways) > 1 or draw(st.booleans()):
            link["gateway"] = {"name": draw(st.sampled_from(gateways))}
        links.append(link)
    return {"clusters": clusters, "links": links}


def policy_of(found: Admission) -> Objects:
    """Policy objects of a gateway."""
    objects = [*gateway_policy(found)]
    for one in found.exports:
        objects += export_policy(found.gateway, one)
    return [dict(one) for one in objects]


def through(link: Settings, gateway: str, content: Settings) -> bool:
    """Whether a link goes through a gateway by the file."""
    listed = content["clusters"]["tt"]["ambassador"]
    gateways = [one["name"] for one in listed if "gateway" in one]
    return gateway in (link.get("gateway") or {"name": gateways[0]})["name"].split()


@hypothesis_settings(max_examples=60, deadline=None)
@given(content=stacks())
def test_each_gateway_admits_the_exports_of_its_links_to_their_clients_and_no_others(
    content: Settings,
) -> None:
    mesh = loaded(content)
    listed = content["clusters"]["tt"]["ambassador"]
    found = {one.gateway.name: policy_of(one) for one in inventory(mesh, "tt").admissions}
    assert set(found) == {one["name"] for one in listed if "gateway" in one}
    for name, objects in found.items():
        exports = {
            link["source"]: link["exports"]
            for link in content["links"]
            if through(link, name, content)
        }
        for source in SOURCES:
            for account in ACCOUNTS:
                for service in (*SERVICES, "unlisted"):
                    host = f"{service}.n.svc.cluster.local"
                    wanted = allowed(exports, account, source, service)
                    status = answer(objects, identity_of(account, source), host)
                    assert status == (200 if wanted else 403), (name, account, source, service)


@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=stacks())
def test_the_inventory_is_what_the_program_declares_and_each_link_is_of_its_gateway(
    recorded: Records, content: Settings
) -> None:
    mesh = loaded(content)
    recording = recorded(mesh, reach=reach_of(mesh), answers=Tells())
    assert_equal(mesh, recording)
    listed = content["clusters"]["tt"]["ambassador"]
    for link in content["links"]:
        spec = recording.named(f"{link['source']}-tt-link").inputs["spec"]
        (own,) = (one for one in listed if "gateway" in one and through(link, one["name"], content))
        account = own["name"] if "adopt" in own else f"{own['name']}-tt"
        space = own.get("namespace", own["name"])
        assert spec["gatewayIdentity"].startswith(f"{account}.{space}.serviceaccount.")
        assert spec["gatewayPort"] == str(own["gateway"].get("port", 4143))
        assert spec["probeSpec"]["port"] == str(own["gateway"].get("probePort", 4191))
        service = own["name"]
        if "adopt" in own or own["gateway"].get("ownService"):
            service = f"{own['name']}-linkerd-gateway"
        # As the recording has the address of each Service's load balancer.
        assert spec["gatewayAddress"] == f"{service}.{space}.tt.example"


Change = Callable[[Settings], dict[str, Any]]
TARGET = "clusters.tt.ambassador"
CHANGES: list[tuple[str, Change]] = [
    ("a link names no such gateway", lambda _: {"links[0].gateway.name": "elsewhere"}),
    (
        "a link names nothing",
        lambda content: {"links[0].gateway": {}},
    ),
    ("a port of no address", lambda _: {"links[0].gateway.port": 7000}),
    (
        "an id twice",
        lambda _: {f"{TARGET}[0].ambassadorId": "same", f"{TARGET}[1].ambassadorId": "same"},
    ),
    (
        "a namespace twice",
        lambda _: {f"{TARGET}[0].namespace": "same", f"{TARGET}[1].namespace": "same"},
    ),
    ("a wrong gateway", lambda _: {f"{TARGET}[1].gateway.healthPath": "/"}),
    (
        "CRDs of the second",
        lambda content: {
            f"{TARGET}[{place}].crdsNamespace": "elsewhere"
            for place, one in list(enumerate(content["clusters"]["tt"]["ambassador"]))[-1:]
        },
    ),
    ("an old Linkerd", lambda _: {"clusters.tt.linkerd.version": "2024.11.1"}),
]


@hypothesis_settings(max_examples=25, deadline=None)
@given(content=stacks(), change=st.sampled_from(CHANGES))
def test_what_is_wrong_in_a_list_is_reported_at_its_place_and_can_be_mended(
    content: Settings, change: tuple[str, Change]
) -> None:
    assume(len(content["clusters"]["tt"]["ambassador"]) > 1)
    wrong = changed(change[1](content), content)
    for problem in problems(wrong):
        node: Any = wrong
        for part in steps(problem.path)[:-1]:
            node = node[part]
        assert mended(wrong, problem), str(problem)


def two_gateways(**link: Any) -> Settings:
    """A target with two gateways, and a link."""
    listed: list[Settings] = [{"name": name, "gateway": {}} for name in ("inner", "partner")]
    export = {"namespace": "n", "service": "api"}
    return {
        "clusters": {"s": {"context": "s"}, "tt": {"context": "tt", "ambassador": listed}},
        "links": [{"source": "s", "target": "tt", "exports": [export], **link}],
    }


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ({}, "links[0].gateway"),
        ({"gateway": {"address": ["192.0.2.1"]}}, "links[0].gateway"),
        ({"gateway": {"name": "other"}}, "links[0].gateway.name"),
    ],
)
def test_a_link_to_a_target_with_two_gateways_names_one(link: Settings, path: str) -> None:
    (problem,) = problems(two_gateways(**link))
    assert problem.path == path
    assert "inner and partner" in problem.message
    loaded(two_gateways(gateway={"name": "partner"}))


def test_the_outputs_name_each_gateway_of_a_cluster_and_the_clients_of_both(
    recorded: Records,
) -> None:
    content = two_gateways(gateway={"name": "partner"})
    content["clusters"]["u"] = {"context": "u", "linkerd": {"trustDomain": "u.example"}}
    content["links"].append(
        {**content["links"][0], "source": "u", "gateway": {"name": "inner"}},
    )
    outputs = recorded(loaded(content)).outputs
    assert {name: one["identity"].split(".")[0] for name, one in outputs["gateways"].items()} == {
        "tt/inner": "inner-tt",
        "tt/partner": "partner-tt",
    }
    clients = outputs["exports"]["tt"]["n/api"]["clients"]
    assert [client.rpartition("linkerd.")[2] for client in clients] == [
        "cluster.local",
        "u.example",
    ]


def test_a_gateway_has_its_own_address_for_a_link_beside_its_name() -> None:
    mesh = loaded(two_gateways(gateway={"name": "partner", "address": ["192.0.2.9"], "port": 7000}))
    found = mesh.gateway_of(mesh.links[0])
    assert found is not None
    assert (found.name, found.addresses, found.port.number) == ("partner", ("192.0.2.9",), 7000)


def test_an_ambassador_that_is_not_the_main_one_is_a_client_where_its_own_route_goes() -> None:
    content = two_gateways(gateway={"name": "partner"})
    route = {"name": "far", "prefix": "/far/", "service": "http://api-tt.n.svc.cluster.local:80"}
    content["clusters"]["s"]["ambassador"] = [{"name": "a"}, {"name": "b", "mappings": [route]}]
    content["links"][0]["exports"][0]["clients"] = ["shop/web"]
    (found,) = (
        one for one in inventory(loaded(content), "tt").admissions if one.gateway.name == "partner"
    )
    assert [client.split(".")[0] for client in found.exports[0].clients] == ["b-s", "web"]


def test_trial_certificates_are_for_the_hosts_of_every_ambassador(recorded: Records) -> None:
    trial = [{**HOST, "tls": {"trial": True}}]
    listed = [{"name": name, "hosts": trial} for name in ("inner", "partner")]
    recording = recorded(loaded({"clusters": {"a": {"context": "a", "ambassador": listed}}}))
    keys = {
        item.inputs["metadata"]["namespace"]: item.inputs["data"]["tls.crt"]
        for item in recording
        if item.type == "kubernetes:core/v1:Secret"
        and item.inputs["metadata"]["name"].startswith("shop")
    }
    assert set(keys) == {"inner", "partner"}
    assert keys["inner"] != keys["partner"]
