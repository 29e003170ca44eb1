"""`./mesh demo` without the Pulumi engine, from nothing to nothing, on real control planes.

Nothing here depends on the internet: the engine is left out, and charts come from a folder.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from checks import Status
from checks.run.printing import MARKS
from local_clusters import default_directory
from local_clusters.control_plane.kubeconfig import api_client
from tests.demo import Demo
from tests.packages import packages
from verify.questions import limits

ROOT = Path(__file__).resolve().parents[2]

FAILED = MARKS[Status.FAILURE]

pytestmark = pytest.mark.clusters


@pytest.fixture(scope="module")
def charts(cluster_programs: dict[str, Path]) -> Path:
    """The stand-in charts in a folder."""
    return packages()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, charts: Path) -> Iterator[Demo]:
    """A running demo."""
    demo = Demo(tmp_path_factory.mktemp("state"), charts)
    done = demo.run("--quick")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield demo
    finally:
        demo.run("--down")


def test_the_demo_ends_with_passed_checks_a_table_and_commands(demo: Demo) -> None:
    output = demo.outputs[0]
    assert not any(line.lstrip().startswith(FAILED) for line in output.splitlines())
    assert "√ source: " in output
    assert "√ source -> target: " in output
    assert "Deployments and addresses" in output
    assert "linkerd-destination 1/1" in output
    assert f"export KUBECONFIG={demo.kubeconfig}" in output
    assert "√ The mesh is deployed, and no request went through it yet." in output


def test_the_demo_says_what_verify_says_of_simulated_pods(demo: Demo) -> None:
    said = " ".join(demo.outputs[0].split())
    assert limits.simulated(["source", "target"]) in said
    assert "proven" not in said.replace("nothing is proven", "")


def test_the_link_has_the_address_that_the_load_balancer_gave(demo: Demo) -> None:
    service = demo.get("target", "/api/v1/namespaces/ambassador/services/ambassador")
    link = demo.get(
        "source",
        "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links/target",
    )
    address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert link["spec"]["gatewayAddress"] == address
    assert address in demo.outputs[0]


def test_the_credentials_in_the_source_open_the_target(demo: Demo, tmp_path: Path) -> None:
    path = "/api/v1/namespaces/{}/secrets/cluster-credentials-target"
    found = {
        base64.b64decode(demo.get("source", path.format(space))["data"]["kubeconfig"])
        for space in ("linkerd", "linkerd-multicluster")
    }
    assert len(found) == 1
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(found.pop())
    with api_client(kubeconfig) as api:
        listed = client.CoreV1Api(api).list_service_for_all_namespaces()
        services = api.sanitize_for_serialization(listed)["items"]
    names = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in services}
    assert ("qotm", "qotm-linkerd2") in names


def test_the_sample_service_is_exported_and_otherwise_as_it_was_made(demo: Demo) -> None:
    service = demo.get("target", "/api/v1/namespaces/qotm/services/qotm-linkerd2")
    assert service["metadata"]["labels"]["mirror.linkerd.io/exported"] == "true"
    assert [port["port"] for port in service["spec"]["ports"]] == [80]
    owners = {
        entry["manager"]: json.dumps(entry["fieldsV1"])
        for entry in service["metadata"]["managedFields"]
    }
    labels = [name for name, fields in owners.items() if "mirror.linkerd.io/exported" in fields]
    assert len(labels) == 1
    assert "f:ports" not in owners[labels[0]]


def test_both_clusters_trust_the_same_anchor(demo: Demo) -> None:
    path = "/api/v1/namespaces/linkerd/configmaps/linkerd-identity-trust-roots"
    bundles = [
        demo.get(name, path)["data"]["ca-bundle.crt"].strip() for name in ("source", "target")
    ]
    assert bundles[0] == bundles[1]
    assert "BEGIN CERTIFICATE" in bundles[0]


def test_a_second_run_leaves_the_clusters_and_succeeds(demo: Demo) -> None:
    before = {
        name: demo.get(name, "/api/v1/namespaces/kube-system") for name in ("source", "target")
    }
    done = demo.run("--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    for name, space in before.items():
        now = demo.get(name, "/api/v1/namespaces/kube-system")
        assert now["metadata"]["uid"] == space["metadata"]["uid"]


def test_nothing_secret_is_printed_or_logged(demo: Demo) -> None:
    secrets = [
        base64.b64decode(value).decode()
        for name in ("source", "target")
        for item in demo.get(name, "/api/v1/secrets")["items"]
        for key, value in (item.get("data") or {}).items()
        if key in ("tls.key", "token", "kubeconfig")
    ]
    assert len(secrets) > 5
    written = "".join(demo.outputs)
    written += "".join(path.read_text() for path in demo.folder.glob("*.log"))
    for secret in secrets:
        # One line from the middle of a key is enough.
        line = max(secret.splitlines()[1:-1] or [secret], key=len)
        assert line not in written


def test_other_contexts_are_refused_while_the_demo_runs(demo: Demo) -> None:
    done = demo.run("--source", "a", "--target", "b")
    assert done.returncode == 2
    assert "./mesh demo --down" in done.stderr


def test_clusters_of_others_are_not_touched_by_taking_it_down(charts: Path, tmp_path: Path) -> None:
    demo = Demo(tmp_path, charts)
    others = tmp_path / default_directory().name / "source"
    others.mkdir(parents=True)
    (others / "state.json").write_text("{}")
    assert demo.run("--down").returncode == 0
    assert (others / "state.json").exists()


# The last one: it ends the demo of the others.
def test_taking_it_down_leaves_no_process_and_no_file(demo: Demo) -> None:
    assert any("kube-apiserver" in command for command in demo.processes())
    done = demo.run("--down")
    assert done.returncode == 0, done.stderr
    assert demo.processes() == []
    assert not (demo.folder / "demo").exists()
    assert not demo.kubeconfig.exists()
    assert not (demo.folder / "demo-clusters").exists()
