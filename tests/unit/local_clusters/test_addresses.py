"""Clusters have addresses of their own, in whatever folders they are kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local_clusters import addresses
from local_clusters.lifecycle import _reserve


def index_in(folder: Path, name: str = "source") -> int:
    clusters, _ = _reserve([name], folder, nodes=1)
    return clusters[0].networks.index


def test_clusters_of_two_state_folders_have_different_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for state in ("one", "two"):
        monkeypatch.setenv("MESH_STATE", str(tmp_path / state))
        found.append(index_in(tmp_path / state / "clusters"))
    assert found[0] != found[1]
    with addresses.reserving():
        assert set(found) <= addresses.taken()


def test_a_cluster_keeps_its_addresses_and_gives_them_back_when_it_is_removed(
    tmp_path: Path,
) -> None:
    index = index_in(tmp_path)
    assert index_in(tmp_path) == index
    shutil.rmtree(tmp_path / "source")
    with addresses.reserving():
        assert index not in addresses.taken()
