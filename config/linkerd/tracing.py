"""Where traces are sent. Facts: values of the charts; Linkerd docs, "Distributed tracing".

Linkerd's proxies add spans only to existing traces, which Ambassador can begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.language.formats import (
    LABEL_PATTERN,
    ChartVersion,
    DnsLabel,
    HelmValues,
    HostAndPort,
    ObjectSpec,
    chart_version,
    matching,
)
from config.language.model import Model
from config.language.problems import Problem
from config.variants.edge_releases import LAST_JAEGER

OPEN_CENSUS_PORT = 55678
"""Port on which a collector accepts OpenCensus by default."""
OTLP_PORTS = (4317, 4318)
"""Ports on which a collector accepts OTLP over gRPC and over HTTP."""

_SERVICE = rf"({LABEL_PATTERN})\.({LABEL_PATTERN})(\.svc(\..+)?)?:[0-9]+"


JaegerVersion = Annotated[ChartVersion, chart_version(".".join(map(str, LAST_JAEGER)))]
"""Version of the chart linkerd-jaeger."""
Collector = Annotated[
    HostAndPort,
    matching(
        _SERVICE,
        "a Service with its namespace and port",
        "write for example tempo-distributor.tracing:4317",
    ),
]
"""A Service of the cluster, its namespace and a port: ``tempo-distributor.tracing:4317``."""


def port_of(address: str) -> int:
    """The port at the end of an address."""
    return int(address.rpartition(":")[2])


class TracingConfig(Model):
    """The collector to which Linkerd's proxies, and optionally its controllers, send spans.

    Since 2025.6.4 (edge-25.6.4), values of the control plane's chart configure it. For earlier
    versions, the program installs the extension linkerd-jaeger, without its own collector and
    Jaeger.
    """

    collector: Collector
    """Where proxies send spans: a Service of the same cluster, with namespace and port. They send
    OTLP over gRPC (port 4317), or OpenCensus to port 55678, which needs the extension
    linkerd-jaeger."""
    service_account: DnsLabel
    """ServiceAccount of the collector's pods, which have to be meshed, in the namespace of its
    Service."""
    controller_collector: HostAndPort | None = None
    """Where Linkerd's own controllers send spans, always as OpenCensus (port 55678); nowhere when
    left out."""
    jaeger_version: JaegerVersion | None = None
    """Version of the chart linkerd-jaeger, where the extension is needed; Linkerd's by default."""
    jaeger_values: HelmValues = {}
    """Extra values for that chart; they override the program's defaults."""

    @property
    def service(self) -> str:
        """Name of the collector's Service."""
        return self.collector.split(".")[0]

    @property
    def namespace(self) -> str:
        """Namespace of the collector."""
        return self.collector.partition(":")[0].split(".")[1]

    @property
    def speaks_open_census(self) -> bool:
        """Whether the collector's port is that of OpenCensus."""
        return port_of(self.collector) == OPEN_CENSUS_PORT

    def inconsistencies(self) -> Iterator[Problem]:
        """Ports of another protocol."""
        controllers = self.controller_collector
        if controllers is not None and port_of(controllers) in OTLP_PORTS:
            yield Problem(
                "controllerCollector",
                f"Linkerd's controllers send OpenCensus, and port {port_of(controllers)} accepts "
                "OTLP",
                f"write the address of an OpenCensus receiver (port {OPEN_CENSUS_PORT}), or leave "
                "it out",
            )


class AmbassadorTracing(Model):
    """Ambassador's TracingService, so that a trace begins at the edge.

    Ambassador accepts only one TracingService, and reads it only when it starts.
    """

    service: HostAndPort
    """Address of the collector."""
    driver: Literal["opentelemetry", "zipkin"] = "opentelemetry"
    """Protocol of the spans: OTLP over gRPC (port 4317) with traceparent headers, or Zipkin (port
    9411) with b3 headers. Emissary supports opentelemetry since 3.5, Ambassador 1.14 does not."""
    service_name: DnsLabel | None = None
    """Service name of its spans with opentelemetry; ``ambassador`` by default."""
    sampling: Annotated[int, Field(ge=0, le=100, strict=True)] = 100
    """Percentage of requests that are traced (0-100)."""
    spec: ObjectSpec = {}
    """Further fields of the TracingService's ``spec``, as its CRD has them."""

    def inconsistencies(self) -> Iterator[Problem]:
        """A service name that has no effect, a port of another protocol."""
        if self.service_name is not None and self.driver == "zipkin":
            yield Problem(
                "serviceName",
                "with zipkin, the service name of Ambassador's spans is that of its Envoy cluster",
                "leave it out, or write driver: opentelemetry",
                about=("driver",),
            )
        port = port_of(self.service)
        if port == 9411 and self.driver == "opentelemetry":
            yield Problem(
                "driver",
                "port 9411 accepts Zipkin, not OTLP",
                "write driver: zipkin, or the collector's OTLP port 4317",
                about=("service",),
            )
        if port in OTLP_PORTS and self.driver == "zipkin":
            yield Problem(
                "driver",
                f"port {port} accepts OTLP, not Zipkin",
                "write driver: opentelemetry, or the collector's Zipkin port 9411",
                about=("service",),
            )
