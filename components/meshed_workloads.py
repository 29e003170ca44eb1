"""MeshedWorkloads: patches that mesh what somebody else installed, and treat his CronJobs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.component import MeshComponent
from components.linkerd_control_plane import LinkerdControlPlane
from components.releases import ReleaseSettings
from config.cluster import ClusterConfig


@dataclass(frozen=True)
class MeshedWorkloadsArgs:
    """Arguments of MeshedWorkloads."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    releases: ReleaseSettings
    """What all releases share."""


class MeshedWorkloads(MeshComponent):
    """Patches that mesh what somebody else installed, and treat his CronJobs."""

    def __init__(
        self, name: str, args: MeshedWorkloadsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.register_outputs({})
