"""Which policy opens or shuts which port of Ambassador, whatever its objects are called."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from checks.ambassador import front, inbound
from checks.ambassador import gateway as gateway_checks
from checks.facts.results import Finding, Status
from checks.facts.view import Unseen
from components.ambassador.policy import public_policy
from config import MeshConfig
from tests.stack_builders import changed, loaded
from tests.unit.checks.builders import (
    ambassador,
    cluster_case,
    deployment,
    endpoints,
    failures,
    mesh,
    of,
    service,
    settings,
    thing,
    view,
    warnings,
)
from tests.unit.checks.linkerd.test_generation_2_8 import old
from vocabulary.kinds import MESH_TLS, NETWORK_AUTHENTICATION

PUBLIC = "clients outside the mesh can connect to port 8080 of Ambassador"
SECURE = "clients outside the mesh can connect to port 8443 of Ambassador"
GATEWAY = "meshed clients can connect to the gateway's port 4143"
PROBE = "meshed clients can connect to the port of the gateway's probe, 4191"
ADMIN = "the proxy's admin port 4191 is not open to unmeshed clients"
PORTS = "the gateway Service has ports mc-gateway and mc-probe"
LEADS = "the ports of Service ambassador target ports that Ambassador listens on"
LABELS = {"app": "edge"}
DEFAULTS = (
    "all-unauthenticated",
    "all-authenticated",
    "cluster-unauthenticated",
    "cluster-authenticated",
    "deny",
    "audit",
)


def cluster(default: str, **annotations: str) -> list[dict[str, Any]]:
    """A meshed Ambassador that is a gateway, and its control plane."""
    values = {
        "clusterNetworks": "10.0.0.0/8",
        "identityTrustDomain": "cluster.local",
        "proxy": {"defaultInboundPolicy": default},
    }
    data = {"values": yaml.safe_dump(values)}
    notes = {"linkerd.io/inject": "enabled"}
    notes |= {
        f"config.linkerd.io/{key.replace('_', '-')}": text for key, text in annotations.items()
    }
    ports = [{"name": "http", "containerPort": 8080}, {"name": "https", "containerPort": 8443}]
    spec = {"containers": [{"name": "ambassador", "ports": ports}]}
    workload = deployment(
        "ambassador", "ambassador", pod_labels=LABELS, pod_annotations=notes, pod_spec=spec
    )
    return [
        thing("v1", "ConfigMap", "linkerd-config", "linkerd", data=data),
        workload,
        entrance(),
        ambassador("Listener", "http", port=8080),
        ambassador("Listener", "https", port=8443),
    ]


def entrance(**targets: Any) -> dict[str, Any]:
    """Ambassador's Service; `targets` change the target ports."""
    leads = {"http": "http", "https": 8443, "mc-gateway": 4143, "mc-probe": "linkerd-admin"}
    leads |= {name.replace("_", "-"): port for name, port in targets.items()}
    numbers = {"http": 80, "https": 443, "mc-gateway": 4143, "mc-probe": 4191}
    ports = [
        {"name": name, "port": numbers[name], "targetPort": port}
        for name, port in leads.items()
        if port is not None
    ]
    return service("ambassador", "ambassador", address="203.0.113.9", spec={"ports": ports})


def opening(name: str, port: int | str, authentication: str, *refs: str) -> list[dict[str, Any]]:
    """A Server for one port, and a policy that requires an authentication."""
    selector = {"matchLabels": LABELS}
    target = {"group": "policy.linkerd.io", "kind": "Server", "name": name}
    needed = [{"group": "policy.linkerd.io", "kind": authentication, "name": one} for one in refs]
    return [
        thing(
            "policy.linkerd.io/v1beta3",
            "Server",
            name,
            "ambassador",
            spec={"podSelector": selector, "port": port},
        ),
        thing(
            "policy.linkerd.io/v1alpha1",
            "AuthorizationPolicy",
            f"{name}-policy",
            "ambassador",
            spec={"targetRef": target, "requiredAuthenticationRefs": needed},
        ),
    ]


def everywhere(name: str = "everywhere", *cidrs: str) -> dict[str, Any]:
    networks = [{"cidr": cidr} for cidr in cidrs or ("0.0.0.0/0", "::/0")]
    return thing(
        "policy.linkerd.io/v1alpha1",
        "NetworkAuthentication",
        name,
        "ambassador",
        spec={"networks": networks},
    )


def meshed(*identities: str, name: str = "meshed") -> dict[str, Any]:
    return thing(
        "policy.linkerd.io/v1alpha1",
        "MeshTLSAuthentication",
        name,
        "ambassador",
        spec={"identities": list(identities) or ["*"]},
    )


def program() -> list[dict[str, Any]]:
    """Policies that open what is to be open, under names that no chart uses."""
    return [
        *opening("front-door", 8080, "NetworkAuthentication", "everywhere"),
        *opening("side-door", "https", "NetworkAuthentication", "everywhere"),
        *opening("back-door", "linkerd-proxy", "MeshTLSAuthentication", "meshed"),
        *opening("meter", 4191, "MeshTLSAuthentication", "meshed"),
        everywhere(),
        meshed(),
    ]


def found(
    *objects: dict[str, Any], config: MeshConfig | None = None, **fields: Any
) -> list[Finding]:
    return list(inbound.inbound(cluster_case(view(*objects, **fields), config or EVERYTHING)))


EVERYTHING = loaded(changed({"clusters.west.ambassador.gateway.admits": "everything"}, settings()))
"""A gateway whose port has one policy for every meshed client."""


@pytest.mark.parametrize("default", DEFAULTS)
def test_with_policies_for_its_ports_every_default_is_fine_whatever_they_are_called(
    default: str,
) -> None:
    lines = found(*cluster(default), *program())
    assert {line.title for line in lines} == {PUBLIC, SECURE, GATEWAY, PROBE, ADMIN}
    assert {line.status for line in lines} == {Status.OK}
    assert of(lines, PUBLIC).detail == "anyone"
    assert of(lines, GATEWAY).detail == "meshed clients"


@pytest.mark.parametrize(
    ("default", "shut"),
    [
        ("all-unauthenticated", []),
        ("all-authenticated", [PUBLIC, SECURE]),
        ("cluster-unauthenticated", [PUBLIC, SECURE, GATEWAY, PROBE]),
        ("cluster-authenticated", [PUBLIC, SECURE, GATEWAY, PROBE]),
        ("deny", [PUBLIC, SECURE, GATEWAY, PROBE]),
        ("audit", []),
    ],
)
def test_without_any_the_default_alone_shuts_ports(default: str, shut: list[str]) -> None:
    lines = found(*cluster(default))
    assert failures(lines) == shut
    if shut:
        assert f"no Server selects port 8080, and the default policy is {default}" in (
            of(lines, PUBLIC).detail
        )


def test_an_admin_port_that_is_open_to_everyone_is_warned_of() -> None:
    assert warnings(found(*cluster("all-unauthenticated"))) == [ADMIN]


def test_the_annotation_of_the_pods_or_of_their_namespace_counts() -> None:
    shut = found(*cluster("all-unauthenticated", default_inbound_policy="deny"))
    assert PUBLIC in failures(shut)
    space = thing(
        "v1",
        "Namespace",
        "ambassador",
        annotations={"config.linkerd.io/default-inbound-policy": "all-authenticated"},
    )
    assert failures(found(*cluster("all-unauthenticated"), space)) == [PUBLIC, SECURE]


def test_a_server_of_others_that_shuts_a_port_is_named() -> None:
    deny = opening("lock", 8080, "MeshTLSAuthentication", "meshed")
    lines = found(*cluster("all-unauthenticated"), *deny, meshed())
    assert failures(lines) == [PUBLIC]
    detail = of(lines, PUBLIC).detail
    assert "Server lock selects port 8080" in detail
    assert "lets in meshed clients (AuthorizationPolicy lock-policy)" in detail
    (alone,) = [one for one in found(*cluster("audit"), deny[0]) if one.title == PUBLIC]
    assert "no policy lets anyone in" in alone.detail


def test_a_policy_that_lacks_its_authentication_is_named() -> None:
    lines = found(
        *cluster("deny"), *[one for one in program() if one["kind"] != "NetworkAuthentication"]
    )
    assert failures(lines) == [PUBLIC, SECURE]
    assert (
        "AuthorizationPolicy front-door-policy is ignored: "
        "there is no NetworkAuthentication everywhere in ambassador"
    ) in of(lines, PUBLIC).detail


def test_a_policy_for_certain_networks_is_taken_to_be_expected_and_reported() -> None:
    objects = [one for one in program() if one["metadata"]["name"] != "everywhere"]
    lines = found(*cluster("deny"), *objects, everywhere("everywhere", "203.0.113.0/24"))
    assert failures(lines) == []
    assert of(lines, PUBLIC).detail == "anyone from 203.0.113.0/24"


def test_a_gateway_that_lets_in_certain_clients_alone_fails_and_names_them_and_the_policy() -> None:
    """Seen on real proxies: each request over the link is refused, and nothing else shows it."""
    objects = [one for one in program() if one["metadata"]["name"] != "meshed"]
    lines = found(*cluster("all-unauthenticated"), *objects, meshed("web.shop.example"))
    assert failures(lines) == [GATEWAY, PROBE]
    assert of(lines, GATEWAY).detail.startswith("only web.shop.example can: ")
    assert "AuthorizationPolicy" in of(lines, GATEWAY).detail


def test_ports_that_bypass_the_proxy_are_open_to_anyone() -> None:
    lines = found(*cluster("deny", skip_inbound_ports="8080,8443"))
    assert failures(lines) == [GATEWAY, PROBE]
    assert of(lines, PUBLIC).detail == "anyone, as it bypasses the proxy"


def test_addresses_of_the_other_version_of_ip_do_not_matter() -> None:
    objects = [one for one in program() if one["metadata"]["name"] != "everywhere"]
    four = everywhere("everywhere", "0.0.0.0/0")
    assert failures(found(*cluster("deny"), *objects, four)) == []
    pod = thing(
        "v1",
        "Pod",
        "one",
        "ambassador",
        labels=LABELS,
        spec={
            "containers": [
                {"name": "linkerd-proxy"},
                {"name": "a", "ports": [{"name": "http", "containerPort": 8080}]},
            ]
        },
        status={"phase": "Running", "podIPs": [{"ip": "10.1.0.7"}, {"ip": "fd00::7"}]},
    )
    both = found(*cluster("deny"), *objects, four, pod)
    assert of(both, PUBLIC).detail == "anyone from 0.0.0.0/0"


def test_a_gateway_for_all_addresses_that_its_pods_have_is_open_to_meshed_clients() -> None:
    objects = [one for one in program() if one["metadata"]["name"] != "everywhere"]
    (policy,) = [one for one in objects if one["metadata"]["name"] == "back-door-policy"]
    reference = {"group": "policy.linkerd.io", "kind": "NetworkAuthentication", "name": "four"}
    policy["spec"]["requiredAuthenticationRefs"].append(reference)
    lines = found(*cluster("deny"), *objects, everywhere(), everywhere("four", "0.0.0.0/0"))
    assert failures(lines) == []
    half = everywhere("four", "0.0.0.0/1")
    assert failures(found(*cluster("deny"), *objects, everywhere(), half)) == [GATEWAY]


def test_what_is_not_meshed_has_no_policy() -> None:
    bare = cluster("deny")
    bare[1]["spec"]["template"]["metadata"]["annotations"] = {}
    assert found(*bare) == []


def test_a_list_that_was_refused_is_reported_and_nothing_is_called_open() -> None:
    refused = {(NETWORK_AUTHENTICATION, "ambassador"): "not allowed"}
    with pytest.raises(Unseen):
        found(*cluster("deny"), *program(), unseen=refused)


def test_authentications_of_other_namespaces_are_read_too() -> None:
    objects = program()
    for one in objects:
        for reference in one["spec"].get("requiredAuthenticationRefs", []):
            reference["namespace"] = "shared"
    seen = view(*cluster("deny"), *objects)
    (more,) = [one.reads_more for one in inbound.CHECKS if one.reads_more is not None]
    listings = [(one.kind, one.namespace) for one in more(mesh(), "west", seen)]
    assert set(listings) >= {(MESH_TLS, "shared"), (NETWORK_AUTHENTICATION, "shared")}


def test_a_cluster_of_linkerd_2_8_has_no_such_policy() -> None:
    assert found(*cluster("deny"), config=old()) == []


# Closed ports


def closed(*objects: dict[str, Any]) -> list[Finding]:
    case = cluster_case(view(*objects, *program()))
    return [*front.target_ports(case), *gateway_checks.gateway(case)]


@pytest.mark.parametrize(
    ("targets", "title", "told"),
    [
        ({"mc_gateway": None}, PORTS, "mc-gateway is missing, not 4143"),
        ({"mc_gateway": 4140}, PORTS, "mc-gateway targets port 4140 of the pods, not 4143"),
        ({"mc_gateway": "proxy"}, PORTS, "mc-gateway targets port proxy of the pods"),
        ({"mc_probe": 4190}, PORTS, "mc-probe targets port 4190 of the pods, not 4191"),
        ({"http": "web"}, LEADS, "http (80) targets 'web', which no container has"),
        ({"https": 8444}, LEADS, "https (443) targets 8444, which has no Listener"),
    ],
)
def test_a_port_that_has_no_target_is_named(targets: Any, title: str, told: str) -> None:
    objects = cluster("all-unauthenticated")
    objects[2] = entrance(**targets)
    lines = closed(*objects)
    assert told in of(lines, title).detail
    assert of(lines, title).status is Status.FAILURE
    sound = closed(*cluster("all-unauthenticated"))
    assert of(sound, title).status is Status.OK


def of_west(**ambassador: Any) -> MeshConfig:
    content = settings()
    content["clusters"]["west"]["ambassador"] = {"gateway": {}, **ambassador}
    content["links"][0]["gateway"] = {"address": ["192.0.2.7"]}
    return mesh(content)


def test_a_node_port_that_is_not_the_link_s_is_named() -> None:
    config = of_west(service={"type": "NodePort", "nodePorts": {"gateway": 30143, "probe": 30191}})
    objects = cluster("all-unauthenticated")
    ports = {port["name"]: port for port in objects[2]["spec"]["ports"]}
    ports["mc-gateway"]["nodePort"], ports["mc-probe"]["nodePort"] = 30143, 31999
    case = cluster_case(view(*objects, *program()), config)
    line = of(list(gateway_checks.gateway(case)), PORTS)
    assert line.detail == "mc-probe has node port 31999, not 30191"
    ports["mc-probe"]["nodePort"] = 30191
    case = cluster_case(view(*objects, *program()), config)
    assert of(list(gateway_checks.gateway(case)), PORTS).status is Status.OK


def test_a_link_to_another_port_than_the_node_s_is_warned_of() -> None:
    title = "link east-west connects to the node ports of the gateway Service"
    objects = cluster("all-unauthenticated")
    objects[2]["spec"]["type"] = "NodePort"
    for port in objects[2]["spec"]["ports"]:
        port["nodePort"] = 26000 + port["port"]
    case = cluster_case(view(*objects, *program()), of_west(service={"type": "NodePort"}))
    line = of(list(gateway_checks.gateway(case)), title)
    assert line.status is Status.WARNING
    assert "connects to port 4143, and the node port of mc-gateway is 30143" in line.detail
    config = of_west(service={"type": "NodePort", "nodePorts": {"gateway": 30143, "probe": 30191}})
    case = cluster_case(view(*objects, *program()), config)
    assert of(list(gateway_checks.gateway(case)), title).status is Status.OK


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.10.2"])
def test_a_load_balancer_s_address_that_means_another_machine_is_a_failure(address: str) -> None:
    title = "the gateway has an address"
    objects = cluster("all-unauthenticated")
    assert of(closed(*objects), title).status is Status.OK
    objects[2]["status"]["loadBalancer"]["ingress"] = [{"ip": address}]
    line = of(closed(*objects), title)
    assert line.status is Status.FAILURE
    assert address in line.detail


def test_a_load_balancer_that_changes_bytes_is_named() -> None:
    title = "the gateway's load balancer changes no bytes"
    objects = cluster("all-unauthenticated")
    assert of(closed(*objects), title).status is Status.OK
    key = "load-balancer.hetzner.cloud/uses-proxyprotocol"
    objects[2]["metadata"]["annotations"] = {key: "true"}
    objects[2]["spec"]["type"] = "LoadBalancer"
    line = of(closed(*objects), title)
    assert line.status is Status.FAILURE
    assert key in line.detail


def test_a_gateway_without_an_endpoint_that_is_ready_fails_where_its_pods_are_there() -> None:
    title = "the gateway Service has a ready endpoint"
    objects = cluster("all-unauthenticated")
    waiting = endpoints("ambassador", "ambassador", "notReadyAddresses")
    assert of(closed(*objects, waiting), title).status is Status.FAILURE
    assert of(closed(*objects, endpoints("ambassador", "ambassador")), title).status is Status.OK
    objects[1]["status"]["availableReplicas"] = 0
    assert of(closed(*objects, waiting), title).status is Status.SKIPPED


def test_a_running_pod_that_does_not_act_as_a_gateway_is_named_though_new_ones_would() -> None:
    title = "Ambassador's proxies are configured as a gateway"
    pod = thing(
        "v1",
        "Pod",
        "one",
        "ambassador",
        labels=LABELS,
        annotations={"config.linkerd.io/enable-gateway": "false"},
        spec={"containers": [{"name": "linkerd-proxy"}]},
        status={"phase": "Running"},
    )
    objects = cluster("all-unauthenticated", enable_gateway="true")
    assert of(closed(*objects), title).status is Status.OK
    line = of(closed(*objects, pod), title)
    assert (line.status, "one has" in line.detail) == (Status.FAILURE, True)
    assert "rollout restart deployment/ambassador" in line.hint


# What the program makes for the ports


GIVEN = "the Servers and policies of Ambassador's public ports exist"


def made() -> list[dict[str, Any]]:
    config = mesh().clusters["west"].ambassador
    assert config is not None
    return [dict(one) for one in public_policy(config)]


def existing(*objects: dict[str, Any]) -> Finding:
    (line,) = inbound.public_objects(cluster_case(view(*objects)))
    assert line.title == GIVEN
    return line


def test_the_servers_and_policies_of_all_public_ports_exist() -> None:
    line = existing(*made())
    assert (line.status, line.detail) == (Status.OK, "8080, 8443")


@pytest.mark.parametrize("place", range(len(made())))
def test_each_object_for_a_public_port_that_is_missing_is_named(place: int) -> None:
    objects = made()
    gone = objects.pop(place)
    line = existing(*objects)
    assert line.status is Status.FAILURE
    assert f"{gone['kind']} {gone['metadata']['name']}" in line.detail


def test_a_server_for_another_port_than_its_own_is_named() -> None:
    objects = made()
    server = next(one for one in objects if one["metadata"]["name"].endswith("-8443"))
    server["spec"]["port"] = 8877
    assert "for port 8877, not 8443" in existing(*objects).detail
