"""A pod that is not ready is explained: container, state, log, and the cause where it is known."""

from __future__ import annotations

import re
from typing import Any

import pytest

from checks.cluster import pod_logs, releases, unready
from checks.cluster.causes import CAUSES, cause_of
from checks.cluster.workloads import availability, workload
from checks.facts.check import LogRequest
from checks.facts.results import Finding, Status
from checks.facts.view import Log, View
from checks.platform import meshed
from kube import helm
from tests.unit.checks.builders import (
    certified,
    cluster_case,
    container_status,
    deployment,
    event,
    helm_record,
    mesh,
    node,
    of,
    settings,
    troubled,
    view,
)
from vocabulary.kinds import EVENT, POD

LABELS = {"app": "linkerd-destination"}
DOWN = deployment("linkerd-destination", "linkerd", available=0)
POD_NAME = "linkerd-destination-5d8f7c9b6d-xyz12"
CRASHED = container_status(
    "policy", waiting="CrashLoopBackOff", message="back-off 10s", exit_code=1, restarts=5
)
SEC1_LOG = (
    "2026-06-01T11:59:00Z  INFO linkerd_policy_controller: starting\n"
    "Error: failed to read TLS key: could not load private key\n"
)


def destination(*statuses: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return troubled(POD_NAME, "linkerd", *statuses, labels=LABELS, **fields)


def explained(*objects: dict[str, Any], **fields: Any) -> unready.Explanation:
    found = unready.explain(view(DOWN, *objects, **fields), DOWN)
    assert found is not None
    return found


def logs(text: str, container: str = "policy", fault: str = "") -> dict[str, Any]:
    return {"logs": {("linkerd", POD_NAME, container): Log(text, fault)}}


def test_pod_container_state_log_and_cause_are_named() -> None:
    healthy = container_status("destination", ready=True)
    found = explained(destination(healthy, CRASHED), **logs(SEC1_LOG))
    assert found.text == (
        f"pod {POD_NAME}: container policy is in CrashLoopBackOff (exit code 1, 5 restarts); "
        "log: Error: failed to read TLS key: could not load private key; cause: the key "
        "in Secret linkerd-policy-validator-k8s-tls is in a form that the policy controller does "
        "not read: it reads PKCS#8 and PKCS#1 only"
    )
    assert "pulumi up" in found.remedy
    assert found.rank == 0


def test_a_container_that_is_ready_is_not_blamed() -> None:
    proxy = container_status("linkerd-proxy", ready=False)
    found = explained(destination(container_status("destination", ready=True), proxy))
    assert "container linkerd-proxy is running but not ready" in found.text
    assert "destination runs" not in found.text


def test_the_container_that_crashes_is_blamed_before_those_that_wait_for_it() -> None:
    proxy = container_status("linkerd-proxy")
    found = explained(destination(proxy, CRASHED))
    assert "policy" in found.text
    assert "linkerd-proxy" not in found.text


@pytest.mark.parametrize(
    ("status", "told", "cause"),
    [
        (
            container_status("proxy", waiting="ImagePullBackOff", message="Back-off pulling x:1"),
            "container proxy is in ImagePullBackOff: Back-off pulling x:1",
            "the image cannot be pulled",
        ),
        (
            container_status(
                "own",
                waiting="CreateContainerConfigError",
                message='secret "db" not found',
            ),
            'is in CreateContainerConfigError: secret "db" not found',
            "a Secret or ConfigMap that the pod mounts or reads does not exist",
        ),
        (
            container_status(
                "own", waiting="CrashLoopBackOff", exit_code=137, reason="OOMKilled", restarts=1
            ),
            "is in CrashLoopBackOff (exit code 137, OOMKilled, 1 restart)",
            "it needs more memory than its limit",
        ),
        (
            container_status("own", exit_code=2, restarts=3),
            "restarted and is not ready (exit code 2, 3 restarts)",
            None,
        ),
    ],
)
def test_each_state_of_a_container_is_reported(
    status: dict[str, Any], told: str, cause: str | None
) -> None:
    found = explained(destination(status))
    assert told in found.text
    assert (found.cause.text if found.cause else None) == cause


def test_an_init_container_that_fails_is_blamed_and_not_those_that_wait_for_it() -> None:
    validator = container_status(
        "linkerd-network-validator", waiting="CrashLoopBackOff", exit_code=95, restarts=2
    )
    waiting = container_status("policy", waiting="PodInitializing")
    text = "ERROR linkerd_network_validator: Failed to validate networking configuration."
    found = explained(
        destination(waiting, init=(validator,)), **logs(text, "linkerd-network-validator")
    )
    assert "container linkerd-network-validator is in CrashLoopBackOff (exit code 95" in found.text
    assert "linkerd-cni" in found.remedy
    assert "policy" not in found.text


def test_an_init_container_that_has_done_its_work_is_not_blamed() -> None:
    done = {
        "name": "linkerd-init",
        "ready": True,
        "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
    }
    assert "linkerd-init" not in explained(destination(CRASHED, init=(done,))).text


def test_a_native_sidecar_is_blamed_like_any_container() -> None:
    spec = {"initContainers": [{"name": "linkerd-proxy", "restartPolicy": "Always"}]}
    proxy = container_status("linkerd-proxy")
    text = "WARN Waiting for identity to be initialized..."
    found = explained(destination(init=(proxy,), spec=spec), **logs(text, "linkerd-proxy"))
    assert "container linkerd-proxy is running but not ready" in found.text
    assert found.rank == 2


def test_where_no_container_has_started_the_newest_event_says_why() -> None:
    message = 'MountVolume.SetUp failed for volume "policy-tls" : secret "{}" not found'
    name = "linkerd-policy-validator-k8s-tls"
    creating = container_status("policy", waiting="ContainerCreating")
    found = explained(
        destination(creating),
        event("FailedMount", message.format("old"), "linkerd", POD_NAME, at="11:00"),
        event("FailedMount", message.format(name), "linkerd", POD_NAME, at="11:58"),
        event("FailedMount", message.format("other"), "linkerd", "another-pod", at="11:59"),
        event("Unhealthy", "readiness probe failed", "linkerd", POD_NAME, at="11:59"),
    )
    assert f"no container has started: FailedMount: {message.format(name)}" in found.text
    assert found.cause is not None and "does not exist" in found.cause.text


def test_a_pod_that_no_node_accepts_is_reported_by_its_condition() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available: 3 Insufficient memory.",
    }
    found = explained(destination(conditions=[condition]))
    assert "Unschedulable: 0/3 nodes are available: 3 Insufficient memory." in found.text
    assert found.cause is not None and found.cause.text == "no node can run the pod"


READY = container_status("policy", ready=True)
SILENT = {
    "type": "Ready",
    "status": "Unknown",
    "reason": "NodeStatusUnknown",
    "message": "Kubelet stopped posting node status.",
}


def test_ready_containers_on_a_node_that_is_not_are_explained_by_the_node() -> None:
    lost = node("node-7")
    lost["status"]["conditions"] = [SILENT]
    found = explained(destination(READY, spec={"nodeName": "node-7"}), lost, node("node-8"))
    assert found.text.startswith(
        f"pod {POD_NAME}: node node-7 is not ready: NodeStatusUnknown: Kubelet stopped posting"
    )
    assert found.cause is not None and "does not report" in found.cause.text
    assert "`kubectl describe node node-7`" in found.remedy


def test_ready_containers_wait_for_a_readiness_gate_of_the_pod() -> None:
    spec = {
        "nodeName": "node-1",
        "readinessGates": [
            {"conditionType": "example.com/ok"},
            {"conditionType": "example.com/lb"},
        ],
    }
    held = {"type": "example.com/lb", "status": "False", "reason": "Unhealthy", "message": "no"}
    true = {"type": "example.com/ok", "status": "True"}
    found = explained(destination(READY, spec=spec, conditions=[true, held]), node())
    assert found.text == (
        f"pod {POD_NAME}: its readiness gate example.com/lb is not True: Unhealthy: no"
    )
    missing = explained(destination(READY, spec=spec, conditions=[true]), node())
    assert missing.text.endswith("its readiness gate example.com/lb is not True")


def test_of_ready_containers_it_is_never_reported_that_none_has_started() -> None:
    for nodes in ([], [node()]):
        found = explained(destination(READY, spec={"nodeName": "node-1"}), *nodes)
        assert found.text == f"pod {POD_NAME}: its containers are ready, and the pod is not"


def test_a_workload_without_any_pod_is_reported_by_the_events_of_its_replica_set() -> None:
    refused = 'pods "x" is forbidden: violates PodSecurity "restricted:latest"'
    told = event("FailedCreate", refused, "linkerd", "linkerd-destination-5d8f", "ReplicaSet")
    found = explained(told)
    assert found.text.startswith(f"no pod can be created: FailedCreate: {refused}")
    assert found.cause is not None and "Pod Security" in found.cause.text
    other = event("FailedCreate", refused, "linkerd", "linkerd-identity-5d8f", "ReplicaSet")
    assert unready.explain(view(DOWN, other), DOWN) is None


def test_what_could_not_be_read_is_reported_and_does_not_fail_the_line() -> None:
    unseen = {"unseen": {(EVENT, "linkerd"): "not allowed (status 403)"}}
    assert (
        "events cannot be read: not allowed (status 403)" in explained(destination(), **unseen).text
    )
    denied = explained(destination(CRASHED), **logs("", fault="not allowed (status 403)"))
    assert "(cannot read logs: not allowed (status 403))" in denied.text
    hidden = {"unseen": {(POD, "linkerd"): "not allowed (status 403)"}}
    assert "Pod objects in linkerd cannot be listed" in explained(**hidden).text


def test_no_secret_of_a_log_or_message_is_reported() -> None:
    key = certified("any").key_pem
    shown = explained(
        destination(container_status("policy", waiting="Error", message=f"bad {key}")),
        **logs(f"ERROR cannot parse {key}"),
    )
    assert not any(line in shown.text for line in key.splitlines()[1:-1])


def test_pods_that_are_at_their_end_are_not_spoken_of() -> None:
    evicted = destination(CRASHED)
    evicted["status"]["phase"] = "Failed"
    assert unready.explain(view(DOWN, evicted), DOWN) is None


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.pattern[:30])
def test_every_known_cause_names_its_source_and_only_names_that_are_filled_in(cause: Any) -> None:
    assert cause.source
    assert set(re.findall(r"\{(\w+)\}", cause.remedy)) <= {"namespace", "pod", "node", "workload"}


@pytest.mark.parametrize(
    ("container", "line", "told"),
    [
        (
            "identity",
            'level=fatal msg="Failed to initialize identity service: failed to verify issuer '
            "credentials for 'identity.linkerd.cluster.local' with trust anchors: x509: "
            'certificate signed by unknown authority"',
            "not signed by any of the trust anchors",
        ),
        (
            "identity",
            "failed to verify issuer credentials for 'identity.linkerd.cluster.local' with trust "
            "anchors: x509: certificate has expired or is not yet valid: current time X is after Y",
            "has expired",
        ),
        ("identity", "failed to read CA from disk: unsupported block type: 'X'", "a form"),
        (
            "linkerd-proxy",
            "WARN linkerd_reconnect: Failed to connect error=invalid peer certificate: "
            "BadSignature",
            "other trust roots",
        ),
        ("linkerd-proxy", "invalid peer certificate: UnknownIssuer", "other trust roots"),
        (
            "linkerd-proxy",
            "invalid peer certificate: certificate expired: verification time 1, after 2",
            "has expired",
        ),
        ("linkerd-proxy", "Failed to obtain identity error=timeout", "identity controller"),
        (
            "controller",
            "Error processing RepairEndpoints: the server has asked for the client to provide "
            "credentials",
            "does not accept the token",
        ),
        (
            "ambassador",
            "conversion webhook for getambassador.io/v2, Kind=Mapping failed: Post x",
            "emissary-apiext",
        ),
        (
            "",
            'failed calling webhook "linkerd-proxy-injector.linkerd.io": failed to call webhook: '
            "Post x: x509: certificate signed by unknown authority",
            "certificate of the webhook",
        ),
        ("", "exceeded quota: few, requested: pods=1", "ResourceQuota"),
    ],
)
def test_the_words_of_each_program_name_its_cause(container: str, line: str, told: str) -> None:
    cause = cause_of([(container, line)])
    assert cause is not None and told in cause.text


def test_words_of_another_container_are_no_cause() -> None:
    assert cause_of([("ambassador", "could not load private key")]) is None
    assert cause_of([("ambassador", "BadSignature")]) is None


# In the lines of the report


def control_plane(*objects: dict[str, Any], **fields: Any) -> Finding:
    identity = deployment("linkerd-identity", "linkerd", available=0)
    record = helm_record("linkerd-control-plane", "linkerd", objects=(DOWN, identity))
    seen = view(DOWN, identity, *objects, releases=helm.histories([record]), **{**fields})
    found = list(releases.helm_releases(cluster_case(seen)))
    return of(found, "release linkerd/linkerd-control-plane has all pods available")


def test_in_the_line_of_a_release_the_cause_comes_before_what_follows_from_it() -> None:
    waits = destination(container_status("linkerd-proxy"))
    name = "linkerd-identity-7c9-abcde"
    crashed = container_status("identity", waiting="CrashLoopBackOff", exit_code=1, restarts=2)
    pod = troubled(name, "linkerd", crashed, labels={"app": "linkerd-identity"})
    text = (
        "failed to verify issuer credentials for 'x' with trust anchors: x509: certificate "
        "signed by unknown authority"
    )
    line = control_plane(
        waits,
        pod,
        logs={
            ("linkerd", POD_NAME, "linkerd-proxy"): Log("Waiting for identity to be initialized"),
            ("linkerd", name, "identity"): Log(text),
        },
    )
    assert line.status is Status.FAILURE
    assert line.detail.startswith(f"linkerd-identity: 0 of 1 pods available: pod {name}")
    assert line.hint.startswith("run `pulumi up --refresh`, so that anchors and issuer")


def test_the_line_of_a_workload_outside_of_releases_is_explained_as_well() -> None:
    seen = view(DOWN, destination(CRASHED), **logs(SEC1_LOG))
    (found,) = workload(seen, unready_kind(), "linkerd", "linkerd-destination", "see pods")
    assert "could not load private key" in found.detail
    assert "pulumi up" in found.hint


def unready_kind() -> Any:
    from vocabulary.kinds import DEPLOYMENT

    return DEPLOYMENT


def test_a_workload_that_is_scaled_to_nothing_is_a_failure() -> None:
    assert availability(deployment("a", "b", replicas=0)) == (
        Status.FAILURE,
        "it is scaled to 0 replicas",
    )


def test_the_meshed_pods_of_other_people_are_explained_too() -> None:
    content = settings()
    content["clusters"]["west"]["meshed"] = [
        {"kind": "Deployment", "namespace": "shop", "name": "web"}
    ]
    config = mesh(content)
    web = deployment("web", "shop", pod_annotations={"linkerd.io/inject": "enabled"}, available=0)
    web["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    pod = troubled(
        "web-1",
        "shop",
        container_status("web", waiting="ErrImagePull"),
        labels={"app": "web"},
        spec={"containers": [{"name": "web"}, {"name": "linkerd-proxy"}]},
    )
    found = list(meshed.meshed(cluster_case(view(web, pod), config)))
    (line,) = [one for one in found if one.status is Status.FAILURE]
    assert line.title == "the meshed pods of Deployment shop/web are ready"
    assert "container web is in ErrImagePull" in line.detail


# What is read


def wanted(seen: View) -> list[LogRequest]:
    return list(pod_logs.wanted(mesh(), "west", seen))


def test_only_logs_of_pods_that_are_not_ready_are_read() -> None:
    ready = destination(CRASHED)
    ready["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert wanted(view(DOWN, ready)) == []
    assert wanted(view(deployment("linkerd-destination", "linkerd"), destination(CRASHED))) == []
    assert wanted(view(DOWN, destination(CRASHED))) == [
        LogRequest("linkerd", POD_NAME, "policy", True)
    ]
    running = destination(container_status("policy"))
    assert wanted(view(DOWN, running)) == [LogRequest("linkerd", POD_NAME, "policy", False)]


def test_no_log_of_what_never_ran_is_asked_for() -> None:
    waiting = container_status("policy", waiting="ImagePullBackOff")
    assert wanted(view(DOWN, destination(waiting))) == []


def test_the_logs_of_other_peoples_pods_are_not_read() -> None:
    theirs = deployment("theirs", "default", available=0)
    pod = troubled("theirs-1", "default", CRASHED, labels={"app": "theirs"})
    seen = view(theirs, pod)
    assert wanted(seen) == []
    assert list(pod_logs.lists(mesh(), "west", seen)) == []


def test_pods_and_events_are_listed_where_something_is_not_available() -> None:
    listings = pod_logs.lists(mesh(), "west", view(DOWN))
    assert [(one.kind, one.namespace) for one in listings] == [
        (POD, "linkerd"),
        (EVENT, "linkerd"),
    ]
    assert list(pod_logs.lists(mesh(), "west", view(DOWN, node(kwok=True)))) == []


def test_of_a_failed_set_of_pods_the_one_that_shows_most_is_read() -> None:
    quiet = troubled("linkerd-destination-a", "linkerd", labels=LABELS)
    seen = view(DOWN, quiet, destination(CRASHED))
    assert [one.pod for one in wanted(seen)] == [POD_NAME]
