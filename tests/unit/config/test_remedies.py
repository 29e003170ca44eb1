"""Remedies are followed: what a problem says to write leaves fewer problems."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config import Problem
from tests.remedies import clauses, followed, mended
from tests.stack_builders import (
    FREE,
    ROOT,
    Settings,
    certificate,
    changed,
    ec_key,
    joined,
    key_pem,
    places,
    problems,
    rsa_key,
    shipped,
)
from tests.unit.config import test_stack_files
from tests.unit.config.ambassador import test_wrong_combinations
from tests.unit.config.links import test_wrong_links

Wrong = list[tuple[str, Settings]]

KEY = ec_key("house")
ANCHOR = {"name": "house", "certificate": certificate(KEY)}
OTHER_KEY = {**ANCHOR, "privateKey": key_pem(ec_key("another"))}
ISSUED = {"issuer": "house", "webhooks": True}
COLLECTOR = {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"}
OPEN_CENSUS = {**COLLECTOR, "collector": "tempo.tracing:55678"}
WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}
JOB = {"namespace": "shop", "name": "nightly"}
WRAPPED = {**JOB, "treatment": "await", "container": "run", "command": ["run"]}
ORDINARY = {"values": {"proxy": {"nativeSidecar": False}}}
ROUTE = {"host": "viz.example.com", "tlsSecret": "viz-tls"}
INGRESS = {"name": "web", "namespace": "shop", "service": "web", "host": "shop.example.com"}
TRAEFIK = {**INGRESS, "controller": "traefik-ingressroute"}
HOST = {"name": "shop", "hostname": "viz.example.com"}


NO_LINK = """
clusters:
  a: {context: a, linkerd: {multicluster: {values: {controllers: [{link: {ref: {name: d}}}]}}}}
  b: {context: b, ambassador: {gateway: {}}}
links: [{source: a, target: b}]
"""


def one(**cluster: Any) -> Settings:
    """One cluster with these settings."""
    return {"clusters": {"a": {"context": "a", **cluster}}}


def linkerd(**settings: Any) -> Settings:
    return one(linkerd=settings)


def viz(ambassador: Any = None, **settings: Any) -> Settings:
    shown = {"viz": {"enabled": True, **settings}}
    return one(linkerd=shown, **({} if ambassador is None else {"ambassador": ambassador}))


def edge(**settings: Any) -> Settings:
    return one(ambassador=settings)


def trusted(trust: Any, **cluster: Any) -> Settings:
    return {**one(**cluster), "trustAnchor": trust}


def ports(*entries: Any) -> Settings:
    return edge(gateway={}, values={"service": {"ports": list(entries)}})


FURTHER: Wrong = [
    ("private key in values", edge(values={"a": f"{'-----BEGIN'} EC PRIVATE KEY-----\nx"})),
    ("encrypted text", one(domain={"secure": "v1:abc"})),
    ("number", {**one(), "timeoutSeconds": 1}),
    ("not a list", one(networks="10.0.0.0/8")),
    ("date", {"clusters": {"a": {"context": date(2026, 11, 30)}}}),
    ("two Grafanas", viz(grafana={"url": "g.m:80", "externalUrl": "https://g.example.com"})),
    ("no Grafana", viz(grafana={"uidPrefix": "l"})),
    ("OTLP of controllers", linkerd(tracing={**COLLECTOR, "controllerCollector": "t.t:4317"})),
    ("zipkin's name", edge(tracing={"service": "t:9411", "driver": "zipkin", "serviceName": "e"})),
    ("zipkin's port", edge(tracing={"service": "t:9411"})),
    ("OTLP's port", edge(tracing={"service": "t:4317", "driver": "zipkin"})),
    ("encrypted key", {"clusters": {"secure": "v1:abc"}}),
    ("no cluster", {}),
    (
        "certificate of an IngressRoute",
        one(ingresses=[{**TRAEFIK, "tls": {"certManager": {"issuer": "i"}}}]),
    ),
    ("class of an IngressRoute", one(ingresses=[{**TRAEFIK, "className": "t"}])),
    (
        "passwords elsewhere",
        one(ingresses=[{**TRAEFIK, "basicAuth": {"secret": "s", "namespace": "t"}}]),
    ),
    ("recipe with a kind", one(meshed=[{"recipe": "velero", "kind": "Deployment"}])),
    ("nothing to mesh", one(meshed=[{}])),
    ("no namespace", one(meshed=[{"kind": "Deployment", "name": "web"}])),
    ("namespace in one", one(meshed=[{"kind": "Namespace", "name": "s", "namespace": "s"}])),
    ("container without env", one(meshed=[{**WEB, "container": "web"}])),
    (
        "env of a Namespace",
        one(meshed=[{"kind": "Namespace", "name": "s", "container": "c", "env": {"A": "b"}}]),
    ),
    ("await of nothing", one(linkerd=ORDINARY, jobs=[{**JOB, "treatment": "await"}])),
    ("opt-out of a command", one(linkerd=ORDINARY, jobs=[{**JOB, "container": "run"}])),
    ("meshed twice", one(meshed=[WEB, WEB])),
    (
        "adopted and meshed",
        one(
            ambassador={"adopt": {}},
            meshed=[{"kind": "Deployment", "namespace": "ambassador", "name": "ambassador"}],
        ),
    ),
    ("meshed of the program", one(meshed=[{**WEB, "namespace": "linkerd"}])),
    ("skipped namespace", one(meshed=[{**WEB, "namespace": "kube-system"}])),
    ("job of native sidecars", one(jobs=[JOB])),
    ("await of 2.8", one(linkerd={"version": "2.8.1"}, jobs=[WRAPPED])),
    ("Listener on the proxy's port", edge(listeners=[{"name": "a", "port": 4143}])),
    ("public admin port", edge(publicPorts=[8080, 4191])),
    ("probe beside http", edge(gateway={"probe": "ambassador", "probePort": 8001})),
    (
        "RSA where 2.8 is",
        {
            **linkerd(version="2.8.1"),
            "trustAnchor": {
                "anchors": [
                    {
                        "name": "r",
                        "certificate": certificate(rsa_key()),
                        "privateKey": key_pem(rsa_key()),
                    }
                ]
            },
        },
    ),
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
    ("issuer without cert-manager", trusted({"certManager": {"makeIssuer": True}})),
    (
        "issuer for 2.8",
        trusted(
            {"certManager": {"makeIssuer": True}}, linkerd={"version": "2.8.1"}, certManager={}
        ),
    ),
    (
        "no trust-manager",
        trusted(
            {"certManager": {"makeIssuer": True, "trustRoots": "trust-manager"}}, certManager={}
        ),
    ),
    (
        "webhook of the extension",
        trusted(
            {"certManager": {"makeIssuer": True, "webhooks": True}},
            certManager={},
            linkerd={"version": "2025.3.1", "tracing": COLLECTOR},
        ),
    ),
    (
        "Issuer for viz",
        trusted(
            {"anchors": [ANCHOR], "certManager": {**ISSUED, "kind": "Issuer"}},
            certManager={},
            linkerd={"viz": {"enabled": True}},
        ),
    ),
    (
        "trial without a key",
        trusted(
            {"anchors": [ANCHOR], "certManager": ISSUED},
            certManager={},
            ambassador={"hosts": [{**HOST, "tls": {"trial": True}}]},
        ),
    ),
    (
        "renewed endlessly",
        trusted({"certManager": {"makeIssuer": True, "renewBefore": "50h"}}, certManager={}),
    ),
    (
        "Issuer to make",
        trusted({"certManager": {"makeIssuer": True, "kind": "Issuer"}}, certManager={}),
    ),
    (
        "roots for values",
        trusted(
            {"certManager": {"makeIssuer": True, "rootsSecret": {"name": "r"}}}, certManager={}
        ),
    ),
    ("key alone", trusted({"anchors": [{"name": "a", "privateKey": key_pem(KEY)}]})),
    ("another key", trusted({"anchors": [OTHER_KEY]})),
    (
        "same anchor twice",
        trusted({"anchors": [{**ANCHOR, "privateKey": key_pem(KEY)}, {**ANCHOR, "name": "b"}]}),
    ),
    ("no key", trusted({"anchors": [ANCHOR]})),
    ("generated CA", trusted({"certManager": ISSUED}, certManager={})),
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
    ("opentelemetry of 3.4", edge(version="3.4.0", tracing={"service": "t:4317"})),
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
    (
        "two Ingresses of one name",
        one(
            ingresses=[
                {**INGRESS, "controller": "traefik"},
                {**INGRESS, "controller": "traefik", "host": "b.example.com"},
            ]
        ),
    ),
    (
        "two Ingresses of one host",
        one(
            ingresses=[
                {**INGRESS, "controller": "traefik"},
                {**INGRESS, "controller": "traefik", "name": "b"},
            ]
        ),
    ),
    ("derived value", edge(values={"fullnameOverride": "other"})),
    ("value that shapes", edge(values={"daemonSet": True})),
    ("port without a name", ports({"port": 8883})),
    ("port twice", ports({"name": "m", "port": 1}, {"name": "m", "port": 2})),
    ("port of another", ports({"name": "web", "port": 80})),
    ("controller of no link", yaml.safe_load(NO_LINK)),
]
"""Further stack files that are refused, so that every remedy of the code is followed."""

CASES: Wrong = [
    *((case[0], changed(case[1])) for case in test_stack_files.WRONG),
    *((case[0], changed(case[1])) for case in test_wrong_combinations.WRONG),
    *((case[0], changed(case[2], case[1])) for case in test_wrong_links.WRONG),
    *FURTHER,
]


@pytest.mark.parametrize("case", CASES, ids=[name for name, _ in CASES])
def test_following_a_remedy_leaves_fewer_problems(case: tuple[str, Settings]) -> None:
    found = problems(case[1])
    assert found
    for problem in found:
        assert mended(case[1], problem), str(problem)


OF_THE_FILE = "config/load.py"
"""Problems of a file as a whole, whose remedies are in `test_stack_files`."""
FOR_THE_REST = ("invalid value", "this is not a string, number, list or mapping")
"""Messages for what no stack file has: another error of pydantic, an object of Python."""


def test_every_problem_of_the_code_is_raised_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: set[tuple[str, int]] = set()
    make = Problem.__init__

    def noted(self: Problem, *given: Any, **named: Any) -> None:
        frame = sys._getframe(1)
        raised.add((frame.f_code.co_filename, frame.f_lineno))
        make(self, *given, **named)

    monkeypatch.setattr(Problem, "__init__", noted)
    for _, settings in CASES:
        problems(settings)
    missing = [
        f"{file}:{node.lineno}"
        for file, node in calls()
        if file != OF_THE_FILE
        and not any(
            name.endswith(file) and node.lineno <= line <= (node.end_lineno or 0)
            for name, line in raised
        )
    ]
    assert missing == []


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every place in `config` that makes a problem."""
    for path in sorted((ROOT / "config").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"
            kept = any(text in ast.dump(node) for text in FOR_THE_REST)
            if isinstance(node, ast.Call) and made and not kept:
                yield str(path.relative_to(ROOT)), node


# Remedies that misled -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "path", "never"),
    [
        (
            edge(adopt={}, sidecar={"skipOutboundPorts": [3306]}),
            "clusters.a.ambassador.sidecar.skipOutboundPorts",
            "skipInboundPorts'",
        ),
        (
            edge(service={"loadBalancerIP": "203.0.113.7"}),
            "clusters.a.ambassador.service.loadBalancerIP",
            "loadBalancerClass'",
        ),
    ],
)
def test_a_key_that_is_merely_alike_is_not_suggested(
    settings: Settings, path: str, never: str
) -> None:
    for problem in problems(settings):
        assert problem.path == path
        assert f"write '{never}" not in problem.remedy
        assert mended(settings, problem)


@pytest.mark.parametrize(
    ("remedy", "parts"),
    [
        ("leave it out, or write mode: gateway", ["leave it out", "write mode: gateway"]),
        ("write a or b", ["write a or b"]),
        ("leave it out, and set x.y instead", ["leave it out", "set x.y instead"]),
    ],
)
def test_a_remedy_offers_one_thing_after_the_other(remedy: str, parts: list[str]) -> None:
    assert clauses(remedy) == parts


def test_a_remedy_that_no_reading_understands_is_not_followed() -> None:
    problem = Problem("clusters.a.context", "wrong", "pray")
    assert list(followed(one(), problem)) == []


@given(st.sampled_from(("every-option", "exports", "tls", "viz", "meshed")), st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_key_at_a_wrong_level_is_sent_home_or_nowhere(name: str, data: st.DataObject) -> None:
    settings = shipped(name)
    nested = [
        location
        for location, _ in places(settings)
        if len(location) > 3 and isinstance(location[-1], str) and location[0] == "clusters"
    ]
    location = data.draw(st.sampled_from(nested))
    above = location[: data.draw(st.integers(2, len(location) - 2))]
    parent: Any = settings
    for part in above:
        parent = parent[part]
    if not isinstance(parent, dict) or location[-1] in parent or set(location) & set(FREE):
        return
    node: Any = settings
    for part in location[:-1]:
        node = node[part]
    parent[location[-1]] = node.pop(location[-1])
    for problem in problems(settings):
        if problem.path == joined((*above, location[-1])) and "write it under" in problem.remedy:
            assert mended(settings, problem), str(problem)
