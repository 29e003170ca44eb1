"""Two Ambassadors in one cluster: each has its own objects, and reads no other's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from checks.ambassador import ids
from checks.facts.case import ClusterCase
from checks.facts.check import Phase, all_checks, facets
from checks.facts.fetch import plan
from checks.run.report import of_cluster
from config.preconditions import expectations
from render import Recording
from tests.stack_builders import Settings, loaded, problems
from tests.unit.checks.builders import ambassador, deployment, view
from vocabulary.kinds import MAPPING, Kind

Records = Callable[..., Recording]


def stack(*listed: str) -> Settings:
    """A cluster with these Ambassadors."""
    each = [yaml.safe_load(one) for one in listed]
    return {"clusters": {"a": {"context": "a", "ambassador": each}}}


def complaints(*listed: str) -> list[str]:
    """Places of what is wrong with these Ambassadors, without the cluster's."""
    found = problems(stack(*listed))
    assert all("clusters.a.ambassador[" in f"{one.path} {one.remedy}" for one in found)
    return [one.path.removeprefix("clusters.a.ambassador") for one in found]


PUBLIC = "{name: public, mappings: [{name: web, prefix: /, service: web.shop}]}"
INTERNAL = "{name: internal, gateway: {}}"


def objects(recording: Recording, namespace: str) -> list[dict[str, Any]]:
    """What a namespace gets of getambassador.io."""
    return [
        item.inputs
        for item in recording
        if str(item.inputs.get("apiVersion", "")).startswith("getambassador.io/")
        and item.inputs["metadata"]["namespace"] == namespace
    ]


def test_each_has_a_release_a_namespace_and_objects_that_name_its_id(recorded: Records) -> None:
    recording = recorded(loaded(stack(PUBLIC, INTERNAL)))
    for name in ("public", "internal"):
        found = objects(recording, name)
        assert {item["spec"]["ambassador_id"][0] for item in found} == {name}
        assert len(found) == 4
    releases = {item.inputs["name"]: item for item in recording if item.type.endswith("v3:Release")}
    for name in ("public", "internal"):
        assert releases[name].inputs["namespace"] == name
        assert releases[name].inputs["values"]["env"] == {"AMBASSADOR_ID": name}
        assert releases["emissary-crds"].urn in releases[name].depends_on
    ports = {
        name: [port["name"] for port in releases[name].inputs["values"]["service"]["ports"]]
        for name in ("public", "internal")
    }
    assert ports == {
        "public": ["http", "https"],
        "internal": ["http", "https", "mc-gateway", "mc-probe"],
    }


def test_one_of_them_is_the_gateway_of_the_cluster() -> None:
    mesh = loaded(stack(PUBLIC, INTERNAL))
    [gateway] = mesh.gateways("a")
    assert (gateway.namespace, gateway.service) == ("internal", "internal")


def test_only_the_main_one_routes_to_mirrors(recorded: Records) -> None:
    content = stack(PUBLIC, INTERNAL)
    content["clusters"]["b"] = {"context": "b", "ambassador": {"gateway": {}}}
    export = {"namespace": "shop", "service": "web", "mapping": {"prefix": "/far/"}}
    content["links"] = [{"source": "a", "target": "b", "exports": [export]}]
    recording = recorded(loaded(content))
    found = {
        name: [item["metadata"]["name"] for item in objects(recording, name)]
        for name in ("public", "internal")
    }
    assert "web-b" in found["internal"] and "web-b" not in found["public"]


def test_a_list_of_one_that_keeps_its_names_makes_what_it_made_alone(recorded: Records) -> None:
    text = "{name: ambassador, namespace: ambassador, gateway: {}}"
    alone = stack(text)
    alone["clusters"]["a"]["ambassador"] = yaml.safe_load(text)
    listed = stack(text.replace("gateway", "ambassadorId: default, gateway"))
    one, other = recorded(loaded(alone)), recorded(loaded(listed))
    assert [item.urn for item in one] == [item.urn for item in other]
    assert len(objects(other, "ambassador")) == len(objects(one, "ambassador")) > 0


@pytest.mark.parametrize(
    ("listed", "places"),
    [
        (("{name: x}", "{name: y}"), []),
        (("{name: x, adopt: {}}", "{name: y}"), []),
        (("{name: x}", "{name: x, namespace: y, ambassadorId: y}"), ["[1].name"]),
        # ClusterRoles of charts have endings.
        (("{name: x}", "{name: x-watch}"), ["[1].name"]),
        (("{name: x-crd}", "{name: x, gateway: {}}"), ["[0].name"]),
        (("{name: x, adopt: {}}", "{name: x-crd, installCrds: false}"), []),
        (("{name: x}", "{name: y, namespace: x}"), ["[1].namespace"]),
        (("{name: x, adopt: {}}", "{name: y, namespace: x}"), ["[1].namespace"]),
        (("{name: x}", "{name: y, ambassadorId: x}"), ["[1].ambassadorId"]),
        (("{name: x, gateway: {}}", "{name: y, gateway: {}}"), []),
        (("{name: x}", "{name: y, version: 3.10.0}"), ["[1].version"]),
        (("{name: x}", "{name: y, apiVersion: v2}"), ["[1].apiVersion"]),
        (("{name: x}", "{name: y, installCrds: false}"), ["[1].installCrds"]),
        # The gateway is the main one, wherever it is in the list.
        (("{name: x}", "{name: y, gateway: {healthPath: /}}"), ["[1].gateway.healthPath"]),
        (("{name: x, replicas: 0}", "{name: y, gateway: {}}"), ["[0].replicas"]),
        (("{name: x, adopt: {}}", "{name: y, gateway: {}}"), ["[1].installCrds"]),
        (("{namespace: x}", "{name: y, port: 1}"), ["[0]", "[1].port"]),
    ],
)
def test_what_two_ambassadors_cannot_share_is_reported_at_its_place(
    listed: tuple[str, ...], places: list[str]
) -> None:
    assert complaints(*listed) == places


def test_the_models_own_key_is_no_key_of_a_stack_file() -> None:
    content = stack(PUBLIC)
    content["clusters"]["a"]["otherAmbassadors"] = []
    assert [found.message for found in problems(content)] == ["unknown key"]


def test_an_empty_list_is_no_ambassador() -> None:
    assert [found.message for found in problems(stack())] == ["this list is empty"]


def test_the_guard_compares_every_adopted_one() -> None:
    mesh = loaded(stack("{name: x, adopt: {}}", "{name: y, adopt: {}}", "{name: z, adopt: {}}"))
    found = expectations(mesh, "a").adopted
    assert [(one.workload, one.namespace, one.ambassador_id) for one in found] == [
        (name, name, name) for name in "xyz"
    ]
    assert [one.path for one in found] == [f"clusters.a.ambassador[{name}]" for name in "xyz"]


def test_check_reads_and_reports_on_each() -> None:
    mesh = loaded(stack(PUBLIC, INTERNAL))
    read = {one.namespace for one in plan(mesh, "a", pre=False) if one.kind == MAPPING}
    assert read == {"public", "internal"}
    main, _ = facets(mesh, "a")
    seen = view(
        deployment("internal", "internal"),
        deployment("public", "public"),
        {**ambassador("Mapping", "web", ambassador_id=["internal"]), "metadata": PLACE},
        cluster="a",
    )
    lines = [
        line for line in of_cluster((Phase.PARTS,), mesh, "a", seen) if line.cluster == "a/public"
    ]
    assert "Ambassador does not read Mapping web" in {line.detail for line in lines}
    of_main = list(ids.ids(ClusterCase(main, "a", seen)))
    assert not any("Mapping web" in line.detail for line in of_main)
    assert any(check.of_ambassador for check in all_checks())


PLACE = {"name": "web", "namespace": "public"}


def test_the_kinds_that_a_cluster_gets_are_those_of_all_its_ambassadors() -> None:
    mesh = loaded(stack(INTERNAL, "{name: traced, tracing: {service: 'a.b:4317'}}"))
    from config.inventory import inventory

    kinds = {str(item.kind) for item in inventory(mesh, "a").objects}
    assert str(Kind("getambassador.io", "TracingService")) in kinds
