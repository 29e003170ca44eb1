"""What `./mesh verify` asks of every stack file, and what it says it cannot try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.facts.view import View
from config import MeshConfig
from config.core.mesh import gateway_identity
from config.links.selectors import Requirement, Selector
from kube.access import Access
from tests.stack_builders import changed, loaded
from tests.stack_files import STACK_FILES
from tests.unit.verify.builders import ROOTS, SPACE, seen, service
from verify import judge
from verify.pods.agent import DOES
from verify.questions import headless, limits
from verify.questions.labels import labels_for
from verify.questions.plan import HERE, Options, Plan, Workload
from verify.questions.planning import make
from vocabulary.kinds import ENDPOINTS

Load = Callable[[str], MeshConfig]
Mesh = Callable[[str], MeshConfig]


def _plan(mesh: MeshConfig, options: Options | None = None, **given: Any) -> Plan:
    return make(mesh, seen(mesh, **given), options or Options(), SPACE)


def _modern(mesh: MeshConfig, *ends: str) -> bool:
    clusters = [end.partition("/")[0] for end in ends]
    return all(mesh.clusters[name].linkerd.generation.links for name in clusters)


@pytest.mark.parametrize("name", STACK_FILES)
def test_every_question_has_a_pod_that_answers_it(name: str, stack_config: Load) -> None:
    plan = _plan(stack_config(name))
    keys = [question.key for question in plan.questions]
    assert len(set(keys)) == len(keys)
    mirrors = {mirror.task for mirror in plan.mirrors}
    here = {str(task["id"]) for task in plan.from_here} | mirrors
    tasks = {pod.key: [str(task["id"]) for task in pod.tasks] for pod in plan.pods}
    for place, question in enumerate(plan.questions):
        if question.asker == HERE:
            assert question.task in here or question.task.startswith("pod/")
        else:
            assert question.task in tasks[question.asker]
        assert set(question.needs) <= set(keys[:place])
    for names in tasks.values():
        assert len(set(names)) == len(names)
    for pod in plan.pods:
        assert all(task["do"] in DOES for task in pod.tasks)
        assert pod.cluster in plan.clusters


@pytest.mark.parametrize("name", STACK_FILES)
def test_every_link_and_every_export_is_asked_or_named_as_not_tried(
    name: str, stack_config: Load
) -> None:
    mesh = stack_config(name)
    plan = _plan(mesh)
    asked = {question.task for question in plan.questions}
    hosts = {str(task.get("host", "")) for pod in plan.pods for task in pod.tasks}
    untried = {one.group for one in plan.untried}
    for link in mesh.links:
        group = f"{link.source} -> {link.target}"
        if not _modern(mesh, link.source, link.target):
            assert group in untried
            continue
        series = "direct-echo" if link.flat_network else "echo"
        assert f"{link.name}/{series}" in asked
        if not link.flat_network:
            assert {f"{link.name}/{what}" for what in ("probe", "unmeshed", "handshake")} <= asked
        domain = mesh.clusters[link.source].domain
        for export in link.exports:
            if link.mode_of(export) != "none":
                assert f"{link.mirror_of(export)}.{export.namespace}.svc.{domain}" in hosts
            if export.federated:
                assert f"{export.service}-federated.{export.namespace}.svc.{domain}" in hosts
            if export.mapping is not None:
                skipped = [one for one in plan.untried if one.group == group]
                assert f"{link.name}/route/{export}" in asked or any(
                    export.mapping.prefix in one.title for one in skipped
                )


@pytest.mark.parametrize("name", STACK_FILES)
def test_with_simulated_pods_nothing_is_made(name: str, stack_config: Load) -> None:
    mesh = stack_config(name)
    plan = _plan(mesh, simulated=True)
    assert not (plan.pods or plan.questions or plan.from_here or plan.clusters)
    reasons = [one.reason for one in plan.untried if _modern(mesh, *one.group.split(" -> "))]
    assert all("nothing is proven" in reason for reason in reasons)


def test_identities_addresses_and_roots_are_those_of_the_target(stack_config: Load) -> None:
    mesh = stack_config("local")
    plan = _plan(mesh)
    expects = {question.key: question.expects for question in plan.questions}
    identity = gateway_identity("target", mesh.clusters["target"])
    assert expects["source-target/client-identity"] == judge.ClientIdentity(str(identity))
    assert expects["source-target/server-identity"] == judge.ServerIdentity(
        str(identity), frozenset({"192.0.2.2:4143"})
    )
    (handshake,) = (t for p in plan.pods for t in p.tasks if t["do"] == "handshake")
    assert handshake["roots"] == ROOTS.format("target")
    assert (handshake["address"], handshake["name"]) == ("192.0.2.2", identity)


def test_without_an_address_what_the_gateway_refuses_is_not_tried(stack_config: Load) -> None:
    plan = _plan(stack_config("local"), addresses=False)
    assert not any(task["do"] == "handshake" for pod in plan.pods for task in pod.tasks)
    assert any("no address" in one.reason for one in plan.untried)


def test_what_must_not_pass_counts_only_where_what_may_pass_does(stack_config: Load) -> None:
    plan = _plan(stack_config("local"))
    refused = [question for question in plan.questions if question.category == "refused"]
    assert len(refused) > 5
    assert all("source-target/echo" in question.needs for question in refused)


def test_a_missing_permission_is_named_and_nothing_is_made(stack_config: Load) -> None:
    access = {
        Access("create", "", "namespaces"): False,
        Access("get", "", "pods/log", SPACE): False,
        Access("create", "", "pods", SPACE): True,
    }
    plan = _plan(stack_config("local"), access=access)
    assert plan.pods == ()
    reasons = {one.reason for one in plan.untried}
    assert all("namespaces (create), pods/log (get)" in reason for reason in reasons), reasons


def test_a_cluster_whose_operator_may_too_little_is_blocked_and_named(mesh: Mesh) -> None:
    config = mesh(HEADLESS)
    denied = {Access("create", "", "pods", SPACE): False}
    views = seen(config)
    views["b"] = replace(views["b"], access=denied)
    plan = make(config, views, Options(), SPACE)
    assert plan.blocked == ("b",)
    assert any("in cluster b: pods (create)" in one.reason for one in plan.untried)
    assert make(config, seen(config), Options(), SPACE).blocked == ()
    del views["b"]
    assert make(config, views, Options(), SPACE).blocked == ("b",)


def test_a_link_can_be_chosen(stack_config: Load) -> None:
    mesh = stack_config("production")
    plan = _plan(mesh, Options(links=frozenset({"north-hub"})))
    assert set(plan.clusters) == {"north", "hub"}
    groups = {question.group for question in plan.questions}
    assert groups == {"north -> hub", "north", "hub"}


def test_links_of_a_cluster_that_was_not_read_are_not_tried(stack_config: Load) -> None:
    mesh = stack_config("production")
    views: dict[str, View] = {k: v for k, v in seen(mesh).items() if k != "south"}
    plan = make(mesh, views, Options(), SPACE)
    assert "south" not in plan.clusters
    assert any("south" in one.reason for one in plan.untried)
    assert any(question.group == "north -> hub" for question in plan.questions)


def test_the_client_is_like_the_workload_in_its_own_cluster_only(stack_config: Load) -> None:
    template = {"spec": {"serviceAccountName": "buyer"}}
    workload = Workload("north", "shop", "deployment", "web", template)
    plan = _plan(stack_config("exports"), Options(workload=workload))
    like = {pod.key for pod in plan.pods if pod.workload is not None}
    assert like == {("north", "client")}
    expects = {question.key: question.expects for question in plan.questions}
    found = expects["north-south/direct-client-identity"]
    assert isinstance(found, judge.ClientIdentity)
    assert found.identity.startswith("buyer.shop.serviceaccount.identity.")


def test_a_selector_that_no_label_satisfies_is_named(mesh: Mesh) -> None:
    config = mesh(
        """
clusters:
  a: {context: a, ambassador: {}}
  b: {context: b, ambassador: {gateway: {}}}
links:
  - source: a
    target: b
    selectors:
      gateway:
        matchLabels: {team: shop}
        matchExpressions: [{key: team, operator: NotIn, values: [shop]}]
"""
    )
    plan = _plan(config)
    assert any("cannot be satisfied" in one.reason for one in plan.untried)
    assert not plan.services


def test_a_service_has_the_labels_that_the_links_own_selector_wants(mesh: Mesh) -> None:
    config = mesh(
        """
clusters:
  a: {context: a, ambassador: {}}
  b: {context: b, ambassador: {gateway: {}}}
  c: {context: c, ambassador: {}}
links:
  - {source: a, target: b, selectors: {gateway: {matchLabels: {team: shop}}}}
  - {source: c, target: b}
"""
    )
    plan = _plan(config)
    labels = {service.name: dict(service.labels) for service in plan.services}
    assert labels["echo"] == {"team": "shop"}
    assert labels["echo-2"] == {"mirror.linkerd.io/exported": "true"}
    assert labels["quiet"] == {}


HEADLESS = """
clusters:
  a: {context: a, ambassador: {}}
  b: {context: b, ambassador: {gateway: {}}}
links:
  - source: a
    target: b
    headlessServices: true
    exports: [{namespace: store, service: disks, port: 9000}]
"""


def _with_pods(config: MeshConfig, *, names: bool = True) -> dict[str, View]:
    """Clusters whose exported Service is headless and has two pods that are ready."""
    views = seen(config)
    pods: list[dict[str, Any]] = [
        {"ip": f"192.0.2.{50 + n}"} | ({"hostname": f"disks-{n}"} if names else {}) for n in (0, 1)
    ]
    endpoints = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"namespace": "store", "name": "disks"},
        "subsets": [
            {"addresses": pods, "notReadyAddresses": [{"ip": "192.0.2.9", "hostname": "disks-9"}]}
        ],
    }
    objects = [
        {**one, "spec": {**one["spec"], "clusterIP": "None"}}
        if one["metadata"]["name"] == "disks"
        else one
        for one in views["b"].objects
    ]
    mirrors = [service("store", f"{name}-b", {"http": 9000}) for name in ("disks", "disks-0")]
    for mirror in mirrors:
        mirror["metadata"]["labels"] = {
            "mirror.linkerd.io/cluster-name": "b",
            "mirror.linkerd.io/mirrored-service": "true",
        }
    views["b"] = replace(views["b"], objects=(*objects, endpoints))
    views["a"] = replace(views["a"], objects=(*views["a"].objects, *mirrors))
    return views


def _asked(plan: Plan, cluster: str) -> list[str]:
    """URLs of exports and of what they are compared with, which the cluster's client asks."""
    (client,) = (pod for pod in plan.pods if pod.key == (cluster, "client"))
    across = [f"http://{t['host']}:{t['port']}/" for t in client.tasks if t["do"] == "export"]
    asked_there = [t for t in client.tasks if t["do"] == "get" and "/export/" in str(t["id"])]
    direct = [str(t["url"]) for t in asked_there]
    return sorted(across + direct)


def test_each_ready_pod_of_a_headless_service_is_asked_by_name_across_the_link(
    mesh: Mesh,
) -> None:
    config = mesh(HEADLESS)
    plan = make(config, _with_pods(config), Options(), SPACE)
    names = ("disks", "disks-0.disks", "disks-1.disks")
    domain = "store.svc.cluster.local:9000/"
    assert _asked(plan, "a") == sorted(f"http://{name}-b.{domain}" for name in names)
    assert _asked(plan, "b") == sorted(f"http://{name}.{domain}" for name in names)


def test_a_headless_service_whose_pods_have_no_names_is_asked_by_its_own(mesh: Mesh) -> None:
    config = mesh(HEADLESS)
    plan = make(config, _with_pods(config, names=False), Options(), SPACE)
    assert "http://disks-b.store.svc.cluster.local:9000/" in _asked(plan, "a")
    assert not any("disks-1" in url for url in _asked(plan, "a"))


def test_pods_of_a_headless_service_that_cannot_be_read_are_named_as_not_tried(
    mesh: Mesh,
) -> None:
    config = mesh(HEADLESS)
    views = _with_pods(config)
    hidden = tuple(one for one in views["b"].objects if one["kind"] != "Endpoints")
    views["b"] = replace(views["b"], objects=hidden, unseen={(ENDPOINTS, "store"): "forbidden"})
    plan = make(config, views, Options(), SPACE)
    assert any("forbidden" in one.reason and "disks-b" in one.title for one in plan.untried)


def test_endpoints_are_read_only_where_a_mirror_names_pods(mesh: Mesh) -> None:
    links = mesh(HEADLESS).links
    assert headless.namespaces(links, "b") == {"store"}
    assert headless.namespaces(links, "a") == frozenset()
    plain = mesh(HEADLESS.replace("headlessServices: true", "headlessServices: false")).links
    assert headless.namespaces(plain, "b") == frozenset()


KEYS = st.sampled_from(["team", "tier"])
VALUES = st.sampled_from(["x", "y", "z"])
REQUIREMENTS = st.one_of(
    st.builds(
        Requirement,
        key=KEYS,
        operator=st.sampled_from(["In", "NotIn"]),
        values=st.lists(VALUES, min_size=1, max_size=2).map(tuple),
    ),
    st.builds(Requirement, key=KEYS, operator=st.sampled_from(["Exists", "DoesNotExist"])),
)


def _matches(selector: Selector, labels: dict[str, str]) -> bool:
    def holds(one: Requirement) -> bool:
        value = labels.get(one.key)
        return {
            "In": value in one.values,
            "NotIn": value not in one.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[one.operator]

    return selector.match_labels.items() <= labels.items() and all(
        holds(one) for one in selector.match_expressions
    )


@settings(max_examples=400)
@given(st.dictionaries(KEYS, VALUES), st.lists(REQUIREMENTS, min_size=1, max_size=3))
def test_labels_match_the_selector_that_they_were_made_for(
    labels: dict[str, str], conditions: list[Requirement]
) -> None:
    selector = Selector(match_labels=labels, match_expressions=tuple(conditions))
    found = labels_for(selector)
    every = [
        {k: v for k, v in (("team", team), ("tier", tier)) if v is not None}
        for team in (None, "x", "y", "z", "true")
        for tier in (None, "x", "y", "z", "true")
    ]
    if found is not None:
        assert _matches(selector, found)
    else:
        assert not any(_matches(selector, one) for one in every)


PORTS = {"http": 80, "https": 443}


@pytest.mark.parametrize(
    ("host", "ports", "scheme", "redirected"),
    [
        ({"tls": {"secret": "own"}, "insecure": "Redirect"}, PORTS, "https", None),
        ({"tls": {"secret": "own"}, "insecure": "Redirect"}, {"http": 80}, "http", "*.shop.test"),
        ({"tls": {"secret": "own"}}, PORTS, "http", None),
        ({"insecure": "Redirect"}, PORTS, "http", "*.shop.test"),
    ],
)
def test_a_route_is_asked_as_its_host_serves_it(
    host: dict[str, Any], ports: dict[str, int], scheme: str, redirected: str | None
) -> None:
    settings = changed(
        {
            "clusters.source.ambassador.hosts": [
                {"name": "shop", "hostname": "*.shop.test", **host},
                {"name": "plain", "hostname": "*.plain.test"},
            ],
            "links[0].exports[0].mapping": {"prefix": "/web/", "hostname": "*.shop.test"},
        }
    )
    mesh = loaded(settings)
    views = seen(mesh)
    for item in views["source"].objects:
        if item["kind"] == "Service" and item["metadata"]["name"] == "ambassador":
            item["spec"]["ports"] = [{"name": name, "port": ports[name]} for name in ports]
    plan = make(mesh, views, Options(), SPACE)
    (asked,) = (question for question in plan.questions if "/route/" in question.task)
    assert asked.expects == judge.Routed(redirected)
    tasks = {str(task["id"]): task for pod in plan.pods for task in pod.tasks}
    assert str(tasks[asked.task]["url"]).startswith(f"{scheme}://")
    assert tasks[asked.task]["host"] == "mesh-check.shop.test"
    # The route of verify's own server has any host name, so one that is routed will do.
    (own,) = (question for question in plan.questions if question.task.endswith("/routed"))
    assert own.expects == judge.RoutedTo("target")
    assert tasks[own.task]["host"] == "mesh-check.plain.test"


def test_the_sentence_on_simulated_pods_names_the_clusters() -> None:
    assert "cluster west are" in limits.simulated(["west"])
    assert "clusters east and west are" in limits.simulated(["west", "east"])
