"""Monitoring: PodMonitors and dashboards of Linkerd, for an existing Prometheus and Grafana."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap

from components.core.component import MeshComponent
from components.platform.dashboards import dashboard_texts
from config.core.cluster import ClusterConfig
from config.platform.monitoring import Dashboards, PodMonitors, dashboard_config_map
from vocabulary.kinds import POD_MONITOR
from vocabulary.linkerd import PROXY_ADMIN_PORT_NAME, PROXY_CONTAINER, VIZ

POD = "__meta_kubernetes_pod_"
PORT = f"{POD}container_port_name"
CONTAINER = f"{POD}container_name"
ADMIN = "(.*-)?admin"
"""Names of admin ports: ``admin`` in viz, ``<part>-admin`` elsewhere; older ones were
``admin-http`` (changed by edge-25.6.3)."""
OLDER_ADMIN = "admin-http"

MIRRORS = "linkerd-service-mirror|controller|local-service-mirror"
"""Label ``component`` of service mirrors: one for each ``linkerd multicluster link`` before
2025.3.3, one for each Link since, and the local one."""

Rule = dict[str, Any]
"""A relabelling rule; Prometheus anchors its regex."""


@dataclass(frozen=True)
class MonitoringArgs:
    """Arguments of Monitoring."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    control_plane: pulumi.Resource
    """The release of the control plane."""


class Monitoring(MeshComponent):
    """PodMonitors and dashboards of Linkerd, for an existing Prometheus and Grafana.

    The chart linkerd-control-plane has PodMonitors of its own, whose metrics have no `job` that
    dashboards could filter by, and which leave the parts of viz out. Facts: Linkerd docs,
    "Bringing your own Prometheus"; Prometheus operator's API, PodMonitor.
    """

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        config = args.cluster.monitoring
        if config.pod_monitors is not None:
            for monitor, spec in pod_monitors(args.cluster).items():
                self._pod_monitor(monitor, spec, config.pod_monitors, args)
        if config.dashboards is not None:
            for dashboard, text in dashboard_texts().items():
                self._dashboard(dashboard, text, config.dashboards, args)
        self.register_outputs({})

    def _pod_monitor(
        self, name: str, spec: dict[str, Any], config: PodMonitors, args: MonitoringArgs
    ) -> None:
        CustomResource(
            f"{self.logical_name}-podmonitor-{name}",
            api_version=POD_MONITOR.api_version,
            kind=POD_MONITOR.name,
            metadata={"name": name, "namespace": config.namespace, "labels": config.labels},
            spec=spec,
            opts=self.child(args.provider, depends_on=[args.control_plane]),
        )

    def _dashboard(self, name: str, text: str, config: Dashboards, args: MonitoringArgs) -> None:
        ConfigMap(
            f"{self.logical_name}-dashboard-{name}",
            metadata={
                "name": dashboard_config_map(name),
                "namespace": config.namespace,
                "labels": {config.label: "1"},
                "annotations": {"grafana_folder": config.folder},
            },
            data={f"linkerd-{name}.json": text},
            opts=self.child(args.provider),
        )


def pod_monitors(cluster: ClusterConfig) -> dict[str, dict[str, Any]]:
    """Specs of the PodMonitors, by their names."""
    linkerd = cluster.linkerd
    own = [linkerd.namespace, *([VIZ] if linkerd.viz.enabled else [])]
    ports = f"{ADMIN}|{OLDER_ADMIN}"
    # Proxies have a port of this form too, and a PodMonitor of their own.
    no_proxy = {"sourceLabels": [CONTAINER], "action": "drop", "regex": PROXY_CONTAINER}
    named = _replaced(CONTAINER, "component")
    return {
        "linkerd-controller": _monitor(
            {"matchNames": own},
            [_kept([PORT], ports), no_proxy, named, _job("linkerd-controller")],
        ),
        "linkerd-service-mirror": _monitor(
            {"any": True},
            [
                _kept(_MIRROR, f"multicluster;({MIRRORS});({ports})"),
                no_proxy,
                named,
                _job("linkerd-service-mirror"),
            ],
        ),
        PROXY_CONTAINER: _monitor({"any": True}, _proxy_rules(linkerd.namespace)),
    }


_MIRROR = (f"{POD}label_linkerd_io_extension", f"{POD}label_component", PORT)


def _proxy_rules(namespace: str) -> list[Rule]:
    """Rules for proxies, whose owners' names are in labels of their pods."""
    return [
        _kept(
            [CONTAINER, PORT, f"{POD}label_linkerd_io_control_plane_ns"],
            f"{PROXY_CONTAINER};{PROXY_ADMIN_PORT_NAME};{namespace}",
        ),
        _replaced("__meta_kubernetes_namespace", "namespace"),
        _replaced(f"{POD}name", "pod"),
        # A label `job` would replace that of Prometheus.
        _replaced(f"{POD}label_linkerd_io_proxy_job", "k8s_job"),
        {"action": "labeldrop", "regex": f"{POD}label_linkerd_io_proxy_job"},
        {"action": "labelmap", "regex": f"{POD}label_linkerd_io_proxy_(.+)"},
        {"action": "labeldrop", "regex": f"{POD}label_linkerd_io_proxy_(.+)"},
        {"action": "labelmap", "regex": f"{POD}label_linkerd_io_(.+)"},
        {
            "action": "labelmap",
            "regex": f"{POD}label_(.+)",
            "replacement": "__tmp_pod_label_$1",
        },
        {
            "action": "labelmap",
            "regex": "__tmp_pod_label_linkerd_io_(.+)",
            "replacement": "__tmp_pod_label_$1",
        },
        {"action": "labeldrop", "regex": "__tmp_pod_label_linkerd_io_(.+)"},
        {"action": "labelmap", "regex": "__tmp_pod_label_(.+)"},
        _job(PROXY_CONTAINER),
    ]


def _monitor(spaces: dict[str, Any], rules: list[Rule]) -> dict[str, Any]:
    return {
        "namespaceSelector": spaces,
        "selector": {"matchLabels": {}},
        "podMetricsEndpoints": [{"relabelings": rules}],
    }


def _kept(labels: Sequence[str], regex: str) -> Rule:
    return {"sourceLabels": list(labels), "action": "keep", "regex": regex}


def _replaced(label: str, target: str) -> Rule:
    return {"sourceLabels": [label], "action": "replace", "targetLabel": target}


def _job(name: str) -> Rule:
    """The label that dashboards filter by; the operator would write ``<namespace>/<name>``."""
    return {
        "sourceLabels": ["__address__"],
        "action": "replace",
        "targetLabel": "job",
        "replacement": name,
    }
