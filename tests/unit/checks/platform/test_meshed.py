"""Workloads to mesh that are not meshed, and pods that cannot be meshed."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts import fetch
from checks.facts.results import Finding, Status
from checks.platform import meshed
from config import MeshConfig, load_settings
from tests.foreign_workloads import cron_job, workload
from tests.unit.checks.builders import cluster_case, failures, node, of, pod, thing, view, warnings
from vocabulary.kinds import CRON_JOB, KIBANA, POD

INJECT = {"linkerd.io/inject": "enabled"}
WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}
TITLE = "Deployment shop/web is meshed"


def config(*entries: dict[str, Any], **cluster: Any) -> MeshConfig:
    west = {"context": "west", "meshed": list(entries), **cluster}
    return load_settings({"clusters": {"west": west}}, "test")


def seen(wanted: MeshConfig, *objects: dict[str, Any]) -> list[Finding]:
    return list(meshed.meshed(cluster_case(view(*objects), wanted)))


def web(**notes: str) -> dict[str, Any]:
    return workload("Deployment", "shop", "web", **notes)


def running(*containers: str, **spec: Any) -> dict[str, Any]:
    made = pod("web-0", "shop", *containers, labels={"app": "web"})
    made["spec"] |= spec
    return made


def test_a_workload_that_is_patched_and_whose_pods_have_a_proxy_passes() -> None:
    found = seen(config(WEB), web(**INJECT), running("web", "linkerd-proxy"))
    assert [one.status for one in found] == [Status.OK]


def test_a_proxy_that_is_a_native_sidecar_is_a_proxy() -> None:
    native = running("web", initContainers=[{"name": "linkerd-proxy", "restartPolicy": "Always"}])
    assert of(seen(config(WEB), web(**INJECT), native), TITLE).status is Status.OK


def test_what_is_not_there_yet_is_a_warning() -> None:
    found = seen(config(WEB))
    assert warnings(found) == [TITLE]
    assert "clusters.west.meshed[0]" in of(found, TITLE).hint


@pytest.mark.parametrize("notes", [{}, {"linkerd.io/inject": "disabled"}])
def test_an_annotation_that_another_owner_took_away_or_changed_is_a_failure(
    notes: dict[str, str],
) -> None:
    found = seen(config(WEB), web(**notes), running("web", "linkerd-proxy"))
    assert failures(found) == [TITLE]
    assert "linkerd.io/inject: enabled" in of(found, TITLE).detail


def test_a_variable_that_its_container_lacks_is_a_failure() -> None:
    wanted = config({**WEB, "container": "web", "env": {"LISTEN": "::"}})
    found = seen(wanted, web(**INJECT), running("web", "linkerd-proxy"))
    assert "LISTEN" in of(found, TITLE).detail


def test_pods_older_than_the_annotation_are_a_failure_with_the_way_to_restart_them() -> None:
    found = seen(config(WEB), web(**INJECT), running("web"))
    assert failures(found) == [TITLE]
    hint = of(found, TITLE).hint
    assert "`kubectl -n shop rollout restart deployment/web`" in hint


def test_in_a_simulated_cluster_pods_without_a_proxy_are_reported_as_simulated() -> None:
    found = seen(config(WEB), web(**INJECT), running("web"), node(kwok=True))
    assert warnings(found) == [TITLE]
    assert "simulated" in of(found, TITLE).detail


def test_pods_in_the_host_s_network_are_reported_as_unmeshable_and_are_no_failure() -> None:
    space = {"kind": "Namespace", "name": "shop"}
    exporter = running("node-exporter", hostNetwork=True)
    meshed_one = {**pod("ok-0", "shop", "web", "linkerd-proxy")}
    found = seen(
        config(space), thing("v1", "Namespace", "shop", annotations=INJECT), exporter, meshed_one
    )
    assert failures(found) == []
    (title,) = warnings(found)
    assert "web-0" in of(found, title).detail
    assert of(found, "Namespace shop is meshed").status is Status.OK


@pytest.mark.parametrize(
    ("linkerd", "told"),
    [
        ({}, "failure"),
        ({"values": {"identity": {"serviceAccountTokenProjection": False}}}, "warning"),
        ({"version": "2.8.1"}, "warning"),
    ],
)
def test_pods_without_a_token_are_reported_where_the_injector_passes_over_them(
    linkerd: dict[str, Any], told: str
) -> None:
    bare = running("web", automountServiceAccountToken=False)
    found = seen(config(WEB, linkerd=linkerd), web(**INJECT), bare)
    assert told in {one.status.value for one in found}
    assert bool(failures(found)) is (told == "failure")
    if told == "warning":
        (title,) = warnings(found)
        assert "automountServiceAccountToken: true" in of(found, title).hint


@pytest.mark.parametrize(
    "spared",
    [
        {**running("web"), "status": {"phase": "Succeeded"}},
        {
            **running("web"),
            "metadata": {"name": "out", "namespace": "shop", "annotations": {
                "linkerd.io/inject": "disabled"}},
        },
        {
            **running("web"),
            "metadata": {"name": "job", "namespace": "shop", "ownerReferences": [
                {"kind": "Job", "name": "nightly"}]},
        },
    ],
    ids=["has ended", "opted out", "a Job's"],
)  # fmt: skip
def test_pods_of_a_namespace_that_need_no_restart_are_spared(spared: dict[str, Any]) -> None:
    space = thing("v1", "Namespace", "shop", annotations=INJECT)
    assert failures(seen(config({"kind": "Namespace", "name": "shop"}), space, spared)) == []


def test_kibana_needs_the_token_and_its_pods_are_found_by_its_name() -> None:
    wanted = config({"kind": "Kibana", "namespace": "logging", "name": "kb"})
    title = "Kibana logging/kb is meshed"
    template: dict[str, Any] = {"metadata": {"annotations": INJECT}}
    kibana = thing(
        "kibana.k8s.elastic.co/v1", "Kibana", "kb", "logging", spec={"podTemplate": template}
    )
    labels = {"kibana.k8s.elastic.co/name": "kb"}
    assert "automountServiceAccountToken" in of(seen(wanted, kibana), title).detail
    template["spec"] = {"automountServiceAccountToken": True}
    bare = pod("kb-0", "logging", "kibana", labels=labels)
    assert "deployment/kb-kb" in of(seen(wanted, kibana, bare), title).hint
    good = pod("kb-0", "logging", "kibana", "linkerd-proxy", labels=labels)
    assert of(seen(wanted, kibana, good), title).status is Status.OK


def test_a_cron_job_that_lost_its_treatment_is_a_failure() -> None:
    old = {"values": {"proxy": {"nativeSidecar": False}}}
    jobs = [
        {
            "namespace": "shop",
            "name": "nightly",
            "treatment": "await",
            "container": "main",
            "command": ["/run"],
        }
    ]
    wanted = config(linkerd=old, jobs=jobs)
    title = "CronJob shop/nightly is patched as configured"
    job = cron_job("shop", "nightly", {"name": "main", "command": ["/run"]})
    detail = of(seen(wanted, job), title).detail
    assert "linkerd-await" in detail
    assert "proxy-admin-shutdown" in detail
    wrapped = ["linkerd-await", "--shutdown", "--", "/run"]
    job = cron_job("shop", "nightly", {"name": "main", "command": wrapped})
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    template["metadata"]["annotations"] = {"config.linkerd.io/proxy-admin-shutdown": "enabled"}
    assert of(seen(wanted, job), title).status is Status.OK


def test_what_the_checks_need_is_read_and_nothing_of_it_where_nothing_is_meshed() -> None:
    old = {"values": {"proxy": {"nativeSidecar": False}}}
    wanted = config(
        {"kind": "Kibana", "namespace": "logging", "name": "kb"},
        linkerd=old,
        jobs=[{"namespace": "shop", "name": "nightly"}],
    )
    read = {(one.kind, one.namespace) for one in fetch.plan(wanted, "west", pre=False)}
    assert read >= {
        (KIBANA, "logging"),
        (POD, "logging"),
        (CRON_JOB, "shop"),
        (POD, "shop"),
    }
    # Of meshed pods anywhere, only the metadata: they say which trust roots a pod has.
    whole = (one for one in fetch.plan(config(), "west", pre=False) if not one.metadata_only)
    assert {one.kind for one in whole}.isdisjoint({KIBANA, CRON_JOB, POD})
