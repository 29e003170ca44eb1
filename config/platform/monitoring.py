"""Metrics and dashboards of Linkerd for an existing Prometheus and Grafana.

Facts: Prometheus operator's API, PodMonitor; Grafana's chart, dashboard sidecar; Linkerd docs,
"Bringing your own Prometheus".
"""

from __future__ import annotations

from config.language.formats import DnsLabel, LabelKey, Line
from config.language.model import Model
from vocabulary.linkerd import PROXY_CONTAINER

POD_MONITORS = ("linkerd-controller", "linkerd-service-mirror", PROXY_CONTAINER)
"""Names of the PodMonitors, and values of the label ``job`` of their metrics."""
DASHBOARDS = ("overview", "deployment", "links", "control-plane")
"""Names of the dashboards."""


def dashboard_config_map(dashboard: str) -> str:
    """Name of the ConfigMap with a dashboard."""
    return f"linkerd-dashboard-{dashboard}"


class PodMonitors(Model):
    """The three PodMonitors: control plane, service mirrors, proxies."""

    namespace: DnsLabel = "monitoring"
    """Namespace that the Prometheus operator watches."""
    labels: dict[LabelKey, str] = {
        "app": "linkerd",
        "release": "kube-prometheus-stack",
    }
    """Labels by which Prometheus selects them."""


class Dashboards(Model):
    """Dashboards as ConfigMaps, which Grafana's sidecar loads."""

    namespace: DnsLabel = "monitoring"
    """Namespace that the sidecar watches."""
    label: Line = "grafana_dashboard"
    """Label by which the sidecar finds them; its value is ``1``."""
    folder: Line = "Linkerd"
    """Grafana's folder (annotation ``grafana_folder``)."""


class MonitoringConfig(Model):
    """Objects for an existing Prometheus and Grafana."""

    pod_monitors: PodMonitors | None = None
    """Set (``{}`` is enough) to make the PodMonitors; the Prometheus operator has to be
    installed."""
    dashboards: Dashboards | None = None
    """Set (``{}`` is enough) to make the dashboards."""
