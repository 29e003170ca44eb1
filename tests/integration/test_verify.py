"""`./mesh verify` on real API servers whose pods are simulated: it proves nothing, and says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from kubernetes import client

from local_clusters import LocalCluster
from tests.integration.conftest import Clusters
from tests.stack_builders import changed

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]


@pytest.fixture
def verify(clusters: Clusters, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the verb on a stack file of the two clusters."""
    settings = changed({})
    content = {"config": {f"linkerd-ambassador-mesh:{k}": v for k, v in settings.items()}}
    file = tmp_path / "Pulumi.pair.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "cli/__main__.py", "verify", str(file), *options],
            cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(clusters.kubeconfig), "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    return run


def _namespaces(cluster: LocalCluster) -> set[str]:
    with cluster.api() as api:
        core: Any = client.CoreV1Api(api)
        names = [str(item.metadata.name) for item in core.list_namespace().items]
    return {name for name in names if name.startswith("mesh-verify-")}


def test_with_simulated_pods_nothing_is_called_proven_and_nothing_is_left(
    clusters: Clusters,
    verify: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    junit = tmp_path / "verify.xml"
    done = verify("--json", "--junit", str(junit))
    assert done.returncode == 3, done.stderr
    content = json.loads(done.stdout)
    assert content["success"] is False
    assert content["summary"]["passed"] == content["summary"]["failed"] == 0
    reasons = {one["detail"] for one in content["results"]}
    assert reasons and all("nothing is proven" in reason for reason in reasons), reasons
    suites = ElementTree.parse(junit).getroot()
    assert int(suites.get("skipped", "0")) == int(suites.get("tests", "0")) > 0
    assert _namespaces(clusters.source) == _namespaces(clusters.target) == set()


def test_a_command_is_not_run_where_nothing_can_be_asked_meanwhile(
    verify: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    made = tmp_path / "made"
    done = verify("--during", "touch", str(made))
    assert done.returncode == 3, done.stderr
    assert "simulated" in done.stdout
    assert not made.exists()
