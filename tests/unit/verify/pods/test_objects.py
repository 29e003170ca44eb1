"""The objects that `./mesh verify` brings into clusters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from config import MeshConfig
from tests.unit.verify.builders import SPACE, seen
from verify.pods import objects, wrong
from verify.questions.plan import Options, OwnService, Pod, Workload
from verify.questions.planning import make
from vocabulary.linkerd import DEFAULT_INBOUND_POLICY

Mesh = Callable[[str], MeshConfig]

FILE = """
clusters:
  a: {{context: a, ambassador: {{}}}}
  b:
    context: b
    ambassador: {{gateway: {{}}}}
    linkerd: {{proxy: {{defaultInboundPolicy: {policy}}}}}
links: [{{source: a, target: b}}]
verify:
  image: registry.example.com/python:3.13
  imagePullSecrets: [{{name: login, dockerConfigJson: '{login}'}}, {{name: there}}]
"""
LOGIN = '{"auths": {"registry.example.com": {"auth": "c2VjcmV0OndvcmQ="}}}'


@pytest.fixture
def config(mesh: Mesh) -> MeshConfig:
    return mesh(FILE.format(policy="deny", login=LOGIN))


def _pods(config: MeshConfig) -> list[dict[str, Any]]:
    plan = make(config, seen(config), Options(), SPACE)
    return [objects.pod(pod, config, SPACE, SPACE, name=pod.name) for pod in plan.pods]


def test_pods_fit_the_pod_security_standard_restricted(config: MeshConfig) -> None:
    for pod in _pods(config):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        kinds = {key for volume in spec["volumes"] for key in volume} - {"name"}
        assert kinds <= {"configMap", "secret"}
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True


def test_image_and_logins_are_those_of_the_stack_file(config: MeshConfig) -> None:
    for pod in _pods(config):
        assert pod["spec"]["containers"][0]["image"] == "registry.example.com/python:3.13"
        assert pod["spec"]["imagePullSecrets"] == [{"name": "login"}, {"name": "there"}]
    (secret,) = objects.pull_secrets(config.verify, SPACE)
    assert json.loads(secret["stringData"][".dockerconfigjson"]) == json.loads(LOGIN)


def test_every_mounted_file_that_a_pod_reads_is_there(config: MeshConfig) -> None:
    plan = make(config, seen(config), Options(), SPACE)
    plans = {pod.name: objects.pod_plan(pod) for pod in plan.pods if pod.cluster == "a"}
    data = objects.config_map(SPACE, SPACE, plans)["data"]
    for pod in (one for one in plan.pods if one.cluster == "a"):
        command = objects.pod(pod, config, SPACE, SPACE, name=pod.name)["spec"]["containers"][0][
            "command"
        ]
        assert {word.removeprefix("/run/verify/") for word in command[1:]} <= set(data)
        plan_read = json.loads(data[f"{pod.name}.json"])
        assert [task["id"] for task in plan_read["tasks"]] == [task["id"] for task in pod.tasks]
    # A ConfigMap holds 1 MiB at most.
    assert sum(map(len, data.values())) < 500_000


@pytest.mark.parametrize(
    ("policy", "server", "client"),
    [
        ("all-unauthenticated", None, None),
        ("audit", None, None),
        ("all-authenticated", None, "all-unauthenticated"),
        ("cluster-authenticated", "all-authenticated", "all-unauthenticated"),
        ("cluster-unauthenticated", "all-authenticated", "all-unauthenticated"),
        ("deny", "all-authenticated", "all-unauthenticated"),
    ],
)
def test_under_every_inbound_policy_pods_admit_what_is_asked_of_them(
    policy: str, server: str | None, client: str | None, mesh: Mesh
) -> None:
    config = mesh(FILE.format(policy=policy, login=LOGIN))
    linkerd = config.clusters["b"].linkerd
    echo = objects.pod_annotations(Pod("b", "echo", meshed=True, serves=True), linkerd)
    asks = objects.pod_annotations(Pod("b", "client", meshed=True), linkerd)
    outside = objects.pod_annotations(Pod("b", "outsider", meshed=False), linkerd)
    assert echo.get(DEFAULT_INBOUND_POLICY) == server
    assert asks.get(DEFAULT_INBOUND_POLICY) == client
    assert outside == {"linkerd.io/inject": "disabled"}


def test_a_client_like_a_workload_has_its_account_and_proxy_settings_and_none_of_its_labels(
    config: MeshConfig,
) -> None:
    template = {
        "metadata": {
            "labels": {"app.kubernetes.io/name": "web", "app": "web"},
            "annotations": {
                "config.linkerd.io/proxy-log-level": "warn",
                "prometheus.io/scrape": "true",
            },
        },
        "spec": {"serviceAccountName": "buyer", "imagePullSecrets": [{"name": "theirs"}]},
    }
    workload = Workload("a", "shop", "deployment", "web", template)
    pod = objects.pod(
        Pod("a", "client", meshed=True, workload=workload),
        config,
        "shop",
        SPACE,
        name=SPACE,
        template=template,
    )
    assert pod["metadata"]["namespace"] == "shop"
    assert set(pod["metadata"]["labels"].values()) == {SPACE, "client"}
    annotations = pod["metadata"]["annotations"]
    assert annotations["config.linkerd.io/proxy-log-level"] == "warn"
    assert "prometheus.io/scrape" not in annotations
    assert pod["spec"]["serviceAccountName"] == "buyer"
    assert {"name": "theirs"} in pod["spec"]["imagePullSecrets"]


def test_a_service_selects_the_server_of_its_own_run() -> None:
    labels = {"team": "shop"}
    made = objects.service(OwnService("b", "echo", labels), SPACE)
    assert labels.items() <= made["metadata"]["labels"].items()
    pod = Pod("b", "echo", meshed=True, serves=True)
    assert made["spec"]["selector"]["app"] == pod.name
    headless = objects.service(OwnService("b", "pods", labels, headless=True), SPACE)
    assert headless["spec"]["clusterIP"] == "None"
    assert "clusterIP" not in made["spec"]


@given(st.integers(-10_000, 10_000).filter(bool))
def test_a_namespace_is_left_over_once_its_moment_has_passed(seconds: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = objects.namespace(SPACE, timedelta(seconds=seconds), now)
    assert objects.expired(made, now) == (seconds < 0)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {}},
        {"labels": {objects.LABEL: "another"}},
        {"annotations": {}},
        {"annotations": {objects.EXPIRES: "yesterday"}},
        {"annotations": {objects.EXPIRES: "2020-01-01T00:00:00"}},
    ],
)
def test_what_is_not_surely_left_by_a_run_is_never_deleted(change: dict[str, Any]) -> None:
    made = objects.namespace(SPACE, timedelta(hours=-1))
    assert objects.expired(made, datetime.now(UTC))
    made["metadata"] |= change
    assert not objects.expired(made, datetime.now(UTC))


def test_the_wrong_certificate_is_of_an_anchor_made_for_it() -> None:
    certificate, key = wrong.certificate("web.shop.serviceaccount.identity.linkerd." + "x" * 60)
    found = x509.load_pem_x509_certificate(certificate.encode())
    assert found.issuer != found.subject
    assert "BEGIN PRIVATE KEY" in key
    other, _ = wrong.certificate("web.shop")
    assert x509.load_pem_x509_certificate(other.encode()).signature != found.signature


def test_a_pod_in_a_headless_service_has_its_name(config: MeshConfig) -> None:
    pod = replace(Pod("b", "echo", meshed=True, serves=True), hostname="echo-0", subdomain="pods")
    spec = objects.pod(pod, config, SPACE, SPACE, name="echo")["spec"]
    assert (spec["hostname"], spec["subdomain"]) == ("echo-0", "pods")
