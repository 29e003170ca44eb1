"""Jaeger: the retired extension linkerd-jaeger, for versions that trace by it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.component import MeshComponent
from components.linkerd_control_plane import LinkerdControlPlane
from components.releases import ReleaseSettings
from config.cluster import ClusterConfig


@dataclass(frozen=True)
class JaegerArgs:
    """Arguments of Jaeger."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    releases: ReleaseSettings
    """What all releases share."""


class Jaeger(MeshComponent):
    """The retired extension linkerd-jaeger, for versions that trace by it."""

    def __init__(
        self, name: str, args: JaegerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.register_outputs({})
