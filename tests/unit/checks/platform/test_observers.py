"""Who may read metrics and the dashboard, as `./mesh check` sees it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts import fetch
from checks.facts.results import Finding, Status
from checks.platform import observers
from components.platform.policy import open_port_policy
from config import MeshConfig
from config.platform.observers import observed_ports
from tests.unit.checks.builders import cluster_case, failures, mesh, of, pod, thing, view, warnings
from tests.unit.checks.platform.test_open_ports import control_plane
from vocabulary.kinds import POD, SERVER

NAMED = {"namespace": "monitoring", "serviceAccount": "prom"}
WHO = "Prometheus monitoring/prom"
MIRRORS = f"{WHO} can read the metrics of the pods in linkerd-multicluster"
SHOP = f"{WHO} can read the metrics of the pods in shop"
MADE = "the policies for Prometheus and the dashboard exist"


def config(policy: str = "deny", **monitoring: Any) -> MeshConfig:
    linkerd = {"proxy": {"defaultInboundPolicy": policy}}
    west = {"context": "w", "linkerd": linkerd, "monitoring": monitoring}
    east = {"context": "e", "ambassador": {"gateway": {}}}
    links = [{"source": "west", "target": "east"}]
    return mesh({"clusters": {"west": west, "east": east}, "links": links})


def policies(asked: MeshConfig) -> list[dict[str, Any]]:
    west = asked.clusters["west"]
    return [
        manifest
        for port in observed_ports("west", west, asked.gateways("west"), linked=True)
        for manifest in open_port_policy(port, west.linkerd.proxy.default_inbound_policy)
    ]


def of_chart() -> list[dict[str, Any]]:
    """The chart's Servers of service mirrors, which admit viz's Prometheus."""
    viz = {"kind": "ServiceAccount", "name": "prometheus", "namespace": "linkerd-viz"}
    found = []
    for name, port in (("linkerd-admin", "linkerd-admin"), ("controller", "ctrl-admin")):
        server = {"podSelector": {"matchLabels": {}}, "port": port}
        target = {"group": "policy.linkerd.io", "kind": "Server", "name": name}
        policy = {"targetRef": target, "requiredAuthenticationRefs": [viz]}
        version = "policy.linkerd.io/v1beta3"
        found.append(thing(version, "Server", name, "linkerd-multicluster", spec=server))
        version = "policy.linkerd.io/v1alpha1"
        found.append(
            thing(version, "AuthorizationPolicy", name, "linkerd-multicluster", spec=policy)
        )
    return found


def meshed(space: str, **ports: int) -> dict[str, Any]:
    found = pod("web-0", space, "web", "linkerd-proxy")
    found["metadata"]["labels"] = {"linkerd.io/control-plane-ns": "linkerd"}
    own, proxy = found["spec"]["containers"]
    own["ports"] = [
        {"name": name.replace("_", "-"), "containerPort": number} for name, number in ports.items()
    ]
    proxy["ports"] = [{"name": "linkerd-admin", "containerPort": 4191}]
    return found


def prometheus(*containers: str) -> dict[str, Any]:
    found = pod("prom-0", "monitoring", *containers)
    found["spec"]["serviceAccountName"] = "prom"
    return found


def look(
    asked: MeshConfig, *objects: dict[str, Any], policy: str = "deny", proxy: bool = True
) -> list[Finding]:
    spaces = [
        thing("v1", "Namespace", name) for name in ("linkerd-multicluster", "shop", "monitoring")
    ]
    seen = view(
        control_plane(policy),
        *spaces,
        *of_chart(),
        meshed("linkerd-multicluster", ctrl_admin=9999),
        meshed("shop"),
        prometheus("prometheus", *(("linkerd-proxy",) if proxy else ())),
        *objects,
    )
    case = cluster_case(seen, asked)
    return [*observers.observer_objects(case), *observers.observers(case)]


def test_the_named_prometheus_is_let_in_by_what_the_program_makes() -> None:
    asked = config(prometheus=NAMED, namespaces=["shop"])
    found = look(asked, *policies(asked))
    assert {one.title: one.status for one in found} == {
        MADE: Status.OK,
        f"{WHO} is meshed": Status.OK,
        SHOP: Status.OK,
        MIRRORS: Status.OK,
    }


def test_without_its_policies_the_line_says_what_refuses_it() -> None:
    found = look(config(prometheus=NAMED, namespaces=["shop"]))
    assert failures(found) == [MADE, SHOP, MIRRORS]
    assert "Server linkerd-admin selects port 4191" in of(found, MIRRORS).detail
    assert "the default policy is deny" in of(found, SHOP).detail


def test_a_prometheus_without_a_proxy_has_no_identity() -> None:
    asked = config(prometheus=NAMED)
    found = look(asked, *policies(asked), proxy=False)
    assert failures(found) == [f"{WHO} is meshed"]
    assert "networks" in of(found, f"{WHO} is meshed").hint


def test_a_prometheus_by_its_networks_is_let_in_from_there_alone() -> None:
    asked = config(prometheus={"networks": ["192.0.2.0/24"]}, namespaces=["shop"])
    found = look(asked, *policies(asked), proxy=False)
    assert not failures(found)
    title = "Prometheus in 192.0.2.0/24 can read the metrics of the pods in shop"
    assert of(found, title).status is Status.OK
    wider = config(prometheus={"networks": ["192.0.0.0/16"]}, namespaces=["shop"])
    assert len(failures(look(wider, *policies(asked)))) == 2


@pytest.mark.parametrize("policy", ["all-unauthenticated", "deny"])
def test_pod_monitors_for_a_prometheus_that_is_not_named_are_a_warning(policy: str) -> None:
    found = look(config(policy, podMonitors={}), policy=policy)
    (title,) = warnings(found)
    assert "linkerd-multicluster" in title
    assert of(found, title).hint == (
        "name the Prometheus under clusters.west.monitoring.prometheus"
    )


def test_nothing_is_read_or_reported_where_no_one_observes() -> None:
    assert look(config()) == []
    asked = config(prometheus=NAMED, namespaces=["shop"])
    read = {(one.kind, one.namespace) for one in fetch.plan(asked, "west", pre=False)}
    assert {(SERVER, "shop"), (POD, "shop"), (SERVER, "linkerd-multicluster")} <= read
    none = {(one.kind, one.namespace) for one in fetch.plan(config(), "west", pre=False)}
    assert (SERVER, "linkerd-multicluster") not in none
