"""What a rendered folder says of the charts that it was rendered from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts import ChartSource, charts_of
from config import MeshConfig
from render import HelmTemplate, Recording, chart_origins, write

Records = Callable[..., Recording]
Config = Callable[[str], MeshConfig]

PULLS = """#!/bin/sh
[ $1 = pull ] || exit 1
name=${2##*/}
while [ $# -gt 1 ]; do
    [ $1 = --destination ] && destination=$2
    [ $1 = --version ] && version=$2
    shift
done
echo $name $version > $destination/$name-$version.tgz
"""


def origins(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_a_chart_of_a_repository_is_named_with_its_url_and_the_digest_of_its_package(
    stack_config: Config, recorded: Records, tmp_path: Path
) -> None:
    helm = tmp_path / "helm"
    helm.write_text(PULLS)
    helm.chmod(0o755)
    config = stack_config("local")
    source = ChartSource.of(config.charts, {})
    recording = recorded(config, charts=source)
    found = origins(chart_origins.as_yaml(recording, HelmTemplate(helm), source, charts_of(config)))
    releases = {(item["cluster"], item["release"]): item for item in found["releases"]}
    for cluster in config.clusters:
        assert releases[cluster, "linkerd-control-plane"] == {
            "cluster": cluster,
            "release": "linkerd-control-plane",
            "namespace": "linkerd",
            "chart": "linkerd-control-plane",
            "version": "2026.8.3",
            "source": "https://helm.linkerd.io/edge",
            "sha256": hashlib.sha256(b"linkerd-control-plane 2026.8.3\n").hexdigest(),
        }
    ambassador = releases["target", "ambassador"]
    assert ambassador["chart"] == "emissary-ingress"
    assert ambassador["source"].startswith("oci://ghcr.io/")
    assert found["manifests"] == []


@pytest.mark.parametrize("stand_ins", [False, True])
def test_the_origin_names_the_kind_of_a_folder_and_the_digests_of_its_files(
    stack_config: Config, recorded: Records, chart_folder: ChartSource, stand_ins: bool
) -> None:
    config = stack_config("edge-stack")
    source = replace(chart_folder, stand_ins=stand_ins)
    recording = recorded(config, charts=source)
    # Neither a package nor a manifest of a folder needs helm to have its digest.
    helm = HelmTemplate(Path("/nowhere/helm"))
    found = origins(chart_origins.as_yaml(recording, helm, source, charts_of(config)))
    folder = chart_folder.directory
    assert folder is not None
    named = "stand-in charts" if stand_ins else f"folder {folder}"
    assert len(found["releases"]) > 5
    for item in found["releases"]:
        package = folder / f"{item['chart']}-{item['version']}.tgz"
        assert item["sha256"] == hashlib.sha256(package.read_bytes()).hexdigest()
        assert item["source"] == named
    (manifest,) = found["manifests"]
    file = folder / f"{manifest['manifest']}-{manifest['version']}.yaml"
    assert manifest["manifest"] == "aes-crds"
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_file_is_at_the_top_of_the_folder_and_replaced_by_the_next_render(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    for text in ("releases: [1]\n", "releases: [2]\n"):
        write({}, out, reveal=False, charts=text)
        assert (out / "charts.yaml").read_text() == text
