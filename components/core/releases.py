"""Helm releases as this project makes them: named, pinned, awaited, never creating namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from charts.source import Chart, ChartSource
from config.inventory import Inventory

REVISIONS = 10
"""How many revisions of a release Helm keeps, each in a Secret.

As many as `helm upgrade` does by default (Helm docs). Pulumi's default is to keep all
(pulumi-kubernetes, ``helm_release.go``), which every upgrade and every look of the guard reads:
renewed credentials of links alone make two a day.
"""


@dataclass(frozen=True)
class ReleaseSettings:
    """What all releases of a mesh share."""

    charts: ChartSource
    """Where charts come from."""
    timeout_seconds: int
    """Seconds that installing or upgrading one release may take."""
    unlisted: Callable[[str, str, str], str | None] = lambda *release: None
    """Given cluster, namespace and name of a release after its step: why it does not exist."""


def helm_release(
    logical_name: str,
    made: Inventory,
    chart: str,
    settings: ReleaseSettings,
    *,
    namespace: pulumi.Input[str],
    values: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> Release:
    """The cluster's release of a chart, awaited until all its objects are ready.

    `namespace` is the release's namespace as an output of the resource that makes it; `values` are
    those that extra values may change, beside those that the inventory derives.

    Raises ValueError: the cluster has no release of that chart.
    """
    release = made.release_of(chart)
    if release is None:
        raise ValueError(f"cluster {made.cluster} has no release of the chart {chart}")
    location = settings.charts.location(Chart(chart, release.version, release.origin))
    timeout = f"{settings.timeout_seconds}s"
    opts = pulumi.ResourceOptions.merge(
        opts,
        pulumi.ResourceOptions(
            # Two releases of one name cannot exist at a time.
            delete_before_replace=True,
            custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete=timeout),
        ),
    )
    made_release = Release(
        logical_name,
        chart=location.chart,
        version=release.version,
        repository_opts=(
            RepositoryOptsArgs(repo=location.repository) if location.repository else None
        ),
        name=release.name,
        namespace=namespace,
        values=made.values[release.key].over(values),
        timeout=settings.timeout_seconds,
        create_namespace=False,
        max_history=REVISIONS,
        opts=opts,
    )

    def require(_: object) -> None:
        reason = settings.unlisted(made.cluster, *release.key)
        if reason is not None:
            # An error that is only logged ends an update with exit code 0.
            raise pulumi.RunError(reason)

    # Known in a preview where the state has the release, and otherwise once it is installed.
    made_release.status.apply(require)
    return made_release
