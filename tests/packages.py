"""The stand-in charts as packages: made once for every test run of this machine."""

from __future__ import annotations

from pathlib import Path

from cli.charts import packaged
from local_clusters.progress import silent


def packages() -> Path:
    """The folder with the package of every stand-in chart and manifest; do not write into it.

    Raises LocalClusterError where Helm cannot be built.
    """
    return packaged(silent)
