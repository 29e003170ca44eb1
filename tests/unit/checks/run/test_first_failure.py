"""Of each fault, the first failing line of the report names the cause.

The clusters are those of the stack `local`, rendered with the stand-in charts, as if everything in
them ran; then one fault is put in, with what follows from it.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from checks.facts.case import Answer
from checks.facts.results import Report, Status
from checks.facts.view import Log, View
from checks.run import reading
from checks.run import report as running
from config import MeshConfig
from config.inventory import inventory
from kube import helm
from tests.certificates import Certified
from tests.unit.checks.builders import (
    certified,
    container_status,
    endpoints,
    event,
    helm_record,
    node,
    service,
    thing,
    troubled,
)
from tests.unit.checks.run.test_stacks import NOW, views_of
from tests.unit.conftest import Rendered
from vocabulary.kinds import WORKLOADS, Kind, name_of, namespace_of

STACK = "local"
VALIDATOR = "linkerd-policy-validator-k8s-tls"
POLICY = "policy.linkerd.io/v1beta3"
Objects = dict[tuple[str, str, str], dict[str, Any]]


@dataclass
class Cluster:
    """A cluster whose objects a test may change, by kind, namespace and name."""

    view: View
    objects: Objects
    logs: dict[tuple[str, str, str], Log] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    """Names of releases whose last change failed."""

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        return self.objects[kind, namespace, name]

    def add(self, *objects: dict[str, Any]) -> None:
        for one in objects:
            self.objects[str(one["kind"]), namespace_of(one), name_of(one)] = one

    def down(self, namespace: str, name: str, *pods: dict[str, Any], log: str = "") -> None:
        """Let a Deployment have no available pod, and these pods; `log` is that of each."""
        workload = self.get("Deployment", namespace, name)
        workload["status"]["availableReplicas"] = 0
        labels = workload["spec"]["selector"]["matchLabels"]
        for pod in pods:
            pod["metadata"]["labels"] = dict(labels)
            self.add(pod)
            for status in pod["status"]["containerStatuses"]:
                self.logs[namespace, name_of(pod), status["name"]] = Log(log)

    def seen(self, config: MeshConfig) -> View:
        objects = tuple(self.objects.values())
        records = []
        for release in inventory(config, self.view.cluster).releases:
            made = tuple(
                one
                for one in objects
                if Kind.of(one) in WORKLOADS and namespace_of(one) == release.namespace
            )
            whole = release.name not in ("linkerd-crds", "emissary-crds")
            records.append(
                helm_record(
                    release.name,
                    release.namespace,
                    chart=release.chart,
                    version=release.version,
                    status="failed" if release.name in self.failed else "deployed",
                    objects=made if whole else (),
                )
            )
        return View(
            cluster=self.view.cluster,
            uid=f"uid-of-{self.view.cluster}",
            version="v1.34.0",
            objects=objects,
            served=self.view.served,
            releases=helm.histories(records),
            logs=self.logs,
            clock_offset=0.0,
            now=NOW,
        )


Clusters = dict[str, Cluster]


@pytest.fixture
def sound(
    rendered: Rendered, stack_config: Callable[[str], MeshConfig]
) -> tuple[MeshConfig, Clusters]:
    """The stack's clusters with everything in order."""
    config = stack_config(STACK)
    clusters: Clusters = {}
    for name, view in views_of(config, rendered(STACK)[1]).items():
        listed = [copy.deepcopy(one) for one in view.objects if one["kind"] != "Node"]
        cluster = Cluster(view, {})
        cluster.add(*listed, node())
        cluster.get("Node", "", "node-1")["spec"]["podCIDR"] = "10.1.0.0/24"
        rewrite_key(cluster, PrivateFormat.PKCS8)
        clusters[name] = cluster
    moment = (NOW - timedelta(seconds=5)).isoformat()
    source = clusters["source"]
    source.add(
        thing(
            "coordination.k8s.io/v1",
            "Lease",
            "service-mirror-write-target",
            "linkerd-multicluster",
            spec={"holderIdentity": "controller-target-1", "renewTime": moment},
        ),
        endpoints("probe-target", "linkerd-multicluster"),
        service(
            "qotm-linkerd2-target",
            "qotm",
            labels={
                "mirror.linkerd.io/cluster-name": "target",
                "mirror.linkerd.io/mirrored-service": "true",
            },
        ),
        endpoints("qotm-linkerd2-target", "qotm"),
    )
    return config, clusters


def rewrite_key(cluster: Cluster, form: PrivateFormat) -> None:
    """Write the key of the policy controller's webhook in another form."""
    data = cluster.get("Secret", "linkerd", VALIDATOR)["data"]
    key = load_pem_private_key(base64.b64decode(data["tls.key"]), None)
    data["tls.key"] = base64.b64encode(
        key.private_bytes(Encoding.PEM, form, NoEncryption())
    ).decode()


@pytest.fixture
def report(
    sound: tuple[MeshConfig, Clusters], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Report]:
    """Run the check on the clusters as they are by then."""
    config, clusters = sound

    def view(_: MeshConfig, name: str, *, pre: bool) -> View:
        return clusters[name].seen(config)

    def nothing(*_: object) -> Mapping[str, Answer]:
        return {}

    monkeypatch.setattr(reading, "view_of", view)
    monkeypatch.setattr(reading, "requested", nothing)
    monkeypatch.setattr(reading, "trial_of", lambda *_: reading.Asked())
    monkeypatch.setattr(reading, "metric_of", lambda *_: reading.Asked(metric=True))
    return lambda: running.run(config)


def first(found: Report) -> str:
    """Place, title and detail of the first failing line."""
    for one in found.results:
        if one.status is Status.FAILURE:
            return f"{one.cluster}: {one.title}: {one.detail}"
    return ""


@pytest.fixture
def clusters(sound: tuple[MeshConfig, Clusters]) -> Clusters:
    return sound[1]


Run = Callable[[], Report]


def test_without_a_fault_nothing_fails(report: Run) -> None:
    assert first(report()) == ""


def crashing(name: str, namespace: str, container: str) -> dict[str, Any]:
    status = container_status(container, waiting="CrashLoopBackOff", exit_code=1, restarts=4)
    return troubled(name, namespace, status, labels={})


def test_a_sec1_key(clusters: Clusters, report: Run) -> None:
    target = clusters["target"]
    rewrite_key(target, PrivateFormat.TraditionalOpenSSL)
    target.failed.add("linkerd-control-plane")
    pod = crashing("linkerd-destination-1", "linkerd", "policy")
    log = "Error: failed to read TLS key: could not load private key"
    target.down("linkerd", "linkerd-destination", pod, log=log)
    found = first(report())
    assert found.startswith("target: webhook linkerd-policy-validator")
    assert "SEC1" in found and VALIDATOR in found


def test_a_key_whose_fault_only_the_log_shows(clusters: Clusters, report: Run) -> None:
    """The Secret was mended, and the pod has still the old one."""
    target = clusters["target"]
    target.failed.add("linkerd-control-plane")
    pod = crashing("linkerd-destination-1", "linkerd", "policy")
    log = "Error: failed to read TLS key: could not load private key"
    target.down("linkerd", "linkerd-destination", pod, log=log)
    found = first(report())
    assert "pod linkerd-destination-1: container policy is in CrashLoopBackOff" in found
    assert "could not load private key" in found and "PKCS#8" in found


def stale_pods(cluster: Cluster) -> None:
    old = certified("old", days=3650).pem
    digest = hashlib.sha256(old.encode()).hexdigest()
    for name, namespace in (("web", "shop"), ("controller-target", "linkerd-multicluster")):
        environment = {"name": "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", "value": old}
        cluster.add(
            thing(
                "v1",
                "Pod",
                f"{name}-1",
                namespace,
                labels={
                    "linkerd.io/control-plane-ns": "linkerd",
                    "linkerd.io/proxy-deployment": name,
                },
                annotations={"linkerd.io/trust-root-sha256": digest},
                spec={"containers": [{"name": "linkerd-proxy", "env": [environment]}]},
                status={"phase": "Running"},
            )
        )


def test_stale_roots(clusters: Clusters, report: Run) -> None:
    stale_pods(clusters["source"])
    found = first(report())
    assert found.startswith("source: meshed pods trust the current anchors")
    assert "linkerd-multicluster deployment/controller-target" in found
    assert "shop deployment/web" in found


def issue(cluster: Cluster, one: Certified) -> None:
    data = {"tls.crt": one.pem, "tls.key": one.key_pem}
    secret = cluster.get("Secret", "linkerd", "linkerd-identity-issuer")
    for key, text in data.items():
        secret["data"][key] = base64.b64encode(text.encode()).decode()


ISSUER = "identity.linkerd.cluster.local"


def identity_is_down(cluster: Cluster, reason: str) -> None:
    log = f"failed to verify issuer credentials for '{ISSUER}' with trust anchors: x509: {reason}"
    pod = crashing("linkerd-identity-1", "linkerd", "identity")
    cluster.down("linkerd", "linkerd-identity", pod, log=log)
    waiting = troubled(
        "linkerd-destination-1", "linkerd", container_status("linkerd-proxy"), labels={}
    )
    cluster.down("linkerd", "linkerd-destination", waiting, log="Failed to obtain identity")
    cluster.failed.add("linkerd-control-plane")


def test_a_wrong_issuer(clusters: Clusters, report: Run) -> None:
    stranger = certified(ISSUER, certified("other", begins=NOW, days=999), begins=NOW, days=400)
    issue(clusters["target"], stranger)
    identity_is_down(clusters["target"], "certificate signed by unknown authority")
    found = first(report())
    assert found.startswith("target: the issuer is signed by a trust anchor")
    assert "none of the anchors" in found


def test_an_expired_issuer(clusters: Clusters, report: Run) -> None:
    anchor = certified("other", begins=NOW - timedelta(days=99), days=999)
    issue(clusters["target"], certified(ISSUER, anchor, begins=NOW - timedelta(days=9), days=8))
    identity_is_down(clusters["target"], "certificate has expired or is not yet valid")
    found = first(report())
    assert found.startswith("target: the issuer is valid now") and "it expired on" in found


def test_an_expired_certificate_of_a_webhook(clusters: Clusters, report: Run) -> None:
    host = "linkerd-proxy-injector.linkerd.svc"
    old = certified(host, authority=False, begins=NOW - timedelta(days=9), days=8)
    data = clusters["target"].get("Secret", "linkerd", "linkerd-proxy-injector-k8s-tls")["data"]
    data["tls.crt"] = base64.b64encode(old.pem.encode()).decode()
    data["tls.key"] = base64.b64encode(old.key_pem.encode()).decode()
    found = first(report())
    assert found.startswith("target: webhook linkerd-proxy-injector") and "it expired on" in found


def test_a_deleted_server(clusters: Clusters, report: Run) -> None:
    del clusters["target"].objects["Server", "ambassador", "ambassador-gateway"]
    found = first(report())
    assert found.startswith("target: the gateway's Servers and policies exist")
    assert "Server ambassador-gateway" in found


@pytest.mark.parametrize("port", [8080, 4143])
def test_a_policy_that_denies(clusters: Clusters, report: Run, port: int) -> None:
    lock = thing(
        POLICY,
        "Server",
        "a-lock",
        "ambassador",
        spec={"podSelector": {}, "port": port, "accessPolicy": "deny"},
    )
    # The oldest one decides.
    lock["metadata"]["creationTimestamp"] = ""
    clusters["target"].add(lock)
    found = first(report())
    assert found.startswith("target: ")
    assert f"{port}" in found and "Server a-lock" in found and "no policy lets anyone in" in found


WRONG = "default.ambassador.serviceaccount.identity.linkerd.cluster.local"


def test_a_wrong_gateway_identity_in_the_link(clusters: Clusters, report: Run) -> None:
    link = clusters["source"].get("Link", "linkerd-multicluster", "target")
    link["spec"]["gatewayIdentity"] = WRONG
    found = first(report())
    assert found.startswith("source -> target: the Link has the gateway's identity")
    assert WRONG in found


def test_a_wrong_gateway_identity_at_the_service(clusters: Clusters, report: Run) -> None:
    gateway = clusters["target"].get("Service", "ambassador", "ambassador")
    gateway["metadata"]["annotations"]["mirror.linkerd.io/gateway-identity"] = WRONG
    found = first(report())
    assert found.startswith("target: the gateway Service has the identity") and WRONG in found


def test_a_gateway_that_runs_as_another_account(clusters: Clusters, report: Run) -> None:
    workload = clusters["target"].get("Deployment", "ambassador", "ambassador")
    workload["spec"]["template"]["spec"]["serviceAccountName"] = "default"
    found = first(report())
    assert found.startswith("target: Ambassador runs as ServiceAccount")
    assert "it runs as default" in found


def test_a_running_gateway_pod_of_another_account(clusters: Clusters, report: Run) -> None:
    workload = clusters["target"].get("Deployment", "ambassador", "ambassador")
    clusters["target"].add(
        thing(
            "v1",
            "Pod",
            "ambassador-1",
            "ambassador",
            labels=workload["spec"]["template"]["metadata"]["labels"],
            spec={"serviceAccountName": "old", "containers": [{"name": "linkerd-proxy"}]},
            status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        )
    )
    found = first(report())
    assert found.startswith("target: Ambassador runs as ServiceAccount")
    assert "pod ambassador-1 runs as old" in found


def test_a_mirror_that_crashes(clusters: Clusters, report: Run) -> None:
    pod = crashing("controller-target-1", "linkerd-multicluster", "controller")
    log = "the server has asked for the client to provide credentials"
    clusters["source"].down("linkerd-multicluster", "controller-target", pod, log=log)
    found = first(report())
    assert found.startswith("source: release linkerd-multicluster/linkerd-multicluster has all")
    assert "pod controller-target-1: container controller" in found
    assert "does not accept the token" in found


def test_a_mirror_that_is_scaled_to_nothing(clusters: Clusters, report: Run) -> None:
    mirror = clusters["source"].get("Deployment", "linkerd-multicluster", "controller-target")
    mirror["spec"]["replicas"] = 0
    mirror["status"]["availableReplicas"] = 0
    found = first(report())
    assert "controller-target: it is scaled to 0 replicas" in found


def test_a_mirror_that_holds_no_lease(clusters: Clusters, report: Run) -> None:
    place = ("Lease", "linkerd-multicluster", "service-mirror-write-target")
    clusters["source"].objects[place]["spec"]["renewTime"] = "2026-01-01T00:00:00Z"
    found = first(report())
    assert found.startswith("source -> target: the service mirror is running")
    assert "service-mirror-write-target" in found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda ports: ports.remove(port(ports, "mc-gateway")), "mc-gateway is missing, not 4143"),
        (lambda ports: port(ports, "mc-gateway").update(targetPort=4140), "targets port 4140"),
        (lambda ports: port(ports, "mc-probe").update(targetPort=9), "targets port 9 of the pods"),
        (lambda ports: port(ports, "http").update(targetPort=8888), "no Listener"),
    ],
)
def test_a_closed_port(
    clusters: Clusters, report: Run, change: Callable[[Any], object], told: str
) -> None:
    change(clusters["target"].get("Service", "ambassador", "ambassador")["spec"]["ports"])
    found = first(report())
    assert found.startswith("target: ") and told in found


def port(ports: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [one for one in ports if one["name"] == name]
    return found


def test_a_missing_mount(clusters: Clusters, report: Run) -> None:
    target = clusters["target"]
    target.failed.add("linkerd-control-plane")
    waiting = container_status("policy", waiting="ContainerCreating")
    target.down(
        "linkerd",
        "linkerd-destination",
        troubled("linkerd-destination-1", "linkerd", waiting, labels={}),
    )
    message = 'MountVolume.SetUp failed for volume "x" : configmap "y" not found'
    target.add(event("FailedMount", message, "linkerd", "linkerd-destination-1"))
    found = first(report())
    assert found.startswith("target: release linkerd/linkerd-control-plane has all pods available")
    assert message in found and "does not exist" in found


def test_a_missing_secret_of_a_webhook(clusters: Clusters, report: Run) -> None:
    target = clusters["target"]
    del target.objects["Secret", "linkerd", VALIDATOR]
    waiting = container_status("policy", waiting="ContainerCreating")
    target.down(
        "linkerd",
        "linkerd-destination",
        troubled("linkerd-destination-1", "linkerd", waiting, labels={}),
    )
    found = first(report())
    assert found.startswith("target: webhook linkerd-policy-validator")
    assert f"Secret linkerd/{VALIDATOR} does not exist" in found
