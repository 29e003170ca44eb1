"""Monitoring as `./mesh check` sees it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts import fetch
from checks.facts.results import Finding, Status
from checks.facts.view import ServedKind
from checks.platform import monitoring
from components.platform.dashboards import dashboard_texts
from components.platform.monitoring import pod_monitors
from config import MeshConfig
from tests.unit.checks.builders import BUILT_IN, cluster_case, mesh, of, service, thing, view
from vocabulary.kinds import CONFIG_MAP, POD_MONITOR

TOLD = "the PodMonitors exist in monitoring"
BOARDS = "the dashboards' ConfigMaps exist in monitoring"
PROMETHEUS = "viz's Prometheus exists"
SERVED = {**BUILT_IN, POD_MONITOR: ServedKind({"v1": "podmonitors"}, True)}
LABELS = {"app": "linkerd", "release": "kube-prometheus-stack"}


def config(url: str | None = None, **own: Any) -> MeshConfig:
    viz = {"viz": {"enabled": True, "prometheusUrl": url}} if url is not None else {}
    west = {"context": "west", "domain": "w.example", "linkerd": viz, "monitoring": own}
    return mesh({"clusters": {"west": west}})


def look(asked: MeshConfig, *objects: dict[str, Any], **fields: Any) -> list[Finding]:
    seen = view(*objects, **{"served": SERVED, **fields})
    return list(monitoring.monitoring(cluster_case(seen, asked)))


def monitors(**labels: str) -> list[dict[str, Any]]:
    names = pod_monitors(config().clusters["west"])
    own = labels or LABELS
    version = "monitoring.coreos.com/v1"
    return [thing(version, "PodMonitor", name, "monitoring", labels=own) for name in names]


def boards(**labels: str) -> list[dict[str, Any]]:
    own = labels or {"grafana_dashboard": "1"}
    return [
        thing("v1", "ConfigMap", f"linkerd-dashboard-{name}", "monitoring", labels=own)
        for name in dashboard_texts()
    ]


def test_where_nothing_is_asked_for_nothing_is_checked() -> None:
    assert look(config()) == []


def test_what_the_program_makes_is_what_is_checked() -> None:
    found = look(config(podMonitors={}, dashboards={}), *monitors(), *boards())
    assert [item.status for item in found] == [Status.OK, Status.OK]


@pytest.mark.parametrize("place", range(3))
def test_a_pod_monitor_that_is_gone_is_named(place: int) -> None:
    there = monitors()
    gone = there.pop(place)
    found = of(look(config(podMonitors={}), *there), TOLD)
    assert found.status is Status.FAILURE
    assert gone["metadata"]["name"] in found.detail


def test_what_no_one_selects_is_as_good_as_gone() -> None:
    found = look(config(podMonitors={}, dashboards={}), *monitors(a="b"), *boards(a="b"))
    assert [item.status for item in found] == [Status.FAILURE] * 2


def test_a_cluster_without_the_operator_is_reported_so() -> None:
    found = of(look(config(podMonitors={}), *monitors(), served=BUILT_IN), TOLD)
    assert "operator" in found.detail


def test_a_dashboard_that_is_gone_is_named() -> None:
    *there, gone = boards()
    found = of(look(config(dashboards={}), *there), BOARDS)
    assert found.status is Status.FAILURE
    assert gone["metadata"]["name"] in found.detail


INSIDE = ("prometheus.watch.svc.w.example", "prometheus.watch.svc", "prometheus.watch")


@pytest.mark.parametrize("host", INSIDE)
def test_a_prometheus_in_the_cluster_has_a_service(host: str) -> None:
    asked = config(f"http://{host}:9090")
    other = service("other", "watch")
    assert of(look(asked, service("prometheus", "watch")), PROMETHEUS).status is Status.OK
    assert of(look(asked, other), PROMETHEUS).status is Status.FAILURE


@pytest.mark.parametrize("host", ["prometheus.example.com", "example.com", "192.0.2.7", "prom"])
def test_of_a_prometheus_elsewhere_nothing_is_reported(host: str) -> None:
    assert of(look(config(f"http://{host}:9090")), PROMETHEUS).status is Status.SKIPPED


def test_only_what_is_asked_for_is_read() -> None:
    def read(asked: MeshConfig) -> set[Any]:
        plan = fetch.plan(asked, "west", pre=False)
        return {item.kind for item in plan if item.namespace == "monitoring"}

    assert read(config()) == set()
    assert read(config(podMonitors={})) == {POD_MONITOR}
    assert read(config(dashboards={})) == {CONFIG_MAP}
