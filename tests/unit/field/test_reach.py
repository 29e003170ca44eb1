"""Gateways and API servers as other clusters reach them: whole stack files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from config import MeshConfig
from render import ClusterAnswers, Recording
from tests.stack_builders import problems

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

BETA = "service.beta.kubernetes.io/aws-load-balancer"


def settings(text: str) -> Any:
    return yaml.safe_load(text)


def link_spec(recording: Recording, name: str) -> dict[str, Any]:
    found: dict[str, Any] = recording.named(f"{name}-link").inputs["spec"]
    return found


def probed_port(recording: Recording, source: str) -> dict[str, int]:
    """The port of each target's controller."""
    values = recording.named(f"{source}-multicluster-release").inputs["values"]
    return {
        one["link"]["ref"]["name"]: one["gateway"]["probe"]["port"] for one in values["controllers"]
    }


def own_ports(recording: Recording, cluster: str) -> dict[str, tuple[int, int, int | None]]:
    spec = recording.named(f"{cluster}-ambassador-gateway-service").inputs["spec"]
    return {
        one["name"]: (one["port"], one["targetPort"], one.get("nodePort")) for one in spec["ports"]
    }


def release_service(recording: Recording, cluster: str) -> dict[str, Any]:
    found: dict[str, Any] = recording.named(f"{cluster}-ambassador-release").inputs["values"]
    service: dict[str, Any] = found["service"]
    return service


NODE_PORTS = """
clusters:
  cloud: {{context: cloud}}
  onprem:
    context: onprem
    ambassador:
      service: {{type: NodePort{ports}}}
      gateway: {{}}
links:
  - {{source: cloud, target: onprem, gateway: {{address: [203.0.113.20], port: 30143}}}}
"""


def test_a_node_port_that_only_the_link_has_is_refused_until_the_service_has_both() -> None:
    found = problems(settings(NODE_PORTS.format(ports="")))
    assert [one.path for one in found] == ["links[0].gateway.port", "links[0].gateway"]
    # What both remedies say.
    key = "clusters.onprem.ambassador.service.nodePorts"
    assert f"{key}.gateway: 30143" in found[0].remedy
    assert f"{key}.probe: 30191" in found[1].remedy
    followed = NODE_PORTS.format(ports=", nodePorts: {gateway: 30143, probe: 30191}")
    assert problems(settings(followed)) == ()


def test_a_gateway_behind_node_ports_is_probed_at_its_node_port(
    mesh: Mesh, recorded: Records
) -> None:
    text = NODE_PORTS.format(ports=", nodePorts: {http: 30080, gateway: 30143, probe: 30191}")
    recording = recorded(mesh(text))
    spec = link_spec(recording, "cloud-onprem")
    assert (spec["gatewayAddress"], spec["gatewayPort"]) == ("203.0.113.20", "30143")
    assert spec["probeSpec"]["port"] == "30191"
    assert probed_port(recording, "cloud") == {"onprem": 30191}
    service = release_service(recording, "onprem")
    assert service["type"] == "NodePort"
    assert {(one["port"], one.get("nodePort")) for one in service["ports"]} == {
        (80, 30080),
        (443, None),
        (4143, 30143),
        (4191, 30191),
    }


class WithoutBalancers(ClusterAnswers):
    """Services of type NodePort have no address in their status."""

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        return ClusterAnswers.placeholders().token(cluster, namespace, name)

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        return {"loadBalancer": {}}


@pytest.mark.parametrize("way", ["ownService: false", "ownService: true"])
@pytest.mark.parametrize(
    "kind", ["type: NodePort, nodePorts: {gateway: 30143, probe: 30191}", "type: ClusterIP"]
)
def test_a_service_without_an_address_is_not_asked_for_one(
    mesh: Mesh, recorded: Records, way: str, kind: str
) -> None:
    text = f"""
    clusters:
      a: {{context: a}}
      b: {{context: b, ambassador: {{service: {{{kind}}}, gateway: {{{way}}}}}}}
    links: [{{source: a, target: b, gateway: {{address: [192.0.2.7]}}}}]
    """
    recording = recorded(mesh(text), answers=WithoutBalancers())
    assert link_spec(recording, "a-b")["gatewayAddress"] == "192.0.2.7"


def test_node_ports_among_extra_values_are_those_of_the_link(mesh: Mesh, recorded: Records) -> None:
    text = """
    clusters:
      cloud: {context: cloud}
      onprem:
        context: onprem
        ambassador:
          service: {type: NodePort}
          gateway: {probePort: 30191}
          values:
            service:
              ports:
                - {name: http, port: 80, targetPort: 8080, nodePort: 30080}
                - {name: https, port: 443, targetPort: 8443, nodePort: 30443}
                - {name: mc-gateway, port: 4143, targetPort: 4143, nodePort: 30143}
                - {name: mc-probe, port: 30191, targetPort: 4191, nodePort: 30191}
    links:
      - {source: cloud, target: onprem, gateway: {address: [203.0.113.20]}}
    """
    recording = recorded(mesh(text))
    spec = link_spec(recording, "cloud-onprem")
    assert (spec["gatewayPort"], spec["probeSpec"]["port"]) == ("30143", "30191")
    assert probed_port(recording, "cloud") == {"onprem": 30191}


def test_each_link_has_the_ports_of_its_own_way_to_one_gateway(
    mesh: Mesh, recorded: Records
) -> None:
    # A port mapping of kind or k3d on one machine, NAT on the other side, and the nodes themselves.
    text = """
    clusters:
      near: {context: near}
      far: {context: far}
      inner: {context: inner}
      hub:
        context: hub
        ambassador:
          gateway: {address: [10.0.0.5]}
          service: {type: NodePort, nodePorts: {gateway: 30143, probe: 30191}}
    links:
      - {source: near, target: hub, gateway: {address: [172.18.0.1], port: 4143, probePort: 4191}}
      - {source: far, target: hub, gateway: {address: [nat.example], port: 7143, probePort: 7191}}
      - {source: inner, target: hub}
    """
    recording = recorded(mesh(text))
    found = {}
    for source in ("near", "far", "inner"):
        spec = link_spec(recording, f"{source}-hub")
        found[source] = (spec["gatewayAddress"], spec["gatewayPort"], spec["probeSpec"]["port"])
        assert probed_port(recording, source) == {"hub": int(spec["probeSpec"]["port"])}
    assert found == {
        "near": ("172.18.0.1", "4143", "4191"),
        "far": ("nat.example", "7143", "7191"),
        "inner": ("10.0.0.5", "30143", "30191"),
    }


@pytest.mark.parametrize(
    "annotations",
    [
        {f"{BETA}-type": "nlb", f"{BETA}-proxy-protocol": "*"},
        {
            f"{BETA}-ssl-cert": "arn:aws:acm:eu-west-1:111122223333:certificate/0",
            f"{BETA}-backend-protocol": "http",
        },
    ],
    ids=["PROXY protocol", "TLS"],
)
@pytest.mark.parametrize("by_values", [False, True], ids=["key", "values"])
def test_a_gateway_has_a_service_of_its_own_where_the_public_one_changes_bytes(
    mesh: Mesh, recorded: Records, annotations: dict[str, str], by_values: bool
) -> None:
    service = {"service": {"annotations": annotations}}
    ambassador = {"gateway": {}, **({"values": service} if by_values else service)}
    clusters = {"a": {"context": "a"}, "b": {"context": "b", "ambassador": ambassador}}
    link = {"source": "a", "target": "b"}
    recording = recorded(mesh(yaml.safe_dump({"clusters": clusters, "links": [link]})))
    own = recording.named("b-ambassador-gateway-service").inputs
    assert own["metadata"]["name"] == "ambassador-linkerd-gateway"
    kept = {key: value for key, value in annotations.items() if key.endswith("-type")}
    assert {
        key: value for key, value in own["metadata"]["annotations"].items() if "aws" in key
    } == kept
    assert own_ports(recording, "b") == {
        "mc-gateway": (4143, 4143, None),
        "mc-probe": (4191, 4191, None),
    }
    public = release_service(recording, "b")
    assert {one["name"] for one in public["ports"]} == {"http", "https"}
    assert public["annotations"] == annotations
    # Its load balancer's address is the gateway's.
    status = recording.named("b-ambassador-gateway-service").outputs["status"]
    assert link_spec(recording, "a-b")["gatewayAddress"] in str(status)


def test_an_adopted_ambassador_s_gateway_has_the_load_balancer_keys_of_an_installed_one(
    mesh: Mesh, recorded: Records
) -> None:
    text = """
    clusters:
      a: {context: a}
      b:
        context: b
        ambassador:
          adopt: {}
          service:
            loadBalancerIP: 10.20.0.9
            annotations: {networking.gke.io/load-balancer-type: Internal}
          gateway: {}
      c:
        context: c
        ambassador:
          adopt: {}
          service: {type: NodePort, nodePorts: {gateway: 30143, probe: 30191}}
          gateway: {address: [192.0.2.7]}
      d:
        context: d
        ambassador:
          service: {loadBalancerIP: 10.20.0.10, loadBalancerClass: example.com/inner}
    links:
      - {source: a, target: b}
      - {source: a, target: c}
    """
    recording = recorded(mesh(text))
    internal = recording.named("b-ambassador-gateway-service").inputs
    assert internal["spec"]["loadBalancerIP"] == "10.20.0.9"
    assert internal["metadata"]["annotations"]["networking.gke.io/load-balancer-type"] == "Internal"
    assert recording.named("c-ambassador-gateway-service").inputs["spec"]["type"] == "NodePort"
    assert own_ports(recording, "c") == {
        "mc-gateway": (4143, 4143, 30143),
        "mc-probe": (4191, 4191, 30191),
    }
    assert probed_port(recording, "a") == {"b": 4191, "c": 30191}
    assert link_spec(recording, "a-c")["gatewayPort"] == "30143"
    installed = release_service(recording, "d")
    assert installed["loadBalancerIP"] == "10.20.0.10"
    assert installed["loadBalancerClass"] == "example.com/inner"


def kubeconfig(server: str, **more: Any) -> str:
    return yaml.safe_dump(
        {
            "current-context": "one",
            "clusters": [{"name": "one", "cluster": {"server": server, **more}}],
            "contexts": [{"name": "one", "context": {"cluster": "one", "user": "admin"}}],
            "users": [{"name": "admin", "user": {"token": "not-a-real-one"}}],
        }
    )


def loopback(api: dict[str, Any] | None = None, **more: Any) -> Any:
    """Two clusters whose kubeconfigs kind or k3d wrote."""
    east = {"kubeconfig": kubeconfig("https://127.0.0.1:6551", **more)}
    return {
        "clusters": {
            "west": {"kubeconfig": kubeconfig("https://0.0.0.0:6550", **more)},
            "east": {**east, "ambassador": {"gateway": {}}, **({"apiServer": api} if api else {})},
        },
        "links": [{"source": "west", "target": "east"}],
    }


def test_a_target_at_a_loopback_address_is_refused_and_a_source_may_have_one() -> None:
    found = problems(loopback(None, **{"insecure-skip-tls-verify": True}))
    assert {one.path for one in found} == {"clusters.east.kubeconfig"}
    assert ["loopback" in one.message for one in found] == [True, False]
    assert "insecure-skip-tls-verify" in found[1].message


def test_each_remedy_for_a_loopback_address_is_enough() -> None:
    assert len(problems(loopback())) == 1
    assert problems(loopback({"address": "https://172.18.0.3:6443"})) == ()
    assert problems(loopback({"sameMachine": True})) == ()
