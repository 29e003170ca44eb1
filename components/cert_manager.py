"""CertManager: cert-manager and trust-manager in one cluster, where they are to be installed."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.component import MeshComponent
from components.releases import ReleaseSettings
from config.cluster import ClusterConfig


@dataclass(frozen=True)
class CertManagerArgs:
    """Arguments of CertManager."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    releases: ReleaseSettings
    """What all releases share."""


class CertManager(MeshComponent):
    """cert-manager and trust-manager in one cluster, where they are to be installed."""

    ready: list[pulumi.Resource]
    """What Issuers, Certificates and Bundles wait for."""

    def __init__(
        self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.ready: list[pulumi.Resource] = []
        self.register_outputs({})
