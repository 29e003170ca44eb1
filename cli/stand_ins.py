"""Our stand-ins for published charts, from their sources to the packages that Helm takes.

They have the names, values and objects of the published ones (``charts/stand_ins/README.md``). A
source is a folder under ``charts/stand_ins``: a chart as it is, or a `RECIPE` that makes one of
another, so that generations of a chart share what they have in common.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cli import paths
from cli.errors import VerbError

SOURCES = paths.ROOT / "charts" / "stand_ins"
"""The folder of sources."""

RECIPE = "stand-in.yaml"
"""File of a source that is made of another; its keys are the fields of `Recipe`."""


@dataclass(frozen=True)
class Recipe:
    """How a chart is made of another; the files beside it are added, or take its files' place."""

    base: str | None = None
    """The source that it starts from, as a path from its own folder; nothing by default."""
    without: tuple[str, ...] = ()
    """Files of that source that it does not take."""
    chart: Mapping[str, Any] = field(default_factory=dict)
    """What is laid over Chart.yaml."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What is laid over values.yaml; null takes a value away."""
    crds: str | None = None
    """A source whose objects become its folder ``crds``; none by default."""
    manifest: str | None = None
    """The namespace of its objects, where these are published as a manifest and not as a chart."""


def sources() -> Iterator[Path]:
    """The folder of every stand-in, the first by name first."""
    for folder in sorted(path for path in SOURCES.iterdir() if path.is_dir()):
        if (folder / "Chart.yaml").is_file() or (folder / RECIPE).is_file():
            yield folder


def package(helm: Path, destination: Path) -> None:
    """Write every stand-in to a folder, in the form in which its original is published.

    Raises VerbError where Helm refuses one.
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


def assemble(helm: Path, source: Path, chart: Path) -> None:
    """Write the chart of a source to a folder. Raises VerbError."""
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
            file.write_text(yaml.safe_dump(_laid_over(below, above), sort_keys=False))
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
    """Whether a source is only what another one takes its CRDs from."""
    others = ((other, _recipe(other).crds) for other in sources())
    return any(crds is not None and (other / crds).samefile(source) for other, crds in others)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        mine = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = _laid_over(mine, value)
        else:
            result[key] = value
    return result


def _objects(helm: Path, chart: Path, *options: str) -> str:
    # Without a version, Helm takes its own idea of one, which a chart may not be made for.
    kubernetes = ("--kube-version", "1.33.0")
    return _run(helm, "template", "release", str(chart), *kubernetes, *options)


def _run(helm: Path, *arguments: str) -> str:
    command = [str(helm), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise VerbError(f"the stand-in charts cannot be packaged: {done.stderr.strip()}")
    return done.stdout
