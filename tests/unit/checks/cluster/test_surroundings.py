"""Versions, clocks, nodes, networks and rights of a cluster are judged as they are."""

from __future__ import annotations

from typing import Any

import pytest

from checks.cluster import networks, permissions, releases, surroundings
from checks.cluster.workloads import availability
from checks.facts.results import Finding, Status
from checks.facts.view import Unseen
from config import MeshConfig
from kube.access import Access, access_review
from tests.unit.checks.builders import (
    UID,
    cluster_case,
    deployment,
    failures,
    mesh,
    node,
    settings,
    thing,
    view,
    warnings,
)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("v1.31.0", Status.OK),
        ("v1.36.3+k3s1", Status.OK),
        ("v2.0.0", Status.OK),
        ("v1.30.9-gke.1", Status.FAILURE),
        ("v1.9.0", Status.FAILURE),
        ("", Status.WARNING),
    ],
)
def test_kubernetes_has_to_be_1_31_or_newer(version: str, status: Status) -> None:
    (finding,) = surroundings.version(cluster_case(view(version=version)))
    assert finding.status is status


def test_the_uid_to_pin_is_reported() -> None:
    (finding,) = surroundings.pinned(cluster_case(view()))
    assert f"clusters.west.uid: {UID}" in finding.detail


@pytest.mark.parametrize(
    ("offset", "status"),
    [(0.4, "ok"), (-8, "ok"), (12, "warning"), (-21, "failure"), (3600, "failure")],
)
def test_clocks_may_differ_by_seconds_but_not_by_more(offset: float, status: str) -> None:
    (finding,) = surroundings.clock(cluster_case(view(clock_offset=offset)))
    assert finding.status == status


def test_a_clock_ahead_is_distinguished_from_one_behind() -> None:
    (ahead,) = surroundings.clock(cluster_case(view(clock_offset=30.0)))
    (behind,) = surroundings.clock(cluster_case(view(clock_offset=-30.0)))
    assert "30 seconds ahead" in ahead.detail
    assert "30 seconds behind" in behind.detail


def highly_available() -> MeshConfig:
    content = settings()
    content["clusters"]["west"]["linkerd"] = {"highAvailability": True}
    return mesh(content)


def nodes_seen(*found: dict[str, Any], ha: bool = False) -> list[Finding]:
    config = highly_available() if ha else None
    return list(surroundings.nodes(cluster_case(view(*found), config)))


def test_one_node_does_without_high_availability() -> None:
    assert [finding.status for finding in nodes_seen(node())] == [Status.OK]


@pytest.mark.parametrize(
    "found",
    [
        (),
        (node(unschedulable=True),),
        (node(taints=[{"key": "a", "effect": "NoSchedule"}]),),
        ({**node(), "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},),
    ],
    ids=["no node", "cordoned", "tainted", "not ready"],
)
def test_without_a_node_that_accepts_pods_nothing_can_be_installed(
    found: tuple[dict[str, Any], ...],
) -> None:
    assert failures(nodes_seen(*found)) == ["the cluster has schedulable nodes"]


def test_a_taint_that_is_only_a_preference_does_not_count() -> None:
    assert failures(nodes_seen(node(taints=[{"effect": "PreferNoSchedule"}]))) == []


def test_high_availability_needs_three_nodes_in_more_than_one_zone() -> None:
    apart = [node(f"n{n}", zone=f"z{n}") for n in range(3)]
    together = [node(f"n{n}") for n in range(3)]
    assert {finding.status for finding in nodes_seen(*apart, ha=True)} == {Status.OK}
    assert failures(nodes_seen(*apart[:2], ha=True)) == [
        "the cluster has a node for each of 3 replicas"
    ]
    assert "it has 2 that are schedulable" in {
        one.detail for one in nodes_seen(*apart[:2], ha=True)
    }
    assert warnings(nodes_seen(*together, ha=True)) == [
        "the schedulable nodes are in more than one zone"
    ]


def test_a_highly_available_ambassador_asks_for_nodes_too() -> None:
    content = settings()
    content["clusters"]["west"]["ambassador"] |= {"highAvailability": True, "replicas": 2}
    found = list(surroundings.nodes(cluster_case(view(node()), mesh(content))))
    assert failures(found) == ["the cluster has a node for each of 2 replicas"]


def test_a_cluster_without_ambassador_is_checked_like_any_other() -> None:
    content = settings(links=[])
    del content["clusters"]["west"]["ambassador"]
    assert failures(list(surroundings.nodes(cluster_case(view(node()), mesh(content))))) == []


def service(address: str) -> dict[str, Any]:
    return thing("v1", "Service", "web", "shop", spec={"clusterIP": address})


def covered(*found: dict[str, Any], **fields: Any) -> list[Finding]:
    return list(networks.networks(cluster_case(view(*found, **fields))))


def test_networks_that_cover_everything_pass() -> None:
    found = covered(node(), service("10.2.0.1"))
    assert {finding.status for finding in found} == {Status.OK}


def test_a_node_outside_the_networks_is_one_failure_that_names_it() -> None:
    outside = node()
    outside["status"]["addresses"] = [{"type": "InternalIP", "address": "203.0.113.7"}]
    found = covered(outside, service("10.2.0.1"))
    assert failures(found) == ["clusterNetworks contains all nodes"]
    assert "203.0.113.7 (node node-1)" in found[0].detail


def test_a_pod_range_that_only_overlaps_is_a_failure() -> None:
    found = covered(node(podCIDR="172.0.0.0/8"), service("10.2.0.1"))
    assert failures(found) == ["clusterNetworks contains all pods"]


def test_every_pod_range_of_a_node_counts() -> None:
    both = node(podCIDRs=["10.1.0.0/24", "2001:db8::/64"])
    assert failures(covered(both, service("10.2.0.1"))) == ["clusterNetworks contains all pods"]


def test_without_pod_ranges_the_pods_show() -> None:
    pod = thing("v1", "Pod", "web", "shop", spec={}, status={"podIPs": [{"ip": "198.51.100.9"}]})
    host = thing(
        "v1",
        "Pod",
        "agent",
        "kube-system",
        spec={"hostNetwork": True},
        status={"podIPs": [{"ip": "203.0.113.1"}]},
    )
    found = covered(node(podCIDR=""), service("10.2.0.1"), pod, host)
    assert failures(found) == ["clusterNetworks contains all pods"]
    assert "203.0.113.1" not in found[1].detail


def test_a_headless_service_has_no_address_to_cover_and_others_have() -> None:
    assert failures(covered(node(), service("None"))) == []
    assert failures(covered(node(), service("127.3.0.1"))) == [
        "clusterNetworks contains all Services"
    ]


def test_anyone_who_may_do_everything_passes() -> None:
    answers = dict.fromkeys(permissions.asked(mesh(), "west"), True)
    found = list(permissions.permissions(cluster_case(view(access=answers))))
    assert [finding.status for finding in found] == [Status.OK, Status.OK]


def test_without_the_rights_on_logs_and_events_there_is_a_warning_and_no_failure() -> None:
    answers = dict.fromkeys(permissions.asked(mesh(), "west"), True)
    answers |= dict.fromkeys(releases.CHECKS[0].may_need, False)
    made, reading = permissions.permissions(cluster_case(view(access=answers)))
    assert (made.status, reading.status) == (Status.OK, Status.WARNING)
    assert "pods/log (get), events (list)" in reading.detail


def test_a_subresource_is_asked_for_as_one() -> None:
    spec: Any = access_review(Access("get", "", "pods/log"))["spec"]
    asked = spec["resourceAttributes"]
    assert (asked["resource"], asked["subresource"]) == ("pods", "log")
    plain: Any = access_review(Access("get", "", "pods"))["spec"]
    assert "subresource" not in plain["resourceAttributes"]


def test_each_right_that_is_lacking_is_named() -> None:
    answers = dict.fromkeys(permissions.asked(mesh(), "west"), True)
    for access in answers:
        if access.resource == "customresourcedefinitions" and access.verb in ("create", "delete"):
            answers[access] = False
    finding, _ = permissions.permissions(cluster_case(view(access=answers)))
    assert finding.status is Status.FAILURE
    assert "customresourcedefinitions.apiextensions.k8s.io (create, delete)" in finding.detail


def test_the_rights_are_those_that_the_stack_file_needs() -> None:
    asked = {
        "monitoring": {"podMonitors": {}},
        "ingresses": [
            {
                "name": "shop",
                "namespace": "shop",
                "host": "shop.example.org",
                "controller": "traefik",
                "service": "web",
            }
        ],
        "meshed": [{"recipe": "velero"}],
    }
    content = settings()
    content["clusters"]["west"].update(asked)
    config = mesh(content)
    plain = {access.resource for access in permissions.needed(mesh(), "west")}
    found = {access.resource for access in permissions.needed(config, "west")}
    assert found - plain == {"podmonitors", "ingresses", "middlewares"}
    answers = {
        access: access.resource != "podmonitors" for access in permissions.needed(config, "west")
    }
    finding, _ = permissions.permissions(cluster_case(view(access=answers), config))
    assert "podmonitors.monitoring.coreos.com" in finding.detail


def test_rights_that_the_server_does_not_report_are_not_taken_for_granted() -> None:
    finding, reading = permissions.permissions(cluster_case(view()))
    assert reading.status is Status.WARNING
    assert finding.status is Status.WARNING


@pytest.mark.parametrize(
    ("workload", "status"),
    [
        (deployment("a", "b", replicas=3), Status.OK),
        (deployment("a", "b", replicas=3, available=2), Status.WARNING),
        (deployment("a", "b", replicas=3, available=0), Status.FAILURE),
        (deployment("a", "b", replicas=0), Status.FAILURE),
        (deployment("a", "b", generation=2), Status.WARNING),
        (
            deployment("a", "b", conditions=[{"type": "Progressing", "status": "True"}]),
            Status.OK,
        ),
        (
            deployment(
                "a",
                "b",
                conditions=[
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                    }
                ],
            ),
            Status.FAILURE,
        ),
        (
            thing(
                "apps/v1",
                "DaemonSet",
                "a",
                "b",
                status={"desiredNumberScheduled": 3, "numberAvailable": 3},
            ),
            Status.OK,
        ),
        (
            thing("apps/v1", "DaemonSet", "a", "b", status={"desiredNumberScheduled": 3}),
            Status.FAILURE,
        ),
        (thing("apps/v1", "StatefulSet", "a", "b", spec={"replicas": 1}), Status.FAILURE),
    ],
)
def test_availability_is_what_the_status_says(workload: dict[str, Any], status: Status) -> None:
    assert availability(workload)[0] is status


def test_a_deployment_without_a_number_of_replicas_wants_one() -> None:
    bare = deployment("a", "b", available=0)
    del bare["spec"]["replicas"]
    assert availability(bare) == (Status.FAILURE, "0 of 1 pods available")


def test_nodes_that_may_not_be_listed_are_not_called_absent() -> None:
    from vocabulary.kinds import NODE

    with pytest.raises(Unseen, match="Node objects cannot be listed: not allowed"):
        list(surroundings.nodes(cluster_case(view(unseen={(NODE, ""): "not allowed"}))))
