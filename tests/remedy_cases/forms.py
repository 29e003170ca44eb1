"""Values of a form that no key has."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.remedy_cases.builders import Wrong, edge, linked, linkerd, one, trusted, viz
from tests.remedy_cases.common import COLLECTOR, INGRESS
from tests.stack_builders import Settings


def route(**settings: Any) -> Settings:
    """A Mapping with these settings."""
    return edge(mappings=[{"name": "m", "prefix": "/m/", "service": "m.shop", **settings}])


def issued(kind: str) -> Settings:
    """A Host whose certificate an issuer of this kind signs."""
    host = {"name": "h", "hostname": "h.example.com"}
    return edge(hosts=[{**host, "tls": {"certManager": {"issuer": "i", "kind": kind}}}])


WRONG: Wrong = [
    ("private key in values", edge(values={"a": f"{'-----BEGIN'} EC PRIVATE KEY-----\nx"})),
    ("encrypted text", one(domain={"secure": "v1:abc"})),
    ("number", {**one(), "timeoutSeconds": 1}),
    ("not a list", one(networks="10.0.0.0/8")),
    ("date", {"clusters": {"a": {"context": date(2026, 11, 30)}}}),
    ("encrypted key", {"clusters": {"secure": "v1:abc"}}),
    ("no cluster", {}),
    # Forms of texts
    ("id with a space", edge(ambassadorId="a b")),
    ("header with a colon", route(removeRequestHeaders=["x-a:"])),
    ("upgrade of two words", route(allowUpgrade=["web socket"])),
    ("Service that is none", route(service="web shop")),
    ("host with no port", route(hostname="a.example.com:x")),
    ("host with a space", route(hostname="a b")),
    ("proxy of no scheme", linked({"clusters.target.apiServer.proxyUrl": "proxy.example.com"})),
    ("label in capitals", edge(namespace="Edge")),
    ("Service that begins with a digit", one(sample={"service": "1a"})),
    ("no quantity", edge(resources={"cpuRequest": "much"})),
    ("version of no chart", edge(version="latest")),
    ("version of an edge release", linkerd(version="edge-26.8.3")),
    ("version to come", linkerd(version="3.0.0")),
    ("digest without its kind", {**one(), "charts": {"digests": {"a-1.0.0": "9f86d081"}}}),
    ("health path with a space", edge(gateway={"healthPath": "a b"})),
    ("registry with a scheme", linkerd(imageRegistry="https://registry.example.com")),
    ("kind in small letters", one(meshed=[{"kind": "deployment", "namespace": "s", "name": "w"}])),
    ("class with a space", edge(service={"loadBalancerClass": "a b"})),
    ("name for an IP address", edge(service={"loadBalancerIP": "edge.example.com"})),
    ("three numbers", edge(gateway={"address": ["192.0.2"]})),
    ("address with a port", edge(gateway={"address": ["a.example.com:1"]})),
    ("Prometheus without a scheme", viz(prometheusUrl="p.m:9090")),
    ("collector without a port", linkerd(tracing={**COLLECTOR, "collector": "tempo"})),
    ("collector without a namespace", linkerd(tracing={**COLLECTOR, "collector": "tempo:4317"})),
    ("duration of two units", linked(traffic={"timeouts": {"idle": "1m30s"}})),
    ("status of no answer", linked(traffic={"retries": {"http": ["600"]}})),
    ("unknown controller", one(ingresses=[{**INGRESS, "controller": "haproxy"}])),
    ("unknown recipe", one(meshed=[{"recipe": "haproxy"}])),
    (
        "duration that is none",
        trusted({"certManager": {"makeIssuer": True, "renewBefore": "1d"}}, certManager={}),
    ),
    ("kind of an issuer in small letters", issued("issuer")),
]
