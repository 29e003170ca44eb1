"""A mesh is deployed, asked, changed, asked again and destroyed. The tests run in this order."""

from __future__ import annotations

import copy
import json
import shlex
from typing import Any

from config import PROJECT
from tests.e2e.conftest import STACK, Mesh

POLICY = "all-authenticated"


def failed(found: dict[str, Any]) -> list[Any]:
    return [one for one in found["results"] if one["status"] in ("failure", "failed")]


def test_the_first_update_brings_up_a_mesh_that_answers_through_every_link(mesh: Mesh) -> None:
    mesh.up()
    found = mesh.verify()
    assert failed(found) == []
    assert found["results"]


def test_the_check_agrees_with_the_requests(mesh: Mesh) -> None:
    report = json.loads(mesh.mesh("check", STACK, "--json"))
    assert report["summary"]["failure"] == 0


def test_the_next_preview_expects_no_changes(mesh: Mesh) -> None:
    mesh.pulumi("preview", "--expect-no-changes")


def test_a_strict_inbound_policy_keeps_link_probe_and_public_ports_open(mesh: Mesh) -> None:
    content = copy.deepcopy(mesh.content)
    for cluster in content["config"][f"{PROJECT}:clusters"].values():
        linkerd = cluster.setdefault("linkerd", {})
        linkerd["proxy"] = {**linkerd.get("proxy", {}), "defaultInboundPolicy": POLICY}
    mesh.write(content)
    mesh.up()
    assert failed(mesh.verify()) == []


def test_no_request_fails_while_an_update_changes_nothing(mesh: Mesh) -> None:
    command = [mesh.command, "up", "--yes", "--skip-preview", "--stack", STACK, "--non-interactive"]
    mesh.mesh("verify", STACK, "--during", shlex.join(command))


def test_an_anchor_that_is_replaced_in_one_step_is_refused_and_nothing_fails(mesh: Mesh) -> None:
    content = copy.deepcopy(mesh.content)
    before = content
    replaced = {**content["config"], f"{PROJECT}:trustAnchor": {"anchors": [{"name": "other"}]}}
    mesh.write({**content, "config": replaced})
    output = mesh.run(
        *(mesh.command, "preview", "--stack", STACK, "--non-interactive"), codes=(1, 255)
    )
    assert "docs/anchors.md" in output
    mesh.write(before)
    assert failed(mesh.verify()) == []
