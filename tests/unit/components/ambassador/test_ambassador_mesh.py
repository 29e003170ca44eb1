"""AmbassadorMesh: the ingress, and the role of multicluster gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from config import MeshConfig
from render import ClusterAnswers, Recording, RenderError
from tests.recordings import by_urn
from tests.stack_builders import problems

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]
Stack = Callable[[str], Recording]

LINKED = """
clusters:
  a: {{context: a}}
  b: {{context: b, ambassador: {ambassador}}}
links: [{{source: a, target: b}}]
"""


def linked(mesh: Mesh, ambassador: str) -> MeshConfig:
    return mesh(LINKED.format(ambassador=ambassador))


def release_values(recording: Recording) -> dict[str, Any]:
    found: dict[str, Any] = recording.named("b-ambassador-release").inputs["values"]
    return found


def objects(recording: Recording, kind: str) -> dict[str, dict[str, Any]]:
    return {
        item.inputs["metadata"]["name"]: item.inputs["spec"]
        for item in recording
        if item.inputs.get("kind") == kind
    }


def test_ambassador_waits_for_its_crds_and_for_the_injector(stack: Stack) -> None:
    recording = stack("local")
    above = {
        by_urn(recording, urn).name
        for urn in recording.named("target-ambassador-release").depends_on
    }
    assert {"target-ambassador-crds", "target-linkerd-control-plane"} <= above


def test_listeners_hosts_and_mappings_wait_for_ambassador_s_crds(stack: Stack) -> None:
    recording = stack("local")
    found = [item for item in recording if "getambassador.io" in item.type]
    assert {item.inputs["kind"] for item in found} == {"Listener", "Host", "Mapping"}
    for item in found:
        above = {by_urn(recording, urn).name for urn in item.depends_on}
        assert f"{item.cluster}-ambassador-crds" in above


def test_policies_wait_for_the_control_plane_that_checks_them(stack: Stack) -> None:
    recording = stack("local")
    policies = [item for item in recording if "policy.linkerd.io" in item.type]
    assert policies
    for item in policies:
        above, names = [item], set()
        while above:
            found = [by_urn(recording, urn) for urn in above.pop().depends_on]
            above += [one for one in found if one.name not in names]
            names |= {one.name for one in found}
        assert f"{item.cluster}-linkerd-control-plane" in names


def test_ambassador_is_meshed_and_adds_the_linkerd_header_but_on_the_health_route(
    stack: Stack,
) -> None:
    recording = stack("local")
    values = recording.named("target-ambassador-release").inputs["values"]
    assert values["module"] == {"add_linkerd_headers": True}
    assert values["podAnnotations"]["linkerd.io/inject"] == "enabled"
    assert objects(recording, "Mapping")["public-health-check"] == {
        "hostname": "*",
        "prefix": "/-/ambassador/ready",
        "rewrite": "/ambassador/v0/check_ready",
        "service": "localhost:8877",
        "bypass_auth": True,
        "add_linkerd_headers": False,
    }


def test_an_ambassador_without_the_gateway_role_has_no_trace_of_it(stack: Stack) -> None:
    recording = stack("local")
    values = recording.named("source-ambassador-release").inputs["values"]
    assert "config.linkerd.io/enable-gateway" not in values["podAnnotations"]
    assert values["service"]["annotations"] == {}
    assert {port["name"] for port in values["service"]["ports"]} == {"http", "https"}
    policies = [item for item in recording if "policy.linkerd.io" in item.type]
    of_source = [item.inputs for item in policies if item.cluster == "source"]
    assert {item["metadata"]["name"].rpartition("-public")[0] for item in of_source} == {
        "ambassador"
    }
    assert "MeshTLSAuthentication" not in {item["kind"] for item in of_source}
    assert recording.named("source-ambassador").outputs == {}


@pytest.mark.parametrize("name", ["local", "staging", "production"])
def test_a_gateway_says_the_identity_that_links_to_it_expect(
    stack: Stack, stack_config: Callable[[str], MeshConfig], name: str
) -> None:
    recording = stack(name)
    for link in stack_config(name).links:
        values = recording.named(f"{link.target}-ambassador-release").inputs["values"]
        spec = recording.named(f"{link.name}-link").inputs["spec"]
        annotations = values["service"]["annotations"]
        assert annotations["mirror.linkerd.io/gateway-identity"] == spec["gatewayIdentity"]
        assert annotations["mirror.linkerd.io/probe-path"] == spec["probeSpec"]["path"]
        account, space = spec["gatewayIdentity"].split(".")[:2]
        release = recording.named(f"{link.target}-ambassador-release").inputs
        assert (values["serviceAccount"]["name"], release["namespace"]) == (account, space)


def test_a_gateway_s_pods_and_service_are_marked_as_one(mesh: Mesh, recorded: Records) -> None:
    values = release_values(recorded(linked(mesh, "{gateway: {}}")))
    assert values["podAnnotations"] == {
        "linkerd.io/inject": "enabled",
        "config.linkerd.io/enable-gateway": "true",
    }
    annotations = values["service"]["annotations"]
    assert annotations["mirror.linkerd.io/multicluster-gateway"] == "true"
    assert int(annotations["mirror.linkerd.io/probe-period"]) > 0


def test_gateways_differ_in_identity_so_that_none_refuses_a_request_as_a_loop(
    stack: Stack,
) -> None:
    recording = stack("staging")
    identities = [
        recording.named(f"{cluster}-ambassador-release").inputs["values"]["service"]["annotations"][
            "mirror.linkerd.io/gateway-identity"
        ]
        for cluster in ("west", "east")
    ]
    assert len(set(identities)) == 2


def test_every_port_of_the_service_targets_a_port_of_the_pod(mesh: Mesh, recorded: Records) -> None:
    ports = release_values(recorded(linked(mesh, "{gateway: {port: 5143, probePort: 5191}}")))[
        "service"
    ]["ports"]
    assert {port["name"]: (port["port"], port["targetPort"]) for port in ports} == {
        "http": (80, 8080),
        "https": (443, 8443),
        "mc-gateway": (5143, 4143),
        "mc-probe": (5191, 4191),
    }
    assert len({port["port"] for port in ports}) == len(ports)


def test_a_probe_through_ambassador_shares_its_port_and_uses_the_health_route(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(linked(mesh, "{gateway: {probe: ambassador}}"))
    ports = release_values(recording)["service"]["ports"]
    assert [port["name"] for port in ports if port["port"] == 80] == ["mc-probe"]
    assert len({port["port"] for port in ports}) == len(ports)
    probe = recording.named("a-b-link").inputs["spec"]["probeSpec"]
    assert (probe["port"], probe["path"]) == ("80", "/-/ambassador/ready")
    assert "ambassador-gateway-admin" not in objects(recording, "Server")


def test_a_probe_through_ambassador_on_a_port_of_its_own_is_refused_where_the_chart_has_it() -> (
    None
):
    """The chart makes a container port of every port, and one that is there twice gets lost."""

    def complaints(more: str) -> list[str]:
        text = f"{{probe: ambassador, probePort: 8081}}, {more}"
        settings = yaml.safe_load(
            f"clusters: {{b: {{context: b, ambassador: {{gateway: {text}}}}}}}"
        )
        return [problem.path for problem in problems(settings)]

    assert complaints("name: edge") == ["clusters.b.ambassador.gateway.probePort"]
    assert complaints("adopt: {}") == []


def test_meshed_clients_come_in_through_the_gateway_s_ports_and_no_public_port_is_closed(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(linked(mesh, "{gateway: {}}"))
    servers = objects(recording, "Server")
    for spec in servers.values():
        assert spec["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "ambassador"
    gateway = {name for name, spec in servers.items() if str(spec["port"]).startswith("linkerd-")}
    assert {servers[name]["port"] for name in gateway} == {"linkerd-proxy", "linkerd-admin"}
    authentication = objects(recording, "MeshTLSAuthentication")
    assert [spec["identities"] for spec in authentication.values()] == [["*"]]
    policies = objects(recording, "AuthorizationPolicy")
    # Without exports, the gateway's own port admits no client.
    assert {spec["targetRef"]["name"] for spec in policies.values()} == {
        *set(servers) - {"ambassador-gateway"}
    }
    for spec in policies.values():
        if spec["targetRef"]["name"] in gateway:
            refs = [item["name"] for item in spec["requiredAuthenticationRefs"]]
            assert refs == list(authentication)


def test_the_service_is_as_the_stack_file_has_it(mesh: Mesh, recorded: Records) -> None:
    service = release_values(
        recorded(
            linked(
                mesh,
                """{gateway: {}, service: {annotations: {cloud: internal},
                sourceRanges: [192.0.2.0/24], loadBalancerClass: fast,
                externalTrafficPolicy: Local}}""",
            )
        )
    )["service"]
    assert service["type"] == "LoadBalancer"
    assert service["annotations"]["cloud"] == "internal"
    assert "mirror.linkerd.io/multicluster-gateway" in service["annotations"]
    assert service["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    assert service["loadBalancerClass"] == "fast"
    assert service["externalTrafficPolicy"] == "Local"


def test_high_availability_spreads_replicas_over_zones_and_nodes(
    mesh: Mesh, recorded: Records
) -> None:
    values = release_values(recorded(linked(mesh, "{gateway: {}, highAvailability: true}")))
    assert values["replicaCount"] == 3
    assert values["podDisruptionBudget"] == {"maxUnavailable": 1}
    keys = {item["topologyKey"] for item in values["topologySpreadConstraints"]}
    assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def test_the_user_s_values_for_ambassador_win(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        linked(
            mesh,
            """{gateway: {}, values: {replicaCount: 7, service: {sessionAffinity: ClientIP}},
            crdsValues: {enableV1: true}}""",
        )
    )
    values = release_values(recording)
    assert values["replicaCount"] == 7
    assert values["service"]["sessionAffinity"] == "ClientIP"
    assert values["service"]["ports"]
    crds = recording.named("b-ambassador-crds").inputs["values"]
    assert crds == {"enableLegacyVersions": False, "enableV1": True}


def test_the_gateway_s_address_is_read_once_ambassador_is_installed(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(linked(mesh, "{gateway: {}}"))
    service = recording.named("b-ambassador-service")
    assert (service.read, service.cluster, service.id) == (True, "b", "ambassador/ambassador")
    spec = recording.named("a-b-link").inputs["spec"]
    assert spec["gatewayAddress"] == "ambassador.ambassador.b.example"


def test_a_given_address_is_used_and_no_service_is_read(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(linked(mesh, "{gateway: {address: [198.51.100.7, gw.example]}}"))
    assert [item.name for item in recording if item.read] == []
    spec = recording.named("a-b-link").inputs["spec"]
    assert spec["gatewayAddress"] == "198.51.100.7,gw.example"


class Addresses(ClusterAnswers):
    """Answers with a given load-balancer status."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        self.status = status

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        return ClusterAnswers.placeholders().token(cluster, namespace, name)

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        return self.status


def test_a_load_balancer_may_have_several_addresses_of_either_kind(
    mesh: Mesh, recorded: Records
) -> None:
    ingress = [{"ip": "192.0.2.1"}, {"hostname": "lb.example"}, {}]
    recording = recorded(
        linked(mesh, "{gateway: {}}"),
        answers=Addresses({"loadBalancer": {"ingress": ingress}}),
    )
    spec = recording.named("a-b-link").inputs["spec"]
    assert spec["gatewayAddress"] == "192.0.2.1,lb.example"


@pytest.mark.parametrize("status", [{}, {"loadBalancer": {}}, {"loadBalancer": {"ingress": []}}])
def test_a_lost_address_is_an_error_with_its_service_and_a_remedy(
    mesh: Mesh, recorded: Records, status: Mapping[str, Any]
) -> None:
    with pytest.raises(RenderError) as caught:
        recorded(linked(mesh, "{gateway: {}}"), answers=Addresses(status))
    assert "ambassador/ambassador" in str(caught.value)
    assert "ambassador.gateway.address" in str(caught.value)
    assert "Traceback" not in str(caught.value)
