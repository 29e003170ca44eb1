"""The steps of docs/anchors.md, followed on real pods, lose no request."""

from __future__ import annotations

import copy
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from config import PROJECT
from tests.e2e.conftest import ROOT, STACK, Mesh

PAGE = (ROOT / "docs" / "anchors.md").read_text()
COMMANDS = (ROOT / "docs" / "rotate.md").read_text()


def states() -> Iterator[dict[str, Any]]:
    """The trust anchors of the page, step by step; the first is how it begins."""
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S):
        yield yaml.safe_load(block)["trustAnchor"]


def restarts() -> list[str]:
    """The commands of docs/rotate.md that restart workloads by hand."""
    commands = [line for line in COMMANDS.splitlines() if line.startswith("kubectl ")]
    assert any("linkerd-identity" in line for line in commands)
    return commands


def namespaces(context: str) -> list[str]:
    """Namespaces with meshed pods, the control plane's first."""
    shown = subprocess.run(
        [
            *("kubectl", "--context", context, "get", "pods", "-A"),
            *("-l", "linkerd.io/control-plane-ns", "-o", "jsonpath={.items[*].metadata.namespace}"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    found = sorted({name for name in shown if not name.startswith("mesh-verify-")})
    return sorted(found, key=lambda name: name != "linkerd")


def script(folder: Path, contexts: list[str]) -> Path:
    """One step of the page: the update, and the restarts in every cluster."""
    lines = [
        "set -euo pipefail",
        f"pulumi up --stack {STACK} --yes --skip-preview --non-interactive",
    ]
    for context in contexts:
        for command in restarts():
            filled = command.replace("CONTEXT", context)
            spaces = namespaces(context) if "NAMESPACE" in filled else [""]
            lines += [filled.replace("NAMESPACE", space) for space in spaces]
    path = folder / "step.sh"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_no_request_fails_while_an_anchor_is_replaced_by_the_steps_of_the_page(mesh: Mesh) -> None:
    contexts = [os.environ[f"MESH_E2E_{name}"] for name in ("SOURCE", "TARGET")]
    first, *steps = states()

    def with_anchors(anchors: dict[str, Any]) -> dict[str, Any]:
        content = copy.deepcopy(mesh.content)
        content["config"][f"{PROJECT}:trustAnchor"] = anchors
        return content

    mesh.write(with_anchors(first))
    mesh.up()
    for place, anchors in enumerate(steps):
        for later in steps[place + 1 :]:
            mesh.write(with_anchors(later))
            refused = mesh.run(
                *(mesh.command, "preview", "--stack", STACK, "--non-interactive"), codes=(1, 255)
            )
            assert "docs/anchors.md" in refused
        mesh.write(with_anchors(anchors))
        step = script(mesh.folder, contexts)
        print(mesh.mesh("verify", STACK, "--during", "bash", str(step)))
    report = mesh.mesh("verify", STACK)
    assert " 0 failed" in report
