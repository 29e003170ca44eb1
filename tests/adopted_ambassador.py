"""An Ambassador as its owner installs it, for tests that adopt it: by Helm, without the program."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMESPACE = "emissary"
RELEASE = "emissary-ingress"
VERSION = "4.1.0"

Run = Callable[..., str]
"""Runs Helm or kubectl in the cluster and returns what it prints; accepts `stdin`."""

OWN_VALUES = {
    "replicaCount": 1,
    "podAnnotations": {"example.com/owner": "edge-team"},
    "createDefaultListeners": True,
}
"""What the owner has settled."""

KINDS = (
    "deployments",
    "services",
    "serviceaccounts",
    "configmaps",
    "modules.v3alpha1.getambassador.io",
    "hosts.v3alpha1.getambassador.io",
    "mappings.v3alpha1.getambassador.io",
    "listeners.v3alpha1.getambassador.io",
)

COUNTERS = ("resourceVersion", "generation", "managedFields")
"""Metadata that changes with every write, whatever is written."""
REVISION = "deployment.kubernetes.io/revision"
"""Annotation in which the Deployment controller counts rollouts; it cannot be restored."""


def install(helm: Run, charts: Path) -> None:
    """Install CRDs and Ambassador from a folder of packaged charts."""
    for name, chart, namespace, values in (
        ("emissary-crds", "emissary-crds-chart", "emissary-system", {}),
        (RELEASE, "emissary-ingress", NAMESPACE, OWN_VALUES),
    ):
        helm(
            *("install", name, str(charts / f"{chart}-{VERSION}.tgz")),
            *("--namespace", namespace, "--create-namespace"),
            *("--wait", "--timeout", "120s", "--values", "-"),
            stdin=json.dumps(values),
        )


def upgrade(helm: Run, charts: Path, **values: Any) -> None:
    """What the owner does one day: the same release with other values."""
    helm(
        *("upgrade", RELEASE, str(charts / f"emissary-ingress-{VERSION}.tgz")),
        *("--namespace", NAMESPACE, "--wait", "--timeout", "120s", "--values", "-"),
        stdin=json.dumps(OWN_VALUES | values),
    )


def installation(kubectl: Run) -> dict[str, dict[str, Any]]:
    """Everything in Ambassador's namespace by kind and name, and the namespace itself.

    Without status, and without what merely counts writes.
    """
    listed = kubectl("get", ",".join(KINDS), "--namespace", NAMESPACE, "-o", "json")
    space = json.loads(kubectl("get", "namespace", NAMESPACE, "-o", "json"))
    found = {}
    for item in [*json.loads(listed)["items"], space]:
        item.pop("status", None)
        for key in COUNTERS:
            item["metadata"].pop(key, None)
        item["metadata"].get("annotations", {}).pop(REVISION, None)
        found[f"{item['kind']} {item['metadata']['name']}"] = item
    return found


def settings(context: str) -> dict[str, Any]:
    """The settings of a cluster whose Ambassador is adopted as the gateway."""
    return {
        "context": context,
        "networks": ["10.0.0.0/8", "127.0.0.0/8"],
        "apiServer": {"sameMachine": True},
        "ambassador": {
            "namespace": NAMESPACE,
            "name": RELEASE,
            "adopt": {},
            "gateway": {"probe": "ambassador"},
            "hosts": [{"name": "linkerd-host", "hostname": "*"}],
        },
        "sample": {},
    }
