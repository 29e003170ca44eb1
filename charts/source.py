"""Where charts, and manifests of CRDs, come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, assert_never

import requests

from config.ambassador.ambassador import AmbassadorConfig
from config.core.charts import ChartsConfig
from config.core.mesh import MeshConfig
from config.linkerd.control_plane import LinkerdConfig
from config.trust.cert_manager import CertManagerConfig, TrustManagerConfig
from config.variants.ambassadors import CrdsChart, CrdsManifest, CrdsWithin
from config.variants.generation import Generation
from vocabulary.errors import BAD_INPUT, MeshError

CHARTS_VARIABLE = "MESH_CHARTS"
"""Environment variable that names a folder of packaged charts and wins over the stack file."""

DOWNLOAD_SECONDS = 30

Origin = Literal["linkerd", "linkerd_stable", "emissary", "ambassador", "cert_manager"]
"""Which of the stack file's repositories a chart is in."""


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
    """A manifest in one version, as its makers publish it."""

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
    """How a chart is named to Helm: a path or OCI reference, or a name in a repository."""

    chart: str
    repository: str | None


@dataclass(frozen=True)
class ChartSource:
    """Finds charts and manifests in a folder, or else where they are published."""

    directory: Path | None
    """The folder of packaged charts; None for what is published."""
    repositories: ChartsConfig
    """The repositories."""
    stand_ins: bool = False
    """Whether the folder has the stand-ins of `charts/stand_ins`."""
    _texts: dict[PublishedManifest, str] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @classmethod
    def of(cls, config: ChartsConfig, environment: Mapping[str, str]) -> ChartSource:
        """The source that the environment and the stack file ask for, in that order."""
        directory = environment.get(CHARTS_VARIABLE) or config.directory
        return cls(Path(directory).expanduser() if directory else None, config)

    def location(self, chart: Chart) -> ChartLocation:
        """Where `chart` is."""
        if self.directory is not None:
            return ChartLocation(str(self.directory / chart.package), None)
        repository = str(getattr(self.repositories, chart.origin))
        if repository.startswith("oci://"):
            return ChartLocation(f"{repository}/{chart.name}", None)
        return ChartLocation(chart.name, repository)

    def text(self, manifest: PublishedManifest) -> str:
        """The text of `manifest`, read once from the folder or from where it is published.

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
        """Raise MissingChartsError where the folder lacks one of `packages`."""
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
    """The chart or manifest of an Ambassador's CRDs; None where they are in its own chart."""
    line = config.line
    match line.crds:
        case CrdsChart(name=name):
            return Chart(name, config.chart_version, line.repository)
        case CrdsManifest(name=name, url=url):
            version = line.application
            return PublishedManifest(name, version, url.format(version=version))
        case CrdsWithin():
            return None
        case _:
            assert_never(line.crds)


def linkerd_chart(config: LinkerdConfig, name: str) -> Chart:
    """A chart of Linkerd in the version that a cluster has."""
    old = config.generation is Generation.V2_8
    return Chart(name, config.version, "linkerd_stable" if old else "linkerd")


def jaeger_chart(config: LinkerdConfig) -> Chart:
    """The chart of the extension by which older versions trace."""
    return Chart("linkerd-jaeger", config.jaeger_version)


def cert_manager_chart(config: CertManagerConfig) -> Chart:
    """The chart of cert-manager."""
    return Chart("cert-manager", config.version, "cert_manager")


def trust_manager_chart(config: TrustManagerConfig) -> Chart:
    """The chart of trust-manager."""
    return Chart("trust-manager", config.version, "cert_manager")


def charts_of(config: MeshConfig) -> Iterator[Package]:
    """Every chart and manifest that a stack file asks for."""
    linked = config.linked_clusters()
    for name, cluster in config.clusters.items():
        linkerd = cluster.linkerd
        if linkerd.generation is Generation.V2_8:
            names = ["linkerd2"]
            names += ["linkerd2-multicluster"] if name in linked else []
        else:
            names = ["linkerd-crds", "linkerd-control-plane"]
            names += ["linkerd-viz"] if linkerd.viz.enabled else []
            names += ["linkerd-multicluster"] if name in linked else []
        names += ["linkerd2-cni"] if linkerd.cni else []
        yield from (linkerd_chart(linkerd, chart) for chart in names)
        if linkerd.traces_by_extension:
            yield jaeger_chart(linkerd)
        issues = cluster.cert_manager
        if issues is not None and issues.install:
            yield cert_manager_chart(issues)
        trust = issues.trust_manager if issues is not None else None
        if trust is not None and trust.install:
            yield trust_manager_chart(trust)
        ambassador = cluster.ambassador
        if ambassador is None or not ambassador.installed:
            continue
        yield ambassador_chart(ambassador)
        crds = ambassador_crds(ambassador)
        if crds is not None and ambassador.install_crds:
            yield crds
