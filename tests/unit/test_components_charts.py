"""Where charts are looked for."""

from __future__ import annotations

import pytest

from components import ChartSource
from components.charts import Chart, ChartLocation


@pytest.mark.parametrize("chart", ["linkerd-crds", "emissary-ingress"])
def test_a_chart_of_a_registry_is_named_by_its_reference_and_one_of_a_repository_by_both(
    chart: str,
) -> None:
    wanted = Chart(chart, "1.2.3")
    registry, repository = "oci://charts.example.com/all", "https://charts.example.com/all"
    assert ChartSource(None, registry, registry).location(wanted) == ChartLocation(
        f"{registry}/{chart}", None
    )
    assert ChartSource(None, repository, repository).location(wanted) == ChartLocation(
        chart, repository
    )
