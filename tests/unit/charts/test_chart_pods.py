"""The recorded pods and policies of Linkerd's charts are those that the charts make."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from machine.build import ensure
from machine.errors import BuildError
from tests import chart_pods
from tests.packages import packages

PUBLISHED = os.environ.get("MESH_CHARTS")
"""The folder with published charts, before the unit tests forget it."""


def helm() -> str:
    found = shutil.which("helm")
    try:
        return found or str(ensure(["helm"])["helm"])
    except BuildError as error:
        pytest.skip(f"no helm on PATH, and none could be built: {error}")


def compared(folder: Path, *parts: str) -> list[str]:
    """The charts of a folder that have data; fails where one makes something else."""
    found = []
    for chart, version, package in chart_pods.packages(folder):
        if version in chart_pods.VERSIONS and chart in chart_pods.recorded(version):
            found.append(f"{chart} {version}")
            made = chart_pods.facts(helm(), chart, package)
            for part in parts:
                assert made[part] == chart_pods.recorded(version)[chart][part], found[-1]
    return found


def test_the_stand_ins_make_the_pods_of_the_published_charts() -> None:
    assert compared(packages(), "pods") == [
        "linkerd-control-plane 2026.8.3",
        "linkerd-multicluster 2026.8.3",
        "linkerd-viz 2026.8.3",
    ]


@pytest.mark.skipif(PUBLISHED is None, reason="MESH_CHARTS names no folder of published charts")
def test_the_published_charts_make_the_recorded_pods() -> None:
    assert "linkerd-multicluster 2026.8.3" in compared(Path(str(PUBLISHED)), "pods", "policies")
