"""The stand-in charts as packages: made once for every test run of this machine."""

from __future__ import annotations

from pathlib import Path

from charts import packaging
from cli import paths
from machine.build import ensure


def packages() -> Path:
    """The folder with the package of every stand-in chart and manifest; do not write into it.

    Raises LocalClusterError where Helm cannot be built.
    """
    return packaging.packaged(lambda: ensure(["helm"])["helm"], paths.cache())
