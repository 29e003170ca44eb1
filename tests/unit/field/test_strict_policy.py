"""Whole stack files under every default inbound policy: who reaches what.

Linkerd's policy is evaluated as its policy controller does, over the charts' pods and policies.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.linkerd.clients import Authorization, Mesh, lacking
from checks.linkerd.inbound_policy import evaluate, named_ports
from components.ambassador.policy import public_policy
from components.links.gateway import gateway_policy
from components.platform.policy import open_port_policy
from config import MeshConfig, load_settings
from config.inventory import inventory
from config.platform.observers import observed_ports
from config.platform.recipes import RECIPES
from tests import chart_pods

Object = dict[str, Any]
POLICIES = (
    "all-unauthenticated",
    "all-authenticated",
    "cluster-unauthenticated",
    "cluster-authenticated",
    "deny",
    "audit",
)


class Client(NamedTuple):
    """Who connects: a client without an identity has no proxy."""

    address: str
    identity: str = ""


OUTSIDE, INSIDE = Client("203.0.113.9"), Client("10.1.2.3")


def account(name: str) -> Client:
    """The pods of a ServiceAccount, as <name>.<namespace>."""
    return Client("10.1.2.3", f"{name}.serviceaccount.identity.linkerd.cluster.local")


PROMETHEUS, OF_VIZ = account("prom.monitoring"), account("prometheus.linkerd-viz")
SHOPPER = account("web.shop")


def loaded(text: str, policy: str, version: str = "2026.8.3") -> MeshConfig:
    """A stack file whose clusters all have this policy and version."""
    content = yaml.safe_load(text)
    for cluster in content["clusters"].values():
        linkerd = cluster.setdefault("linkerd", {})
        linkerd |= {"version": version, "proxy": {"defaultInboundPolicy": policy}}
    return load_settings(content, "")


def pod(labels: Mapping[str, str], namespace: str, **ports: int) -> Object:
    """A meshed pod, with its proxy's ports."""
    own = [{"name": name.replace("_", "-"), "containerPort": one} for name, one in ports.items()]
    proxy = {"linkerd-proxy": 4143, "linkerd-admin": 4191}
    own += [{"name": name, "containerPort": number} for name, number in proxy.items()]
    every = {"linkerd.io/control-plane-ns": "linkerd", **labels}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": "p", "labels": every},
        "spec": {"containers": [{"name": "all", "ports": own}]},
    }


def of_charts(version: str, *charts: str) -> tuple[list[Object], list[Object]]:
    """Meshed pods and policies of charts."""
    pods, policies = [], []
    for chart in charts:
        facts = chart_pods.recorded(version)[chart]
        for one in facts["pods"]:
            ports = [item for name, item in one["containers"].items() if name != "linkerd-proxy"]
            merged = {name: number for item in ports for name, number in item.items()}
            pods.append(pod(one["labels"], one["namespace"], **merged))
        for item in facts["policies"]:
            number = "v1beta3" if item["kind"] == "Server" else "v1alpha1"
            metadata = {"name": item["name"], "namespace": chart_pods.NAMESPACES[chart]}
            metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
            policies.append(
                {
                    "apiVersion": f"policy.linkerd.io/{number}",
                    "kind": item["kind"],
                    "metadata": metadata,
                    "spec": item["spec"],
                }
            )
    return pods, policies


def declared(mesh: MeshConfig, name: str) -> list[Object]:
    """The policy objects that the program makes in a cluster."""
    config, made = mesh.clusters[name], inventory(mesh, name)
    objects: list[Any] = []
    ports = [port for _, port in config.open_ports]
    ports += observed_ports(name, config, made.gateways, made.linked)
    for port in ports:
        objects += open_port_policy(port, config.linkerd.inbound_policy)
    if config.ambassador is not None:
        objects += public_policy(config.ambassador)
    for gateway in made.gateways:
        objects += gateway_policy(gateway)
    return objects


def admits(mesh: MeshConfig, objects: list[Object], pod: Object, port: int, client: Client) -> bool:
    """Whether a client may connect to a port of a pod."""
    config = next(iter(mesh.clusters.values()))
    controller = Mesh(
        "linkerd",
        config.trust_domain,
        tuple(ipaddress.ip_network(one) for one in config.networks),
        config.linkerd.inbound_policy,
    )
    found: tuple[Authorization, ...] = evaluate(controller, objects, pod, port).authorizations
    return not lacking(
        found,
        meshed=bool(client.identity),
        networks=[ipaddress.ip_network(client.address)],
        identity=client.identity,
    )


RECIPE = """
clusters:
  edge:
    context: edge
    meshed: [{recipe: %s}]
"""


@pytest.mark.parametrize("recipe", [name for name, item in RECIPES.items() if item.called])
@pytest.mark.parametrize("policy", POLICIES)
def test_what_clients_without_a_proxy_call_stays_open_and_nothing_else(
    policy: str, recipe: str
) -> None:
    mesh = loaded(RECIPE % recipe, policy)
    objects = declared(mesh, "edge")
    space = RECIPES[recipe].namespace
    for called in RECIPES[recipe].called:
        for name in called.ports:
            there = pod(called.labels, space, **{name: 9000, "metrics": 9100})
            assert admits(mesh, objects, there, 9000, INSIDE)
            anyone = called.by == "anyone" or policy in ("all-unauthenticated", "audit")
            assert admits(mesh, objects, there, 9000, OUTSIDE) is anyone
            bare = admits(mesh, [], there, 9100, OUTSIDE)
            assert admits(mesh, objects, there, 9100, OUTSIDE) is bare
            assert bare is (policy in ("all-unauthenticated", "audit"))


def test_the_ingress_controllers_serve_the_world_under_a_strict_policy() -> None:
    mesh = load_settings(
        yaml.safe_load("""
clusters:
  edge:
    context: edge
    linkerd: {proxy: {defaultInboundPolicy: all-authenticated}}
    meshed: [{recipe: traefik}, {recipe: ingress-nginx}]
"""),
        "",
    )
    objects = declared(mesh, "edge")
    traefik = pod({"app.kubernetes.io/name": "traefik"}, "traefik", web=8000, websecure=8443)
    labels = {
        "app.kubernetes.io/name": "ingress-nginx",
        "app.kubernetes.io/component": "controller",
    }
    nginx = pod(labels, "ingress-nginx", http=80, https=443, webhook=8444)
    for there, ports in ((traefik, (8000, 8443)), (nginx, (80, 443, 8444))):
        assert all(admits(mesh, objects, there, port, OUTSIDE) for port in ports)
        assert not admits(mesh, objects, there, 4191, OUTSIDE)


LABELS = st.dictionaries(
    st.sampled_from(["app", "tier", "run"]), st.sampled_from("xyz"), min_size=1
)


@given(
    policy=st.sampled_from(POLICIES),
    labels=LABELS,
    ports=st.sets(st.integers(1, 4000), min_size=1, max_size=4),
    other=st.integers(4001, 4100),
    kind=st.sampled_from(["Deployment", "DaemonSet", "StatefulSet"]),
)
@settings(max_examples=60, deadline=None)
def test_public_ports_of_any_workload_are_open_whatever_the_policy_is(
    policy: str, labels: dict[str, str], ports: set[int], other: int, kind: str
) -> None:
    entry: Object = {"kind": kind, "namespace": "edge", "name": "haproxy"}
    entry |= {"publicPorts": sorted(ports), "podLabels": labels}
    mesh = loaded(yaml.safe_dump({"clusters": {"a": {"context": "a", "meshed": [entry]}}}), policy)
    objects = declared(mesh, "a")
    there = pod({**labels, "more": "x"}, "edge")
    assert all(admits(mesh, objects, there, port, OUTSIDE) for port in ports)
    for port in (other, 4191):
        assert admits(mesh, objects, there, port, OUTSIDE) is admits(mesh, [], there, port, OUTSIDE)


OBSERVED = """
clusters:
  a:
    context: a
    linkerd: {viz: {enabled: true}}
    ambassador: {gateway: {}}
    sample: {}
    monitoring:
      podMonitors: {}
      prometheus: %s
      namespaces: [shop]
  b: {context: b, ambassador: {gateway: {}}}
links: [{source: a, target: b}, {source: b, target: a}]
"""
CHARTS = ("linkerd-viz", "linkerd-multicluster")


def metrics(pods: list[Object]) -> Iterator[tuple[Object, int]]:
    """Every port with metrics of pods: the proxy's, and what PodMonitors select."""
    for one in pods:
        yield one, 4191
        for name, numbers in named_ports(one).items():
            if name in ("admin", "admin-http") or name.endswith("-admin"):
                yield from ((one, number) for number in numbers)


def observed(version: str) -> tuple[list[Object], list[Object]]:
    """Pods with metrics, and the charts' policies."""
    pods, policies = of_charts(version, *CHARTS)
    gateway = {
        "app.kubernetes.io/name": "ambassador",
        "app.kubernetes.io/instance": "ambassador",
    }
    pods.append(pod(gateway, "ambassador", http=8080))
    pods.append(pod({"app": "agent"}, "ambassador"))
    pods += [pod({"app": "web"}, "shop"), pod({"app": "qotm"}, "qotm")]
    return pods, policies


TRIED = [
    *((policy, "2026.8.3") for policy in POLICIES),
    *((policy, one) for one in chart_pods.VERSIONS for policy in ("all-authenticated", "deny")),
]


@pytest.mark.parametrize(("policy", "version"), dict.fromkeys(TRIED))
def test_the_named_prometheus_reads_every_metric_of_every_version(
    policy: str, version: str
) -> None:
    pods, policies = observed(version)
    for prometheus, client in (
        ("{namespace: monitoring, serviceAccount: prom}", PROMETHEUS),
        ("{networks: [198.51.100.0/24]}", Client("198.51.100.7")),
    ):
        mesh = loaded(OBSERVED % prometheus, policy, version)
        objects = [*policies, *declared(mesh, "a")]
        for there, port in metrics(pods):
            assert admits(mesh, objects, there, port, client), (there, port)
            # viz's own is not shut out by what admits another; it reads itself by localhost.
            if port != 9090:
                assert admits(mesh, objects, there, port, OF_VIZ), (there, port)
            without = admits(mesh, policies, there, port, OUTSIDE)
            assert admits(mesh, objects, there, port, OUTSIDE) <= without, (there, port)


def test_without_a_named_prometheus_the_charts_admit_that_of_viz_alone() -> None:
    unnamed = OBSERVED.replace("prometheus: %s", "").replace("namespaces: [shop]", "")
    mesh = loaded(unnamed, "audit")
    pods, policies = of_charts("2026.8.3", "linkerd-multicluster")
    objects = [*policies, *declared(mesh, "a")]
    for there, port in metrics(pods):
        assert not admits(mesh, objects, there, port, PROMETHEUS)
        assert admits(mesh, objects, there, port, OF_VIZ)


VIZ = """
clusters:
  a:
    context: a
    linkerd: {viz: {enabled: true, %s}}
    ambassador: {}
    sample: {}
"""


@pytest.mark.parametrize(("policy", "version"), dict.fromkeys(TRIED))
def test_viz_reads_its_own_and_all_proxies_that_the_stack_file_meshes(
    policy: str, version: str
) -> None:
    mesh = loaded(VIZ % "", policy, version)
    pods, policies = of_charts(version, "linkerd-viz")
    pods += [pod({"app": "qotm"}, "qotm"), pod({"app": "x"}, "ambassador")]
    objects = [*policies, *declared(mesh, "a")]
    for there, port in metrics(pods):
        if port != 9090:
            assert admits(mesh, objects, there, port, OF_VIZ), (there, port)
    web, tap = (
        next(one for one in pods if one["metadata"]["labels"].get("component") == name)
        for name in ("metrics-api", "tap")
    )
    assert admits(mesh, objects, web, 8085, account("web.linkerd-viz"))
    assert admits(mesh, objects, tap, 8089, OUTSIDE), "the API server has no proxy"


@pytest.mark.parametrize("policy", POLICIES)
def test_the_dashboard_is_reached_by_its_route_and_by_its_ingress(policy: str) -> None:
    pods, policies = of_charts("2026.8.3", "linkerd-viz")
    (web,) = (one for one in pods if one["metadata"]["labels"]["component"] == "web")
    ambassador = account("ambassador-a.ambassador")
    mesh = loaded(VIZ % "route: {host: viz.example.com}", policy)
    assert admits(mesh, [*policies, *declared(mesh, "a")], web, 8084, ambassador)
    assert policy != "deny" or not admits(
        mesh, [*policies, *declared(mesh, "a")], web, 8084, SHOPPER
    )
    mesh = loaded(VIZ % "ingress: {host: viz.example.com, controller: ingress-nginx}", policy)
    assert admits(mesh, [*policies, *declared(mesh, "a")], web, 8084, INSIDE)


def test_where_nothing_is_strict_or_named_no_policy_is_made_for_observers() -> None:
    unnamed = OBSERVED.replace("prometheus: %s", "").replace("namespaces: [shop]", "")
    for policy in POLICIES:
        for text in (VIZ % "", unnamed):
            mesh = loaded(text, policy)
            made = list(observed_ports("a", mesh.clusters["a"], mesh.gateways("a"), False))
            assert bool(made) is (policy == "deny")
