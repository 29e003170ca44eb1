"""Exports of every kind: by gateway, by remote discovery, federated, selected, shared."""

from __future__ import annotations

from typing import Any

import pytest

from checks.ambassador import gateway as gateway_checks
from checks.cluster import pre
from checks.facts import fetch
from checks.facts.case import LinkCase
from checks.facts.results import Finding, Status
from checks.links import exports, gateways, link, service_mirror, traffic
from config import MeshConfig
from config.links.selectors import Requirement, Selector
from tests.unit.checks.builders import (
    NOW,
    cluster_case,
    endpoints,
    failures,
    link_case,
    mesh,
    node,
    of,
    service,
    settings,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import HTTP_ROUTE

SPACE = thing("v1", "Namespace", "shop")
EXPORTED = "Service shop/web is exported"
MIRRORS = "Service shop/web-west mirrors it in the source"
MEMBER = "Service shop/web is a member of a federated Service"
FEDERATED = "the federated Service shop/web-federated exists in the source"
REMOTE = {"mirror.linkerd.io/exported": "remote-discovery"}
LEASE = thing(
    "coordination.k8s.io/v1",
    "Lease",
    "service-mirror-write-west",
    "linkerd-multicluster",
    spec={"holderIdentity": "x", "renewTime": NOW.isoformat()},
)


def linked(**link: Any) -> MeshConfig:
    """The usual link with other settings; those of `export` are of its only export."""
    content = settings()
    content["links"][0]["exports"][0].update(link.pop("export", {}))
    content["links"][0].update(link)
    return mesh(content)


def case_of(
    config: MeshConfig, source: tuple[dict[str, Any], ...], target: tuple[dict[str, Any], ...]
) -> LinkCase:
    return link_case(view(*source, cluster="east"), view(*target), config)


def seen(
    config: MeshConfig,
    source: tuple[dict[str, Any], ...] = (),
    target: tuple[dict[str, Any], ...] = (),
) -> list[Finding]:
    return list(exports.exports(case_of(config, (SPACE, LEASE, *source), target)))


def web(**labels: str) -> dict[str, Any]:
    found = {f"mirror.linkerd.io/{key}": value for key, value in labels.items()}
    return service("web", "shop", labels=found)


def mirror(name: str = "web-west") -> dict[str, Any]:
    return service(name, "shop", labels={"mirror.linkerd.io/cluster-name": "west"})


FLAT = linked(flatNetwork=True)


# Modes


def test_on_a_flat_network_the_label_says_remote_discovery_and_a_mirror_has_no_endpoints() -> None:
    found = seen(FLAT, (mirror(),), (web(exported="remote-discovery"),))
    assert [one.status for one in found] == [Status.OK, Status.OK]
    assert found[0].detail == "remote-discovery"
    wrong = seen(FLAT, (mirror(),), (web(exported="true"),))
    assert failures(wrong) == [EXPORTED]
    assert "is true, not remote-discovery" in of(wrong, EXPORTED).detail
    assert of(seen(FLAT, (), (web(),)), EXPORTED).detail == "it lacks mirror.linkerd.io/exported"


def test_through_a_gateway_a_mirror_without_endpoints_is_a_failure() -> None:
    gateway = linked()
    assert failures(seen(gateway, (mirror(),), (web(exported="true"),))) == [MIRRORS]
    sound = seen(gateway, (mirror(), endpoints("web-west", "shop")), (web(exported="true"),))
    assert failures(sound) == []


def test_a_service_that_is_only_federated_has_no_mirror() -> None:
    config = linked(flatNetwork=True, export={"mode": "none", "federated": True})
    titles = {one.title for one in seen(config)}
    assert titles == {MEMBER, FEDERATED}


@pytest.mark.parametrize(
    ("source", "target", "failed"),
    [
        ((service("web-federated", "shop"),), (web(federated="member"),), []),
        ((), (web(federated="member"),), [FEDERATED]),
        ((), (web(),), [MEMBER]),
        ((), (), [MEMBER]),
    ],
)
def test_a_federated_service_has_its_member_and_is_in_the_source(
    source: tuple[dict[str, Any], ...], target: tuple[dict[str, Any], ...], failed: list[str]
) -> None:
    config = linked(flatNetwork=True, export={"mode": "none", "federated": True})
    assert failures(seen(config, source, target)) == failed


def test_a_service_mirror_that_is_not_running_federates_nothing() -> None:
    config = linked(flatNetwork=True, export={"mode": "none", "federated": True})
    case = case_of(config, (SPACE,), (web(federated="member"),))
    assert of(list(exports.exports(case)), FEDERATED).status is Status.SKIPPED
    without = list(exports.exports(case_of(config, (LEASE,), (web(federated="member"),))))
    assert of(without, FEDERATED).detail == "the source has no namespace shop"


# Selectors


@pytest.mark.parametrize(
    ("operator", "values", "labels", "selected"),
    [
        ("In", ("a", "b"), {"team": "b"}, True),
        ("In", ("a",), {"team": "b"}, False),
        ("In", ("a",), {}, False),
        ("NotIn", ("a",), {"team": "b"}, True),
        ("NotIn", ("a",), {"team": "a"}, False),
        ("NotIn", ("a",), {}, True),
        ("Exists", (), {"team": "a"}, True),
        ("Exists", (), {}, False),
        ("DoesNotExist", (), {}, True),
        ("DoesNotExist", (), {"team": "a"}, False),
    ],
)
def test_conditions_select_as_kubernetes_has_it(
    operator: Any, values: tuple[str, ...], labels: dict[str, str], selected: bool
) -> None:
    condition = Requirement(key="team", operator=operator, values=values)
    selector = Selector(match_labels={"tier": "web"}, match_expressions=(condition,))
    assert selector.matches({"tier": "web", **labels}) is selected
    assert not selector.matches(labels)


def test_a_selector_of_the_stack_files_own_that_selects_nothing_is_warned_of() -> None:
    config = linked(exports=[], selectors={"gateway": {"matchLabels": {"share": "yes"}}})
    title = "selectors.gateway selects Services of the target"
    assert warnings(seen(config)) == [title]
    shared = service("web", "shop", labels={"share": "yes"})
    assert of(seen(config, (), (shared, service("other", "shop"))), title).detail == "shop/web"


SELECTS = "the Link has the configured selectors"


def of_link(config: MeshConfig, title: str, **spec: Any) -> Finding:
    case = case_of(config, (), ())
    return of(list(link._spec(case, spec)), title)


LABELS = {
    "selector": {"matchLabels": {"mirror.linkerd.io/exported": "true"}},
    "remoteDiscoverySelector": {"matchLabels": REMOTE},
    "federatedServiceSelector": {"matchLabels": {"mirror.linkerd.io/federated": "member"}},
}


def test_a_link_has_the_selectors_of_the_stack_file() -> None:
    conditions = [
        {"key": "team", "operator": "In", "values": ["a", "b"]},
        {"key": "share", "operator": "Exists"},
    ]
    config = linked(exports=[], selectors={"gateway": {"matchExpressions": conditions}})
    turned = [
        {"key": "share", "operator": "Exists", "values": []},
        {"key": "team", "operator": "In", "values": ["b", "a"]},
    ]
    own = {**LABELS, "selector": {"matchExpressions": turned}}
    assert of_link(config, SELECTS, **own).status is Status.OK
    assert of_link(config, SELECTS, **LABELS).detail == "selector differs"


@pytest.mark.parametrize("key", ["remoteDiscoverySelector", "federatedServiceSelector"])
def test_on_a_flat_network_only_the_selector_of_the_gateway_does_not_matter(key: str) -> None:
    assert of_link(FLAT, SELECTS, **{**LABELS, "selector": {}}).status is Status.OK
    assert of_link(FLAT, SELECTS, **{**LABELS, key: {}}).detail == f"{key} differs"


def test_a_link_leaves_out_the_labels_and_annotations_that_mirrors_are_not_to_have() -> None:
    title = "the Link excludes the configured labels and annotations"
    config = linked(excludedLabels=["a/b"], excludedAnnotations=["c/d"])
    sound = {"excludedLabels": ["a/b", "x"], "excludedAnnotations": ["c/d"]}
    assert of_link(config, title, **sound).status is Status.OK
    lacking = of_link(config, title, **{**sound, "excludedAnnotations": []})
    assert lacking.detail == "excludedAnnotations lacks c/d"
    assert of_link(config, title, **{**sound, "excludedLabels": []}).status is Status.FAILURE


# Flat networks


def test_on_a_flat_network_neither_a_gateway_nor_its_probe_is_checked() -> None:
    title = "the Link has no gateway, as its network is flat"
    spec = {"targetClusterName": "west"}
    assert of_link(FLAT, title, **spec).status is Status.OK
    assert of_link(FLAT, title, gatewayAddress="203.0.113.9").status is Status.FAILURE
    case = case_of(FLAT, (LEASE,), ())
    titles = {one.title for one in service_mirror.service_mirror(case)}
    assert not [one for one in titles if "gateway" in one]
    assert [one for one in titles if "is running" in one]


def test_a_target_of_flat_networks_needs_neither_a_gateway_nor_an_ambassador() -> None:
    content = settings()
    content["links"][0]["flatNetwork"] = True
    del content["clusters"]["west"]["ambassador"]
    config = mesh(content)
    case = case_of(config, (SPACE, LEASE), ())
    for check in (
        link.link_resource,
        service_mirror.service_mirror,
        exports.exports,
        traffic.weights,
    ):
        list(check(case))
    assert list(gateway_checks.gateway(cluster_case(view(), config))) == []
    assert list(gateways.gateway_rows(config, {}, {})) == []


def test_a_gateway_that_only_flat_links_name_has_a_row() -> None:
    (row,) = gateways.gateway_rows(FLAT, {}, {})
    assert (row.source, row.target) == ("", "west")


def test_the_period_of_probes_is_the_links_own_or_that_of_the_gateway() -> None:
    title = "the Link has the configured probe"

    def period(found: str, config: MeshConfig) -> Status:
        probe = {"path": "/ready", "port": "4191", "timeout": "30s", "failureThreshold": "3"}
        return of_link(config, title, probeSpec={**probe, "period": found}).status

    content = settings()
    content["clusters"]["west"]["ambassador"]["gateway"]["probePeriodSeconds"] = 7
    assert period("7s", mesh(content)) is Status.OK
    assert period("3s", mesh(content)) is Status.FAILURE
    content["links"][0]["probe"] = {"periodSeconds": 9}
    assert period("9s", mesh(content)) is Status.OK


# Before


def before(config: MeshConfig, *source: dict[str, Any]) -> list[Finding]:
    return list(pre.mirrors(case_of(config, (SPACE, *source), (web(),))))


def test_no_room_is_needed_for_a_mirror_that_there_will_not_be() -> None:
    config = linked(flatNetwork=True, export={"mode": "none", "federated": True})
    assert {one.title for one in before(config)} == {"the target has the exported Service shop/web"}


def test_requests_can_be_shared_only_with_a_service_of_the_sources_own() -> None:
    config = linked(export={"weights": {"local": 9, "mirrored": 1}})
    title = "the source has its own Service shop/web, which shares requests with the mirror"
    assert failures(before(config)) == [title]
    assert failures(before(config, service("web", "shop"))) == []
    content = settings()
    content["links"][0]["exports"][0]["weights"] = {"local": 9, "mirrored": 1}
    content["clusters"]["east"]["sample"] = {"namespace": "shop", "service": "web"}
    assert failures(before(mesh(content))) == []


def test_headless_services_can_be_exported_where_the_link_says_so() -> None:
    headless = service("web", "shop", spec={"clusterIP": "None"})

    def warned(**link: Any) -> list[str]:
        return warnings(list(pre.mirrors(case_of(linked(**link), (SPACE,), (headless,)))))

    assert warned() == ["the target has the exported Service shop/web"]
    assert warned(headlessServices=True) == []


# Shared traffic

SHARED = linked(export={"weights": {"local": 9, "mirrored": 1}})
SHARES = "HTTPRoute shop/web-west has the configured weights for shop/web"
EXIST = "the backends of HTTPRoute shop/web-west exist"
ACCEPTED = "HTTPRoute shop/web-west is accepted by Linkerd"


def route(*conditions: dict[str, Any], parent: str = "web", **weights: int) -> dict[str, Any]:
    found = weights or {"web": 9, "web_west": 1}
    backends = [
        {"name": name.replace("_", "-"), "port": 80, "weight": weight}
        for name, weight in found.items()
    ]
    return thing(
        f"{HTTP_ROUTE.group}/v1",
        HTTP_ROUTE.name,
        "web-west",
        "shop",
        spec={
            "parentRefs": [{"kind": "Service", "group": "core", "name": parent, "port": 80}],
            "rules": [{"backendRefs": backends}],
        },
        status={"parents": [{"conditions": list(conditions)}]},
    )


ACCEPT = {"type": "Accepted", "status": "True"}
BOTH = (service("web", "shop"), mirror())


def shared(*source: dict[str, Any], config: MeshConfig = SHARED) -> list[Finding]:
    return list(traffic.weights(case_of(config, source, ())))


def test_traffic_that_is_shared_as_it_is_to_be_passes() -> None:
    found = shared(route(ACCEPT), *BOTH)
    assert [one.status for one in found] == [Status.OK] * 3
    assert found[0].detail == "9 local, 1 mirrored"


def test_an_export_without_weights_has_no_route() -> None:
    assert shared(config=linked()) == []


@pytest.mark.parametrize(
    ("source", "title", "words"),
    [
        (BOTH, SHARES, "it does not exist"),
        ((route(ACCEPT, parent="other"), *BOTH), SHARES, "it is not for Service web"),
        ((route(ACCEPT, web=5, web_west=1), *BOTH), SHARES, "the weight of web is 5, not 9"),
        ((route(ACCEPT, web=9), *BOTH), SHARES, "the weight of web-west is missing, not 1"),
        ((route(ACCEPT), service("web", "shop")), EXIST, "missing: web-west"),
        ((route(ACCEPT), mirror()), EXIST, "missing: web"),
        (
            (route({**ACCEPT, "status": "False", "message": "no"}), *BOTH),
            ACCEPTED,
            "Accepted is False: no",
        ),
        (
            (
                route(ACCEPT, {"type": "ResolvedRefs", "status": "False", "reason": "Missing"}),
                *BOTH,
            ),
            ACCEPTED,
            "ResolvedRefs is False: Missing",
        ),
    ],
)
def test_each_fault_of_a_route_is_one_failure(
    source: tuple[dict[str, Any], ...], title: str, words: str
) -> None:
    found = shared(*source)
    assert failures(found) == [title]
    assert of(found, title).detail == words


@pytest.mark.parametrize(
    ("there", "words"),
    [(mirror(), "remove weights"), (service("web", "shop"), "about its mirror")],
)
def test_a_missing_service_is_fixed_by_anyone_who_makes_it(
    there: dict[str, Any], words: str
) -> None:
    assert words in of(shared(route(ACCEPT), there), EXIST).hint


def test_a_route_that_no_one_judged_is_warned_of_unless_pods_are_simulated() -> None:
    assert warnings(shared(route(), *BOTH)) == [ACCEPTED]
    assert of(shared(route(), *BOTH, node(kwok=True)), ACCEPTED).status is Status.SKIPPED


def test_a_mirror_that_a_simulated_service_mirror_owes_is_no_failure() -> None:
    found = shared(route(ACCEPT), service("web", "shop"), node(kwok=True))
    assert of(found, EXIST).status is Status.SKIPPED
    assert failures(shared(route(ACCEPT), node(kwok=True))) == [EXIST]


def test_routes_are_read_where_requests_are_shared_or_ambassador_is_and_nowhere_else() -> None:
    def read(config: MeshConfig, cluster: str) -> list[str]:
        plan = fetch.plan(config, cluster, pre=False)
        return [listing.namespace for listing in plan if listing.kind == HTTP_ROUTE]

    assert set(read(SHARED, "east")) == {"shop", "ambassador"}
    # A route of one of Ambassador's Servers decides who may connect.
    assert read(SHARED, "west") == read(linked(), "east") == ["ambassador"]


def test_an_export_with_an_opaque_port_that_the_gateway_refuses_is_named() -> None:
    def lines(*, ports: list[int], opaque: bool = False, noted: str | None = None) -> list[str]:
        config = linked(exports=[{"namespace": "shop", "service": "web", "opaque": opaque}])
        exported = service(
            "web",
            "shop",
            labels={"mirror.linkerd.io/exported": "true"},
            annotations={} if noted is None else {"config.linkerd.io/opaque-ports": noted},
            spec={"ports": [{"port": port} for port in ports]},
        )
        case = link_case(view(cluster="east"), view(exported), config)
        return [one.title for one in exports.exports(case) if one.title.endswith("are HTTP")]

    named = ["connections to Service shop/web are HTTP"]
    assert lines(ports=[80, 5432]) == named
    assert lines(ports=[80]) == lines(ports=[5432], opaque=True) == []
    assert lines(ports=[5432], noted="") == []
    assert lines(ports=[8081], noted="25,8080-8090") == named


def test_a_label_that_keeps_a_service_from_other_links_is_checked_and_so_are_their_mirrors() -> (
    None
):
    content = settings()
    content["clusters"]["north"] = {"context": "north"}
    content["links"].insert(0, {"source": "north", "target": "west"})
    content["links"][0], content["links"][1] = content["links"][1], content["links"][0]
    config = mesh(content)
    key = "mirror.linkerd.io/not-exported-to.north"
    kept = "Service shop/web is exported to no link that does not list it"
    for labels, failing in (({key: "true"}, []), ({}, [kept])):
        exported = service("web", "shop", labels={"mirror.linkerd.io/exported": "true", **labels})
        found = exports.exports(link_case(view(cluster="east"), view(exported), config))
        assert [one.title for one in failures_of(found) if one.title == kept] == failing
    mirror = service("web-west", "shop", labels={"mirror.linkerd.io/cluster-name": "west"})
    title = "no Service of other links is mirrored"
    for objects, failing in (((), []), ((mirror,), [title])):
        case = LinkCase(config, config.links[1], view(*objects, cluster="north"), view())
        assert [one.title for one in failures_of(exports.exports(case))] == failing


def failures_of(found: Any) -> list[Any]:
    return [one for one in found if one.status is Status.FAILURE]
