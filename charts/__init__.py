"""Where charts, and manifests of CRDs, come from."""

from charts.source import ChartSource, MissingChartsError, charts_of

__all__ = ["ChartSource", "MissingChartsError", "charts_of"]
