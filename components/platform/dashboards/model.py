"""The few parts of a dashboard that this project uses: variables, and panels of queries.

Facts: Grafana docs, "Dashboard JSON model" and "Provision dashboards".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Unit = Literal["short", "percentunit", "reqps", "ms", "s", "bytes"]

WIDTH = 24
"""Columns of Grafana's grid."""
PER_ROW = 3
HEIGHT = 8
SCHEMA_VERSION = 39
"""Version of the model; newer Grafanas convert older ones."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """A line of a panel."""

    text: str
    """In PromQL."""
    legend: str
    """Its legend; ``{{label}}`` is replaced by the value of a label."""


@dataclass(frozen=True)
class Panel:
    """A graph, or a number."""

    title: str
    """What it shows."""
    queries: tuple[Query, ...]
    """Its lines."""
    unit: Unit = "short"
    """Unit by Grafana's name."""
    kind: Literal["timeseries", "stat"] = "timeseries"
    """Whether it shows all values or the last one."""


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a dashboard."""

    name: str
    """Its name, which queries write after a ``$``."""
    query: str
    """Query of its values: ``label_values(…)``."""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard."""

    name: str
    """Part of its UID, and of the names of its ConfigMap and file."""
    title: str
    """Its title."""
    panels: tuple[Panel, ...]
    """Its panels, from left to right."""
    variables: tuple[Variable, ...] = field(default=())
    """Its choices, besides the data source, which all have."""

    @property
    def uid(self) -> str:
        """Its UID, which links contain: a change would break bookmarks."""
        return f"linkerd-ambassador-{self.name}"

    def content(self) -> Json:
        """What Grafana loads."""
        return {
            "uid": self.uid,
            "title": self.title,
            "tags": ["linkerd"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": False,
            "refresh": "1m",
            "time": {"from": "now-1h", "to": "now"},
            "templating": {"list": [_source(), *(_variable(item) for item in self.variables)]},
            "panels": _panels(self.panels),
        }


def _source() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
    }


def _variable(variable: Variable) -> Json:
    return {
        "name": variable.name,
        "label": variable.name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
    }


def _panels(panels: Sequence[Panel]) -> list[Json]:
    width = WIDTH // PER_ROW
    return [
        {
            "id": place + 1,
            "title": panel.title,
            "type": panel.kind,
            "datasource": SOURCE,
            "gridPos": {
                "h": HEIGHT,
                "w": width,
                "x": place % PER_ROW * width,
                "y": place // PER_ROW * HEIGHT,
            },
            "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
            "targets": [
                {
                    "refId": chr(ord("A") + number),
                    "datasource": SOURCE,
                    "expr": query.text,
                    "legendFormat": query.legend,
                }
                for number, query in enumerate(panel.queries)
            ],
        }
        for place, panel in enumerate(panels)
    ]
