"""Which charts a verb works with: a folder, the published ones, or our stand-ins for them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli import paths, stand_ins, tools
from cli.errors import BAD_INPUT, VerbError
from cli.internet import unreachable

if TYPE_CHECKING:
    from charts.source import ChartSource
    from config import MeshConfig
    from local_clusters import Report


@dataclass(frozen=True)
class Charts:
    """Charts that are there."""

    source: ChartSource
    """Where they are."""
    note: str = ""
    """What the user has to know of them; empty where they are what the stack file asks for."""


def available(config: MeshConfig, report: Report) -> Charts:
    """The charts of a stack.

    A folder (``MESH_CHARTS``, or the stack setting) wins. Else the published repositories, and
    where these cannot be reached, the stand-ins, packaged into the cache. Raises VerbError where
    charts are missing.
    """
    from charts.source import CHARTS_VARIABLE, ChartSource, MissingChartsError, charts_of

    source = ChartSource.of(config.charts, os.environ)
    if source.directory is not None:
        # The program runs in the checkout, so that is what a path in a stack file starts from.
        base = Path.cwd() if os.environ.get(CHARTS_VARIABLE) else paths.ROOT
        charts = Charts(replace(source, directory=base / source.directory))
    else:
        silent = unreachable(_addresses(config))
        if not silent:
            return Charts(source)
        url, reason = next(iter(silent.items()))
        folder = packaged(report)
        charts = Charts(
            replace(source, directory=folder),
            f"stand-in charts from charts/stand_ins are used, as {url} cannot be reached "
            f"({reason}); they have the same objects, and are for trials only",
        )
    try:
        charts.source.require(charts_of(config))
    except MissingChartsError as error:
        raise VerbError(str(error), exit_code=BAD_INPUT) from None
    return charts


def _addresses(config: MeshConfig) -> list[str]:
    from charts.source import Chart, charts_of

    packages = list(charts_of(config))
    repositories = [
        str(getattr(config.charts, item.origin)) for item in packages if isinstance(item, Chart)
    ]
    return list(dict.fromkeys(_address(repository) for repository in repositories))


def _address(repository: str) -> str:
    """What tells whether a repository is there: its index, or the registry's front door."""
    if repository.startswith("oci://"):
        host = repository.removeprefix("oci://").partition("/")[0]
        return f"https://{host}/v2/"
    return f"{repository}/index.yaml"


def packaged(report: Report) -> Path:
    """The stand-ins as packages, in a folder of the cache that is named after their content."""
    digest = hashlib.sha256()
    for file in sorted(path for path in stand_ins.SOURCES.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(stand_ins.SOURCES)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    folder = paths.cache() / f"stand-in-charts-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    helm = tools.helm(report)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".charts-") as scratch:
        packages = Path(scratch) / "packages"
        stand_ins.package(helm, packages)
        try:
            packages.rename(folder)
        except OSError:
            # Somebody else was quicker, with the same content.
            if not folder.is_dir():
                raise
    return folder
