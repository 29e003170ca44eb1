"""What the program makes for an existing Prometheus and Grafana."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.platform.dashboards import DASHBOARDS, dashboard_texts
from components.platform.monitoring import Rule
from config import MeshConfig, load_settings
from render import Recording
from tests.chart_pods import VERSIONS
from tests.chart_pods import recorded as chart_pods
from tests.unit.conftest import Records

POD = "__meta_kubernetes_pod_"


def one(monitoring: dict[str, Any], **linkerd: Any) -> MeshConfig:
    cluster = {"context": "a", "linkerd": linkerd, "monitoring": monitoring}
    return load_settings({"clusters": {"a": cluster}}, "")


def of_kind(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    return {
        item.inputs["metadata"]["name"]: item.inputs
        for item in recording
        if item.inputs.get("kind") == kind and "metadata" in item.inputs
    }


def monitors(recording: Recording) -> dict[str, Mapping[str, Any]]:
    return of_kind(recording, "PodMonitor")


def scraped(monitor: Mapping[str, Any], target: Mapping[str, str]) -> dict[str, str] | None:
    """The labels that Prometheus gives a target; None where it does not scrape it."""
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    labels = {"__address__": "10.1.0.7:9994", **target}
    for rule in endpoint["relabelings"]:
        changed = relabelled(rule, labels)
        if changed is None:
            return None
        labels = changed
    return {key: value for key, value in labels.items() if not key.startswith("__")}


def relabelled(rule: Rule, labels: dict[str, str]) -> dict[str, str] | None:
    value = ";".join(labels.get(label, "") for label in rule.get("sourceLabels", []))
    regex = re.compile(rule.get("regex", "(.*)"))
    replacement = rule.get("replacement", "$1").replace("$1", r"\1")
    match rule["action"]:
        case "keep":
            return labels if regex.fullmatch(value) else None
        case "drop":
            return None if regex.fullmatch(value) else labels
        case "labeldrop":
            return {key: kept for key, kept in labels.items() if not regex.fullmatch(key)}
        case "labelmap":
            found = {key: regex.fullmatch(key) for key in labels}
            mapped = {m.expand(replacement): labels[key] for key, m in found.items() if m}
            return {**labels, **mapped}
        case "replace":
            match = regex.fullmatch(value)
            text = match.expand(replacement) if match else None
            return {**labels, rule["targetLabel"]: text} if text else labels
    raise AssertionError(rule)


def target(container: str, port: str, **labels: str) -> dict[str, str]:
    return {
        f"{POD}container_name": container,
        f"{POD}container_port_name": port,
        **{f"{POD}label_linkerd_io_{key}": value for key, value in labels.items()},
    }


def test_nothing_is_made_for_prometheus_or_grafana_unasked(recorded: Records) -> None:
    assert not [item for item in recorded(one({})) if "monitoring" in item.name]


def test_pod_monitors_carry_the_labels_that_a_prometheus_selects_by(recorded: Records) -> None:
    asked = {"podMonitors": {"namespace": "watch", "labels": {"release": "mine"}}}
    found = monitors(recorded(one(asked)))
    assert sorted(found) == ["linkerd-controller", "linkerd-proxy", "linkerd-service-mirror"]
    for monitor in found.values():
        assert monitor["metadata"]["namespace"] == "watch"
        assert monitor["metadata"]["labels"] == {"release": "mine"}


@pytest.mark.parametrize("port", ["admin", "dest-admin", "admin-http"])
def test_controllers_are_scraped_at_their_admin_port_of_any_age(
    port: str, recorded: Records
) -> None:
    monitor = monitors(recorded(one({"podMonitors": {}})))["linkerd-controller"]
    assert scraped(monitor, target("destination", port)) == {
        "component": "destination",
        "job": "linkerd-controller",
    }


def test_a_controllers_other_ports_and_its_proxy_are_not_scraped_as_controllers(
    recorded: Records,
) -> None:
    monitor = monitors(recorded(one({"podMonitors": {}})))["linkerd-controller"]
    assert scraped(monitor, target("destination", "dest-grpc")) is None
    assert scraped(monitor, target("linkerd-proxy", "linkerd-admin")) is None


def test_controllers_are_looked_for_where_the_stack_file_puts_them(recorded: Records) -> None:
    def spaces(**linkerd: Any) -> list[str]:
        found = monitors(recorded(one({"podMonitors": {}}, namespace="mesh", **linkerd)))
        return list(found["linkerd-controller"]["spec"]["namespaceSelector"]["matchNames"])

    assert spaces() == ["mesh"]
    assert spaces(viz={"enabled": True}) == ["mesh", "linkerd-viz"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_pod_that_the_charts_make_is_scraped_as_what_it_is(
    version: str, recorded: Records
) -> None:
    found = monitors(recorded(one({"podMonitors": {}}, viz={"enabled": True})))
    for chart, facts in chart_pods(version).items():
        for pod in facts["pods"]:
            spaces = {
                name
                for name, monitor in found.items()
                if pod["namespace"]
                in monitor["spec"]["namespaceSelector"].get("matchNames", [pod["namespace"]])
            }
            jobs = {
                (labels["job"], container)
                for container, meta in targets(pod)
                for name in sorted(spaces)
                if (labels := scraped(found[name], meta)) is not None
            }
            assert jobs == expected(chart, pod), pod["workload"]


def targets(pod: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each container with a port, and the labels by which Prometheus finds the port."""
    containers = dict(pod["containers"])
    labels = dict(pod["labels"])
    if pod["annotations"].get("linkerd.io/inject") in ("enabled", "ingress"):
        containers["linkerd-proxy"] = {"linkerd-proxy": 4143, "linkerd-admin": 4191}
        labels["linkerd.io/control-plane-ns"] = "linkerd"
    for container, ports in containers.items():
        for port in ports:
            yield (
                container,
                {
                    f"{POD}container_name": container,
                    f"{POD}container_port_name": port,
                    "__meta_kubernetes_namespace": pod["namespace"],
                    **{
                        f"{POD}label_" + re.sub(r"[^a-zA-Z0-9_]", "_", key): value
                        for key, value in labels.items()
                    },
                },
            )


def expected(chart: str, pod: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Job and container of everything in a pod that has metrics."""
    mirrors = ("controller-west", "linkerd-local-service-mirror", "linkerd-service-mirror-west")
    name = pod["workload"].partition(" ")[2]
    found = {("linkerd-proxy", "linkerd-proxy")}
    for container, ports in pod["containers"].items():
        if container != "linkerd-proxy" and any("admin" in port for port in ports):
            if name in mirrors:
                found.add(("linkerd-service-mirror", container))
            elif chart not in ("linkerd-multicluster", "linkerd-jaeger"):
                found.add(("linkerd-controller", container))
    return found


def test_a_proxy_is_scraped_by_the_mesh_that_it_is_of(recorded: Records) -> None:
    monitor = monitors(recorded(one({"podMonitors": {}}, namespace="mesh")))["linkerd-proxy"]
    labels = {"control_plane_ns": "mesh", "proxy_deployment": "web", "proxy_job": "nightly"}
    proxy = {
        **target("linkerd-proxy", "linkerd-admin", **labels),
        "__meta_kubernetes_namespace": "shop",
        f"{POD}name": "web-1",
        f"{POD}label_app": "web",
    }
    found = scraped(monitor, proxy)
    assert found is not None
    assert found == {
        "namespace": "shop",
        "pod": "web-1",
        "deployment": "web",
        "k8s_job": "nightly",
        "control_plane_ns": "mesh",
        "app": "web",
        "job": "linkerd-proxy",
    }
    assert scraped(monitor, {**proxy, f"{POD}label_linkerd_io_control_plane_ns": "other"}) is None
    assert scraped(monitor, {**proxy, f"{POD}container_name": "web"}) is None


def test_every_dashboard_is_a_config_map_that_the_sidecar_finds(recorded: Records) -> None:
    asked = {"dashboards": {"namespace": "watch", "label": "board", "folder": "Mesh"}}
    recording = recorded(one(asked))
    found = [
        item.inputs
        for item in recording
        if item.type.endswith(":ConfigMap") and item.inputs["metadata"]["namespace"] == "watch"
    ]
    assert len(found) == len(DASHBOARDS) >= 4
    for item in found:
        assert item["metadata"]["labels"] == {"board": "1"}
        assert item["metadata"]["annotations"] == {"grafana_folder": "Mesh"}
        ((file, text),) = item["data"].items()
        assert file.endswith(".json")
        assert json.loads(text)["uid"]
        assert len(text.encode()) < 256 * 1024, "kubectl apply keeps a copy in an annotation"
    assert not monitors(recording)


def test_dashboards_do_not_share_uids_names_or_files() -> None:
    contents = [json.loads(text) for text in dashboard_texts().values()]
    for key in ("uid", "title"):
        assert len({content[key] for content in contents}) == len(DASHBOARDS)
    # Grafana takes 40 characters.
    assert max(len(content["uid"]) for content in contents) <= 40


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda item: item.name)
def test_queries_are_well_formed_and_know_their_variables(dashboard: Any) -> None:
    content = dashboard.content()
    known = {item["name"] for item in content["templating"]["list"]} | {"__rate_interval"}
    for panel in content["panels"]:
        for query in panel["targets"]:
            text = query["expr"]
            for opening, closing in ("()", "{}", "[]"):
                assert text.count(opening) == text.count(closing), text
            assert set(re.findall(r"\$(\w+)", text)) <= known, text


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda item: item.name)
def test_queries_ask_for_jobs_that_pod_monitors_write(dashboard: Any, recorded: Records) -> None:
    found = monitors(recorded(one({"podMonitors": {}})))
    asked = {
        job
        for panel in dashboard.panels
        for query in panel.queries
        for job in re.findall(r'job="([^"]*)"', query.text)
    }
    assert asked and asked <= set(found)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda item: item.name)
def test_panels_do_not_cover_each_other(dashboard: Any) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard.content()["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + row)
            for column in range(place["w"])
            for row in range(place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
