"""The commands of docs/rotate.md, followed on real pods, lose no request."""

from __future__ import annotations

import copy

import yaml

from config import PROJECT
from tests import pages
from tests.e2e.conftest import STACK, Mesh

KEY = f"{PROJECT}:trustAnchor"


def test_no_request_fails_while_an_anchor_is_rotated_by_the_commands_of_the_page(
    mesh: Mesh,
) -> None:
    content = copy.deepcopy(mesh.content)
    content["config"][KEY] = {"restarts": {"by": "rotate", "batch": 2}}
    mesh.write(content)
    mesh.up()
    assert "missing" not in mesh.mesh("rotate", STACK)
    commands = pages.commands("rotate.md", "--next", "--restart", "pulumi up")
    steps = "\n".join(commands).replace("STACK", STACK)
    script = mesh.folder / "step.sh"
    script.write_text(f"set -euo pipefail\n{steps}")
    for _ in range(3):
        print(mesh.mesh("verify", STACK, "--during", "bash", str(script)))
    shown = mesh.mesh("rotate", STACK)
    assert "missing" not in shown and "bundle: root-2\n" in shown
    written = yaml.safe_load((mesh.folder / "stacks" / f"Pulumi.{STACK}.yaml").read_text())
    assert written["config"][KEY]["anchors"] == [{"name": "root-2", "state": "active"}]
    assert " 0 failed" in mesh.mesh("verify", STACK)
