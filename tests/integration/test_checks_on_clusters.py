"""`./mesh check` on two real API servers: it passes a healthy mesh and fails broken ones.

Every test breaks one thing, expects the lines that say so and no other failing ones, and mends it.
"""

from __future__ import annotations

import base64
import copy
import datetime
import gzip
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from checks import Report, Status
from checks.run.printing import print_report
from contracts.rows.links import RIGHTS
from tests.certificates import ISSUER, ROOT, Certified, certified, loaded
from tests.integration.accounts import CONFIG, user
from tests.integration.mesh_fixture import (
    HealthyMesh,
    healthy_mesh,
    mesh_on_clusters,
    secret_value,
    until,
)

__all__ = ["healthy_mesh", "mesh_on_clusters"]

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(600)]

CREDENTIALS = "cluster-credentials-target"
MIRROR = "qotm-linkerd2-target"
LINK = "source -> target"
Thing = dict[str, Any]


def lines(report: Report, status: Status) -> set[tuple[str, str]]:
    """Place and title of every result with this status."""
    return {(result.cluster, result.title) for result in report.results if result.status is status}


def failures(report: Report) -> set[tuple[str, str]]:
    return lines(report, Status.FAILURE)


@contextmanager
def changed(
    mesh: HealthyMesh, cluster: str, kind: str, namespace: str, name: str
) -> Iterator[Thing]:
    """An object to change in place; it is put into the cluster, and put back at the end."""
    before = mesh.get(cluster, kind, namespace, name)
    try:
        yield copy.deepcopy(before)
    finally:
        mesh.put(cluster, before)


@contextmanager
def deleted(
    mesh: HealthyMesh, cluster: str, kind: str, namespace: str, name: str
) -> Iterator[None]:
    """An object that is gone, and put back at the end."""
    before = mesh.get(cluster, kind, namespace, name)
    mesh.delete(cluster, kind, namespace, name)
    try:
        yield
    finally:
        mesh.put(cluster, before)
        mesh.wait_available(cluster)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SIMULATED = {
    ("source", "Ambassador is meshed"),
    ("target", "Ambassador is meshed"),
    ("target", "the sample is meshed"),
    (LINK, "the service mirror is running"),
}
"""What is warned of where pods are simulated."""


def test_a_healthy_mesh_has_no_failure_and_warns_only_of_what_is_simulated(
    healthy_mesh: HealthyMesh,
) -> None:
    report = healthy_mesh.check()
    assert failures(report) == set()
    assert lines(report, Status.WARNING) == SIMULATED
    assert report.exit_code == 0
    (gateway,) = report.gateways
    assert (gateway.source, gateway.target, gateway.alive) == ("source", "target", "unknown")
    assert gateway.address.endswith(":4143")


def test_neither_the_report_nor_its_json_shows_a_key_or_a_token(
    healthy_mesh: HealthyMesh,
) -> None:
    report = healthy_mesh.check()
    text = io.StringIO()
    print_report(report, Console(file=text))
    said = text.getvalue() + report.as_json()
    issuer = healthy_mesh.get("target", "secret", "linkerd", "linkerd-identity-issuer")
    account = healthy_mesh.config.links[0].service_account
    token = healthy_mesh.get("target", "secret", "linkerd-multicluster", f"{account}-token")
    for part in (*secret_value(issuer, "tls.key").splitlines(), secret_value(token, "token")):
        if "PRIVATE KEY" not in part:
            assert part not in said


# Trust


def stranger() -> Certified:
    """An anchor that no cluster has, with the name of the mesh's anchor."""
    return certified(ROOT)


def own_anchor(mesh: HealthyMesh) -> Certified:
    made = mesh.recording.named("trust-anchor-anchor.root-certificate")
    return loaded(made.outputs["certPem"], made.inputs["privateKeyPem"])


def issuer(signer: Certified, **fields: Any) -> Certified:
    return certified(ISSUER, signer, hosts=(ISSUER,), **fields)


def test_a_cluster_with_another_anchor_is_reported(healthy_mesh: HealthyMesh) -> None:
    other = stranger().pem
    roots = ("configmap", "linkerd", "linkerd-identity-trust-roots")
    config = ("configmap", "linkerd", "linkerd-config")
    with (
        changed(healthy_mesh, "target", *roots) as bundle,
        changed(healthy_mesh, "target", *config) as settings,
    ):
        bundle["data"]["ca-bundle.crt"] = other
        values = yaml.safe_load(settings["data"]["values"])
        values["identityTrustAnchorsPEM"] = other
        settings["data"]["values"] = yaml.safe_dump(values)
        healthy_mesh.put("target", bundle)
        healthy_mesh.put("target", settings)
        report = healthy_mesh.check()
    assert failures(report) == {
        ("all", "all clusters trust the same anchors"),
        ("target", "the issuer is signed by a trust anchor"),
        ("target", "meshed pods trust the current anchors"),
        (LINK, "meshed pods of target trust the issuer of source"),
    }


def with_issuer(mesh: HealthyMesh, made: Certified) -> Report:
    """What is found while the source has this issuer."""
    name = ("secret", "linkerd", "linkerd-identity-issuer")
    with changed(mesh, "source", *name) as issuer:
        issuer["data"] |= {"tls.crt": encoded(made.pem), "tls.key": encoded(made.key_pem)}
        mesh.put("source", issuer)
        return mesh.check()


def test_an_expired_issuer_is_reported(healthy_mesh: HealthyMesh) -> None:
    begins = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=100)
    old = issuer(own_anchor(healthy_mesh), begins=begins, days=99)
    report = with_issuer(healthy_mesh, old)
    assert failures(report) == {("source", "the issuer is valid now")}


def test_an_issuer_of_another_anchor_is_reported(healthy_mesh: HealthyMesh) -> None:
    report = with_issuer(healthy_mesh, issuer(stranger()))
    assert failures(report) == {
        ("source", "the issuer is signed by a trust anchor"),
        (LINK, "meshed pods of target trust the issuer of source"),
    }


def test_an_issuer_that_ends_soon_is_only_warned_of(healthy_mesh: HealthyMesh) -> None:
    report = with_issuer(healthy_mesh, issuer(own_anchor(healthy_mesh), days=30))
    assert failures(report) == set()
    assert lines(report, Status.WARNING) - SIMULATED == {
        ("source", "the issuer is valid for 60 more days")
    }


def test_a_webhook_with_another_authority_is_reported(healthy_mesh: HealthyMesh) -> None:
    hook = ("mutatingwebhookconfiguration", "", "linkerd-proxy-injector-webhook-config")
    with changed(healthy_mesh, "target", *hook) as registration:
        for webhook in registration["webhooks"]:
            webhook["clientConfig"]["caBundle"] = encoded(stranger().pem)
        healthy_mesh.put("target", registration)
        report = healthy_mesh.check()
    assert failures(report) == {
        ("target", "webhook linkerd-proxy-injector has a valid certificate")
    }


# Links


@pytest.mark.parametrize("namespace", ["linkerd-multicluster", "linkerd"])
def test_missing_credentials_are_reported(healthy_mesh: HealthyMesh, namespace: str) -> None:
    with deleted(healthy_mesh, "source", "secret", namespace, CREDENTIALS):
        report = healthy_mesh.check()
    assert failures(report) == {(LINK, f"Secret {namespace}/{CREDENTIALS} has usable credentials")}


def test_a_withdrawn_token_fails_when_it_is_tried(healthy_mesh: HealthyMesh) -> None:
    account = healthy_mesh.config.links[0].service_account
    with deleted(healthy_mesh, "target", "serviceaccount", "linkerd-multicluster", account):
        until(
            lambda: healthy_mesh.exists(
                "target", "secret", "linkerd-multicluster", f"{account}-token"
            ),
            lambda there: not there,
        )
        # An API server keeps what it knows of a token for some seconds.
        report = until(healthy_mesh.check, lambda found: len(failures(found)) > 1)
    # The account is back, but under another UID, so its token has to be created and copied again.
    healthy_mesh.renew_token(healthy_mesh.config.links[0])
    assert failures(report) == {
        (LINK, f"the target has ServiceAccount {account} with a role and a token"),
        (LINK, "the credentials can get, list and watch Services in the target"),
    }
    assert failures(until(healthy_mesh.check, lambda found: not failures(found))) == set()


def test_a_role_without_the_rights_fails_when_it_is_tried(healthy_mesh: HealthyMesh) -> None:
    account = healthy_mesh.config.links[0].service_account
    with changed(healthy_mesh, "target", "clusterrole", "", account) as role:
        for rule in role["rules"]:
            if "services" in rule["resources"]:
                rule["verbs"] = ["get", "list"]
        healthy_mesh.put("target", role)
        report = until(healthy_mesh.check, lambda found: bool(failures(found)))
    until(healthy_mesh.check, lambda found: not failures(found))
    title = "the credentials can get, list and watch Services in the target"
    assert failures(report) == {(LINK, title)}
    (line,) = [result for result in report.results if result.title == title]
    assert "may not watch Services" in line.detail


def test_a_wrong_identity_on_the_gateways_service_is_reported(healthy_mesh: HealthyMesh) -> None:
    with changed(healthy_mesh, "target", "service", "ambassador", "ambassador") as service:
        service["metadata"]["annotations"]["mirror.linkerd.io/gateway-identity"] = "other"
        healthy_mesh.put("target", service)
        report = healthy_mesh.check()
    assert failures(report) == {
        ("target", "the gateway Service has the identity of Ambassador's proxies")
    }


def test_a_wrong_identity_in_the_link_is_reported(healthy_mesh: HealthyMesh) -> None:
    with changed(healthy_mesh, "source", "link", "linkerd-multicluster", "target") as link:
        link["spec"]["gatewayIdentity"] = "other"
        healthy_mesh.put("source", link)
        report = healthy_mesh.check()
    assert failures(report) == {(LINK, "the Link has the gateway's identity")}


def test_a_gateway_that_moved_is_reported(healthy_mesh: HealthyMesh) -> None:
    with changed(healthy_mesh, "source", "link", "linkerd-multicluster", "target") as link:
        link["spec"]["gatewayAddress"] = "203.0.113.200"
        healthy_mesh.put("source", link)
        report = healthy_mesh.check()
    assert failures(report) == {(LINK, "the Link has the gateway's address")}


def test_a_missing_export_label_is_reported(healthy_mesh: HealthyMesh) -> None:
    with changed(healthy_mesh, "target", "service", "qotm", "qotm-linkerd2") as service:
        del service["metadata"]["labels"]["mirror.linkerd.io/exported"]
        healthy_mesh.put("target", service)
        report = healthy_mesh.check()
    assert failures(report) == {(LINK, "Service qotm/qotm-linkerd2 is exported")}


@pytest.mark.parametrize(
    ("kind", "name", "titles"),
    [
        ("mapping", "linkerd2-qotm", ["Mappings of the stack file exist"]),
        ("host", "wildcard", ["Hosts of the stack file exist"]),
        (
            "server.policy.linkerd.io",
            "ambassador-gateway",
            [
                "the gateway's Servers and policies exist",
                "Server ambassador-gateway decides who can call through the gateway",
            ],
        ),
    ],
)
def test_a_missing_object_of_ambassador_is_reported(
    healthy_mesh: HealthyMesh, kind: str, name: str, titles: list[str]
) -> None:
    with deleted(healthy_mesh, "target", kind, "ambassador", name):
        report = healthy_mesh.check()
    assert failures(report) == {("target", title) for title in titles}


def test_a_route_with_another_prefix_is_reported(healthy_mesh: HealthyMesh) -> None:
    with changed(healthy_mesh, "target", "mapping", "ambassador", "linkerd2-qotm") as mapping:
        mapping["spec"]["prefix"] = "/elsewhere/"
        healthy_mesh.put("target", mapping)
        report = healthy_mesh.check()
    host = "qotm-linkerd2.qotm.svc.cluster.local"
    assert failures(report) == {
        ("target", f"Mapping linkerd2-qotm routes /qotm-linkerd2/ to {host}")
    }


def test_a_backend_without_pods_is_reported_and_that_no_request_was_made(
    healthy_mesh: HealthyMesh,
) -> None:
    backend = "Service qotm/qotm-linkerd2, the target of a Mapping, has ready endpoints"
    assert ("target", backend) in lines(healthy_mesh.check(), Status.OK)
    with changed(healthy_mesh, "target", "service", "qotm", "qotm-linkerd2") as service:
        service["spec"]["selector"] = {"app": "nobody"}
        healthy_mesh.put("target", service)
        report = until(healthy_mesh.check, lambda found: bool(failures(found)))
    until(healthy_mesh.check, lambda found: not failures(found))
    assert failures(report) == {("target", backend)}
    asked = "a request for /qotm-linkerd2/ is answered (Mapping linkerd2-qotm)"
    (line,) = [one for one in report.results if one.title == asked]
    assert line.status is Status.SKIPPED
    assert "simulated" in line.detail


@contextmanager
def mirrored(mesh: HealthyMesh, key: str = "addresses") -> Iterator[None]:
    """What the service mirror makes, as it makes it: lease, mirror, endpoints."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    labels = {
        "mirror.linkerd.io/cluster-name": "target",
        "mirror.linkerd.io/mirrored-service": "true",
    }
    space = "linkerd-multicluster"
    link = mesh.get("source", "links.multicluster.linkerd.io", space, "target")
    address = [{"ip": link["spec"]["gatewayAddress"]}]
    things: list[Thing] = [
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "service-mirror-write-target", "namespace": space},
            "spec": {
                "holderIdentity": "controller-target-0",
                "leaseDurationSeconds": 30,
                "renewTime": now.replace("+00:00", "Z"),
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {
                "name": "probe-target",
                "namespace": space,
                "labels": {"mirror.linkerd.io/cluster-name": "target"},
            },
            "subsets": [{"addresses": address, "ports": [{"port": 4191}]}],
        },
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "qotm"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": MIRROR, "namespace": "qotm", "labels": labels},
            "spec": {"ports": [{"port": 80}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": MIRROR, "namespace": "qotm", "labels": labels},
            "subsets": [{key: address, "ports": [{"port": 4143}]}],
        },
    ]
    for thing in things:
        mesh.put("source", thing)
    try:
        yield
    finally:
        for kind, name in (("lease", "service-mirror-write-target"), ("endpoints", "probe-target")):
            mesh.delete("source", kind, space, name)
        mesh.delete("source", "namespace", "", "qotm")


def test_a_mesh_whose_services_are_mirrored_is_healthy(
    healthy_mesh: HealthyMesh,
) -> None:
    with mirrored(healthy_mesh):
        report = healthy_mesh.check()
        healthy_mesh.delete("source", "service", "qotm", MIRROR)
        without = healthy_mesh.check()
    assert failures(report) == set()
    assert (LINK, "the service mirror is running") in lines(report, Status.OK)
    assert (LINK, f"Service qotm/{MIRROR} mirrors it in the source") in lines(report, Status.OK)
    assert [(row.alive, row.services) for row in report.gateways] == [("unknown", 1)]
    assert failures(without) == {(LINK, f"Service qotm/{MIRROR} mirrors it in the source")}


def test_a_gateway_that_does_not_answer_is_reported(healthy_mesh: HealthyMesh) -> None:
    with mirrored(healthy_mesh, "notReadyAddresses"):
        report = healthy_mesh.check()
    assert failures(report) == {(LINK, "the gateway answers the service mirror's probes")}
    assert [row.alive for row in report.gateways] == ["no"]


# Helm


def recorded(secret: Thing, change: Callable[[Thing], None]) -> Thing:
    """A record of Helm's with its content changed, as the next revision."""
    packed = base64.b64decode(secret_value(secret, "release"))
    record = json.loads(gzip.decompress(packed))
    record["version"] += 1
    change(record)
    content = base64.b64encode(gzip.compress(json.dumps(record).encode())).decode()
    following = copy.deepcopy(secret)
    name, _, number = secret["metadata"]["name"].rpartition(".v")
    following["metadata"]["name"] = f"{name}.v{int(number) + 1}"
    following["metadata"]["labels"] |= {
        "status": record["info"]["status"],
        "version": str(record["version"]),
    }
    following["data"]["release"] = encoded(content)
    return following


def newest_record(mesh: HealthyMesh, cluster: str, namespace: str, name: str) -> Thing:
    listed = mesh.tools.kubectl_run(
        cluster,
        *("get", "secret", "-n", namespace, "-o", "json"),
        *("-l", f"owner=helm,name={name},status=deployed"),
    )
    found: list[Thing] = json.loads(listed)["items"]
    return max(found, key=lambda one: int(one["metadata"]["labels"]["version"]))


@pytest.mark.parametrize("status", ["pending-upgrade", "pending-rollback", "failed"])
def test_a_stuck_release_is_reported_with_the_verb_that_repairs_it(
    healthy_mesh: HealthyMesh, status: str
) -> None:
    def stuck(record: Thing) -> None:
        record["info"]["status"] = status

    before = newest_record(healthy_mesh, "target", "ambassador", "ambassador")
    record = recorded(before, stuck)
    healthy_mesh.put("target", record)
    try:
        report = healthy_mesh.check()
    finally:
        healthy_mesh.delete("target", "secret", "ambassador", record["metadata"]["name"])
    title = "release ambassador/ambassador is deployed"
    assert failures(report) == {("target", title)}
    (line,) = [
        result for result in report.results if (result.cluster, result.title) == ("target", title)
    ]
    assert "`./mesh recover STACK`" in line.hint
    assert failures(healthy_mesh.check()) == set()


def test_a_deployment_missing_from_a_release_is_reported_and_the_hint_restores_it(
    healthy_mesh: HealthyMesh,
) -> None:
    name = "linkerd-destination"
    with deleted(healthy_mesh, "source", "deployment", "linkerd", name):
        report = healthy_mesh.check()
        title = "release linkerd/linkerd-control-plane has all of its objects"
        assert failures(report) == {("source", title)}
        (line,) = [
            result
            for result in report.results
            if (result.cluster, result.title) == ("source", title)
        ]
        assert "Deployment linkerd/linkerd-destination" in line.detail
        command = line.hint.split("`")[1].split()
        assert command[0] == "helm"
        healthy_mesh.tools.helm_run("source", *command[1:])
        assert healthy_mesh.exists("source", "deployment", "linkerd", name)
        healthy_mesh.wait_available("source")
        assert failures(healthy_mesh.check()) == set()


def test_pods_that_are_not_available_are_reported(healthy_mesh: HealthyMesh) -> None:
    with changed(healthy_mesh, "target", "deployment", "linkerd", "linkerd-identity") as identity:
        identity["spec"]["template"]["spec"]["nodeSelector"] = {"nowhere": "at-all"}
        identity["spec"]["strategy"] = {"type": "Recreate", "rollingUpdate": None}
        healthy_mesh.put("target", identity)
        report = until(healthy_mesh.check, lambda found: bool(failures(found)))
    healthy_mesh.wait_available("target")
    assert failures(report) == {
        ("target", "release linkerd/linkerd-control-plane has all pods available")
    }


def test_another_version_in_the_stack_file_is_reported(healthy_mesh: HealthyMesh) -> None:
    config = healthy_mesh.config
    target = config.clusters["target"]
    newer = target.model_copy(
        update={"linkerd": target.linkerd.model_copy(update={"version": "2026.9.1"})}
    )
    report = healthy_mesh.check(
        config=config.model_copy(update={"clusters": {**config.clusters, "target": newer}})
    )
    assert failures(report) == {
        ("target", f"release {release} has version 2026.9.1")
        for release in (
            "linkerd/linkerd-crds",
            "linkerd/linkerd-control-plane",
            "linkerd-multicluster/linkerd-multicluster",
        )
    }


# Reaching the clusters


def test_a_cluster_that_refuses_connections_is_one_line_and_the_others_are_checked(
    healthy_mesh: HealthyMesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load(healthy_mesh.tools.kubeconfig.read_text())
    for entry in content["clusters"]:
        if entry["name"] == "target":
            entry["cluster"]["server"] = "https://127.0.0.1:1"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", str(file))
    report = healthy_mesh.check()
    assert failures(report) == {("target", "the API server answers and is the expected one")}
    assert len([r for r in report.results if r.cluster == "source"]) > 30
    assert json.loads(report.as_json())["success"] is False


def test_a_cluster_that_is_not_the_pinned_one_is_reported(healthy_mesh: HealthyMesh) -> None:
    config = healthy_mesh.config
    other = config.clusters["source"].model_copy(
        update={"uid": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}
    )
    report = healthy_mesh.check(
        config=config.model_copy(update={"clusters": {**config.clusters, "source": other}})
    )
    assert failures(report) == {("source", "the API server answers and is the expected one")}


def test_the_rights_that_an_operator_lacks_are_reported(
    healthy_mesh: HealthyMesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "only-namespaces"
    rules = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    rbac = "rbac.authorization.k8s.io"
    things: list[Thing] = [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": "default"},
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
            "subjects": [subject],
        },
    ]
    for thing in things:
        healthy_mesh.put("source", thing)
    token = healthy_mesh.tools.kubectl_run("source", "create", "token", name).strip()
    content = yaml.safe_load(healthy_mesh.tools.kubeconfig.read_text())
    for entry in content["users"]:
        if "source" in entry["name"]:
            entry["user"] = {"token": token}
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", str(file))
    try:
        after, before = healthy_mesh.check(), healthy_mesh.check(pre=True)
    finally:
        for thing in things:
            metadata = thing["metadata"]
            healthy_mesh.delete(
                "source", thing["kind"], metadata.get("namespace", ""), metadata["name"]
            )
    reported = failures(after)
    assert ("source", "check 'helm releases' can read what it needs") in reported
    assert {place for place, _ in reported} == {"source", LINK}
    assert all("can be made" not in title for _, title in reported)
    assert ("source", "the operator can create what the stack file describes") in failures(before)


# Before an installation


def test_before_an_update_of_a_healthy_mesh_no_check_fails(
    healthy_mesh: HealthyMesh,
) -> None:
    report = healthy_mesh.check(pre=True)
    assert failures(report) == set()
    # They were made by kubectl here.
    assert {title for _, title in lines(report, Status.WARNING)} == {
        "the namespaces do not exist yet, or Pulumi created them"
    }
    assert report.gateways == ()


def test_crds_of_another_release_fail_the_check_before_an_update(healthy_mesh: HealthyMesh) -> None:
    config = healthy_mesh.config
    target = config.clusters["target"]
    assert target.ambassador is not None
    moved = target.ambassador.model_copy(update={"crds_namespace": "elsewhere"})
    clusters = {**config.clusters, "target": target.model_copy(update={"ambassador": moved})}
    report = healthy_mesh.check(config=config.model_copy(update={"clusters": clusters}), pre=True)
    assert failures(report) == {
        ("target", "Ambassador's CRDs: absent, or created by release elsewhere/emissary-crds")
    }


def test_networks_without_the_service_cidr_fail_the_check_before_an_update(
    healthy_mesh: HealthyMesh,
) -> None:
    config = healthy_mesh.config
    narrow = config.clusters["source"].model_copy(
        update={"networks": ("10.0.0.0/8", "172.16.0.0/12")}
    )
    clusters = {**config.clusters, "source": narrow}
    report = healthy_mesh.check(config=config.model_copy(update={"clusters": clusters}), pre=True)
    assert failures(report) == {("source", "clusterNetworks contains all Services")}


def test_plain_manifests_without_releases_are_healthy_too(healthy_mesh: HealthyMesh) -> None:
    listed = json.loads(
        healthy_mesh.tools.kubectl_run(
            "target", "get", "secret", "--all-namespaces", "-l", "owner=helm", "-o", "json"
        )
    )
    for record in listed["items"]:
        metadata = record["metadata"]
        healthy_mesh.delete("target", "secret", metadata["namespace"], metadata["name"])
    try:
        report = healthy_mesh.check()
    finally:
        for record in listed["items"]:
            healthy_mesh.put("target", record)
    assert failures(report) == set()
    assert lines(report, Status.WARNING) - SIMULATED == {
        ("target", "everything installed belongs to a Helm release")
    }


def test_the_source_s_account_may_do_what_its_readers_do_and_nothing_else(
    healthy_mesh: HealthyMesh,
) -> None:
    (link,) = healthy_mesh.config.links
    spaces = json.loads(healthy_mesh.tools.kubectl_run(link.target, "get", "ns", "-o", "json"))
    with (
        user(healthy_mesh, link.target, "default") as anyone,
        user(healthy_mesh, link.target, link.service_account) as source,
    ):
        for space in spaces["items"]:
            name = space["metadata"]["name"]
            given = {(right, ()) for right in RIGHTS - {CONFIG}} | {(CONFIG, ("linkerd-config",))}
            assert source.rules(name) - anyone.rules(name) == given, name
        basic = {right for right, _ in anyone.rules("default")}
        asked = set(source.served())
        assert len({resource for _, resource, _ in asked}) > 100
        assert asked >= RIGHTS
        with ThreadPoolExecutor(8) as pool:
            answers = dict(zip(asked, pool.map(source.may, asked), strict=True))
        allowed = {right for right, answer in answers.items() if answer}
        assert allowed == (RIGHTS - {CONFIG}) | (basic & asked)
        assert source.may(CONFIG, "linkerd-config")
        assert not source.may(CONFIG, "another")
