"""Helm's records are read, and compared with the objects of the cluster."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from checks.cluster import releases
from checks.facts.results import Finding, Status
from checks.facts.view import View
from config.inventory import inventory
from kube import helm
from tests.unit.checks.builders import (
    cluster_case,
    deployment,
    failures,
    helm_record,
    of,
    secret,
    thing,
    view,
    warnings,
    with_ambassador,
)
from vocabulary.kinds import DEPLOYMENT, SECRET, Kind

CONFIG = thing("v1", "ConfigMap", "linkerd-config", "linkerd")
ROLE = thing("rbac.authorization.k8s.io/v1", "ClusterRole", "linkerd-policy")
IDENTITY = deployment("linkerd-identity", "linkerd")
MADE = (CONFIG, ROLE, IDENTITY)

NAMES = {
    "linkerd/linkerd-crds": ("linkerd-crds", "2026.8.3"),
    "linkerd/linkerd-control-plane": ("linkerd-control-plane", "2026.8.3"),
    "linkerd-multicluster/linkerd-multicluster": ("linkerd-multicluster", "2026.8.3"),
    "emissary-system/emissary-crds": ("emissary-crds-chart", "4.1.0"),
    "ambassador/ambassador": ("emissary-ingress", "4.1.0"),
}


def records(**control_plane: Any) -> list[dict[str, Any]]:
    """Records of all releases; `control_plane` changes that of the control plane."""
    made = []
    for place, (chart, version) in NAMES.items():
        namespace, _, name = place.partition("/")
        fields: dict[str, Any] = {"chart": chart, "version": version}
        if name == "linkerd-control-plane":
            fields |= {"objects": MADE, **control_plane}
        made.append(helm_record(name, namespace, **fields))
    return made


def seen(*objects: dict[str, Any], kept: list[dict[str, Any]], **fields: Any) -> list[Finding]:
    found: View = view(*objects, releases=helm.histories(kept), **fields)
    return list(releases.helm_releases(cluster_case(found)))


def test_a_record_shows_state_version_and_what_was_made() -> None:
    release = helm.decode(helm_record("linkerd-control-plane", "linkerd", revision=3, objects=MADE))
    assert (release.namespace, release.name, release.revision) == (
        "linkerd",
        "linkerd-control-plane",
        3,
    )
    assert (release.status, release.chart, release.version) == (
        "deployed",
        "linkerd-control-plane",
        "2026.8.3",
    )
    assert [(made.kind, made.namespace, made.name) for made in release.objects] == [
        (Kind("", "ConfigMap"), "linkerd", "linkerd-config"),
        (Kind("rbac.authorization.k8s.io", "ClusterRole"), "linkerd", "linkerd-policy"),
        (DEPLOYMENT, "linkerd", "linkerd-identity"),
    ]


def test_an_object_without_a_namespace_is_taken_to_be_in_that_of_the_release() -> None:
    bare = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    release = helm.decode(helm_record("a", "space", objects=(bare,)))
    assert release.objects[0].namespace == "space"


@pytest.mark.parametrize(
    "content", ["", "%%%", base64.b64encode(b"\x1f\x8bnot gzip").decode(), "bm90IGpzb24="]
)
def test_a_record_that_cannot_be_read_still_shows_whose_it_is(content: str) -> None:
    labels = {"owner": "helm", "name": "a", "version": "7", "status": "deployed"}
    record = secret(
        "sh.helm.release.v1.a.v7",
        "space",
        {"release": content},
        type="helm.sh/release.v1",
        labels=labels,
    )
    release = helm.decode(record)
    assert (release.name, release.revision, release.status) == ("a", 7, "unreadable")


def test_the_newest_revision_has_the_state_and_the_deployed_one_the_objects() -> None:
    kept = [
        helm_record("a", "space", revision=10, status="pending-upgrade", version="3.0.0"),
        helm_record("a", "space", revision=9, objects=(CONFIG,), version="2.0.0"),
        helm_record("a", "space", revision=2, status="failed", version="1.0.0"),
    ]
    history = helm.histories(kept)["space", "a"]
    assert (history.newest.revision, history.standing.revision) == (10, 9)
    assert helm.installed(kept)["space", "a"].version == "2.0.0"
    assert helm.installed([kept[2], kept[0]])["space", "a"].version == "3.0.0"


def test_a_manifest_may_hold_empty_documents() -> None:
    record = helm_record("a", "space", objects=({"kind": ""}, CONFIG))
    assert [made.name for made in helm.decode(record).objects] == ["linkerd-config"]


def test_a_record_without_labels_is_known_by_its_name() -> None:
    record = helm_record("a", "space", revision=12, status="failed")
    record["metadata"]["labels"] = {}
    record["data"] = {}
    release = helm.decode(record)
    assert (release.name, release.revision) == ("a", 12)


def test_other_secrets_are_no_releases() -> None:
    assert helm.histories([secret("tls", "space", {"tls.crt": "x"})]) == {}


def test_releases_that_are_as_they_should_be_pass() -> None:
    found = seen(*MADE, kept=records())
    assert {finding.status for finding in found} == {Status.OK}


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("pending-install", "./mesh recover STACK"),
        ("pending-upgrade", "./mesh recover STACK"),
        ("pending-rollback", "./mesh recover STACK"),
        ("failed", "helm -n linkerd status linkerd-control-plane"),
        ("uninstalling", "./mesh recover STACK"),
        ("superseded", "wait"),
    ],
)
def test_a_release_in_another_state_is_one_failure_with_a_way_out(
    status: str, way_out: str
) -> None:
    stuck = helm_record("linkerd-control-plane", "linkerd", status=status, revision=2)
    found = seen(*MADE, kept=[*records(), stuck])
    title = "release linkerd/linkerd-control-plane is deployed"
    assert failures(found) == [title]
    assert way_out in of(found, title).hint


def test_a_missing_deployment_is_one_failure_that_names_it() -> None:
    found = seen(CONFIG, ROLE, kept=records())
    title = "release linkerd/linkerd-control-plane has all of its objects"
    assert failures(found) == [title]
    assert "Deployment linkerd/linkerd-identity" in of(found, title).detail


def test_an_object_of_no_namespace_is_named_without_one() -> None:
    found = seen(CONFIG, IDENTITY, kept=records())
    title = "release linkerd/linkerd-control-plane has all of its objects"
    assert "missing: ClusterRole linkerd-policy" in of(found, title).detail


def test_a_pod_less_deployment_is_one_failure() -> None:
    down = deployment("linkerd-identity", "linkerd", available=0)
    found = seen(CONFIG, ROLE, down, kept=records())
    title = "release linkerd/linkerd-control-plane has all pods available"
    assert failures(found) == [title]
    assert "0 of 1" in of(found, title).detail


def test_pods_that_are_only_in_part_available_are_warned_of() -> None:
    some = deployment("linkerd-identity", "linkerd", replicas=3, available=2)
    found = seen(CONFIG, ROLE, some, kept=records())
    assert failures(found) == []
    assert warnings(found) == ["release linkerd/linkerd-control-plane has all pods available"]


def test_one_deployment_without_pods_counts_more_than_another_with_some() -> None:
    none = deployment("linkerd-identity", "linkerd", available=0)
    some = deployment("linkerd-destination", "linkerd", replicas=3, available=2)
    for objects in ((none, some), (some, none)):
        found = seen(*objects, kept=records(objects=objects))
        assert failures(found) == ["release linkerd/linkerd-control-plane has all pods available"]


def test_another_version_is_one_failure() -> None:
    found = seen(*MADE, kept=records(version="2026.7.1"))
    title = "release linkerd/linkerd-control-plane has version 2026.8.3"
    assert failures(found) == [title]
    assert "2026.7.1" in of(found, title).detail


def test_a_release_of_another_chart_is_found() -> None:
    found = seen(*MADE, kept=records(chart="linkerd2"))
    assert failures(found) == ["release linkerd/linkerd-control-plane has version 2026.8.3"]


def test_a_release_that_is_not_there_is_a_failure() -> None:
    found = seen(*MADE, kept=[one for one in records() if "emissary" not in str(one["metadata"])])
    assert failures(found) == ["release emissary-system/emissary-crds is deployed"]


def test_plain_manifests_without_any_release_are_warned_of_once() -> None:
    found = seen(*MADE, kept=[])
    assert failures(found) == []
    assert warnings(found) == ["everything installed belongs to a Helm release"]


def test_what_may_not_be_listed_is_not_called_missing() -> None:
    found = seen(ROLE, IDENTITY, kept=records(), unseen={(Kind("", "ConfigMap"), "linkerd"): "no"})
    title = "release linkerd/linkerd-control-plane has all of its objects"
    assert failures(found) == []
    assert "ConfigMap objects in linkerd cannot be listed: no" in of(found, title).detail


def test_records_that_may_not_be_read_are_not_called_absent() -> None:
    from checks.facts.view import Unseen

    with pytest.raises(Unseen, match="Secret"):
        seen(*MADE, kept=[], unseen={(SECRET, "linkerd"): "not allowed"})


def test_an_object_whose_kind_is_not_served_is_missing() -> None:
    link = thing("multicluster.linkerd.io/v1alpha3", "Link", "west", "linkerd")
    found = seen(*MADE, kept=records(objects=(*MADE, link)))
    assert failures(found) == ["release linkerd/linkerd-control-plane has all of its objects"]


def test_the_namespace_that_a_manifest_of_crds_makes_belongs_to_the_stack() -> None:
    edge: dict[str, Any] = {"flavour": "edge-stack", "edgeStack": {"licenseSecret": "licence"}}
    made = inventory(with_ambassador(**edge), "west").namespaces
    assert set(made) - {"linkerd", "ambassador"} == {"emissary-system"}
    left = inventory(with_ambassador(**edge, installCrds=False), "west").namespaces
    assert "emissary-system" not in left


@pytest.mark.parametrize(
    ("ambassador", "expected"),
    [
        (
            {},
            {
                "emissary-system/emissary-crds": ("emissary-crds-chart", "4.1.0"),
                "ambassador/ambassador": ("emissary-ingress", "4.1.0"),
            },
        ),
        (
            {"version": "3.10.0", "crdsNamespace": "crds"},
            {
                "crds/emissary-crds": ("emissary-crds-chart", "3.10.0"),
                "ambassador/ambassador": ("emissary-ingress", "3.10.0"),
            },
        ),
        (
            {
                "flavour": "edge-stack",
                "name": "edge",
                "edgeStack": {"licenseSecret": "licence"},
            },
            {"ambassador/edge": ("edge-stack", "8.10.2")},
        ),
        ({"flavour": "ambassador"}, {"ambassador/ambassador": ("ambassador", "6.9.5")}),
        ({"installCrds": False}, {"ambassador/ambassador": ("emissary-ingress", "4.1.0")}),
        ({"adopt": {}}, {}),
    ],
    ids=["emissary 4", "emissary 3", "edge-stack", "legacy", "CRDs of others", "adopted"],
)
def test_each_ambassador_has_releases_of_its_own(
    ambassador: dict[str, Any], expected: dict[str, tuple[str, str]]
) -> None:
    found = {
        str(one): (one.chart, one.version)
        for one in inventory(with_ambassador(**ambassador), "west").releases
        if one.namespace != "linkerd"
    }
    assert found == expected
