"""Ingresses: ingresses to meshed Services, and to the dashboard of linkerd-viz."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.component import MeshComponent
from components.linkerd_control_plane import LinkerdControlPlane
from components.releases import ReleaseSettings
from config.cluster import ClusterConfig


@dataclass(frozen=True)
class IngressesArgs:
    """Arguments of Ingresses."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    releases: ReleaseSettings
    """What all releases share."""


class Ingresses(MeshComponent):
    """Ingresses to meshed Services, and to the dashboard of linkerd-viz."""

    def __init__(
        self, name: str, args: IngressesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.register_outputs({})
