"""Monitoring: what an existing Prometheus and Grafana learn of Linkerd: PodMonitors, dashboards."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.component import MeshComponent
from components.linkerd_control_plane import LinkerdControlPlane
from components.releases import ReleaseSettings
from config.cluster import ClusterConfig


@dataclass(frozen=True)
class MonitoringArgs:
    """Arguments of Monitoring."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    releases: ReleaseSettings
    """What all releases share."""


class Monitoring(MeshComponent):
    """What an existing Prometheus and Grafana learn of Linkerd: PodMonitors, dashboards."""

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.register_outputs({})
