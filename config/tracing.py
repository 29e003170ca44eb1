"""Where traces go. Facts: values of the charts; Linkerd docs, "Distributed tracing"."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.base import Model
from config.formats import ChartVersion, DnsLabel, Flag, HelmValues
from config.problems import quoted, wrong


def _endpoint(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if (
        not colon
        or not re.fullmatch(r"[0-9]{1,5}", port)
        or not 0 < int(port) < 65536
        or (not re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", host))
    ):
        raise wrong(
            f"{quoted(value)} is not an address with a port",
            "write for example tempo-distributor.tracing:4317",
        )
    return value


Endpoint = Annotated[str, AfterValidator(_endpoint)]
"""A host name and a port, joined by a colon."""


class TracingConfig(Model):
    """The collector that Linkerd's proxies and controllers send their spans to.

    Since 2025.10.1 (edge-25.10.1) the control plane's own values say so; before, the extension
    linkerd-jaeger does, which is installed without its own collector and Jaeger.
    """

    collector: Endpoint
    """Its address: OTLP (port 4317) today, OpenCensus (port 55678) for the extension."""
    service_account: DnsLabel
    """ServiceAccount of the collector's pods, which have to be meshed."""
    namespace: DnsLabel
    """Namespace of the collector."""
    control_plane: Flag = True
    """Whether controllers send spans, too."""
    jaeger_version: ChartVersion | None = None
    """Version of the chart linkerd-jaeger, where the extension is needed; Linkerd's by default."""
    jaeger_values: HelmValues = {}
    """Extra values for that chart; they win over ours."""


class AmbassadorTracing(Model):
    """Ambassador's TracingService, so that a trace begins at the edge."""

    service: Endpoint
    """Address of the collector."""
    driver: Literal["opentelemetry", "zipkin"] = "opentelemetry"
    """Protocol that Ambassador speaks; version 1.14 and v1 and v2 objects know zipkin alone."""
    service_name: DnsLabel = "ambassador"
    """Name that its spans carry."""
    sampling: Annotated[int, Field(ge=0, le=100, strict=True)] = 100
    """Requests in a hundred that are traced."""
