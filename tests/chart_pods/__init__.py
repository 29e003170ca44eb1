"""The pods and policies of Linkerd's published charts: labels, ports, Servers, as data beside this.

``python -m tests.chart_pods DIR`` writes the data from the packages in a folder. Nothing but names,
labels, ports and policies is kept. Charts of edge releases: linkerd/linkerd2 at the tag of that
release, packaged by Helm.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.certificates import ISSUER, ROOT, certified

FOLDER = Path(__file__).resolve().parent
"""Where the data is kept, one file for each version of Linkerd."""
VERSIONS = tuple(sorted(file.stem for file in FOLDER.glob("*.json")))
"""The versions of which there is data."""

Object = dict[str, Any]

NAMESPACES = {
    "linkerd-control-plane": "linkerd",
    "linkerd-viz": "linkerd-viz",
    "linkerd-multicluster": "linkerd-multicluster",
    "linkerd-multicluster-link": "linkerd-multicluster",
    "linkerd-jaeger": "linkerd-jaeger",
}
"""The charts with pods, and where each is installed."""
_PACKAGE = re.compile(r"(?P<chart>.+?)-(?P<version>[0-9]+\.[0-9]+\.[0-9]+)\.tgz")
_POLICY = ("Server", "AuthorizationPolicy", "MeshTLSAuthentication", "NetworkAuthentication")
_READ = re.compile(r"linkerd\.io/inject|config\.linkerd\.io/.*")
"""Annotations of pods that the injector and the policy controller read."""


def recorded(version: str) -> dict[str, Object]:
    """The pods and policies of each chart of a version of Linkerd."""
    found: dict[str, Object] = json.loads((FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    return found


def packages(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Chart, version and file of every package of Linkerd in a folder."""
    for file in sorted(folder.glob("*.tgz")):
        match = _PACKAGE.fullmatch(file.name)
        if match is not None and match["chart"] in NAMESPACES:
            yield match["chart"], match["version"], file


def contents(helm: str, folder: Path) -> dict[str, str]:
    """The data of all packages in a folder, by the names of its files."""
    found: dict[str, dict[str, Object]] = defaultdict(dict)
    for chart, version, file in packages(folder):
        found[version][chart] = facts(helm, chart, file)
    return {
        f"{version}.json": json.dumps(charts, indent=1, sort_keys=True) + "\n"
        for version, charts in found.items()
    }


def facts(helm: str, chart: str, package: Path) -> Object:
    """The pods and policies of a packaged chart. Raises CalledProcessError: Helm refuses it."""
    objects = _rendered(helm, chart, package)
    return {
        "pods": [_pods(item, NAMESPACES[chart]) for item in objects if item["kind"] in _WORKLOADS],
        "policies": [
            {"kind": item["kind"], "name": item["metadata"]["name"], "spec": item["spec"]}
            for item in objects
            if item["kind"] in _POLICY and str(item["apiVersion"]).startswith("policy.linkerd.io")
        ],
    }


_WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")


def _pods(workload: Object, namespace: str) -> Object:
    template = workload["spec"]["template"]
    metadata, spec = template["metadata"], template["spec"]
    return {
        "workload": f"{workload['kind']} {workload['metadata']['name']}",
        "namespace": workload["metadata"].get("namespace", namespace),
        "labels": metadata.get("labels") or {},
        "annotations": {
            key: value
            for key, value in (metadata.get("annotations") or {}).items()
            if _READ.fullmatch(key)
        },
        "containers": {
            container["name"]: {
                str(port.get("name")): port["containerPort"] for port in container.get("ports", [])
            }
            for container in (*spec.get("initContainers", []), *spec["containers"])
        },
    }


def _rendered(helm: str, chart: str, package: Path) -> list[Object]:
    command = [helm, "template", chart, str(package), "--namespace", NAMESPACES[chart]]
    command += ["--values", "-"]
    done = subprocess.run(
        command, input=json.dumps(_values(chart)), capture_output=True, text=True, check=True
    )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [item for item in yaml.load_all(done.stdout, loader) if item]


def _values(chart: str) -> Object:
    if chart == "linkerd-control-plane":
        anchor = certified(ROOT)
        issuer = certified(ISSUER, anchor)
        anchors = {"identityTrustAnchorsPEM": anchor.pem}
        pair = {"crtPEM": issuer.pem, "keyPEM": issuer.key_pem}
        return {**anchors, "identity": {"issuer": {"tls": pair}}}
    if chart == "linkerd-jaeger":
        return {"collector": {"enabled": False}, "jaeger": {"enabled": False}}
    # The program's gateway is Ambassador.
    if chart == "linkerd-multicluster-link":
        return {"targetClusterName": "west"}
    links = {"controllers": [{"link": {"ref": {"name": "west"}}}], "gateway": {"enabled": False}}
    return links if chart == "linkerd-multicluster" else {}
