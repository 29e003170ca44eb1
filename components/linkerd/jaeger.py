"""Jaeger: the retired extension linkerd-jaeger, for versions that trace by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.core.component import MeshComponent
from components.core.namespaces import meshed_namespace
from components.core.releases import ReleaseSettings, helm_release
from components.core.secrets import pull_secrets, webhook_secret
from components.linkerd.control_plane import LinkerdControlPlane
from components.linkerd.jaeger_values import jaeger_values
from components.trust.trust_anchor import SignedCertificate
from config.core.cluster import ClusterConfig
from config.inventory import Inventory, Webhook
from vocabulary.linkerd import EXTENSION, JAEGER


@dataclass(frozen=True)
class JaegerArgs:
    """Arguments of Jaeger."""

    cluster: ClusterConfig
    """The cluster's settings."""
    made: Inventory
    """What the program makes in the cluster."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    releases: ReleaseSettings
    """What all releases share."""
    bundle: pulumi.Input[str]
    """PEM of all trust anchors."""
    webhooks: Mapping[Webhook, SignedCertificate]
    """Serving certificates of the cluster's webhooks."""


class Jaeger(MeshComponent):
    """Namespace, the webhook's certificate and the release, without collector and Jaeger.

    Its webhook configures every new proxy with the address of a collector that has another owner
    (Linkerd 2.14 docs, "Distributed tracing", bringing one's own Jaeger).
    """

    release: Release
    """The release; pods that start after it send their spans."""

    def __init__(
        self, name: str, args: JaegerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        config = args.cluster.linkerd
        space = meshed_namespace(
            f"{name}-namespace",
            JAEGER,
            config,
            self.child(args.provider),
            labels={EXTENSION: "jaeger"},
        )
        webhooks = [item for item in args.made.webhooks if item.namespace == JAEGER]
        before: list[pulumi.Resource] = [
            webhook_secret(
                f"{name}-{webhook.service}-tls",
                webhook,
                space.metadata.name,
                args.webhooks[webhook],
                self.child(args.provider),
            )
            for webhook in webhooks
        ]
        before += pull_secrets(
            name, {"own": space}, config.image_pull_secrets, self.child(args.provider)
        )
        self.release = helm_release(
            f"{name}-release",
            args.made,
            JAEGER,
            args.releases,
            namespace=space.metadata.name,
            values=jaeger_values(config, webhooks, args.bundle),
            opts=self.child(args.provider, depends_on=[args.linkerd.control_plane, *before]),
        )
        self.register_outputs({"namespace": JAEGER})
