"""Who may connect to which port of Ambassador's pods, by the objects that the program makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ambassador.policy import public_policy
from components.links.admission import gateway_policy
from config import MeshConfig, load_stack_file
from config.ambassador.ambassador import AmbassadorConfig
from config.core.cluster import ClusterConfig
from config.inventory import Admission
from config.links.gateway_view import gateways
from render import Recording
from tests.stack_files import STACK_FILES

Records = Callable[[MeshConfig], Recording]
Objects = list[dict[str, Any]]

ANYBODY, MESHED = "any client", "meshed clients"


def admitted(objects: Objects, port: int | str, labels: dict[str, str]) -> set[str] | None:
    """Who may connect to a port of a pod with these labels; None where the default decides.

    As in Linkerd's policy controller: a Server selects the port, and what targets it admits
    clients.
    """
    found = {(item["kind"], item["metadata"]["name"]): item["spec"] for item in objects}
    servers = [
        name
        for (kind, name), spec in found.items()
        if kind == "Server"
        and spec["port"] == port
        and spec["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    if not servers:
        return None
    assert len(servers) == 1, "two Servers for one port: the older one would win"
    result: set[str] = set()
    for (kind, _), spec in found.items():
        if kind != "AuthorizationPolicy" or spec["targetRef"]["name"] != servers[0]:
            continue
        for ref in spec["requiredAuthenticationRefs"]:
            authentication = found[ref["kind"], ref["name"]]
            if ref["kind"] == "NetworkAuthentication":
                cidrs = {network["cidr"] for network in authentication["networks"]}
                if {"0.0.0.0/0", "::/0"} <= cidrs:
                    result.add(ANYBODY)
            elif authentication["identities"] == ["*"]:
                result.add(MESHED)
    return result


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_any_client_may_connect_to_each_listener_s_port_whatever_the_default_policy_is(
    name: str, recorded: Records
) -> None:
    config = load_stack_file(STACK_FILES[name])
    recording = recorded(config)
    for cluster, settings in config.clusters.items():
        ambassador = settings.ambassador
        if ambassador is None or not settings.linkerd.generation.policy:
            continue
        objects: Objects = [
            dict(item.inputs)
            for item in recording
            if item.cluster == cluster and "policy.linkerd.io" in item.type
        ]
        ports = {listener.port for listener in ambassador.all_listeners}
        for port in ports - set(ambassador.sidecar.skip_inbound_ports):
            assert admitted(objects, port, ambassador.pod_labels) == {ANYBODY}


@given(
    ports=st.none() | st.sets(st.sampled_from([8080, 8443, 9000, 9443, 65535])).map(tuple),
    gateway=st.sampled_from([None, {}, {"probe": "ambassador"}, {"admits": "everything"}]),
    adopted=st.booleans(),
    skipped=st.sets(st.sampled_from([8443, 9000])).map(tuple),
)
def test_no_port_but_the_public_ones_is_opened_to_clients_outside_the_mesh(
    ports: tuple[int, ...] | None,
    gateway: dict[str, str] | None,
    adopted: bool,
    skipped: tuple[int, ...],
) -> None:
    config = AmbassadorConfig.model_validate(
        {
            "publicPorts": ports,
            "gateway": gateway,
            "sidecar": {"skipInboundPorts": skipped},
            **({"adopt": {}} if adopted else {}),
        }
    )
    views = gateways("a", ClusterConfig(context="a", ambassador=config))
    found = [Admission(view, (), ()) for view in views]
    made = [*public_policy(config), *(item for one in found for item in gateway_policy(one))]
    objects: Objects = [dict(item) for item in made]
    labels = {**config.pod_labels, "more": "labels"}
    wanted = {8080, 8443} if ports is None else set(ports)
    for port in wanted - set(skipped):
        assert admitted(objects, port, labels) == {ANYBODY}
    for admin in (8877, 4190, 4191, "linkerd-admin", "linkerd-proxy", 4143):
        assert ANYBODY not in (admitted(objects, admin, labels) or set())
    if gateway is not None:
        wanted_of = {MESHED} if config.gateway and config.gateway.admits == "everything" else set()
        assert admitted(objects, "linkerd-proxy", labels) == wanted_of
    for port in skipped:
        assert admitted(objects, port, labels) is None, "the proxy does not see this port"


def test_a_public_port_of_the_proxy_or_of_the_health_check_is_refused() -> None:
    for port in (4143, 4191, 8877):
        with pytest.raises(ValueError, match=r"must not be open to any client"):
            AmbassadorConfig.model_validate({"publicPorts": [8080, port]})


def test_the_sample_answers_meshed_clients_where_everything_else_is_denied(
    recorded: Records, mesh: Callable[[str], MeshConfig]
) -> None:
    def annotations(policy: str) -> dict[str, str]:
        text = f"{{a: {{context: a, sample: {{}}, linkerd: {{proxy: {{{policy}}}}}}}}}"
        recording = recorded(mesh(f"clusters: {text}"))
        template = recording.named("a-sample-deployment").inputs["spec"]["template"]
        return dict(template["metadata"].get("annotations") or {})

    denied = annotations("defaultInboundPolicy: deny")
    assert list(denied) == ["config.linkerd.io/default-inbound-policy"]
    assert annotations("defaultInboundPolicy: all-authenticated") == {}
