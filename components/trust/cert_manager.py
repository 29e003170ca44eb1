"""CertManager: cert-manager and trust-manager in one cluster, where the program installs them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings, helm_release
from components.trust.cert_manager_values import cert_manager_values, trust_manager_values
from config.core.cluster import ClusterConfig
from config.inventory import Inventory
from config.inventory.charts import CERT_MANAGER, TRUST_MANAGER
from config.trust.cert_manager import CertManagerConfig


@dataclass(frozen=True)
class CertManagerArgs:
    """Arguments of CertManager."""

    cluster: ClusterConfig
    """The cluster's settings."""
    made: Inventory
    """What the program makes in the cluster."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    releases: ReleaseSettings
    """What all releases share."""
    protect_crds: bool = True
    """Whether the releases, which hold CRDs, are protected from deletion."""


class CertManager(MeshComponent):
    """cert-manager and trust-manager in one cluster, where the program installs them.

    Facts: cert-manager docs, "Installing with Helm"; trust-manager docs, "Installation";
    the charts v1.21.2 and v0.25.0.
    """

    ready: list[pulumi.Resource]
    """What Issuers, Certificates and Bundles wait for."""
    namespace: pulumi.Input[str]
    """Namespace of the Secrets that ClusterIssuers and Bundles read."""

    def __init__(
        self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        config = args.cluster.cert_manager
        if config is None:
            raise ValueError("the cluster has no cert-manager")
        self._args = args
        self.ready = []
        self.namespace = config.namespace
        if config.install:
            self._cert_manager(config)
        trust = config.trust_manager
        if trust is not None and trust.install:
            self.ready.append(
                helm_release(
                    f"{name}-trust-manager",
                    args.made,
                    TRUST_MANAGER,
                    args.releases,
                    namespace=self.namespace,
                    values=trust_manager_values(),
                    # Its chart has a Certificate for its own webhook.
                    opts=self._opts(self.ready),
                )
            )
        self.register_outputs({})

    def _cert_manager(self, config: CertManagerConfig) -> None:
        space = Namespace(
            f"{self.logical_name}-namespace",
            metadata=ObjectMetaArgs(name=config.namespace),
            opts=self.child(self._args.provider),
        )
        self.namespace = space.metadata.name
        self.ready.append(
            helm_release(
                f"{self.logical_name}-release",
                self._args.made,
                CERT_MANAGER,
                self._args.releases,
                namespace=self.namespace,
                values=cert_manager_values(),
                opts=self._opts(()),
            )
        )

    def _opts(self, before: list[pulumi.Resource] | tuple[()]) -> pulumi.ResourceOptions:
        return self.child(
            self._args.provider,
            depends_on=list(before),
            protect=self._args.protect_crds or None,
        )
