"""Links: exports, their clients and policies, gateways, API servers."""

from __future__ import annotations

from typing import Any

import yaml

from tests.remedy_cases.builders import Wrong, linked, sources
from tests.stack_builders import Settings

NO_LINK = """
clusters:
  a: {context: a, linkerd: {multicluster: {values: {controllers: [{link: {ref: {name: d}}}]}}}}
  b: {context: b, ambassador: {gateway: {}}}
links: [{source: a, target: b}]
"""

TWO_GATEWAYS: list[dict[str, Any]] = [
    {"name": name, "gateway": {}} for name in ("internal", "partner")
]
NODES = {"type": "NodePort"}
REACHED = "https://east.example.com:6443"


def exporting(*services: str, **more: Settings) -> Settings:
    """A link with these Services of the namespace shop."""
    return {"exports": [{"namespace": "shop", "service": one, **more} for one in services]}


def trafficking(**policy: object) -> Settings:
    """An export with this traffic policy."""
    return linked(traffic=policy)


def api_server(server: str, **more: object) -> Settings:
    """A link to a cluster whose kubeconfig has this API server."""
    kubeconfig = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **more}}],
    }
    target = {"kubeconfig": yaml.safe_dump(kubeconfig), "ambassador": {"gateway": {}}}
    return linked({"clusters.target": target})


WRONG: Wrong = [
    (
        "two links of one name",
        {
            "clusters": {
                name: {"context": name, "ambassador": {"gateway": {}, "serviceAccount": name}}
                for name in ("a", "a-b", "b-c", "c")
            },
            "links": [{"source": "a", "target": "b-c"}, {"source": "a-b", "target": "c"}],
        },
    ),
    ("controller of no link", yaml.safe_load(NO_LINK)),
    # Exports and their clients
    (
        "two modes",
        sources(exporting("web"), {"flatNetwork": True, **exporting("web")}),
    ),
    (
        "selected by another link",
        sources(
            exporting("web"),
            {"selectors": {"gateway": {"matchLabels": {"mirror.linkerd.io/exported": "true"}}}},
        ),
    ),
    (
        "others of Linkerd 2.8",
        {
            "clusters": {
                "a": {"context": "a", "linkerd": {"version": "2.8.1"}},
                "b": {"context": "b", "linkerd": {"version": "2.8.1"}},
                "t": {
                    "context": "t",
                    "linkerd": {"version": "2.8.1"},
                    "ambassador": {"gateway": {"probe": "ambassador"}},
                },
            },
            "links": [
                {"source": "a", "target": "t", **exporting("web")},
                {"source": "b", "target": "t", **exporting("web", "api")},
            ],
        },
    ),
    (
        "two selectors of members",
        {
            "clusters": {name: {"context": name} for name in "abc"},
            "links": [
                {
                    "source": "a",
                    "target": target,
                    "flatNetwork": True,
                    "selectors": {"federated": {"matchLabels": {"team": target}}},
                }
                for target in "bc"
            ],
        },
    ),
    ("clients past the gateway", linked({"links[0].flatNetwork": True}, clients=["shop/web"])),
    (
        "clients of an open gateway",
        linked({"clusters.target.ambassador.gateway.admits": "everything"}, clients=["shop/web"]),
    ),
    (
        "clients of Linkerd 2.8",
        linked(
            {
                **{f"clusters.{end}.linkerd.version": "2.8.1" for end in ("source", "target")},
                "clusters.target.ambassador.gateway.probe": "ambassador",
            },
            clients=["shop/web"],
        ),
    ),
    ("no client", linked(clients=["web"])),
    ("opaque ports through a gateway", trafficking(opaquePorts=[3306])),
    (
        "route to a port past the proxy",
        linked(
            {"clusters.source.ambassador.sidecar.skipOutboundPorts": [80]},
            mapping={"prefix": "/web/"},
        ),
    ),
    # Credentials
    ("lifetime of a Secret", linked({"links[0].credentials": {"renewBefore": "1h"}})),
    (
        "short lifetime",
        linked({"links[0].credentials": {"token": "request", "lifetime": "30s"}}),
    ),
    (
        "renewed by every update",
        linked({"links[0].credentials": {"token": "request", "renewBefore": "25h"}}),
    ),
    # Traffic policies
    ("retries of nothing", trafficking(retries={"limit": 2})),
    ("short window", trafficking(circuitBreaker={"successRate": {"window": "1ms"}})),
    ("penalties", trafficking(circuitBreaker={"minPenalty": "2m"})),
    ("penalties below the default", trafficking(circuitBreaker={"maxPenalty": "10ms"})),
    ("no setting", trafficking()),
    (
        "two policies",
        sources(exporting("web"), exporting("web", traffic={"timeouts": {"idle": "1s"}})),
    ),
    (
        "policy that mirrors do not get",
        linked(
            {"links[0].excludedAnnotations": ["timeout.linkerd.io/*"]},
            traffic={"timeouts": {"idle": "1s"}},
        ),
    ),
    (
        "policy of an old source",
        linked({"clusters.source.linkerd.version": "2026.5.2"}, traffic={"penalizeFailures": True}),
    ),
    (
        "labels of an old source",
        linked({"clusters.source.linkerd.version": "2025.3.3", "links[0].excludedLabels": ["a"]}),
    ),
    # Gateways and API servers
    ("which of two gateways", linked({"clusters.target.ambassador": TWO_GATEWAYS})),
    (
        "no such gateway of two",
        linked(
            {"clusters.target.ambassador": TWO_GATEWAYS, "links[0].gateway": {"name": "partners"}}
        ),
    ),
    ("no such gateway", linked({"links[0].gateway": {"name": "partner"}})),
    ("no way to the gateway", linked({"links[0].gateway": {}})),
    ("ports of no address", linked({"links[0].gateway": {"name": "ambassador", "port": 7000}})),
    (
        "one port for gateway and probe",
        linked({"links[0].gateway": {"address": ["192.0.2.7"], "port": 7000, "probePort": 7000}}),
    ),
    ("loopback address", linked({"links[0].gateway": {"address": ["127.0.0.1"]}})),
    (
        "node ports to come",
        linked(
            {
                "clusters.target.ambassador.service": {**NODES, "nodePorts": {"gateway": 30143}},
                "clusters.target.ambassador.gateway.address": ["192.0.2.7"],
            }
        ),
    ),
    ("loopback API server", api_server("https://127.0.0.1:6443")),
    ("API server behind a proxy", api_server("https://rancher.example.com/k8s/clusters/c-m-1")),
    ("API server without TLS", api_server("http://east.example.com:6443")),
    ("API server unverified", api_server(REACHED, **{"insecure-skip-tls-verify": True})),
    ("loopback proxy", api_server(REACHED, **{"proxy-url": "http://127.0.0.1:3128"})),
    ("proxy of no kind", api_server(REACHED, **{"proxy-url": "ftp://proxy.example.com"})),
    (
        "loopback API server by key",
        linked({"clusters.target.apiServer": {"address": "https://127.0.0.1:6443"}}),
    ),
]
