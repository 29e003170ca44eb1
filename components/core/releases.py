"""Helm releases as this project makes them: named, pinned, awaited, never creating namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from charts.source import Chart, ChartSource


@dataclass(frozen=True)
class ReleaseSettings:
    """What all releases of a mesh share."""

    charts: ChartSource
    """Where charts come from."""
    timeout_seconds: int
    """Seconds that installing or upgrading one release may take."""


def helm_release(
    logical_name: str,
    chart: Chart,
    settings: ReleaseSettings,
    *,
    name: str,
    namespace: pulumi.Input[str],
    values: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> Release:
    """A release called `name` in `namespace`, waited for until all it holds is ready."""
    location = settings.charts.location(chart)
    opts = pulumi.ResourceOptions.merge(
        opts,
        pulumi.ResourceOptions(
            # Two releases of one name cannot stand side by side.
            delete_before_replace=True,
            custom_timeouts=pulumi.CustomTimeouts(
                create=f"{settings.timeout_seconds}s",
                update=f"{settings.timeout_seconds}s",
                delete=f"{settings.timeout_seconds}s",
            ),
        ),
    )
    return Release(
        logical_name,
        chart=location.chart,
        version=chart.version,
        repository_opts=(
            RepositoryOptsArgs(repo=location.repository) if location.repository else None
        ),
        name=name,
        namespace=namespace,
        values=dict(values),
        timeout=settings.timeout_seconds,
        create_namespace=False,
        opts=opts,
    )
