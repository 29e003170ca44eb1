"""Several local clusters at once: up, down, status, and one kubeconfig for all of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from local_clusters import addresses
from local_clusters.cluster import ClusterStatus, LocalCluster, require_linux
from local_clusters.control_plane.kubeconfig import merge_files
from local_clusters.errors import LocalClusterError, StartCancelledError
from local_clusters.state import FILE_NAME, new_state, read_state
from machine.build import ensure
from machine.files import make_private_directory, state_directory
from machine.progress import Report, silent
from machine.tools import CLUSTER_TOOLS

_KUBECONFIG = "kubeconfig"


def default_directory() -> Path:
    """Return the default folder of clusters."""
    return state_directory() / "clusters"


def up(
    names: Sequence[str],
    report: Report = silent,
    *,
    directory: Path | None = None,
    nodes: int = 3,
) -> list[LocalCluster]:
    """Start clusters with these names side by side and return them in this order, all ready.

    A running cluster is left as it is; missing processes of one are started again. `directory` has
    one folder for each; clusters of the same name in other directories are other clusters. When one
    cannot be started, or the caller is interrupted, those that this call has created are ended.

    Raises:
        LocalClusterError: a name cannot be used, a program cannot be built, or a cluster cannot be
            started; the message says which and why.
    """
    require_linux()
    ensure(CLUSTER_TOOLS, report)
    clusters, new = _reserve(names, directory or default_directory(), nodes)
    cancelled = threading.Event()
    try:
        with ThreadPoolExecutor(max_workers=max(1, len(clusters))) as threads:
            starts = [
                threads.submit(cluster.start, report, cancelled=cancelled) for cluster in clusters
            ]
            try:
                wait(starts, return_when=FIRST_EXCEPTION)
            finally:
                # The threads end by themselves; leaving the block waits for them.
                if any(not start.done() or start.exception() for start in starts):
                    cancelled.set()
        failures = [error for start in starts if (error := start.exception()) is not None]
        # One failure cancels the others: report the first.
        for failure in sorted(failures, key=lambda error: isinstance(error, StartCancelledError)):
            raise failure
    except BaseException:
        for cluster in new:
            # The logs of one that failed stay until it is started or taken down again.
            if cluster.status().healthy:
                cluster.stop()
        raise
    return clusters


def down(
    names: Sequence[str] | None = None, report: Report = silent, *, directory: Path | None = None
) -> list[str]:
    """End these clusters, or all of them, remove what they kept, and return their names.

    Only processes that were started for them are ended. A name without a cluster is passed over.
    """
    base = directory or default_directory()
    ended = []
    for cluster in _existing(base):
        if names is None or cluster.name in names:
            cluster.stop(report)
            ended.append(cluster.name)
    if not _existing(base):
        (base / _KUBECONFIG).unlink(missing_ok=True)
    return ended


def status(*, directory: Path | None = None) -> list[ClusterStatus]:
    """Return the status of every cluster, sorted by name."""
    return [cluster.status() for cluster in _existing(directory or default_directory())]


def merge_kubeconfigs(clusters: Sequence[LocalCluster], path: Path | None = None) -> Path:
    """Write one kubeconfig (mode 0600) with the context of each cluster and return its path.

    The current context is that of the first. Without `path` it is written next to the clusters,
    where `down` removes it together with the last of them. What was at `path` is overwritten.
    """
    target = path or clusters[0].directory.parent / _KUBECONFIG
    return merge_files([cluster.kubeconfig for cluster in clusters], target)


def _existing(base: Path) -> list[LocalCluster]:
    found = []
    for file in sorted(base.glob(f"*/{FILE_NAME}")):
        state = read_state(file.parent)
        index, nodes = (state.index, state.nodes) if state else (0, 1)
        with contextlib.suppress(LocalClusterError):
            found.append(LocalCluster(file.parent.name, index, file.parent, nodes))
    return found


def _reserve(
    names: Sequence[str], base: Path, nodes: int
) -> tuple[list[LocalCluster], list[LocalCluster]]:
    """Return the clusters of these names, and those among them that do not exist yet."""
    if len(set(names)) != len(names):
        raise LocalClusterError(f"Two clusters cannot have one name: {', '.join(names)}.")
    make_private_directory(base)
    clusters, new = [], []
    with addresses.reserving():
        states = {name: read_state(base / name) for name in names}
        used = addresses.taken() | {state.index for state in states.values() if state}
        for name, state in states.items():
            index = state.index if state else addresses.lowest_unused(used)
            used.add(index)
            cluster = LocalCluster(name, index, base / name, state.nodes if state else nodes)
            clusters.append(cluster)
            if state is None or not state.complete:
                new.append(cluster)
            _claim(cluster, new_one=state is None)
    return clusters, new


def _claim(cluster: LocalCluster, new_one: bool) -> None:
    index = cluster.networks.index
    try:
        if new_one:
            new_state(cluster.name, index, cluster.nodes).write(cluster.directory)
        addresses.claim(index, cluster.directory)
    except OSError as error:
        raise LocalClusterError(f"Cluster {cluster.name} cannot be made: {error}") from error
