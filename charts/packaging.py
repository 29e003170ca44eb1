"""Packages the stand-ins for published charts.

They have the names, values and objects of the published ones (``charts/stand_ins/README.md``). A
source is a folder under ``charts/stand_ins``: a chart, or a `RECIPE` that makes a chart from
another one, so that generations of a chart share what they have in common.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from charts.source import MissingChartsError

SOURCES = Path(__file__).resolve().parent / "stand_ins"
"""The folder of sources."""

RECIPE = "stand-in.yaml"
"""File of a source that is made from another; its keys are the fields of `Recipe`."""


@dataclass(frozen=True)
class Recipe:
    """How a chart is made from another; the files beside it are added, or replace its files."""

    base: str | None = None
    """The source that it starts from, as a path from its own folder; None for an empty chart."""
    without: tuple[str, ...] = ()
    """Files of that source that are left out."""
    chart: Mapping[str, Any] = field(default_factory=dict)
    """Keys that are merged into Chart.yaml."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Keys that are merged into values.yaml; null removes a value."""
    crds: str | None = None
    """A source whose objects become the folder ``crds``."""
    manifest: str | None = None
    """The namespace of its objects, where they are published as a manifest instead of a chart."""


def sources() -> Iterator[Path]:
    """The folder of every stand-in, sorted by name."""
    for folder in sorted(path for path in SOURCES.iterdir() if path.is_dir()):
        if (folder / "Chart.yaml").is_file() or (folder / RECIPE).is_file():
            yield folder


def package(helm: Path, destination: Path) -> None:
    """Write every stand-in to a folder, in the form in which its original is published.

    `helm` is the path of the program. Raises MissingChartsError where Helm refuses one.
    """
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        charts = []
        for source in sources():
            chart = Path(scratch) / source.name
            assemble(helm, source, chart)
            recipe = _recipe(source)
            if recipe.manifest is not None:
                about = yaml.safe_load((chart / "Chart.yaml").read_text())
                manifest = destination / f"{about['name']}-{about['version']}.yaml"
                manifest.write_text(_objects(helm, chart, "--namespace", recipe.manifest))
            elif not _is_part(source):
                charts.append(str(chart))
        _run(helm, "package", "--destination", str(destination), *charts)


def packaged(helm: Callable[[], Path], cache: Path) -> Path:
    """The stand-ins as packages, in a folder of `cache` that is named after their content.

    `helm` returns the path of the program, and is called only where they are not in the cache.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in SOURCES.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(SOURCES)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    folder = cache / f"stand-in-charts-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=cache, prefix=".charts-") as scratch:
        packages = Path(scratch) / "packages"
        package(helm(), packages)
        try:
            packages.rename(folder)
        except OSError:
            # Another process made the same folder in the meantime.
            if not folder.is_dir():
                raise
    return folder


def assemble(helm: Path, source: Path, chart: Path) -> None:
    """Write the chart of a source to the folder `chart`. Raises MissingChartsError."""
    recipe = _recipe(source)
    if recipe.base is not None:
        assemble(helm, source / recipe.base, chart)
        for name in recipe.without:
            (chart / name).unlink()
    parts = source / "charts"
    skipped = shutil.ignore_patterns(RECIPE, parts.name)
    shutil.copytree(source, chart, ignore=skipped, dirs_exist_ok=True)
    for part in sorted(parts.iterdir()) if parts.is_dir() else ():
        assemble(helm, part, chart / parts.name / part.name)
    for name, above in (("Chart.yaml", recipe.chart), ("values.yaml", recipe.values)):
        if above:
            file = chart / name
            below = yaml.safe_load(file.read_text()) if file.is_file() else {}
            file.write_text(yaml.safe_dump(_merged(below, above), sort_keys=False))
    if recipe.crds is not None:
        (chart / "crds").mkdir()
        with tempfile.TemporaryDirectory() as scratch:
            assemble(helm, source / recipe.crds, Path(scratch) / "crds")
            objects = _objects(helm, Path(scratch) / "crds")
        (chart / "crds" / "crds.yaml").write_text(objects)


def _recipe(source: Path) -> Recipe:
    file = source / RECIPE
    return Recipe(**yaml.safe_load(file.read_text())) if file.is_file() else Recipe()


def _is_part(source: Path) -> bool:
    """Whether a source has only the CRDs of another source."""
    others = ((other, _recipe(other).crds) for other in sources())
    return any(crds is not None and (other / crds).samefile(source) for other, crds in others)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        mine = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(mine, value)
        else:
            result[key] = value
    return result


def _objects(helm: Path, chart: Path, *options: str) -> str:
    # Helm's default version may be one that a chart does not support.
    kubernetes = ("--kube-version", "1.33.0")
    return _run(helm, "template", "release", str(chart), *kubernetes, *options)


def _run(helm: Path, *arguments: str) -> str:
    command = [str(helm), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingChartsError(f"the stand-in charts cannot be packaged: {done.stderr.strip()}")
    return done.stdout
