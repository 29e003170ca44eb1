"""The demo's own local clusters, and what is known of any cluster that it uses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli import paths
from cli.progress import step

if TYPE_CHECKING:
    from config import MeshConfig
    from preflight import Reach

NAMES = ("source", "target")
"""The clusters of the stack `local`, and the contexts of the local ones."""


def folder() -> Path:
    """The folder of the demo's local clusters; other local clusters are elsewhere."""
    return paths.state() / "demo-clusters"


def start() -> Path:
    """Start the local clusters, and return their kubeconfig, which is then this process's own.

    Raises LocalClusterError.
    """
    import local_clusters

    with step("Two local Kubernetes control planes, source and target") as work:
        found = local_clusters.up(NAMES, work.progress, directory=folder())
        kubeconfig = local_clusters.merge_kubeconfigs(found)
    _use(kubeconfig)
    return kubeconfig


def connect() -> bool:
    """Use the running local clusters in this process; returns whether both run."""
    import local_clusters

    found = {item.name: item for item in local_clusters.status(directory=folder())}
    if not all(name in found and found[name].healthy for name in NAMES):
        return False
    _use(folder() / "kubeconfig")
    return True


def _use(kubeconfig: Path) -> None:
    os.environ["KUBECONFIG"] = str(kubeconfig)
    # An HTTP proxy cannot reach the API servers of this machine.
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [os.environ.get(name, ""), "127.0.0.1", "localhost"]
        os.environ[name] = ",".join(filter(None, hosts))


def end() -> list[str]:
    """Stop and delete the local clusters; returns the names of those that existed.

    Raises LocalClusterError.
    """
    import local_clusters

    ended: list[str] = []
    if any(item.name in NAMES for item in local_clusters.status(directory=folder())):
        with step("Ending the local control planes") as work:
            ended = local_clusters.down(NAMES, work.progress, directory=folder())
    # The lock of the demo keeps others from starting clusters there.
    shutil.rmtree(folder(), ignore_errors=True)
    return ended


def reach(config: MeshConfig) -> Mapping[str, Reach]:
    """What the guard learns of each cluster. Raises ClusterError."""
    from config.preconditions import expectations
    from preflight import examine

    return examine(config.clusters, {name: expectations(config, name) for name in config.clusters})
