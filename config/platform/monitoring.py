"""Metrics and dashboards of Linkerd for an existing Prometheus and Grafana.

Facts: Prometheus operator's API, PodMonitor; Grafana's chart, dashboard sidecar; Linkerd docs,
"Bringing your own Prometheus".
"""

from __future__ import annotations

from collections.abc import Iterator

from config.language.formats import DnsLabel, LabelKey, Line, Network
from config.language.model import Model
from config.language.problems import Problem
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


class Prometheus(Model):
    """The Prometheus that Linkerd's policy lets read metrics.

    A meshed one is named by its ServiceAccount, one without a proxy by its networks.
    """

    namespace: DnsLabel | None = None
    """Namespace of its pods."""
    service_account: DnsLabel | None = None
    """ServiceAccount of its pods, which have to be meshed; ``kube-prometheus-stack-prometheus`` in
    the chart kube-prometheus-stack."""
    networks: tuple[Network, ...] = ()
    """Networks that it connects from, if it is not meshed; every client there may read the
    metrics."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Half a ServiceAccount, two ways to name the Prometheus, or none."""
        if (self.namespace is None) != (self.service_account is None):
            missing = "namespace" if self.namespace is None else "serviceAccount"
            yield Problem(
                missing,
                "namespace and serviceAccount need each other",
                "write both, or networks alone",
                about=("namespace", "serviceAccount"),
            )
        elif (self.namespace is None) != bool(self.networks):
            yield Problem(
                "",
                "a meshed Prometheus has an identity, and one without a proxy has networks",
                "write namespace and serviceAccount, or networks",
                about=("namespace", "serviceAccount", "networks"),
            )


class MonitoringConfig(Model):
    """Objects for an existing Prometheus and Grafana."""

    pod_monitors: PodMonitors | None = None
    """Set (``{}`` is enough) to make the PodMonitors; the Prometheus operator has to be
    installed."""
    dashboards: Dashboards | None = None
    """Set (``{}`` is enough) to make the dashboards."""
    prometheus: Prometheus | None = None
    """The Prometheus that may read Linkerd's metrics whatever `proxy.defaultInboundPolicy` is; the
    service mirrors and viz admit no other than viz's own unless it is named here."""
    namespaces: tuple[DnsLabel, ...] = ()
    """Existing namespaces with meshed pods whose proxies it may read, besides those that the stack
    file makes or meshes. Under ``deny`` viz's own Prometheus, too, is admitted only in these."""
