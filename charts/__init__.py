"""Where charts, and manifests of CRDs, come from."""

from charts.source import ChartSource, MissingChartsError, PublishedManifest, charts_of

__all__ = ["ChartSource", "MissingChartsError", "PublishedManifest", "charts_of"]
