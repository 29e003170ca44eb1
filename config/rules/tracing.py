"""Checks of tracing that need the versions of Linkerd and Ambassador.

Facts: the charts linkerd-control-plane 2026.8.3 and linkerd-jaeger 2025.9.4; the changes of
Emissary-ingress 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.ambassador.ambassador import AmbassadorConfig
from config.core.cluster import ClusterConfig
from config.language.formats import numbers
from config.language.problems import Problem
from config.linkerd.control_plane import LinkerdConfig
from config.linkerd.tracing import OTLP_PORTS
from config.rules.several import key_at
from config.variants.edge_releases import JAEGER_PROTOCOL, LAST_JAEGER, TRACING
from config.variants.linkerds import DEFAULT


def traced(clusters: Mapping[str, ClusterConfig]) -> Iterator[Problem]:
    """Tracing settings that a cluster's Linkerd or Ambassador does not support."""
    for name, cluster in clusters.items():
        if cluster.linkerd.tracing is not None:
            yield from _of_linkerd(f"clusters.{name}.linkerd", cluster.linkerd)
        for place, ambassador in enumerate(cluster.every_ambassador):
            if ambassador.tracing is not None:
                yield from _of_ambassador(f"clusters.{name}.{key_at(place)}", ambassador)


def _of_linkerd(path: str, linkerd: LinkerdConfig) -> Iterator[Problem]:
    tracing = linkerd.tracing
    if tracing is None:
        return
    about = (f"{path}.version",)
    if not linkerd.generation.tracing:
        yield Problem(
            f"{path}.tracing",
            f"this program does not configure tracing for {linkerd.generation.title}",
            f'leave tracing out, or write version: "{DEFAULT.newest}"',
            about=about,
        )
        return
    if linkerd.traces_by_extension:
        yield from _by_extension(path, linkerd)
        return
    for key, given in (
        ("jaegerVersion", tracing.jaeger_version is not None),
        ("jaegerValues", bool(tracing.jaeger_values)),
    ):
        if given:
            yield Problem(
                f"{path}.tracing.{key}",
                f"Linkerd {linkerd.version} traces without the extension linkerd-jaeger",
                f"leave {key} out",
                about=about,
            )
    if tracing.speaks_open_census:
        yield Problem(
            f"{path}.tracing.collector",
            f"the proxies of Linkerd {linkerd.version} send OTLP, and this port accepts OpenCensus",
            f"write {tracing.collector.partition(':')[0]}:{OTLP_PORTS[0]}, or another port at "
            "which it accepts OTLP",
            about=about,
        )


def _by_extension(path: str, linkerd: LinkerdConfig) -> Iterator[Problem]:
    """Settings that the extension of this version does not support."""
    tracing = linkerd.tracing
    if tracing is None:
        return
    if tracing.controller_collector is not None:
        yield Problem(
            f"{path}.tracing.controllerCollector",
            f"the chart of Linkerd {linkerd.version} has no such setting",
            f"leave it out, or write version {TRACING.version} or later",
            about=(f"{path}.version",),
        )
    if not linkerd.jaeger_dated[0]:
        yield Problem(
            f"{path}.tracing.jaegerVersion",
            f"the chart linkerd-jaeger has no version {linkerd.jaeger_version}",
            f'write "{linkerd.version}", or leave it out',
        )
    elif not linkerd.jaeger_has_protocol and not tracing.speaks_open_census:
        yield Problem(
            f"{path}.tracing.collector",
            f"with linkerd-jaeger {linkerd.jaeger_version}, proxies send only OpenCensus",
            "write the collector's OpenCensus port 55678, or version "
            f"{JAEGER_PROTOCOL.version} or later",
            about=(f"{path}.version", f"{path}.tracing.jaegerVersion"),
        )
    elif linkerd.jaeger_dated > LAST_JAEGER:
        last = ".".join(map(str, LAST_JAEGER))
        yield Problem(
            f"{path}.tracing.jaegerVersion",
            f"linkerd-jaeger {linkerd.jaeger_version} does not exist: the last version is {last}",
            "leave it out to use Linkerd's own version",
        )


def _of_ambassador(path: str, ambassador: AmbassadorConfig) -> Iterator[Problem]:
    tracing, line = ambassador.tracing, ambassador.line
    if tracing is None or tracing.driver != "opentelemetry":
        return
    since = line.otlp_since
    if since is not None and numbers(ambassador.chart_version) >= numbers(since):
        return
    yield Problem(
        f"{path}.tracing.driver",
        f"{ambassador.kind.title} (chart {ambassador.chart_version}) does not support "
        "opentelemetry",
        "write driver: zipkin, and the collector's Zipkin port 9411 under service",
        about=(f"{path}.flavour", f"{path}.version"),
    )
