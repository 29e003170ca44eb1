"""Which charts are used where repositories answer, and where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from charts import MissingChartsError, choice
from charts.choice import UnreachableChartsError, available, stand_ins
from config import MeshConfig, load_stack_file

ROOT = Path(__file__).resolve().parents[3]

PACKAGES = """#!/bin/sh
echo called >> {calls}
[ $1 = package ] || exit 0
destination=$3
shift 3
for chart in "$@"; do
    name=$(sed -n 's/^name: //p' $chart/Chart.yaml)
    version=$(sed -n 's/^version: //p' $chart/Chart.yaml | tr -d "'\\"")
    : > $destination/$name-$version.tgz
done
"""


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> MeshConfig:
    monkeypatch.delenv("MESH_CHARTS", raising=False)
    return load_stack_file(ROOT / "stacks" / "Pulumi.local.yaml")


def test_published_charts_are_used_where_their_repositories_answer(
    local: MeshConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answers(urls: list[str]) -> dict[str, str]:
        asked.extend(urls)
        return {}

    monkeypatch.setattr(choice, "unreachable", answers)
    found = available(local, ROOT)
    assert (found.directory, found.stand_ins) == (None, False)
    assert asked == ["https://helm.linkerd.io/edge/index.yaml", "https://ghcr.io/v2/"]


def test_a_repository_that_does_not_answer_is_an_error_with_a_remedy_and_no_other_charts_are_used(
    local: MeshConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "unreachable", lambda urls: {urls[1]: "no route"})
    with pytest.raises(UnreachableChartsError, match=r"ghcr\.io.* \(no route\)") as caught:
        available(local, ROOT)
    assert "MESH_CHARTS" in caught.value.remedy


def test_a_chart_folder_that_lacks_charts_is_refused_with_their_names(
    local: MeshConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_CHARTS", str(tmp_path))
    with pytest.raises(MissingChartsError, match=r"linkerd-crds-2026\.8\.3\.tgz"):
        available(local, ROOT)


def test_stand_in_charts_are_packaged_once_into_the_cache(
    local: MeshConfig, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    helm = tmp_path / "helm"
    helm.write_text(PACKAGES.format(calls=calls))
    helm.chmod(0o755)
    cache = tmp_path / "cache"
    cache.mkdir()
    first = stand_ins(local, lambda: helm, cache)
    count = calls.read_text()
    assert first.stand_ins
    assert first.directory is not None
    assert first.directory.parent == cache
    assert stand_ins(local, lambda: helm, cache) == first
    assert calls.read_text() == count
    assert [path.name for path in cache.iterdir()] == [first.directory.name]
