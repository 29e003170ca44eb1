"""What a stack file may configure for other owners' workloads and CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from config import StackFileError, load_settings
from config.language.problems import Problem

OLD: dict[str, Any] = {"linkerd": {"values": {"proxy": {"nativeSidecar": False}}}}
"""Proxies that are ordinary containers."""
WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}
JOB = {"namespace": "shop", "name": "nightly"}


def problems(**cluster: Any) -> tuple[Problem, ...]:
    with pytest.raises(StackFileError) as raised:
        load_settings({"clusters": {"a": {"context": "a", **cluster}}}, "test")
    return raised.value.problems


def only(**cluster: Any) -> Problem:
    (found,) = problems(**cluster)
    assert found.remedy
    return found


def passes(**cluster: Any) -> None:
    load_settings({"clusters": {"a": {"context": "a", **cluster}}}, "test")


@pytest.mark.parametrize(
    ("cluster", "other"),
    [
        ({"meshed": [WEB, {**WEB, "annotations": {"a": "b"}}]}, "meshed[0]"),
        (
            {
                "meshed": [
                    {"recipe": "velero"},
                    {"kind": "DaemonSet", "namespace": "velero", "name": "node-agent"},
                ]
            },
            "meshed[0]",
        ),
        # Both recipes are of the Namespace itself.
        ({"meshed": [{"recipe": "eck"}, {"kind": "Namespace", "name": "logging"}]}, "meshed[0]"),
        (
            {**OLD, "meshed": [{**WEB, "kind": "CronJob", "name": "nightly"}], "jobs": [JOB]},
            "meshed[0]",
        ),
    ],
    ids=["twice", "a recipe's", "a recipe's namespace", "a job's"],
)
def test_one_object_is_patched_by_one_entry(cluster: dict[str, Any], other: str) -> None:
    found = only(**cluster)
    assert f"{other} already patches" in found.message


def test_objects_of_one_name_in_different_places_are_different_ones() -> None:
    passes(meshed=[WEB, {**WEB, "namespace": "other"}, {**WEB, "kind": "StatefulSet"}])


@pytest.mark.parametrize(
    ("cluster", "space"),
    [
        ({}, "linkerd"),
        ({"linkerd": {"viz": {"enabled": True}}}, "linkerd-viz"),
        ({"linkerd": {"cni": True}}, "linkerd-cni"),
        ({"ambassador": {"namespace": "doors"}}, "doors"),
        ({"ambassador": {}}, "emissary-system"),
        ({"sample": {"namespace": "try"}}, "try"),
        ({"certManager": {"install": True, "namespace": "issuers"}}, "issuers"),
    ],
)
@pytest.mark.parametrize("kind", ["Namespace", "Deployment"])
def test_what_the_program_makes_itself_is_not_patched(
    cluster: dict[str, Any], space: str, kind: str
) -> None:
    entry = {"kind": kind, "name": space}
    if kind != "Namespace":
        entry = {"kind": kind, "namespace": space, "name": "thing"}
    found = only(**cluster, meshed=[entry])
    assert found.path == "clusters.a.meshed[0]"
    assert f"the namespace {space}" in found.message


def test_an_adopted_ambassador_is_patched_once_and_what_is_beside_it_is_free() -> None:
    adopted = {"ambassador": {"name": "edge", "namespace": "doors", "adopt": {}}}
    edge = {"kind": "Deployment", "namespace": "doors", "name": "edge"}
    assert "adopted Ambassador" in only(**adopted, meshed=[edge]).message
    passes(**adopted, meshed=[{**edge, "name": "auth"}, {"kind": "Namespace", "name": "doors"}])
    adopted["ambassador"]["sidecar"] = {"injection": "namespace"}
    found = only(**adopted, meshed=[{"kind": "Namespace", "name": "doors"}])
    assert "adopted Ambassador" in found.message


def test_a_namespace_that_the_injector_skips_is_refused_unless_its_selector_is_configured() -> None:
    traefik = {"recipe": "traefik", "namespace": "kube-system"}
    found = only(meshed=[traefik])
    assert "skips the namespace kube-system" in found.message
    selector: dict[str, Any] = {"matchExpressions": []}
    told = {"values": {"proxyInjector": {"namespaceSelector": selector}}}
    passes(meshed=[traefik], linkerd=told)
    passes(meshed=[traefik], linkerd={"version": "2.8.1"})


@pytest.mark.parametrize("treatment", ["opt-out", "await"])
def test_a_job_needs_no_treatment_where_proxies_end_with_it(treatment: str) -> None:
    job: dict[str, Any] = {**JOB, "treatment": treatment}
    if treatment == "await":
        job |= {"container": "main", "command": ["/run"]}
    found = only(jobs=[job])
    assert found.path == "clusters.a.jobs[0]"
    assert "Linkerd 2026.8.3 needs no entry" in found.message
    passes(jobs=[job], **OLD)
    passes(jobs=[job], linkerd={"version": "2026.4.1"})
    native = {"version": "2026.4.1", "values": {"proxy": {"nativeSidecar": True}}}
    assert "Linkerd 2026.4.1 needs no entry" in only(jobs=[job], linkerd=native).message


def test_jobs_of_linkerd_2_8_can_only_opt_out() -> None:
    linkerd = {"version": "2.8.1"}
    passes(jobs=[JOB], linkerd=linkerd)
    job = {**JOB, "treatment": "await", "container": "main", "command": ["/run"]}
    assert only(jobs=[job], linkerd=linkerd).path == "clusters.a.jobs[0].treatment"


@pytest.mark.parametrize("kind", ["Namespace", "Kibana"])
def test_variables_need_containers_that_can_be_patched_one_by_one(kind: str) -> None:
    entry = {"kind": kind, "name": "web", "container": "web", "env": {"A": "b"}}
    if kind == "Kibana":
        entry["namespace"] = "logging"
    assert only(meshed=[entry]).path == "clusters.a.meshed[0].env"


PROXY = {"kind": "DaemonSet", "namespace": "edge", "name": "haproxy", "publicPorts": [8080]}
LABELS = {"podLabels": {"app": "haproxy"}}


def test_public_ports_need_the_labels_of_their_pods_and_the_remedy_gives_them() -> None:
    found = only(meshed=[PROXY])
    assert found.path.endswith("meshed[0].podLabels")
    passes(meshed=[{**PROXY, **LABELS}])
    assert only(meshed=[{**PROXY, **LABELS, "publicPorts": []}]).path.endswith("podLabels")
    # A recipe knows the labels of its product.
    passes(meshed=[{"recipe": "traefik", "publicPorts": [9000]}])
    passes(meshed=[{"recipe": "traefik", "podLabels": {"app": "edge-proxy"}}])
    assert only(meshed=[{"recipe": "velero", "publicPorts": [8085]}]).path.endswith("podLabels")


def test_a_port_is_opened_by_one_entry() -> None:
    twin = {**PROXY, **LABELS, "kind": "Deployment"}
    found = only(meshed=[{**PROXY, **LABELS}, twin])
    assert "meshed[0] already opens port 8080" in found.message
    passes(meshed=[{**PROXY, **LABELS}, {**twin, "publicPorts": [8081]}])
    adopted = {"adopt": {"kind": "DaemonSet"}, "namespace": "edge"}
    other = {**PROXY, **LABELS, "kind": "Deployment", "name": "ambassador"}
    assert "ambassador already opens" in only(ambassador=adopted, meshed=[other]).message
