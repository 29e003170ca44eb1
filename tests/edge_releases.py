"""What the charts of Linkerd's edge releases have, read from the tags of a clone of linkerd2.

``python -m tests.edge_releases CLONE`` writes edge_releases.json again: per chart version what
differs from the version before it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("edge_releases.json")
Facts = dict[str, Any]

CRDS = "charts/linkerd-crds"
MIRROR = "multicluster/charts/linkerd-multicluster"
MIRROR_POLICY = f"{MIRROR}/templates/service-mirror-policy.yaml"
INDEX = "policy-controller/k8s/index/src/outbound"


def releases() -> dict[tuple[int, ...], Facts]:
    """What each release has, by year, month and number, the oldest first."""
    found: dict[tuple[int, ...], Facts] = {}
    facts: Facts = {}
    for version, changed in json.loads(DATA.read_text()).items():
        facts = {**facts, **changed}
        found[tuple(map(int, version.split(".")))] = facts
    return found


def first_with(fact: str, value: Any = True) -> tuple[int, ...]:
    """The first release of which `fact` is, or contains, `value`."""
    return next(
        version
        for version, facts in releases().items()
        if facts[fact] == value or (isinstance(facts[fact], list) and value in facts[fact])
    )


class Tag:
    """The files of one tag."""

    def __init__(self, clone: str, tag: str) -> None:
        self.git = ["git", "-C", clone]
        self.tag = tag

    def text(self, path: str) -> str:
        """A file; empty where the tag has no such file."""
        return subprocess.run(
            [*self.git, "show", f"{self.tag}:{path}"], capture_output=True, text=True, check=False
        ).stdout

    def has(self, path: str, pattern: str) -> bool:
        """Whether a file below `path` has a line that matches."""
        command = [*self.git, "grep", "-qE", pattern, self.tag, "--", path]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def crds(self) -> list[str]:
        """Names of the CRDs of Linkerd's own kinds."""
        command = [*self.git, "grep", "-hoE", r"^  name: [a-z]+\.[a-z.]*linkerd\.io", self.tag]
        found = subprocess.run([*command, "--", CRDS], capture_output=True, text=True, check=False)
        return sorted({line.split()[-1] for line in found.stdout.splitlines()})

    def facts(self) -> Facts:
        """What its charts have."""
        versions = {
            name: re.findall(r"^ *- name: (v1[a-z0-9]+)$", self.text(path), re.MULTILINE)
            for name, path in (
                ("Link", f"{MIRROR}/templates/link-crd.yaml"),
                ("Server", f"{CRDS}/templates/policy/server.yaml"),
            )
        }
        chart = self.text("charts/linkerd-control-plane/Chart.yaml")
        kube = re.search(r'kubeVersion: ">=(\d+)\.(\d+)', chart)
        values = "charts/linkerd-control-plane/values.yaml"
        return {
            **versions,
            "kubernetes": [int(kube[1]), int(kube[2])] if kube else None,
            "numbered": "0.0.0-undefined" in chart,
            "controllers": self.has(f"{MIRROR}/values.yaml", "^controllers:"),
            "excluded": self.has("multicluster/service-mirror", "Spec.ExcludedLabels"),
            "installGatewayAPI": self.has(f"{CRDS}/values.yaml", "^installGatewayAPI:"),
            "egress": self.has(values, "globalEgressNetworkNamespace:"),
            "tracing": self.has(values, "^  tracing:"),
            "nativeSidecar": self.has(values, "^  nativeSidecar: true"),
            "jaeger": bool(self.text("jaeger/charts/linkerd-jaeger/Chart.yaml")),
            "jaegerProtocol": self.has("jaeger/charts", "collectorTraceProtocol"),
            "retries": self.has(INDEX, "retry.linkerd.io/http"),
            "unified": self.has(INDEX, '"unified"'),
            "penalizeFailures": self.has(INDEX, "penalize-failures"),
            "crds": self.crds(),
            "vizAdmin": self.has("viz/charts/linkerd-viz/templates", "^  port: admin$"),
            "mirrorServers": self.has(MIRROR_POLICY, "^  name: local-service-mirror$"),
        }


def main(clone: str) -> None:
    """Write the data."""
    tags = subprocess.run(
        ["git", "-C", clone, "tag", "--list", "edge-2[4-9].*", "--sort=version:refname"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    written: dict[str, Facts] = {}
    before: Facts = {}
    for tag in tags:
        facts = Tag(clone, tag).facts()
        changed = {key: value for key, value in facts.items() if before.get(key, ...) != value}
        written[f"20{tag.removeprefix('edge-')}"] = changed
        before = facts
    lines = (f"  {json.dumps(version)}: {json.dumps(facts)}" for version, facts in written.items())
    DATA.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1])
