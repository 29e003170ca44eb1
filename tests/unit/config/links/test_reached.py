"""Links and the Services of their gateways agree on every port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import MeshConfig
from render import Recording
from tests.stack_builders import changed, loaded, problems

Records = Callable[..., Recording]
TARGET = "clusters.target.ambassador"
LINK = "links[0].gateway"
ADDRESS = ["192.0.2.7"]

PROXY_PROTOCOL = {"load-balancer.hetzner.cloud/uses-proxyprotocol": "true"}
NODES = st.just({"gateway": 30143, "probe": 30191})
SERVICE = st.one_of(
    st.fixed_dictionaries({}, optional={"annotations": st.just(PROXY_PROTOCOL)}),
    st.fixed_dictionaries({"type": st.just("NodePort"), "nodePorts": NODES}),
    st.just({"type": "ClusterIP"}),
)
"""Services as an installed Ambassador has them; none about its public ports alone."""


@st.composite
def ambassadors(draw: st.DrawFn) -> dict[str, Any]:
    """A gateway, of an installed or adopted Ambassador, on either Service."""
    gateway: dict[str, Any] = {"address": ADDRESS}
    gateway |= draw(st.fixed_dictionaries({}, optional={"port": st.just(5143)}))
    way = draw(st.sampled_from(["adopted", "shared", "own", "described"]))
    service = draw(SERVICE)
    if way == "adopted":
        service.pop("annotations", None)
        gateway |= draw(st.fixed_dictionaries({}, optional={"probePort": st.just(5191)}))
        return {"adopt": {}, "gateway": gateway, "service": service}
    if way == "described":
        service.pop("annotations", None)
        return {"gateway": {**gateway, "service": service}}
    gateway |= {"ownService": True} if way == "own" else {}
    return {"gateway": gateway, "service": service}


LINKS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"address": st.just(["198.51.100.7"])},
        optional={"port": st.just(7143), "probePort": st.just(7191)},
    ),
)


def rendered_ports(recording: Recording, cluster: str) -> tuple[str, dict[str, Any]]:
    """Type and ports, by name, of the Service that has the gateway's ports."""
    own = [item for item in recording if item.name == f"{cluster}-ambassador-gateway-service"]
    if own:
        spec = own[0].inputs["spec"]
    else:
        spec = recording.named(f"{cluster}-ambassador-release").inputs["values"]["service"]
    return spec["type"], {port["name"]: port for port in spec["ports"]}


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(ambassadors(), LINKS), min_size=4, max_size=4))
def test_a_link_has_the_ports_of_the_service_that_is_rendered(
    recorded: Records, drawn: list[tuple[dict[str, Any], dict[str, Any] | None]]
) -> None:
    clusters: dict[str, Any] = {"from": {"context": "from"}}
    links = []
    for place, (ambassador, way) in enumerate(drawn):
        clusters[f"to{place}"] = {"context": f"to{place}", "ambassador": ambassador}
        ends: dict[str, Any] = {"source": "from", "target": f"to{place}"}
        links.append(ends if way is None else {**ends, "gateway": way})
    config: MeshConfig = loaded({"clusters": clusters, "links": links})
    recording = recorded(config)
    values = recording.named("from-multicluster-release").inputs["values"]
    probed = {one["link"]["ref"]["name"]: one["gateway"] for one in values["controllers"]}
    for link in config.links:
        spec = recording.named(f"{link.name}-link").inputs["spec"]
        kind, ports = rendered_ports(recording, link.target)
        number = "nodePort" if kind == "NodePort" else "port"
        own = link.gateway
        assert spec["gatewayAddress"] == ",".join(link.own_address or ADDRESS)
        assert spec["gatewayPort"] == str((own and own.port) or ports["mc-gateway"][number])
        probe = (own and own.probe_port) or ports["mc-probe"][number]
        assert spec["probeSpec"]["port"] == str(probe)
        assert probed[link.target]["probe"]["port"] == probe
        assert ports["mc-gateway"]["targetPort"] == 4143


def test_a_node_port_without_its_fellow_is_refused() -> None:
    for given_, lacking in (("gateway", "probe"), ("probe", "gateway")):
        service = {"type": "NodePort", "nodePorts": {given_: 30143}}
        changes = {f"{TARGET}.service": service, f"{TARGET}.gateway": {"address": ADDRESS}}
        (found,) = problems(changed(changes))
        assert found.path == "links[0].gateway"
        key = f"{TARGET}.service.nodePorts.{lacking}"
        assert key in found.remedy
        assert problems(changed({**changes, key: 30144})) == ()


def test_ports_in_front_of_the_nodes_need_no_node_ports() -> None:
    changes = {
        f"{TARGET}.service": {"type": "NodePort"},
        LINK: {"address": ADDRESS, "port": 4143, "probePort": 4191},
    }
    assert problems(changed(changes)) == ()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "169.254.1.1"])
def test_an_address_of_the_gateway_means_the_same_in_the_source(address: str) -> None:
    for path in (f"{TARGET}.gateway.address", f"{LINK}.address"):
        (found,) = problems(changed({path: ["192.0.2.7", address]}))
        assert found.path == f"{path}[1]"
        assert problems(changed({path: ["192.0.2.7"]})) == ()


def test_a_gateway_on_one_machine_may_have_a_loopback_address() -> None:
    changes = {f"{TARGET}.gateway.address": ["127.0.0.1"]}
    assert problems(changed({**changes, "clusters.target.apiServer.sameMachine": True})) == ()


def test_two_ports_of_a_link_are_two() -> None:
    (found,) = problems(changed({LINK: {"address": ADDRESS, "port": 4191}}))
    assert found.path == f"{LINK}.port"
    assert f"{LINK}.probePort" in found.remedy
    followed = {LINK: {"address": ADDRESS, "port": 4191, "probePort": 4192}}
    assert problems(changed(followed)) == ()
    (found,) = problems(changed({LINK: {"address": ADDRESS, "port": 4192, "probePort": 4192}}))
    assert found.path == f"{LINK}.port"
