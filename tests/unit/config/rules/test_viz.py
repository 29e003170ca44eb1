"""What a stack file may say of viz, monitoring and Ingresses, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from config import StackFileError, load_settings

HOST = "linkerd.example.com"
VIZ = "clusters.a.linkerd.viz"


def given(
    viz: dict[str, Any] | None = None, linkerd: dict[str, Any] | None = None, **cluster: Any
) -> dict[str, Any]:
    own = {"viz": viz or {}, **(linkerd or {})}
    return {"clusters": {"a": {"context": "a", "linkerd": own, **cluster}}}


def refused(settings: dict[str, Any]) -> dict[str, str]:
    """Remedies by the paths of what is refused."""
    with pytest.raises(StackFileError) as error:
        load_settings(settings, "test")
    return {problem.path: problem.remedy for problem in error.value.problems}


SETTINGS: dict[str, Any] = {
    "prometheusUrl": "http://prometheus.monitoring.svc:9090",
    "grafana": {"url": "grafana.monitoring"},
    "enforcedHostRegexp": "^x$",
    "ingress": {"host": HOST, "controller": "traefik"},
    "route": {"host": HOST},
}


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_of_viz_needs_viz(key: str) -> None:
    found = refused(given({key: SETTINGS[key]}, ambassador={}))
    assert list(found) == [f"{VIZ}.{key}"]
    assert f"{VIZ}.enabled: true" in found[f"{VIZ}.{key}"]
    load_settings(given({"enabled": True, key: SETTINGS[key]}, ambassador={}), "test")


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_of_viz_is_refused_for_linkerd_2_8(key: str) -> None:
    found = refused(given({key: SETTINGS[key]}, {"version": "2.8.1"}))
    assert list(found) == [f"{VIZ}.{key}"]


@pytest.mark.parametrize("key", ["podMonitors", "dashboards"])
def test_monitoring_of_linkerd_2_8_is_left_to_its_own_prometheus(key: str) -> None:
    found = refused(given(linkerd={"version": "2.8.1"}, monitoring={key: {}}))
    assert list(found) == [f"clusters.a.monitoring.{key}"]
    load_settings(given(monitoring={key: {}}), "test")


def test_an_external_prometheus_and_that_of_the_chart_are_not_both_asked_for() -> None:
    both = {
        "enabled": True,
        "prometheusUrl": "http://prometheus.monitoring:9090",
        "values": {"prometheus": {"enabled": True}},
    }
    assert list(refused(given(both))) == [f"{VIZ}.values.prometheus.enabled"]
    load_settings(given({**both, "values": {"prometheus": {"enabled": False}}}), "test")


def test_viz_is_not_left_without_any_prometheus() -> None:
    none = {"enabled": True, "values": {"prometheus": {"enabled": False}}}
    found = refused(given(none))
    assert "prometheusUrl" in found[f"{VIZ}.values.prometheus.enabled"]


def test_an_external_prometheus_is_set_where_the_namespace_gets_it_too() -> None:
    hidden = {"enabled": True, "values": {"prometheusUrl": "http://prometheus.monitoring:9090"}}
    assert list(refused(given(hidden))) == [f"{VIZ}.values.prometheusUrl"]


@pytest.mark.parametrize(
    "grafana", [{}, {"url": "grafana.monitoring", "externalUrl": "https://grafana.example.com"}]
)
def test_the_dashboard_links_to_one_grafana(grafana: dict[str, str]) -> None:
    assert list(refused(given({"enabled": True, "grafana": grafana}))) == [f"{VIZ}.grafana"]


def test_a_route_to_the_dashboard_needs_an_ambassador() -> None:
    found = refused(given({"enabled": True, "route": {"host": HOST}}))
    assert "clusters.a.ambassador: {}" in found[f"{VIZ}.route"]


def test_a_route_to_the_dashboard_needs_hosts() -> None:
    ambassador = {"flavour": "ambassador", "apiVersion": "v1"}
    found = refused(given({"enabled": True, "route": {"host": HOST}}, ambassador=ambassador))
    assert list(found) == [f"{VIZ}.route"]
    later = {"flavour": "ambassador", "apiVersion": "v2"}
    load_settings(given({"enabled": True, "route": {"host": HOST}}, ambassador=later), "test")


def test_no_other_host_answers_for_the_dashboards_name() -> None:
    route = {"enabled": True, "route": {"host": HOST}}
    hosts = [{"name": "all", "hostname": "*"}, {"name": "own", "hostname": HOST.upper()}]
    assert list(refused(given(route, ambassador={"hosts": hosts}))) == [f"{VIZ}.route.host"]
    hosts[1] = {"name": "own", "hostname": f"not-{HOST}"}
    load_settings(given(route, ambassador={"hosts": hosts}), "test")


def test_no_other_object_has_the_name_of_the_dashboards_own() -> None:
    route = {"enabled": True, "route": {"host": HOST}}
    hosts = [{"name": "linkerd-viz", "hostname": "*"}]
    mappings = [{"name": "linkerd-viz", "prefix": "/x/", "service": "x.y"}]
    found = refused(given(route, ambassador={"hosts": hosts, "mappings": mappings}))
    assert sorted(found) == [
        "clusters.a.ambassador.hosts[0].name",
        "clusters.a.ambassador.mappings[0].name",
    ]


def test_two_certificates_are_not_put_into_one_secret() -> None:
    issuer = {"issuer": "house"}
    route = {"host": HOST, "tlsSecret": "shared", "certManager": issuer}
    tls = {"secret": "shared", "certManager": issuer}
    hosts = [
        {"name": "own", "hostname": "a.example.com", "tls": tls},
        {"name": "b", "hostname": "*"},
    ]
    found = refused(given({"enabled": True, "route": route}, ambassador={"hosts": hosts}))
    assert list(found) == [f"{VIZ}.route.tlsSecret"]


INGRESS = {
    "name": "web",
    "namespace": "shop",
    "host": "shop.example.com",
    "controller": "traefik",
    "service": "web",
}


def test_ingresses_of_one_name_or_for_the_same_requests_are_refused() -> None:
    again = {**INGRESS, "host": "other.example.com"}
    assert list(refused(given(ingresses=[INGRESS, again]))) == ["clusters.a.ingresses[1].name"]
    again = {**INGRESS, "name": "other"}
    assert list(refused(given(ingresses=[INGRESS, again]))) == ["clusters.a.ingresses[1].host"]
    load_settings(given(ingresses=[INGRESS, {**again, "path": "/api"}]), "test")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"tls": {"certManager": {"issuer": "house"}}}, "tls.certManager"),
        ({"className": "traefik"}, "className"),
        ({"basicAuth": {"secret": "users", "namespace": "elsewhere"}}, "basicAuth.namespace"),
    ],
)
def test_an_ingress_route_is_not_asked_for_what_it_cannot_have(
    change: dict[str, Any], key: str
) -> None:
    route = {**INGRESS, "controller": "traefik-ingressroute", **change}
    assert list(refused(given(ingresses=[route]))) == [f"clusters.a.ingresses[0].{key}"]


MONITORING = "clusters.a.monitoring"
NAMED = {"namespace": "monitoring", "serviceAccount": "prometheus"}


@pytest.mark.parametrize(
    ("prometheus", "path"),
    [
        ({}, f"{MONITORING}.prometheus"),
        ({**NAMED, "networks": ["10.0.0.0/8"]}, f"{MONITORING}.prometheus"),
        ({"namespace": "monitoring"}, f"{MONITORING}.prometheus.serviceAccount"),
        ({"serviceAccount": "prometheus"}, f"{MONITORING}.prometheus.namespace"),
    ],
    ids=["unnamed", "twice", "half", "the other half"],
)
def test_a_prometheus_is_named_in_one_way(prometheus: dict[str, Any], path: str) -> None:
    assert list(refused(given(monitoring={"prometheus": prometheus}))) == [path]
    for good in (NAMED, {"networks": ["10.0.0.0/8"]}):
        load_settings(given(monitoring={"prometheus": good}), "test")


def test_namespaces_are_for_a_prometheus() -> None:
    path = f"{MONITORING}.namespaces"
    spaces = {"namespaces": ["shop"]}
    assert "monitoring.prometheus" in refused(given(monitoring=spaces))[path]
    load_settings(given(monitoring={**spaces, "prometheus": NAMED}), "test")
    # Under deny, viz's own Prometheus is refused elsewhere.
    strict = {"proxy": {"defaultInboundPolicy": "deny"}}
    load_settings(given({"enabled": True}, strict, monitoring=spaces), "test")
