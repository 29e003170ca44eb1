"""A demo that tests start, change and end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from local_clusters.control_plane.kubeconfig import api_client
from machine.files import cache_directory

ROOT = Path(__file__).resolve().parents[1]


class Demo:
    """A demo with a state folder of its own."""

    def __init__(self, folder: Path, charts: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "demo-clusters" / "kubeconfig"
        self.environment = {
            **os.environ,
            "MESH_STATE": str(folder),
            "MESH_CACHE": str(cache_directory()),
            "MESH_CHARTS": str(charts),
            "COLUMNS": "100",
        }
        self.outputs: list[str] = []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `./mesh demo`; what it prints is kept."""
        done = subprocess.run(
            [sys.executable, ROOT / "cli" / "__main__.py", "demo", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )
        self.outputs.append(done.stdout + done.stderr)
        return done

    def get(self, context: str, path: str) -> dict[str, Any]:
        """What an API server answers at a path."""
        file = self.kubeconfig.with_name(context) / "kubeconfig"
        with api_client(file) as api:
            answer = api.call_api("GET", f"{api.configuration.host}{path}")
            body: dict[str, Any] = json.loads(answer.read())
        return body

    def processes(self) -> list[str]:
        """Command lines of all processes that work in its folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.folder) in command:
                found.append(command)
        return found
