"""A stack on two clusters with real pods, from nothing to nothing again.

    MESH_E2E_SOURCE=CONTEXT MESH_E2E_TARGET=CONTEXT ./mesh test tests/e2e

`MESH_E2E_STACK` names a stack file whose clusters are called `source` and `target`; it may leave
out their contexts. By default a small one is used: a link to the sample of the target, and a
gateway with a load balancer. `MESH_E2E_API_SERVER` is the target's API server as the source
reaches it, where that differs from the kubeconfig. `KUBECONFIG` and `MESH_CHARTS` are as
everywhere. Without the contexts these tests are skipped and say so:
simulated pods carry no request.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.engine.find import find
from config import PROJECT

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
STACK = "e2e"
MINUTES = 60

SMALL = f"""
config:
  kubernetes:strictMode: "true"
  {PROJECT}:protection: {{trustAnchor: false, crds: false}}
  {PROJECT}:clusters:
    source:
      linkerd: &linkerd {{multicluster: {{createNamespaces: true}}}}
      ambassador: {{}}
    target:
      linkerd: *linkerd
      ambassador: {{gateway: {{}}}}
      sample: {{}}
  {PROJECT}:links:
    - source: source
      target: target
      exports:
        - {{namespace: qotm, service: qotm-linkerd2, mapping: {{prefix: /qotm-linkerd2/}}}}
"""


def missing() -> str | None:
    """Why these tests cannot run; None where they can."""
    for name in ("MESH_E2E_SOURCE", "MESH_E2E_TARGET"):
        if not os.environ.get(name):
            return f"{name} names no context of a cluster with real pods"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where a cluster or the engine is missing."""
    reason = missing()
    for item in items:
        if HERE in item.path.parents and reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))


def initial() -> dict[str, Any]:
    """The stack file that is deployed first, with the contexts of the clusters."""
    named = os.environ.get("MESH_E2E_STACK")
    content: dict[str, Any] = yaml.safe_load(Path(named).read_text() if named else SMALL)
    clusters = content["config"][f"{PROJECT}:clusters"]
    for name in ("source", "target"):
        clusters[name] = copy.deepcopy(clusters[name])
        clusters[name].setdefault("context", os.environ[f"MESH_E2E_{name.upper()}"])
    address = os.environ.get("MESH_E2E_API_SERVER")
    if address:
        clusters["target"]["apiServer"] = {"address": address}
    return content


@dataclass
class Mesh:
    """The stack, in a copy of the program, with a backend in a folder of its own."""

    folder: Path
    content: dict[str, Any]
    environment: dict[str, str]
    command: str
    verified: list[dict[str, Any]] = field(default_factory=list)

    def write(self, content: dict[str, Any]) -> None:
        """Make this the stack file; the engine's salt stays in it."""
        path = self.folder / "stacks" / f"Pulumi.{STACK}.yaml"
        salt = yaml.safe_load(path.read_text()).get("encryptionsalt") if path.exists() else None
        text = dict(content) | ({"encryptionsalt": salt} if salt else {})
        path.write_text(yaml.safe_dump(text, sort_keys=False))
        self.content = content

    def pulumi(self, *arguments: str) -> str:
        """Run a command of the engine on the stack; fails where it does."""
        return self.run(self.command, *arguments, "--stack", STACK, "--non-interactive")

    def up(self) -> str:
        """Deploy."""
        return self.pulumi("up", "--yes", "--skip-preview")

    def mesh(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a verb of ./mesh; fails where its exit code is none of `codes`."""
        program = [sys.executable, str(self.folder / "cli" / "__main__.py")]
        return self.run(*program, *arguments, codes=codes)

    def verify(self, *arguments: str) -> dict[str, Any]:
        """What ./mesh verify found, as its JSON has it; fails where a request did."""
        found: dict[str, Any] = json.loads(self.mesh("verify", STACK, "--json", *arguments))
        self.verified.append(found)
        return found

    def run(self, *command: str, codes: tuple[int, ...] = (0,)) -> str:
        """Standard output of a command; its whole output is the message where it fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode in codes, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The stack before its first update; destroyed at the end, whatever happened."""
    base = tmp_path_factory.mktemp("e2e")
    folder = base / "program"
    ignored = shutil.ignore_patterns(".git", ".*_cache", "__pycache__", ".hypothesis", ".venv")
    shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    state = base / "state"
    state.mkdir()
    engine = find(print)
    environment = {
        **engine.environment,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "e2e",
    }
    made = Mesh(folder, initial(), environment, engine.command)
    made.run(engine.command, "stack", "init", STACK, "--non-interactive")
    made.write(made.content)
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")
