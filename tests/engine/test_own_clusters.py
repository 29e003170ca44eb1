"""`./mesh demo` in clusters of one's own: it comes, and leaves nothing there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.engine.conftest import ROOT, Stack, left_behind


def test_the_demo_comes_to_clusters_of_ones_own_and_leaves_them(
    stack: Stack, before: dict[str, dict[str, set[str]]], charts: Path, tmp_path: Path
) -> None:
    def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "KUBECONFIG": str(stack.clusters.kubeconfig),
            "MESH_CHARTS": str(charts),
            "MESH_STATE": str(tmp_path),
        }
        return subprocess.run(
            [sys.executable, ROOT / "cli" / "__main__.py", "demo", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    original = (ROOT / "stacks" / "Pulumi.local.yaml").read_bytes()
    done = demo("--source", "source", "--target", "target")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "√ The mesh is deployed" in done.stdout
    done = demo("--down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pulumi destroy" in done.stderr
    assert "deleted MulticlusterLink source-target" in done.stderr
    assert left_behind(stack, before) == {}
    assert (ROOT / "stacks" / "Pulumi.local.yaml").read_bytes() == original
