"""The stack behind proxies, in the clusters of the tests with the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.engine.engine import Engine
from tests.engine.conftest import charts, cluster_programs, clusters, engine
from tests.faults.world import World, world
from tests.integration.conftest import Clusters

__all__ = ["charts", "cluster_programs", "clusters", "engine"]

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.clusters)


@pytest.fixture(scope="module")
def made(
    clusters: Clusters, engine: Engine, charts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The stack, not deployed."""
    both = {"source": clusters.source, "target": clusters.target}
    with world(both, tmp_path_factory.mktemp("faults"), engine, charts) as found:
        yield found
