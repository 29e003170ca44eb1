"""Where charts, and manifests of CRDs, come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from config.ambassador.ambassador import AmbassadorConfig
from config.core.charts import ChartsConfig, Origin
from config.core.mesh import MeshConfig
from config.inventory import inventory
from config.variants.ambassadors import CrdsChart, CrdsManifest
from vocabulary.errors import BAD_INPUT, MeshError

CHARTS_VARIABLE = "MESH_CHARTS"
"""Environment variable that names a folder of packaged charts and overrides the stack file."""

DOWNLOAD_SECONDS = 30


class MissingChartsError(MeshError):
    """A chart or manifest is not in the folder of packaged charts, or cannot be downloaded."""


@dataclass(frozen=True)
class Chart:
    """A chart in one version."""

    name: str
    """Name, for example ``linkerd-control-plane``."""
    version: str
    """Exact version."""
    origin: Origin = "linkerd"
    """Where it is published."""

    @property
    def package(self) -> str:
        """File name of the packaged chart."""
        return f"{self.name}-{self.version}.tgz"


@dataclass(frozen=True)
class PublishedManifest:
    """A published manifest in one version."""

    name: str
    """Name, for example ``aes-crds``."""
    version: str
    """Version of the application that it is for."""
    url: str
    """Where it is published."""

    @property
    def package(self) -> str:
        """Its file name in a folder of packaged charts."""
        return f"{self.name}-{self.version}.yaml"


Package = Chart | PublishedManifest


@dataclass(frozen=True)
class ChartLocation:
    """What Helm needs to find a chart: a path or OCI reference, or a name in a repository."""

    chart: str
    repository: str | None


@dataclass(frozen=True)
class ChartSource:
    """Finds charts and manifests in a folder, or in their published repositories."""

    directory: Path | None
    """The folder of packaged charts; None for published charts."""
    repositories: ChartsConfig
    """The repositories."""
    stand_ins: bool = False
    """Whether the folder has the stand-ins of `charts/stand_ins`."""
    _texts: dict[PublishedManifest, str] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @classmethod
    def of(cls, config: ChartsConfig, environment: Mapping[str, str]) -> ChartSource:
        """The source that the environment or else the stack file names."""
        directory = environment.get(CHARTS_VARIABLE) or config.directory
        return cls(Path(directory).expanduser() if directory else None, config)

    def location(self, chart: Chart) -> ChartLocation:
        """The location of `chart`."""
        if self.directory is not None:
            return ChartLocation(str(self.directory / chart.package), None)
        repository = str(getattr(self.repositories, chart.origin))
        if repository.startswith("oci://"):
            return ChartLocation(f"{repository}/{chart.name}", None)
        return ChartLocation(chart.name, repository)

    def text(self, manifest: PublishedManifest) -> str:
        """The text of `manifest`, read once from the folder or its published URL.

        Raises MissingChartsError where it is not there, or is not UTF-8.
        """
        if manifest not in self._texts:
            self._texts[manifest] = self._read(manifest)
        return self._texts[manifest]

    def _read(self, manifest: PublishedManifest) -> str:
        if self.directory is not None:
            self.require([manifest])
            file = self.directory / manifest.package
            return _decoded(file.read_bytes(), str(file))
        try:
            answer = requests.get(manifest.url, timeout=DOWNLOAD_SECONDS)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise MissingChartsError(
                f"the manifest {manifest.url} cannot be downloaded ({type(error).__name__})",
                f"put it as {manifest.package} into a folder of packaged charts, and name the "
                f"folder under charts.directory or in {CHARTS_VARIABLE}",
            ) from None
        # Servers declare a wrong encoding, or none.
        return _decoded(answer.content, manifest.url)

    def require(self, packages: Iterable[Package]) -> None:
        """Raise MissingChartsError if the folder lacks one of `packages`."""
        if self.directory is None:
            return
        missing = sorted(
            {item.package for item in packages if not (self.directory / item.package).is_file()}
        )
        if missing:
            raise MissingChartsError(
                f"the chart folder {self.directory} lacks {', '.join(missing)}",
                f"put the packaged charts there, or correct charts.directory or {CHARTS_VARIABLE}",
                BAD_INPUT,
            )


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise MissingChartsError(
            f"the manifest {where} is not UTF-8 text", "download the manifest again"
        ) from None


def ambassador_chart(config: AmbassadorConfig) -> Chart:
    """The chart of an Ambassador."""
    return Chart(config.line.chart, config.chart_version, config.line.repository)


def ambassador_crds(config: AmbassadorConfig) -> Package | None:
    """The chart or manifest of an Ambassador's CRDs; None if its own chart has them."""
    line, crds = config.line, config.line.crds
    if isinstance(crds, CrdsChart):
        return Chart(crds.name, config.chart_version, line.repository)
    if isinstance(crds, CrdsManifest):
        version = line.application
        return PublishedManifest(crds.name, version, crds.url.format(version=version))
    return None


def charts_of(config: MeshConfig) -> Iterator[Package]:
    """Every chart and manifest that a stack file needs."""
    for name in config.clusters:
        made = inventory(config, name)
        yield from (Chart(item.chart, item.version, item.origin) for item in made.releases)
        yield from (PublishedManifest(item.name, item.version, item.url) for item in made.manifests)
