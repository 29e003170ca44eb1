"""Importing a mesh whose state is lost: what the test of the engine and the script both do.

    .venv/bin/python -m tests.imports [STACK …]

deploys each stack file of the tests on local clusters of its own, throws the state away, imports,
and previews; ``by-hand`` is the mesh that the benchmark makes by hand.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from kubernetes import client

from cli.engine.engine import Engine
from cli.engine.scratch import FORCE
from config import PROJECT
from tests.certificates import ROOT as ROOT_NAME
from tests.certificates import certified
from tests.stack_files import ROOT

PASSPHRASE = "of the tests"
UNSTEADY = {"Event", "Lease", "EndpointSlice", "Endpoints", "IPAddress"}
"""Kinds of which controllers make and delete objects at any time."""


class Outcome(NamedTuple):
    """What `./mesh import` did."""

    code: int
    output: str


class LostStack:
    """A stack without a state, in a folder, for clusters that have its mesh already."""

    def __init__(self, folder: Path, engine: Engine, content: Mapping[str, Any], name: str) -> None:
        stacks = folder / "project" / "stacks"
        stacks.mkdir(parents=True)
        (folder / "backend").mkdir()
        self._name = name
        self.file = stacks / f"Pulumi.{name}.yaml"
        self.out = folder / f"{name}.import.json"
        self.write(content)
        (folder / "project" / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
        self.engine = engine.having(
            {
                "PULUMI_CONFIG_PASSPHRASE_FILE": None,
                "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
                "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
            }
        )

    def write(self, content: Mapping[str, Any]) -> None:
        """Write the stack file."""
        kept = {key: value for key, value in content.items() if key != "encryptionsalt"}
        self.file.write_text(yaml.safe_dump(kept))

    def mesh_import(self) -> Outcome:
        """Run `./mesh import`."""
        command = [sys.executable, str(ROOT / "cli" / "__main__.py"), "import", str(self.file)]
        done = subprocess.run(
            [*command, "--out", str(self.out)],
            env=self.engine.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def load(self) -> None:
        """The commands that the import prints."""
        project = self.file.parents[1]
        for command in (
            ["stack", "init", self._name, "--no-select", "--secrets-provider", "passphrase"],
            ["stack", "import", "--stack", self._name, "--file", str(self.out)],
        ):
            lines: list[str] = []
            code = self.engine.execute(command, lines.append, folder=project)
            assert code == 0, "\n".join(lines)

    def planned(self, *, force: bool = False) -> dict[str, str]:
        """What the next update would do, by logical name; unchanged resources left out.

        With `force`, also to fields that others wrote.
        """
        lines: list[str] = []
        command = ["preview", "--json", "--stack", self._name, "--config-file", str(self.file)]
        code = self.engine.having(FORCE if force else {}).execute(command, lines.append)
        text = "\n".join(lines)
        assert code == 0, text
        steps = json.loads(text[text.index("{") :])["steps"]
        return {
            step["urn"].rpartition("::")[2]: step["op"]
            for step in steps
            if step["op"] not in ("same", "read", "refresh")
        }


def with_provided_anchor(content: Mapping[str, Any]) -> dict[str, Any]:
    """Settings whose signing anchor is provided with its key, in the place of a generated one."""
    result = copy.deepcopy(dict(content))
    trust = result["config"].setdefault(f"{PROJECT}:trustAnchor", {})
    anchors = trust.setdefault("anchors", [{"name": "root"}])
    for anchor in anchors:
        if "certificate" not in anchor:
            made = certified(ROOT_NAME, hosts=(ROOT_NAME,), days=3650, identifiers=True)
            anchor |= {"certificate": made.pem, "privateKey": made.old_key_pem}
    return result


def uids(api: client.ApiClient) -> dict[str, str]:
    """UID of every object of a cluster, by its path; of pods too."""

    def get(path: str) -> dict[str, Any]:
        answer = api.call_api("GET", f"{api.configuration.host}{path}")
        content = answer.read()  # type: ignore[no-untyped-call]
        # An aggregated API whose pods are simulated gives no answer.
        found: dict[str, Any] = json.loads(content) if answer.status == 200 else {}
        return found

    groups = [group["preferredVersion"]["groupVersion"] for group in get("/apis")["groups"]]
    found = {}
    for root in ("/api/v1", *(f"/apis/{version}" for version in groups)):
        for resource in get(root).get("resources") or ():
            listed = "/" not in resource["name"] and "list" in resource["verbs"]
            if listed and resource["kind"] not in UNSTEADY:
                for item in get(f"{root}/{resource['name']}").get("items") or ():
                    metadata = item["metadata"]
                    where = f"{metadata.get('namespace', '')}/{metadata['name']}"
                    if metadata.get("uid"):
                        found[f"{root}/{resource['name']} {where}"] = metadata["uid"]
    return found


def commands_of(output: str) -> list[str]:
    """The kubectl commands of remedies."""
    return re.findall(r"^    `(kubectl [^`]+)`", output, re.M)


def environment() -> dict[str, str]:
    """The environment, where API servers of this machine are reached without a proxy."""
    hosts = [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"]
    listed = ",".join(filter(None, hosts))
    return {**os.environ, "NO_PROXY": listed, "no_proxy": listed}
