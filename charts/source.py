"""Where charts, and manifests of CRDs, come from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import requests

from charts.download import from_address, from_registry, from_repository
from charts.pins import digest, hold
from config.ambassador.ambassador import AmbassadorConfig
from config.core.charts import ChartsConfig, Origin
from config.core.mesh import MeshConfig
from config.inventory import inventory
from config.variants.ambassadors import CrdsChart, CrdsManifest
from vocabulary.errors import BAD_INPUT, MeshError

CHARTS_VARIABLE = "MESH_CHARTS"
"""Environment variable that names a folder of packaged charts and overrides the stack file."""

STORE = Path(".charts")
"""Folder of pinned charts that were downloaded, in the folder of the project, where the engine and
its providers run. It is relative, so that the state has the same path on every machine."""


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
    def key(self) -> str:
        """How the stack file's `charts.digests` names it."""
        return f"{self.name}-{self.version}"

    @property
    def package(self) -> str:
        """File name of the packaged chart."""
        return f"{self.key}.tgz"


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
    def key(self) -> str:
        """How the stack file's `charts.digests` names it."""
        return f"{self.name}-{self.version}"

    @property
    def package(self) -> str:
        """Its file name in a folder of packaged charts."""
        return f"{self.key}.yaml"


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
    store: Path = STORE
    """Folder of pinned charts that were downloaded."""
    _texts: dict[PublishedManifest, str] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @classmethod
    def of(cls, config: ChartsConfig, environment: Mapping[str, str]) -> ChartSource:
        """The source that the environment or else the stack file names."""
        directory = environment.get(CHARTS_VARIABLE) or config.directory
        return cls(Path(directory).expanduser() if directory else None, config)

    def location(self, chart: Chart) -> ChartLocation:
        """The location of `chart`.

        That is a file where there is a folder of charts, and where the chart is pinned: `require`
        has put it into the store.
        """
        file = self._file(chart)
        if file is not None:
            return ChartLocation(str(file), None)
        return self._published(chart)

    def origin(self, item: Package) -> str:
        """Where a chart or manifest comes from: URL, ``folder DIR``, or ``stand-in charts``."""
        if self.stand_ins:
            return "stand-in charts"
        if self.directory is not None:
            return f"folder {self.directory}"
        if isinstance(item, PublishedManifest):
            return item.url
        return str(getattr(self.repositories, item.origin))

    def _published(self, chart: Chart) -> ChartLocation:
        repository = str(getattr(self.repositories, chart.origin))
        if repository.startswith("oci://"):
            return ChartLocation(f"{repository}/{chart.name}", None)
        return ChartLocation(chart.name, repository)

    def text(self, manifest: PublishedManifest) -> str:
        """The text of `manifest`, read once from the folder or its published URL.

        Raises MissingChartsError where it is not there, or is not UTF-8.
        """
        if manifest not in self._texts:
            if self.directory is not None:
                self._require_files([manifest])
            where = self._file(manifest) or manifest.url
            self._texts[manifest] = _decoded(self.content(manifest), str(where))
        return self._texts[manifest]

    def content(self, item: Package) -> bytes:
        """The file of a chart or manifest, as it is published.

        Raises MissingChartsError where it cannot be downloaded.
        """
        file = self._file(item)
        if file is None or self.directory is not None:
            return self._download(item) if file is None else file.read_bytes()
        pinned = self.repositories.digests[item.key]
        content = file.read_bytes() if file.is_file() else None
        if content is not None and digest(content) == pinned:
            return content
        content = self._download(item)
        if digest(content) == pinned:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(content)
            unfinished.replace(file)
        return content

    def require(self, packages: Iterable[Package]) -> None:
        """Make sure of `packages` before anything is declared.

        Raises MissingChartsError if the folder lacks one or it cannot be downloaded, DigestError if
        it is not the one that the stack file pins.
        """
        wanted = tuple(dict.fromkeys(packages))
        self._require_files(wanted)
        if self.repositories.digests:
            contents = {item.key: partial(self.content, item) for item in wanted}
            hold(self.repositories.digests, contents)

    def _file(self, item: Package) -> Path | None:
        """Its file on this machine; None where the engine's provider downloads it."""
        if self.directory is not None:
            return self.directory / item.package
        pinned = self.repositories.digests.get(item.key)
        return self.store / pinned.removeprefix("sha256:")[:16] / item.package if pinned else None

    def _download(self, item: Package) -> bytes:
        try:
            if isinstance(item, PublishedManifest):
                return from_address(item.url)
            place = self._published(item)
            if place.repository is not None:
                return from_repository(place.repository, item.name, item.version)
            return from_registry(place.chart, item.version)
        except (requests.RequestException, LookupError) as error:
            what = item.url if isinstance(item, PublishedManifest) else item.key
            reason = str(error) if isinstance(error, LookupError) else type(error).__name__
            kind = "manifest" if isinstance(item, PublishedManifest) else "chart"
            raise MissingChartsError(
                f"the {kind} {what} cannot be downloaded ({reason})",
                f"put it as {item.package} into a folder of packaged charts, and name the "
                f"folder under charts.directory or in {CHARTS_VARIABLE}",
            ) from None

    def _require_files(self, packages: Iterable[Package]) -> None:
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
