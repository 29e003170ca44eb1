"""The versions that `go.mod` pins, read from it so that they are written down only once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODULE_DIRECTORY = Path(__file__).resolve().parent
"""The folder that holds the pinned `go.mod` and `go.sum`."""


@dataclass(frozen=True)
class Pins:
    """Versions as Go writes them, for example `v1.36.3`; `go` is the least Go version, `1.26.0`."""

    go: str
    kubernetes: str
    helm: str
    kwok: str

    @property
    def kubernetes_major_minor(self) -> tuple[str, str]:
        """The two numbers that the API server reports as `major` and `minor`."""
        major, minor, _ = self.kubernetes.removeprefix("v").split(".", 2)
        return major, minor


@cache
def read_pins() -> Pins:
    """Return the versions that the project's own `go.mod` pins."""
    text = (MODULE_DIRECTORY / "go.mod").read_text()

    def version(module: str) -> str:
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", text, re.MULTILINE)
        assert found is not None, f"go.mod does not require {module}"
        return found.group(1)

    go = re.search(r"^go (\S+)$", text, re.MULTILINE)
    assert go is not None, "go.mod has no go line"
    return Pins(
        go=go.group(1),
        kubernetes=version("k8s.io/kubernetes"),
        helm=version("helm.sh/helm/v3"),
        kwok=version("sigs.k8s.io/kwok"),
    )
