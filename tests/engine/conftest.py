"""What tests with the real Pulumi engine share: two clusters of their own, and a stack in them.

The engine is that of `./mesh demo`: Pulumi from PATH, else installed, else built from Go modules.
Charts are the stand-ins, or those of the folder that MESH_CHARTS names.
"""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from cli.demo.stack import DemoStack
from cli.engine.engine import Engine
from cli.engine.find import find
from config import PROJECT
from config.variants.linkerds import DEFAULT
from tests.integration.conftest import Clusters, cluster_programs, to_screen, two_clusters
from tests.packages import packages

__all__ = ["cluster_programs"]

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.clusters)


@dataclass
class Run:
    """What a command of the engine did."""

    code: int
    output: str

    def passed(self) -> Run:
        """Itself; fails where the command did."""
        assert self.code == 0, self.output
        return self


@dataclass
class Stack:
    """The stack `local` in the clusters of the tests, with settings that a test may change."""

    stack: DemoStack
    engine: Engine
    clusters: Clusters
    content: dict[str, Any]
    outputs: list[str] = field(default_factory=list)

    def pulumi(
        self,
        *arguments: str,
        content: Mapping[str, Any] | None = None,
        **environment: str,
    ) -> Run:
        """Run a command on the stack, with these settings in place of its own."""
        engine = self.stack.prepare(self.engine, dict(content or self.content))
        file = str(self.stack.stack_file)
        lines: list[str] = []
        code = engine.having(environment).execute(
            [*arguments, "--stack", "local", "--config-file", file], lines.append
        )
        output = "\n".join(lines)
        self.outputs.append(output)
        return Run(code, output)

    def up(self, content: Mapping[str, Any] | None = None) -> Run:
        """Deploy."""
        return self.pulumi("up", "--yes", "--skip-preview", content=content)

    def planned(self, content: Mapping[str, Any] | None = None) -> dict[str, str]:
        """What an update would do to which resource, by logical name; unchanged ones left out."""
        shown = self.pulumi("preview", "--json", content=content).passed().output
        steps = json.loads(shown[shown.index("{") :])["steps"]
        return {
            step["urn"].rpartition("::")[2]: step["op"]
            for step in steps
            if step["op"] not in ("same", "read", "refresh")
        }

    def changed(self, **clusters: Any) -> dict[str, Any]:
        """The settings, with other values laid over those of the named clusters."""
        content = copy.deepcopy(self.content)
        for name, values in clusters.items():
            content["config"][f"{PROJECT}:clusters"][name].update(values)
        return content

    def resources(self) -> list[tuple[str, ...]]:
        """What is in the stack's state, sorted: URN, id, and when it was last touched."""
        exported = json.loads(self.pulumi_plain("stack", "export"))
        # All else may contain secrets, which every export encrypts again.
        return sorted(
            (item["urn"], item.get("id", ""), item.get("modified", ""))
            for item in exported["deployment"].get("resources") or []
        )

    def pulumi_plain(self, *arguments: str) -> str:
        """Standard output of a command that knows no settings."""
        engine = self.stack.prepare(self.engine, self.content)
        done = subprocess.run(
            [engine.command, *arguments, "--stack", "local", "--non-interactive"],
            cwd=ROOT,
            env=engine.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def get(self, cluster: str, path: str) -> dict[str, Any]:
        """What an API server answers at a path."""
        with getattr(self.clusters, cluster).api() as api:
            answer = api.call_api("GET", f"{api.configuration.host}{path}")
            body: dict[str, Any] = json.loads(answer.read())
        return body


@pytest.fixture(scope="package")
def clusters(engine: Engine, cluster_programs: dict[str, Path]) -> Iterator[Clusters]:
    """Two clusters that this process has for itself; they start once the engine is built."""
    with two_clusters(f"engine-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}") as found:
        yield found


@pytest.fixture(scope="session")
def engine(cluster_programs: dict[str, Path]) -> Engine:
    """The engine; its programs are built where they are not installed."""
    return find(lambda text: print(text, file=sys.__stderr__), to_screen)


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The charts of MESH_CHARTS, or the stand-ins; those of Linkerd in a later version too."""
    named = os.environ.get("MESH_CHARTS")
    folder = tmp_path_factory.mktemp("charts")
    for file in (Path(named) if named else packages()).iterdir():
        (folder / file.name).symlink_to(file)
    for file in folder.glob(f"linkerd*-{DEFAULT.newest}.tgz"):
        renamed(file, folder, DEFAULT.newest, LATER)
    return folder


LATER = "2026.9.1"
"""A version of Linkerd's charts after those of the stack files: the same charts, renamed."""


def renamed(package: Path, folder: Path, before: str, after: str) -> None:
    """Write a packaged chart with another version, and with another release of Linkerd, in it."""
    with (
        tarfile.open(package) as old,
        tarfile.open(folder / package.name.replace(before, after), "w:gz") as new,
    ):
        for member in old.getmembers():
            file = old.extractfile(member)
            content = file.read() if file is not None else b""
            for text, other in ((before, after), (f"edge-{before[2:]}", f"edge-{after[2:]}")):
                content = content.replace(text.encode(), other.encode())
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))


@pytest.fixture(scope="package")
def stack(
    engine: Engine, clusters: Clusters, charts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The stack, not deployed; what remains of it ends with the clusters."""
    settings = {
        "KUBECONFIG": str(clusters.kubeconfig),
        "MESH_CHARTS": str(charts),
    }
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())
    folder = tmp_path_factory.mktemp("stack")
    yield Stack(DemoStack(folder), engine.having(settings), clusters, content)


@pytest.fixture(scope="package")
def before(stack: Stack) -> dict[str, dict[str, set[str]]]:
    """What the clusters had before anything was deployed."""
    return {name: cluster_wide(stack, name) for name in ("source", "target")}


@pytest.fixture(scope="package")
def deployed(stack: Stack, before: object) -> Stack:
    """The stack, deployed."""
    stack.up().passed()
    return stack


def cluster_wide(stack: Stack, cluster: str) -> dict[str, set[str]]:
    """Names of everything cluster-wide that deployments tend to leave behind."""
    admission = "/apis/admissionregistration.k8s.io/v1"
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    paths = {
        "namespaces": "/api/v1/namespaces",
        "mutating webhooks": f"{admission}/mutatingwebhookconfigurations",
        "validating webhooks": f"{admission}/validatingwebhookconfigurations",
        "roles": f"{rbac}/clusterroles",
        "bindings": f"{rbac}/clusterrolebindings",
        "namespaced roles": f"{rbac}/roles",
        "namespaced bindings": f"{rbac}/rolebindings",
        "CRDs": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "API services": "/apis/apiregistration.k8s.io/v1/apiservices",
    }
    return {
        what: {
            f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
            for item in stack.get(cluster, path)["items"]
        }
        for what, path in paths.items()
    }


def left_behind(stack: Stack, before: dict[str, dict[str, set[str]]]) -> dict[str, Any]:
    """What is in the clusters that was not there before, but for what Helm keeps on purpose."""
    found = {}
    for name in before:
        for what, names in cluster_wide(stack, name).items():
            more = {
                item
                for item in names - before[name][what]
                if not item.endswith(".gateway.networking.k8s.io")
            }
            if what == "API services":
                more = {item for item in more if "gateway.networking.k8s.io" not in item}
            if more:
                found[f"{name}: {what}"] = more
    return found


def token(stack: Stack, cluster: str) -> str:
    """A credential of the cluster that must never be shown."""
    with getattr(stack.clusters, cluster).api() as api:
        secrets = client.CoreV1Api(api).list_namespaced_secret("linkerd-multicluster").items
        tokens = [item.data["token"] for item in secrets if item.data and "token" in item.data]
    assert len(tokens) == 1
    return str(tokens[0])
