"""Where a chart comes from, as a Helm release wants to hear it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.charts import ChartsConfig
from config.mesh import MeshConfig

CHARTS_VARIABLE = "MESH_CHARTS"
"""Environment variable that names a folder of packaged charts and wins over the stack file."""

EMISSARY_CHARTS = frozenset({"emissary-crds-chart", "emissary-ingress"})


class MissingChartsError(ValueError):
    """Charts that the folder of packaged charts should hold and does not."""

    def __init__(self, directory: Path, missing: Iterable[str]) -> None:
        names = ", ".join(missing)
        super().__init__(
            f"the chart folder {directory} lacks {names}; put the packaged charts there, "
            f"or correct charts.directory or {CHARTS_VARIABLE}"
        )


@dataclass(frozen=True)
class Chart:
    """A chart in one version."""

    name: str
    """Name, for example ``linkerd-control-plane``."""
    version: str
    """Exact version."""

    @property
    def package(self) -> str:
        """File name of the packaged chart."""
        return f"{self.name}-{self.version}.tgz"


@dataclass(frozen=True)
class ChartLocation:
    """How a chart is named to Helm: a path or OCI reference, or a name in a repository."""

    chart: str
    repository: str | None


@dataclass(frozen=True)
class ChartSource:
    """Finds charts in a folder, or else in their published repositories."""

    directory: Path | None
    linkerd: str
    emissary: str

    @classmethod
    def of(cls, config: ChartsConfig, environment: Mapping[str, str]) -> ChartSource:
        """The source that the environment and the stack file ask for, in that order."""
        directory = environment.get(CHARTS_VARIABLE) or config.directory
        return cls(
            Path(directory).expanduser() if directory else None, config.linkerd, config.emissary
        )

    def location(self, chart: Chart) -> ChartLocation:
        """Where `chart` is."""
        if self.directory is not None:
            return ChartLocation(str(self.directory / chart.package), None)
        repository = self.emissary if chart.name in EMISSARY_CHARTS else self.linkerd
        if repository.startswith("oci://"):
            return ChartLocation(f"{repository}/{chart.name}", None)
        return ChartLocation(chart.name, repository)

    def require(self, charts: Iterable[Chart]) -> None:
        """Raise MissingChartsError where the folder lacks one of `charts`."""
        if self.directory is None:
            return
        missing = sorted(
            {chart.package for chart in charts if not (self.directory / chart.package).is_file()}
        )
        if missing:
            raise MissingChartsError(self.directory, missing)


def charts_of(config: MeshConfig) -> Iterator[Chart]:
    """Every chart that a stack file asks for."""
    linked = config.linked_clusters()
    for name, cluster in config.clusters.items():
        linkerd = cluster.linkerd
        names = ["linkerd-crds", "linkerd-control-plane"]
        names += ["linkerd2-cni"] if linkerd.cni else []
        names += ["linkerd-viz"] if linkerd.viz.enabled else []
        names += ["linkerd-multicluster"] if name in linked else []
        yield from (Chart(chart, linkerd.version) for chart in names)
        if cluster.ambassador is not None:
            yield from (Chart(chart, cluster.ambassador.version) for chart in EMISSARY_CHARTS)
