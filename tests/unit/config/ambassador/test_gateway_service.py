"""Settings of the Service with the gateway's ports that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack_builders import DELETED, changed, problems

AMBASSADOR = "clusters.target.ambassador"
NODES = {"type": "NodePort"}
PROXY = {"load-balancer.hetzner.cloud/uses-proxyprotocol": "true"}
LINK = {"links[0].gateway": {"address": ["192.0.2.7"], "port": 4143, "probePort": 4191}}

WRONG: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    # the case, what the Ambassador has, where the problem is, its remedy, the remedy followed
    (
        "node ports of an adopted Ambassador's own ports",
        {"adopt": {}, "gateway": {}, "service": {**NODES, "nodePorts": {"https": 30443}}},
        "service.nodePorts.https",
        "write it under one of gateway, probe",
        {"service.nodePorts": {"gateway": 30143, "probe": 30191}},
    ),
    (
        "a gateway's node port under the public Service, while its own is described",
        {
            "service": {**NODES, "nodePorts": {"gateway": 30143}},
            "gateway": {"service": {}},
        },
        "service.nodePorts.gateway",
        "write it under gateway.service.nodePorts",
        {"service.nodePorts": {}, "gateway.service.nodePorts": {"gateway": 30143}},
    ),
    (
        "a public port's node port on the gateway's Service",
        {"gateway": {"service": {**NODES, "nodePorts": {"http": 30080, "probe": 30191}}}},
        "gateway.service.nodePorts.http",
        "gateway, probe",
        {"gateway.service.nodePorts": {"gateway": 30080, "probe": 30191}},
    ),
    (
        "port 80 that is the probe's",
        {"gateway": {"probe": "ambassador"}, "service": {**NODES, "nodePorts": {"http": 30080}}},
        "service.nodePorts.http",
        "write it under one of https, gateway, probe",
        {"service.nodePorts": {"probe": 30080, "gateway": 30143}},
    ),
    (
        "one node port twice",
        {"gateway": {}, "service": {"nodePorts": {"gateway": 30143, "probe": 30143}}},
        "service.nodePorts.probe",
        "use each node port only once",
        {"service.nodePorts.probe": 30191},
    ),
    (
        "node ports of a Service without any",
        {"gateway": {}, "service": {"type": "ClusterIP", "nodePorts": {"gateway": 30143}}},
        "service.nodePorts",
        "leave it out, or write type: NodePort",
        {"service.nodePorts": {}},
    ),
    (
        "the address of a load balancer without one",
        {"gateway": {}, "service": {**NODES, "loadBalancerIP": "192.0.2.9"}},
        "service.loadBalancerIP",
        "write type: LoadBalancer",
        {"service.type": "LoadBalancer"},
    ),
    (
        "a name as the address of a load balancer",
        {"gateway": {}, "service": {"loadBalancerIP": "edge.example.com"}},
        "service.loadBalancerIP",
        "write one address, for example 192.0.2.10",
        {"service.loadBalancerIP": "192.0.2.10"},
    ),
    (
        "a gateway's Service whose load balancer changes bytes",
        {"gateway": {"service": {"annotations": PROXY}}},
        'gateway.service.annotations["load-balancer.hetzner.cloud/uses-proxyprotocol"]',
        "leave it out",
        {"gateway.service.annotations": {}},
    ),
    (
        "the same of an adopted Ambassador",
        {"adopt": {}, "gateway": {}, "service": {"annotations": PROXY}},
        'service.annotations["load-balancer.hetzner.cloud/uses-proxyprotocol"]',
        "leave it out",
        {"service.annotations": {}},
    ),
    (
        "a Service that is declined and described",
        {"gateway": {"ownService": False, "service": {}}},
        "gateway.service",
        "leave service or ownService out",
        {"gateway.ownService": True},
    ),
    (
        "the gateway's Service of an adopted Ambassador in another place",
        {"adopt": {}, "gateway": {"service": {"sourceRanges": ["10.0.0.0/8"]}}},
        "gateway.service",
        "leave service out, and write its settings under service",
        {"gateway.service": DELETED, "service": {"sourceRanges": ["10.0.0.0/8"]}},
    ),
    (
        "a probe through a Listener that expects the PROXY protocol",
        {
            "gateway": {"probe": "ambassador", "ownService": True},
            "listeners": [{"name": "http", "port": 8080, "protocol": "HTTPPROXY"}],
        },
        "listeners[0].protocol",
        "write gateway.probe: proxy",
        {"gateway.probe": "proxy"},
    ),
]


@pytest.mark.parametrize(
    ("ambassador", "path", "remedy", "followed"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_what_the_service_cannot_have_is_refused_with_a_remedy_that_works(
    ambassador: dict[str, Any], path: str, remedy: str, followed: dict[str, Any]
) -> None:
    settings = changed({AMBASSADOR: ambassador, **LINK})
    (found,) = problems(settings)
    assert found.path == f"{AMBASSADOR}.{path}"
    assert remedy in found.remedy
    changes = {f"{AMBASSADOR}.{key}": value for key, value in followed.items()}
    assert problems(changed(changes, settings)) == ()


def test_ports_of_ambassador_may_be_the_gateway_s_on_a_service_of_its_own() -> None:
    ambassador = {"gateway": {"port": 443, "probe": "ambassador", "probePort": 8888}}
    assert len(problems(changed({AMBASSADOR: ambassador}))) == 2
    ambassador["gateway"]["ownService"] = True
    assert problems(changed({AMBASSADOR: ambassador})) == ()


def test_a_stack_file_may_decline_a_service_of_its_own() -> None:
    ambassador = {"gateway": {"ownService": False}, "service": {"annotations": PROXY}}
    assert problems(changed({AMBASSADOR: ambassador})) == ()
