"""Two real clusters, `source` and `target`, shared by every integration test of one run.

Ask for the fixture `clusters`, and for `new_namespace` to have namespaces of your own: tests share
the clusters, so they keep to their own names for what belongs to no namespace.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from kubernetes import client

import local_clusters
from local_clusters import LocalCluster
from local_clusters.processes import ProcessIdentity, identify
from machine.build import cached, ensure, find_go
from machine.errors import GoUnavailableError
from machine.files import locked, state_directory
from machine.progress import Progress
from machine.tools import CLUSTER_TOOLS, KUBERNETES


class Clusters(NamedTuple):
    """The two clusters, and a kubeconfig with the contexts `source` and `target`."""

    source: LocalCluster
    target: LocalCluster
    kubeconfig: Path


@pytest.fixture(scope="session")
def cluster_programs() -> dict[str, Path]:
    """The programs of a cluster; skips where they are not built and there is no Go."""
    if not cached(CLUSTER_TOOLS):
        try:
            find_go(KUBERNETES)
        except GoUnavailableError as error:
            pytest.skip(f"real clusters have to be built first. {error.message}")
    return ensure(CLUSTER_TOOLS, to_screen)


@pytest.fixture(scope="package")
def clusters(cluster_programs: dict[str, Path]) -> Iterator[Clusters]:
    """Two fresh clusters, alive as long as any process of this test run is in this package."""
    with two_clusters("pair") as found:
        yield found


@contextlib.contextmanager
def two_clusters(purpose: str) -> Iterator[Clusters]:
    """Two fresh clusters; all processes of this test run share those of one purpose."""
    with _shared_directory(purpose) as directory:
        source, target = local_clusters.up(["source", "target"], to_screen, directory=directory)
        yield Clusters(source, target, local_clusters.merge_kubeconfigs([source, target]))


@pytest.fixture
def new_namespace() -> Iterator[Callable[..., str]]:
    """A function (cluster, labels) that makes a namespace with a name of its own.

    The namespaces are deleted after the test, without waiting until they are gone.
    """
    made: list[tuple[LocalCluster, str]] = []

    def make(cluster: LocalCluster, labels: dict[str, str] | None = None) -> str:
        name = f"test-{uuid.uuid4().hex[:10]}"
        metadata = client.V1ObjectMeta(name=name, labels=labels)
        with cluster.api() as api:
            client.CoreV1Api(api).create_namespace(client.V1Namespace(metadata=metadata))
        made.append((cluster, name))
        return name

    yield make
    for cluster, name in made:
        with cluster.api() as api, contextlib.suppress(client.ApiException):
            client.CoreV1Api(api).delete_namespace(name)


@contextlib.contextmanager
def _shared_directory(purpose: str) -> Iterator[Path]:
    """A directory for clusters of this run; the last process to leave it removes them.

    Under pytest-xdist the workers of one run share it. The next run removes what runs that were
    killed have left.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    directory = state_directory() / f"test-{run[:12]}-{purpose}"
    me = identify(os.getpid())
    assert me is not None
    badge = directory / "users" / f"{me.pid}.json"
    lock = state_directory() / "tests.lock"
    with locked(lock):
        badge.parent.mkdir(parents=True, exist_ok=True)
        badge.write_text(me.model_dump_json())
        for other in state_directory().glob("test-*"):
            _take_down_unless_used(other)
    try:
        yield directory
    finally:
        with locked(lock):
            badge.unlink(missing_ok=True)
            _take_down_unless_used(directory)


def _take_down_unless_used(directory: Path) -> None:
    badges = directory.glob("users/*.json")
    users = [ProcessIdentity.model_validate_json(badge.read_text()) for badge in badges]
    if not any(user.alive() for user in users):
        local_clusters.down(directory=directory)
        # The cleanup of another test run may have removed it.
        shutil.rmtree(directory, ignore_errors=True)


def to_screen(step: Progress) -> None:
    """Show progress although output is captured."""
    print(step, file=sys.__stderr__)
