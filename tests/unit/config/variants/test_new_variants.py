"""A new flavour, generation or ingress controller is one file; a new default version one edit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.variants.ambassadors import FLAVOURS
from config.variants.ingress_controllers import CONTROLLERS
from tests.stack_builders import ROOT

FLAVOUR = """
from config.variants.flavour import CrdsWithin, Flavour, ReleaseLine
from vocabulary.kinds import DEPLOYMENT, SERVICE

FLAVOUR = Flavour(
    name="contour",
    title="Contour",
    pod_name="contour",
    lines=(
        ReleaseLine(
            major=1,
            oldest="1.30.0",
            newest="1.30.0",
            application="1.30.0",
            chart="contour",
            repository="ambassador",
            crds=CrdsWithin(),
            api_versions=("v2",),
            kinds=frozenset({DEPLOYMENT, SERVICE}),
            fields="emissary-4",
        ),
    ),
)
"""
GENERATION = """
import re
from dataclasses import replace

from config.variants.linkerds.edge import GENERATION as EDGE

GENERATION = replace(
    EDGE,
    name="3",
    title="Linkerd 3",
    versions=re.compile(r"3\\..*"),
    newest="3.0.0",
    dated=False,
    default=False,
    # Its core has the extension for links.
    charts=tuple(chart for chart in EDGE.charts if chart.when != "linked"),
)
"""
CONTROLLER = """
from config.variants.ingress_controller import IngressController, ingress

CONTROLLERS = (
    IngressController(
        name="haproxy",
        title="HAProxy",
        class_name="haproxy",
        objects=lambda config, backend: iter([ingress(config, backend, {"haproxy.org/x": "y"})]),
    ),
)
"""
PROGRAM = """
import json, sys
from config import load_settings
from config.inventory import inventory
from config.reference import reference_text
from config.schema import stack_schema

mesh = load_settings(json.loads(sys.argv[1]), "test")
found = inventory(mesh, "a")
print(json.dumps({
    "releases": [[item.chart, item.version] for item in found.releases],
    "objects": sorted(str(item) for item in found.objects),
    "schema": stack_schema()["$defs"],
    "reference": reference_text(),
}))
"""


def run(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """What a copy of the program, in `folder`, makes of a cluster `a` with these settings."""
    cluster = {"clusters": {"a": {"context": "a", **settings}}}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(cluster)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with copies of the packages that a stack file is read with."""
    for package in ("config", "vocabulary"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def test_a_new_flavour_is_one_file(copied: Path) -> None:
    (copied / "config/variants/ambassadors/contour.py").write_text(FLAVOUR)
    found = run(copied, {"ambassador": {"flavour": "contour", "hosts": []}})
    assert ["contour", "1.30.0"] in found["releases"]
    names = found["schema"]["AmbassadorConfig"]["properties"]["flavour"]["enum"]
    assert names == sorted([*FLAVOURS, "contour"])
    [line] = [line for line in found["reference"].splitlines() if ".ambassador.flavour`" in line]
    assert "`contour`" in line


def test_a_new_generation_of_linkerd_is_one_file(copied: Path) -> None:
    (copied / "config/variants/linkerds/three.py").write_text(GENERATION)
    found = run(copied, {"linkerd": {"version": "3.0.0", "viz": {"enabled": True}}})
    assert found["releases"] == [
        ["linkerd-crds", "3.0.0"],
        ["linkerd-control-plane", "3.0.0"],
        ["linkerd-viz", "3.0.0"],
    ]


def test_a_new_ingress_controller_is_one_file(copied: Path) -> None:
    (copied / "config/variants/ingress_controllers/haproxy.py").write_text(CONTROLLER)
    ingress = {
        "name": "web",
        "namespace": "shop",
        "service": "web",
        "host": "shop.example.com",
        "controller": "haproxy",
    }
    found = run(copied, {"ingresses": [ingress]})
    assert "Ingress.networking.k8s.io shop/web" in found["objects"]
    names = found["schema"]["IngressConfig"]["properties"]["controller"]["enum"]
    assert names == sorted([*CONTROLLERS, "haproxy"])


def test_a_new_default_version_is_one_edit(copied: Path) -> None:
    record = copied / "config/variants/linkerds/edge.py"
    text = record.read_text()
    record.write_text(text.replace('newest="2026.8.3"', 'newest="2026.11.1"'))
    assert ["linkerd-control-plane", "2026.11.1"] in run(copied, {})["releases"]
    [line] = [
        line for line in run(copied, {})["reference"].splitlines() if ".linkerd.version`" in line
    ]
    assert "`2026.11.1`" in line
