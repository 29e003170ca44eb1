"""Who may connect to ports of meshed workloads, as `./mesh check` sees it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from checks.facts import fetch
from checks.facts.results import Finding, Status
from checks.platform import open_ports
from components.platform.policy import open_port_policy
from config import MeshConfig
from tests.unit.checks.builders import (
    cluster_case,
    deployment,
    failures,
    mesh,
    of,
    pod,
    service,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import SERVER, VALIDATING_WEBHOOK

NGINX = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
SERVED = "any client can connect to port 80 of the pods of Server ingress-nginx-public-http"
HAPROXY = {"kind": "Deployment", "namespace": "edge", "name": "haproxy"}
PUBLIC = "clients outside the mesh can connect to port 8000 of Deployment edge/haproxy"
WEBHOOK = "the API server can connect to port 8000 of Deployment edge/haproxy"


def config(*meshed: dict[str, Any], policy: str = "deny") -> MeshConfig:
    linkerd = {"proxy": {"defaultInboundPolicy": policy}}
    return mesh({"clusters": {"west": {"context": "w", "linkerd": linkerd, "meshed": meshed}}})


def control_plane(policy: str) -> dict[str, Any]:
    values = {"clusterNetworks": "10.0.0.0/8", "proxy": {"defaultInboundPolicy": policy}}
    data = {"values": yaml.safe_dump(values)}
    return thing("v1", "ConfigMap", "linkerd-config", "linkerd", data=data)


def ports(asked: MeshConfig) -> list[dict[str, Any]]:
    """The policy objects of the program."""
    west = asked.clusters["west"]
    return [
        manifest
        for _, port in west.open_ports
        for manifest in open_port_policy(port, west.linkerd.proxy.default_inbound_policy)
    ]


def running(name: str, space: str, labels: dict[str, str], **numbers: int) -> dict[str, Any]:
    found = pod(name, space, "main", "linkerd-proxy", labels=labels)
    found["spec"]["containers"][0]["ports"] = [
        {"name": key, "containerPort": number} for key, number in numbers.items()
    ]
    return found


def nginx(**annotations: str) -> list[dict[str, Any]]:
    notes = {"linkerd.io/inject": "enabled"}
    found = running("nginx-0", "ingress-nginx", NGINX, http=80, https=443, webhook=8443)
    found["metadata"]["annotations"] = annotations
    name = "ingress-nginx-controller"
    return [deployment(name, "ingress-nginx", pod_labels=NGINX, pod_annotations=notes), found]


def haproxy(policy: str = "") -> list[dict[str, Any]]:
    notes = {"linkerd.io/inject": "enabled"}
    found = running("haproxy-0", "edge", {"app": "haproxy"}, web=8000)
    if policy:
        found["metadata"]["annotations"] = {"config.linkerd.io/default-inbound-policy": policy}
    return [
        deployment("haproxy", "edge", pod_annotations=notes),
        found,
        service(
            "haproxy",
            "edge",
            selector={"app": "haproxy"},
            spec={"type": "NodePort", "ports": [{"port": 80, "targetPort": "web"}]},
        ),
    ]


def look(asked: MeshConfig, *objects: dict[str, Any], policy: str = "deny") -> list[Finding]:
    case = cluster_case(view(control_plane(policy), *objects), asked)
    return [*open_ports.open_ports(case), *open_ports.entrances(case)]


def test_what_the_program_opens_is_open_and_the_line_says_to_whom() -> None:
    asked = config({"recipe": "ingress-nginx"})
    found = look(asked, *nginx(), *ports(asked))
    assert [one.status for one in found] == [Status.OK] * 3
    assert of(found, SERVED).detail == "anyone"


def test_a_lost_policy_is_named_with_the_port_that_it_shuts() -> None:
    asked = config({"recipe": "ingress-nginx"})
    kept = [one for one in ports(asked) if one["metadata"]["name"] != "ingress-nginx-public-http"]
    found = look(asked, *nginx(), *kept)
    assert "Server ingress-nginx-public-http" in "".join(one.detail for one in found)
    assert SERVED in failures(found)
    assert "the default policy is deny" in of(found, SERVED).detail


def test_a_strict_annotation_of_the_pods_counts() -> None:
    asked = config({"recipe": "ingress-nginx"}, policy="all-unauthenticated")
    strict = nginx(**{"config.linkerd.io/default-inbound-policy": "deny"})
    assert SERVED in failures(look(asked, *strict, policy="all-unauthenticated"))
    found = look(asked, *strict, *ports(asked), policy="all-unauthenticated")
    assert not failures(found)


def test_a_product_that_is_not_installed_is_not_reported() -> None:
    assert look(config({"recipe": "ingress-nginx"})) == []


@pytest.mark.parametrize("policy", ["deny", "all-authenticated", "cluster-unauthenticated"])
def test_a_node_port_that_policy_shuts_is_a_warning_with_the_key_that_opens_it(
    policy: str,
) -> None:
    found = look(config(HAPROXY, policy=policy), *haproxy(), policy=policy)
    assert warnings(found) == [PUBLIC]
    assert "add 8000 to clusters.west.meshed[0].publicPorts" in of(found, PUBLIC).hint
    opened = config({**HAPROXY, "publicPorts": [8000], "podLabels": {"app": "haproxy"}})
    found = look(opened, *haproxy(), *ports(opened), policy=policy)
    assert not warnings(found) and not failures(found)


def test_a_lenient_annotation_opens_a_node_port() -> None:
    found = look(config(HAPROXY), *haproxy("all-unauthenticated"))
    assert of(found, PUBLIC).status is Status.OK


def test_a_webhook_of_a_meshed_workload_has_to_let_the_api_server_in() -> None:
    webhook = {"clientConfig": {"service": {"namespace": "edge", "name": "haproxy"}}}
    configuration = thing(
        "admissionregistration.k8s.io/v1", VALIDATING_WEBHOOK.name, "x", webhooks=[webhook]
    )
    assert warnings(look(config(HAPROXY), *haproxy(), configuration)) == [WEBHOOK]


@pytest.mark.parametrize(
    ("probe", "refused"),
    [
        ({"httpGet": {"port": "web", "scheme": "HTTPS", "path": "/"}}, True),
        ({"grpc": {"port": 8000}}, True),
        ({"httpGet": {"port": "web", "path": "/"}}, False),
        ({"tcpSocket": {"port": 8000}}, False),
    ],
    ids=["https", "grpc", "http", "tcp"],
)
def test_probes_that_policy_does_not_know_are_reported(
    probe: dict[str, Any], refused: bool
) -> None:
    workload, found, _ = haproxy()
    found["spec"]["containers"][0]["readinessProbe"] = probe
    wanted = ["the kubelet can connect to port 8000 of Deployment edge/haproxy"] if refused else []
    assert warnings(look(config(HAPROXY), workload, found)) == wanted


def test_the_port_of_a_service_without_such_callers_is_no_subject() -> None:
    workload, found, entrance = haproxy()
    entrance["spec"]["type"] = "ClusterIP"
    assert look(config(HAPROXY), workload, found, entrance) == []


def test_what_the_checks_need_is_read_where_something_is_meshed() -> None:
    read = {(one.kind, one.namespace) for one in fetch.plan(config(HAPROXY), "west", pre=False)}
    assert {(SERVER, "edge"), (VALIDATING_WEBHOOK, "")} <= read
    nothing = {one.kind for one in fetch.plan(config(), "west", pre=False)}
    assert VALIDATING_WEBHOOK not in nothing or SERVER not in nothing
