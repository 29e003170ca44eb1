"""Settings of tracing that a stack file cannot have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack_builders import DELETED, changed, loaded, problems

COLLECTOR = {"collector": "tempo-distributor.tracing:4317", "serviceAccount": "tempo"}
OPEN_CENSUS = {**COLLECTOR, "collector": "tempo-distributor.tracing:55678"}
OLDER = "2025.3.1"


def one(**linkerd: Any) -> dict[str, Any]:
    return {"clusters": {"a": {"context": "a", "linkerd": linkerd}}}


def edge(tracing: dict[str, Any], **ambassador: Any) -> dict[str, Any]:
    return {"clusters": {"a": {"context": "a", "ambassador": {**ambassador, "tracing": tracing}}}}


def told(settings: dict[str, Any]) -> list[str]:
    return [problem.path for problem in problems(settings)]


@pytest.mark.parametrize(
    ("linkerd", "by_extension"),
    [
        ({"tracing": COLLECTOR}, False),
        ({"tracing": COLLECTOR, "version": "2025.6.4"}, False),
        ({"tracing": COLLECTOR, "version": "2025.6.3"}, True),
        ({"tracing": OPEN_CENSUS, "version": OLDER}, True),
        ({"version": OLDER}, False),
        ({"version": "2.8.1"}, False),
    ],
)
def test_only_versions_before_2025_6_4_that_trace_need_the_extension(
    linkerd: dict[str, Any], by_extension: bool
) -> None:
    config = loaded(one(**linkerd)).clusters["a"].linkerd
    assert config.traces_by_extension is by_extension


def test_service_and_namespace_of_the_collector_are_read_from_its_address() -> None:
    address = "tempo.traces.svc.example.org:4317"
    tracing = loaded(one(tracing={**COLLECTOR, "collector": address})).clusters["a"].linkerd.tracing
    assert tracing is not None
    assert (tracing.service, tracing.namespace) == ("tempo", "traces")


@pytest.mark.parametrize(
    "collector",
    ["tempo.tracing", "tempo:4317", "tempo.tracing:0", "http://tempo.tracing:4317", "t.t.x:4317"],
)
def test_a_collector_without_port_or_namespace_is_refused(collector: str) -> None:
    assert told(one(tracing={**COLLECTOR, "collector": collector})) == [
        "clusters.a.linkerd.tracing.collector"
    ]


@pytest.mark.parametrize("version", ["2.8.1"])
def test_linkerd_2_8_does_not_trace(version: str) -> None:
    assert told(one(version=version, tracing=COLLECTOR)) == ["clusters.a.linkerd.tracing"]


@pytest.mark.parametrize(
    ("key", "value"), [("jaegerVersion", "2025.3.1"), ("jaegerValues", {"webhook": {}})]
)
def test_settings_of_the_extension_are_refused_where_there_is_none(key: str, value: Any) -> None:
    assert told(one(tracing={**COLLECTOR, key: value})) == [f"clusters.a.linkerd.tracing.{key}"]
    assert told(one(version=OLDER, tracing={**COLLECTOR, key: value})) == []


def test_proxies_of_today_send_nothing_to_the_port_of_open_census() -> None:
    assert told(one(tracing=OPEN_CENSUS)) == ["clusters.a.linkerd.tracing.collector"]


def test_an_extension_that_knows_open_census_alone_is_not_sent_to_the_port_of_otlp() -> None:
    assert told(one(version="2024.9.1", tracing=COLLECTOR)) == [
        "clusters.a.linkerd.tracing.collector"
    ]
    assert told(one(version="2024.9.1", tracing=OPEN_CENSUS)) == []


@pytest.mark.parametrize("jaeger", ["2025.10.1", "30.12.11"])
def test_a_version_of_the_extension_that_there_is_not_is_refused(jaeger: str) -> None:
    assert told(one(version=OLDER, tracing={**COLLECTOR, "jaegerVersion": jaeger})) == [
        "clusters.a.linkerd.tracing.jaegerVersion"
    ]


def test_controllers_are_sent_to_no_port_of_otlp_and_in_no_version_without_the_setting() -> None:
    key = "clusters.a.linkerd.tracing.controllerCollector"
    wrong = {**COLLECTOR, "controllerCollector": "tempo.tracing:4317"}
    fitting = {**COLLECTOR, "controllerCollector": "otel.tracing:55678"}
    assert told(one(tracing=wrong)) == [key]
    assert told(one(tracing=fitting)) == []
    assert told(one(version=OLDER, tracing=fitting)) == [key]


def test_the_namespace_of_the_extension_is_taken_only_where_it_is_needed() -> None:
    settings = changed(
        {
            "clusters.a.linkerd": {"version": OLDER, "tracing": COLLECTOR},
            "clusters.a.context": "a",
            "clusters.a.ambassador.namespace": "linkerd-jaeger",
        },
        {"clusters": {}},
    )
    assert told(settings) == ["clusters.a.ambassador.namespace"]
    assert told(changed({"clusters.a.linkerd.version": DELETED}, settings)) == []


OTLP = {"service": "tempo.tracing:4317"}
ZIPKIN = {"service": "tempo.tracing:9411", "driver": "zipkin"}


@pytest.mark.parametrize(
    ("ambassador", "knows"),
    [
        ({}, True),
        ({"version": "3.10.0"}, True),
        ({"version": "3.4.0", "adopt": {}}, False),
        ({"version": "3.5.0", "adopt": {}, "apiVersion": "v2"}, True),
        ({"flavour": "edge-stack", "edgeStack": {"licenseSecret": "l"}}, True),
        ({"flavour": "ambassador"}, False),
        ({"flavour": "ambassador", "adopt": {}}, False),
    ],
)
def test_opentelemetry_is_refused_where_an_ambassador_does_not_know_it(
    ambassador: dict[str, Any], knows: bool
) -> None:
    assert told(edge(OTLP, **ambassador)) == (
        [] if knows else ["clusters.a.ambassador.tracing.driver"]
    )
    assert told(edge(ZIPKIN, **ambassador)) == []


@pytest.mark.parametrize(
    ("tracing", "key"),
    [
        ({**OTLP, "driver": "zipkin"}, "driver"),
        ({**ZIPKIN, "driver": "opentelemetry"}, "driver"),
        ({**ZIPKIN, "serviceName": "edge"}, "serviceName"),
        ({"service": "tempo.tracing"}, "service"),
        ({**OTLP, "sampling": 101}, "sampling"),
    ],
)
def test_settings_that_would_lose_ambassadors_spans_are_refused(
    tracing: dict[str, Any], key: str
) -> None:
    assert told(edge(tracing)) == [f"clusters.a.ambassador.tracing.{key}"]
