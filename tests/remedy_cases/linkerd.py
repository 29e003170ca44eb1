"""Linkerd: tracing, viz, monitoring, egress."""

from __future__ import annotations

from tests.remedy_cases.builders import Wrong, linkerd, one, viz
from tests.remedy_cases.common import COLLECTOR, HOST

OPEN_CENSUS = {**COLLECTOR, "collector": "tempo.tracing:55678"}
ROUTE = {"host": "viz.example.com", "tlsSecret": "viz-tls"}

WRONG: Wrong = [
    ("two Grafanas", viz(grafana={"url": "g.m:80", "externalUrl": "https://g.example.com"})),
    ("no Grafana", viz(grafana={"uidPrefix": "l"})),
    ("OTLP of controllers", linkerd(tracing={**COLLECTOR, "controllerCollector": "t.t:4317"})),
    ("tracing of 2.8", linkerd(version="2.8.1", tracing=COLLECTOR)),
    ("no extension", linkerd(tracing={**COLLECTOR, "jaegerVersion": "2025.3.1"})),
    ("OpenCensus of today", linkerd(tracing=OPEN_CENSUS)),
    (
        "controllers of an old chart",
        linkerd(version="2025.3.1", tracing={**COLLECTOR, "controllerCollector": "o.t:55678"}),
    ),
    (
        "jaeger of 2.14",
        linkerd(version="2025.3.1", tracing={**COLLECTOR, "jaegerVersion": "30.12.11"}),
    ),
    ("OTLP of an old extension", linkerd(version="2024.9.1", tracing=COLLECTOR)),
    (
        "jaeger to come",
        linkerd(version="2025.3.1", tracing={**COLLECTOR, "jaegerVersion": "2025.10.1"}),
    ),
    ("viz of 2.8", linkerd(version="2.8.1", viz={"prometheusUrl": "http://p.m:9090"})),
    ("viz without viz", linkerd(viz={"prometheusUrl": "http://p.m:9090"})),
    ("route without Ambassador", viz(route=ROUTE)),
    ("route of v1", viz({"flavour": "ambassador", "apiVersion": "v1", "adopt": {}}, route=ROUTE)),
    ("Host of the dashboard's name", viz({"hosts": [HOST]}, route=ROUTE)),
    (
        "Host called as viz",
        viz({"hosts": [{"name": "linkerd-viz", "hostname": "a.example.com"}]}, route=ROUTE),
    ),
    (
        "Secret of two Hosts",
        viz(
            {
                "hosts": [
                    {
                        "name": "s",
                        "hostname": "s.example.com",
                        "tls": {"secret": "viz-tls", "trial": True},
                    }
                ]
            },
            route=ROUTE,
        ),
    ),
    (
        "Mapping called as viz",
        viz(
            {"mappings": [{"name": "linkerd-viz", "prefix": "/v/", "service": "a.b"}]}, route=ROUTE
        ),
    ),
    # Monitoring
    ("half a ServiceAccount", one(monitoring={"prometheus": {"namespace": "m"}})),
    ("the other half", one(monitoring={"prometheus": {"serviceAccount": "p"}})),
    ("no Prometheus", one(monitoring={"prometheus": {}})),
    ("namespaces for no Prometheus", one(monitoring={"namespaces": ["shop"]})),
    # Egress
    ("egress of an old chart", linkerd(version="2024.10.5", egress={"default": "deny"})),
    (
        "host with a port",
        linkerd(egress={"default": "deny", "hosts": [{"name": "a", "hosts": ["a.io:1"]}]}),
    ),
    (
        "all other addresses",
        linkerd(
            egress={
                "default": "deny",
                "addresses": [{"name": "default", "networks": ["192.0.2.0/24"]}],
            }
        ),
    ),
    (
        "hosts that are allowed anyway",
        linkerd(egress={"default": "allow", "hosts": [{"name": "a", "hosts": ["a.io"]}]}),
    ),
]
