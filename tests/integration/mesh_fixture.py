"""A healthy mesh on the two real clusters of the tests: what `./mesh check` is tried on.

The program is run offline, what it declares is made with helm and kubectl in the order of its
dependencies, and charts are the stand-ins of `charts/stand_ins` (or, with MESH_CHARTS,
the packages in that folder). Another way to deploy replaces `deploy`.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from kubernetes import client

import checks
from charts import ChartSource
from config import MeshConfig, load_stack_file
from config.links.link import LinkConfig
from local_clusters import LocalCluster
from machine.build import ensure
from preflight import examine
from render import ClusterAnswers, Recording, RenderedObject, TlsProvider, manifests, record
from render.recorder import RELEASE
from render.registration import Registration
from tests.integration.conftest import Clusters

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class Tools:
    """helm and kubectl, pointed at the clusters."""

    helm: Path
    kubectl: Path
    kubeconfig: Path
    contexts: Mapping[str, str]
    """Context of each cluster of the stack."""

    def kubectl_run(self, cluster: str, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints."""
        command = [str(self.kubectl), "--kubeconfig", str(self.kubeconfig)]
        return run([*command, "--context", self.contexts[cluster], *arguments], stdin)

    def helm_run(self, cluster: str, *arguments: str, stdin: str = "") -> str:
        """What helm prints."""
        command = [str(self.helm), "--kubeconfig", str(self.kubeconfig)]
        return run([*command, "--kube-context", self.contexts[cluster], *arguments], stdin)


def run(command: list[str], stdin: str = "") -> str:
    """Run a program and give its output; its complaint is the error's text."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True)
class HealthyMesh:
    """The mesh, and how to read and to break it."""

    config: MeshConfig
    clusters: Mapping[str, LocalCluster]
    tools: Tools
    recording: Recording
    """What the program declared, keys of the anchor included."""

    def check(self, *, config: MeshConfig | None = None, pre: bool = False) -> checks.Report:
        """What `./mesh check` finds, for this stack file or another one."""
        return checks.run(config or self.config, pre=pre)

    def get(self, cluster: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """One object; `kind` as for kubectl."""
        space = ["-n", namespace] if namespace else []
        text = self.tools.kubectl_run(cluster, "get", kind, name, *space, "-o", "json")
        thing: dict[str, Any] = json.loads(text)
        return thing

    def put(self, cluster: str, thing: Mapping[str, Any]) -> None:
        """Make an object, or make it what it was."""
        metadata = {
            key: value
            for key, value in thing["metadata"].items()
            if key in ("name", "namespace", "labels", "annotations", "ownerReferences")
        }
        body = {key: value for key, value in thing.items() if key not in ("status", "metadata")}
        text = json.dumps({**body, "metadata": metadata})
        exists = self.exists(
            cluster, thing["kind"], metadata.get("namespace", ""), metadata["name"]
        )
        self.tools.kubectl_run(cluster, "replace" if exists else "create", "-f", "-", stdin=text)

    def exists(self, cluster: str, kind: str, namespace: str, name: str) -> bool:
        """Whether there is such an object."""
        space = ["-n", namespace] if namespace else []
        found = self.tools.kubectl_run(
            cluster, "get", kind, name, *space, "-o", "name", "--ignore-not-found"
        )
        return bool(found.strip())

    def delete(self, cluster: str, kind: str, namespace: str, name: str) -> None:
        """Delete an object and wait until it is gone."""
        space = ["-n", namespace] if namespace else []
        self.tools.kubectl_run(cluster, "delete", kind, name, *space, "--wait")

    def renew_token(self, link: LinkConfig) -> None:
        """Create the token of a link's account again, and copy it into the source's credentials."""
        space, name = "linkerd-multicluster", f"{link.service_account}-token"
        token: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": {
                "name": name,
                "namespace": space,
                "annotations": {"kubernetes.io/service-account.name": link.service_account},
            },
        }
        if not self.exists(link.target, "secret", space, name):
            self.put(link.target, token)
        filled = until(
            lambda: self.get(link.target, "secret", space, name),
            lambda found: bool((found.get("data") or {}).get("token")),
        )
        for namespace in (space, self.config.clusters[link.source].linkerd.namespace):
            secret = self.get(
                link.source, "secret", namespace, f"cluster-credentials-{link.target}"
            )
            content = json.loads(secret_value(secret, "kubeconfig"))
            content["users"][0]["user"]["token"] = secret_value(filled, "token")
            text = json.dumps(content).encode()
            secret["data"]["kubeconfig"] = base64.b64encode(text).decode()
            self.put(link.source, secret)

    def wait_available(self, cluster: str) -> None:
        """Wait until every Deployment is available."""
        self.tools.kubectl_run(
            cluster,
            *("wait", "--for=condition=Available", "deployment", "--all", "--all-namespaces"),
            f"--timeout={WAIT_SECONDS:.0f}s",
        )


class _LiveAnswers(ClusterAnswers):
    """Answers of running clusters, as soon as they have them."""

    def __init__(self, clusters: Mapping[str, LocalCluster]) -> None:
        self._clusters = clusters

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        with self._clusters[cluster].api() as api:
            core = client.CoreV1Api(api)
            data = until(
                lambda: core.read_namespaced_secret(name, namespace).data or {},
                lambda found: bool(found.get("token")),
            )
        return {key: str(value) for key, value in data.items()}

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        with self._clusters[cluster].api() as api:
            core = client.CoreV1Api(api)

            def status() -> dict[str, Any]:
                found = core.read_namespaced_service(name, namespace).status
                return dict(api.sanitize_for_serialization(found))

            return until(status, lambda found: bool(found["loadBalancer"].get("ingress")))


def until(ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Ask until the answer is good, for a minute at most."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        answer = ask()
        if good(answer):
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError("the cluster does not get there")
        time.sleep(0.1)


class _Marker:
    """Leaves releases to helm: one object is in place of each."""

    def render(self, release: Registration) -> list[dict[str, Any]]:
        return [{"apiVersion": "v1", "kind": "Release", "metadata": {"name": release.name}}]


def deploy(config: MeshConfig, clusters: Mapping[str, LocalCluster], tools: Tools) -> Recording:
    """Make in the clusters what the program declares for this stack file."""
    reach = examine(config.clusters)
    charts = ChartSource(None, config.charts)
    tls = TlsProvider()
    # What depends on an answer of a running cluster is left for a second round.
    first = record(config, reach, charts, ClusterAnswers.placeholders(), tls=tls)
    later = first.downstream(first.from_clusters)
    _make(first, tools, lambda urn: urn not in later)
    second = record(config, reach, charts, _LiveAnswers(clusters), tls=tls)
    _make(second, tools, lambda urn: urn in later)
    return second


def _make(recording: Recording, tools: Tools, wanted: Callable[[str], bool]) -> None:
    objects = manifests(recording, _Marker())

    def one(cluster: str) -> None:
        for manifest in objects[cluster]:
            if wanted(manifest.owner.urn):
                _make_one(cluster, manifest, tools)

    with ThreadPoolExecutor() as pool:
        list(pool.map(one, objects))


def _make_one(cluster: str, manifest: RenderedObject, tools: Tools) -> None:
    if manifest.owner.type != RELEASE:
        manager = manifest.field_manager or "test"
        arguments = ["apply", "--server-side", "--field-manager", manager, "-f", "-"]
        tools.kubectl_run(cluster, *arguments, stdin=json.dumps(manifest.object))
        return
    inputs = manifest.owner.inputs
    name = str(inputs["chart"]).rpartition("/")[2]
    folder = os.environ.get("MESH_CHARTS")
    chart = (
        Path(folder) / f"{name}-{inputs['version']}.tgz"
        if folder
        else ROOT / "charts/stand_ins" / name
    )
    tools.helm_run(
        cluster,
        *("install", str(inputs["name"]), str(chart), "--namespace", str(inputs["namespace"])),
        *("--wait", "--timeout", "120s", "--values", "-"),
        stdin=json.dumps(inputs.get("values") or {}),
    )


@pytest.fixture(scope="module")
def mesh_on_clusters(clusters: Clusters) -> Iterator[HealthyMesh]:
    """The mesh of the stack `local`, on the two clusters; it stays there until their end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(clusters.kubeconfig))
        config = load_stack_file(ROOT / "stacks" / "Pulumi.local.yaml")
        programs = ensure(["helm", "kubectl"])
        names = {name: name for name in config.clusters}
        tools = Tools(programs["helm"], programs["kubectl"], clusters.kubeconfig, names)
        by_name = {"source": clusters.source, "target": clusters.target}
        recording = deploy(config, by_name, tools)
        mesh = HealthyMesh(config, by_name, tools, recording)
        for name in names:
            mesh.wait_available(name)
        yield mesh


@pytest.fixture
def healthy_mesh(mesh_on_clusters: HealthyMesh, monkeypatch: pytest.MonkeyPatch) -> HealthyMesh:
    """The mesh; who breaks it mends it again, with `broken`."""
    monkeypatch.setenv("KUBECONFIG", str(mesh_on_clusters.tools.kubeconfig))
    return mesh_on_clusters


def secret_value(secret: Mapping[str, Any], key: str) -> str:
    """The text under a key of a Secret."""
    return base64.b64decode(secret["data"][key]).decode()
