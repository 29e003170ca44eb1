"""Which charts are used: those of a folder, the published ones, or their stand-ins."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from charts.internet import unreachable
from charts.packaging import packaged
from charts.source import (
    CHARTS_VARIABLE,
    STORE,
    Chart,
    ChartSource,
    MissingChartsError,
    charts_of,
)
from config.core.mesh import MeshConfig


class UnreachableChartsError(MissingChartsError):
    """A repository of charts does not answer."""


def available(config: MeshConfig, root: Path) -> ChartSource:
    """The folder or the repositories that the environment and the stack file name.

    A relative path of the stack file starts at `root`, the checkout. Raises MissingChartsError
    where the folder lacks a chart, UnreachableChartsError where a repository does not answer,
    DigestError where a chart is not the one that the stack file pins.
    """
    source = replace(ChartSource.of(config.charts, os.environ), store=root / STORE)
    if source.directory is not None:
        base = Path.cwd() if os.environ.get(CHARTS_VARIABLE) else root
        source = replace(source, directory=base / source.directory)
        source.require(charts_of(config))
        return source
    for url, reason in unreachable(_addresses(config)).items():
        raise UnreachableChartsError(
            f"charts cannot be downloaded: {url} does not answer ({reason})",
            f"check the network, or set {CHARTS_VARIABLE} (or charts.directory in the stack file) "
            "to a folder with the packaged charts",
        )
    source.require(charts_of(config))
    return source


def stand_ins(config: MeshConfig, helm: Callable[[], Path], cache: Path) -> ChartSource:
    """The stand-ins, packaged into a folder of `cache` on first use; see `packaged`.

    Raises MissingChartsError where there is none for a chart in the version of the stack file.
    """
    source = ChartSource(packaged(helm, cache), config.charts, stand_ins=True)
    source.require(charts_of(config))
    return source


def _addresses(config: MeshConfig) -> list[str]:
    """A URL of each repository that answers if the repository does."""
    packages = list(charts_of(config))
    repositories = [
        str(getattr(config.charts, item.origin)) for item in packages if isinstance(item, Chart)
    ]
    return list(dict.fromkeys(_address(repository) for repository in repositories))


def _address(repository: str) -> str:
    """The index of a repository, or the API root of a registry."""
    if repository.startswith("oci://"):
        host = repository.removeprefix("oci://").partition("/")[0]
        return f"https://{host}/v2/"
    return f"{repository}/index.yaml"
