"""Extra values that contradict one of several Ambassadors, the node ports or parts of Linkerd."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from checks.cluster.permissions import needed
from config.inventory import inventory
from kube.access import Access
from tests.stack_builders import changed, loaded, problems

STACK = """
clusters:
  a:
    context: a
    networks: [10.0.0.0/8]
    linkerd: {egress: {default: deny}}
    ambassador:
      - {name: inner}
      - name: edge
        service: {type: NodePort, nodePorts: {http: 30080, gateway: 30143, probe: 30191}}
        sidecar: {skipOutboundPorts: [8500]}
        gateway: {address: [192.0.2.1]}
  b: {context: b}
  c: {context: c, linkerd: {version: 2024.11.8}}
links:
  - {source: b, target: a, excludedLabels: [team], gateway: {address: [192.0.2.1]}}
"""
INNER, EDGE = "clusters.a.ambassador[0]", "clusters.a.ambassador[1]"


def service(**port: Any) -> dict[str, Any]:
    return {"service": {"ports": [port]}}


def mirror(**values: str) -> dict[str, Any]:
    return {"localServiceMirror": values}


@pytest.mark.parametrize(
    ("key", "right", "wrong", "place", "instead"),
    [
        (
            f"{EDGE}.values",
            service(name="http", nodePort=30080),
            service(name="http", nodePort=30081),
            "service.ports[0].nodePort",
            f"{EDGE}.service.nodePorts.http",
        ),
        (
            f"{EDGE}.values",
            service(name="https", nodePort=30443),
            service(name="mc-gateway", nodePort=30144),
            "service.ports[0].nodePort",
            f"{EDGE}.service.nodePorts.gateway",
        ),
        (
            f"{EDGE}.values",
            {"podAnnotations": {"config.linkerd.io/skip-outbound-ports": "8500"}},
            {"podAnnotations": {"config.linkerd.io/skip-outbound-ports": "8501"}},
            'podAnnotations["config.linkerd.io/skip-outbound-ports"]',
            f"{EDGE}.sidecar.skipOutboundPorts",
        ),
        (
            f"{INNER}.values",
            {"fullnameOverride": "inner"},
            {"fullnameOverride": "edge"},
            "fullnameOverride",
            f"{INNER}.name",
        ),
        (
            f"{INNER}.values",
            {"env": {"AMBASSADOR_ID": "inner"}},
            {"env": {"AMBASSADOR_ID": "edge"}},
            "env.AMBASSADOR_ID",
            f"{INNER}.ambassadorId",
        ),
        (
            f"{INNER}.values",
            {"hostNetwork": False},
            {"hostNetwork": True},
            "hostNetwork",
            "",
        ),
        (
            "clusters.b.linkerd.multicluster.values",
            mirror(federatedServiceSelector="mirror.linkerd.io/federated=member"),
            mirror(federatedServiceSelector="team=shop"),
            "localServiceMirror.federatedServiceSelector",
            "links",
        ),
        (
            "clusters.b.linkerd.multicluster.values",
            mirror(excludedLabels="team", excludedAnnotations=""),
            mirror(excludedLabels="tier"),
            "localServiceMirror.excludedLabels",
            "links",
        ),
        (
            "clusters.a.linkerd.values",
            {"egress": {"globalEgressNetworkNamespace": "linkerd-egress"}},
            {"egress": {"globalEgressNetworkNamespace": "other"}},
            "egress.globalEgressNetworkNamespace",
            "clusters.a.linkerd.egress",
        ),
        (
            "clusters.c.linkerd.crdsValues",
            {"enableTlsRoutes": True},
            {"enableTlsRoutes": False},
            "enableTlsRoutes",
            "clusters.c.linkerd.gatewayApiCrds",
        ),
    ],
)
def test_a_value_that_contradicts_another_key_is_refused_at_its_place(
    key: str, right: dict[str, Any], wrong: dict[str, Any], place: str, instead: str
) -> None:
    settings = yaml.safe_load(STACK)
    assert problems(changed({key: right}, settings)) == ()
    [problem] = problems(changed({key: wrong}, settings))
    assert problem.path == f"{key}.{place}"
    assert problem.remedy.endswith(f"set {instead} instead" if instead else "leave it out")


def test_each_ambassador_of_a_cluster_has_values_of_its_own() -> None:
    values = inventory(loaded(yaml.safe_load(STACK)), "a").values
    assert {
        name: values[name, name].over({})["env"]["AMBASSADOR_ID"] for name in ("inner", "edge")
    } == {"inner": "inner", "edge": "edge"}


def test_a_gateway_service_of_its_own_leaves_the_public_one_without_ports_and_annotations() -> None:
    settings = changed({f"{EDGE}.gateway.ownService": True}, yaml.safe_load(STACK))
    made = inventory(loaded(settings), "a").values["edge", "edge"].over({})["service"]
    assert [port["name"] for port in made["ports"]] == ["http", "https"]
    assert "annotations" not in made


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"autoscaling": {"enabled": True}}, {"HorizontalPodAutoscaler.autoscaling"}),
        ({"autoscaling": {"enabled": False}}, set()),
        ({"autoscaling": {"minReplicas": 3}}, set()),
    ],
)
def test_rights_are_asked_for_the_kinds_that_an_extra_value_adds(
    values: dict[str, Any], kinds: set[str]
) -> None:
    plain = yaml.safe_load(STACK)
    before, after = (
        inventory(loaded(one), "a").written_kinds
        for one in (plain, changed({f"{INNER}.values": values}, plain))
    )
    added = after - before
    assert {str(kind) for kind in added} == kinds
    asked = needed(loaded(changed({f"{INNER}.values": values}, plain)), "a")
    for kind in added:
        assert Access("create", kind.group, "horizontalpodautoscalers") in asked


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ({"envRaw": "- {name: AMBASSADOR_ID, value: edge}"}, ["envRaw"]),
        ({"envRaw": "- {name: OTHER, value: edge}"}, []),
        ({"envRaw": "- name: AMBASSADOR_ID\n  value: {{ .Values.id }}"}, ["envRaw"]),
        ({"service": {"portsRaw": "- {name: mc-gateway, port: 5}"}}, ["service.portsRaw"]),
        ({"service": {"portsRaw": "- {name: mine, port: 4143}"}}, ["service.portsRaw"]),
        ({"service": {"portsRaw": "- {name: http, port: 8000}"}}, ["service.portsRaw"]),
        ({"service": {"portsRaw": "- {name: mine, port: 8000}"}}, []),
    ],
)
def test_a_text_that_a_chart_copies_into_a_list_is_read(
    values: dict[str, Any], places: list[str]
) -> None:
    found = problems(changed({f"{EDGE}.values": values}, yaml.safe_load(STACK)))
    assert [item.path for item in found] == [f"{EDGE}.values.{place}" for place in places]
