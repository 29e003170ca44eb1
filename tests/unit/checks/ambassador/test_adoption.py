"""An Ambassador that its owner installed: found, meshed, and reached by our gateway Service."""

from __future__ import annotations

from typing import Any

import pytest

from checks.ambassador import adoption, ambassador
from checks.ambassador import gateway as gateway_checks
from checks.facts import fetch
from checks.facts.results import Finding, Status
from config import MeshConfig
from config.inventory import inventory
from tests.unit.checks.builders import (
    cluster_case,
    deployment,
    failures,
    of,
    pod,
    service,
    view,
    warnings,
    with_ambassador,
)
from vocabulary.kinds import DAEMON_SET

LABELS = {"app.kubernetes.io/name": "emissary-ingress", "app.kubernetes.io/instance": "edge"}
KNOWN = "the pods of the adopted Ambassador have the labels of the stack file"
SELECTS = "the gateway's Service edge-linkerd-gateway selects Ambassador's pods"
ANNOTATIONS = {"linkerd.io/inject": "enabled", "config.linkerd.io/enable-gateway": "true"}


def adopted(**fields: Any) -> MeshConfig:
    usual: dict[str, Any] = {"adopt": {}, "name": "edge", "gateway": {}}
    return with_ambassador(**{**usual, **fields})


def owned(kind: str = "Deployment", **fields: Any) -> dict[str, Any]:
    usual = {
        "pod_annotations": ANNOTATIONS,
        "pod_labels": LABELS,
        "pod_spec": {"serviceAccountName": "edge"},
    }
    made = deployment(fields.pop("name", "edge"), "ambassador", **{**usual, **fields})
    made["kind"] = kind
    if kind == DAEMON_SET.name:
        made["status"] |= {"desiredNumberScheduled": 1, "numberAvailable": 1}
    return made


def front(selector: dict[str, str] | None = None) -> dict[str, Any]:
    return service("edge-linkerd-gateway", "ambassador", selector=selector or LABELS)


POD = pod("edge-0", "ambassador", "ambassador", "linkerd-proxy", labels=LABELS)


def seen(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[Finding]:
    case = cluster_case(view(*objects), config or adopted())
    return [*adoption.adoption(case), *ambassador.installation(case)]


def about_pods(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[str]:
    """What fails, except for kinds that no server here serves."""
    return [
        title
        for title in failures(seen(*objects, config=config))
        if title != "the API server serves Ambassador's kinds"
    ]


def test_an_adopted_ambassador_that_is_as_the_stack_file_says_passes() -> None:
    found = seen(owned(), front(), POD)
    assert about_pods(owned(), front(), POD) == []
    assert of(found, SELECTS).detail == "1 pods"
    assert of(found, "Ambassador is meshed").status is Status.OK


def test_an_ambassador_of_this_stack_is_not_checked_as_an_adopted_one() -> None:
    case = cluster_case(view(), with_ambassador(gateway={}))
    assert list(adoption.adoption(case)) == []


def test_a_daemon_set_is_checked_where_the_stack_file_says_so() -> None:
    config = adopted(adopt={"kind": "DaemonSet", "workload": "edge-proxy"})
    name = "DaemonSet ambassador/edge-proxy is available"
    daemons = owned("DaemonSet", name="edge-proxy")
    assert about_pods(daemons, front(), POD, config=config) == []
    assert about_pods(owned(name="edge-proxy"), front(), POD, config=config) == [name]
    assert "ambassador.adopt" in of(seen(config=config), name).hint


@pytest.mark.parametrize(
    ("workload", "title"),
    [
        (owned(pod_annotations={}), "Ambassador is meshed"),
        (owned(pod_spec={}), "Ambassador runs as ServiceAccount edge"),
    ],
    ids=["no proxy is asked for", "another account"],
)
def test_what_was_not_added_to_the_owners_pods_is_one_failure(
    workload: dict[str, Any], title: str
) -> None:
    assert about_pods(workload, front(), POD) == [title]


def test_the_account_that_was_found_is_what_the_stack_file_should_say() -> None:
    found = seen(owned(pod_spec={"serviceAccountName": "theirs"}))
    told = of(found, "Ambassador runs as ServiceAccount edge")
    assert told.hint == "write clusters.west.ambassador.serviceAccount: theirs"


def test_the_gateway_role_of_an_adopted_ambassador_is_checked() -> None:
    bare = owned(pod_annotations={"linkerd.io/inject": "enabled"})
    found = list(gateway_checks.gateway(cluster_case(view(bare), adopted())))
    assert {
        "Ambassador's proxies are configured as a gateway",
        "Service ambassador/edge-linkerd-gateway is the gateway",
    } <= set(failures(found))


def test_pods_that_still_run_without_a_proxy_are_a_failure_with_the_way_to_restart_them() -> None:
    bare = pod("edge-0", "ambassador", "ambassador", labels=LABELS)
    assert about_pods(owned(), front(), bare) == ["Ambassador is meshed"]
    config = adopted(adopt={"kind": "DaemonSet"})
    found = seen(owned("DaemonSet"), front(), bare, config=config)
    assert "rollout restart daemonset" in of(found, "Ambassador is meshed").hint


def test_labels_that_its_pods_do_not_have_are_one_failure_that_names_theirs() -> None:
    workload = owned(pod_labels={"service": "edge"})
    found = seen(workload)
    assert failures(found).count(KNOWN) == 1
    assert "adopt.podLabels" in of(found, KNOWN).hint
    assert of(found, KNOWN).hint.endswith("service: edge")
    config = adopted(adopt={"podLabels": {"service": "edge"}})
    assert of(seen(workload, config=config), KNOWN).status is Status.OK


def test_a_gateway_service_that_selects_other_pods_is_one_failure() -> None:
    assert about_pods(owned(), front({"service": "other"}), POD) == [SELECTS]
    assert about_pods(owned(), service("edge-linkerd-gateway", "ambassador"), POD) == [SELECTS]


def test_a_gateway_service_without_pods_is_warned_of() -> None:
    assert warnings(seen(owned(), front())) == [SELECTS]


def test_the_program_makes_no_release_and_no_namespace_of_an_adopted_ambassador_but_reads_it() -> (
    None
):
    config = adopted()
    assert {release.namespace for release in inventory(config, "west").releases} == {"linkerd"}
    assert inventory(config, "west").namespaces == ("linkerd",)
    looked_into = {
        listing.namespace
        for listing in fetch.plan(config, "west", pre=False)
        if listing.kind == DAEMON_SET
    }
    assert looked_into == {"linkerd", "ambassador"}
