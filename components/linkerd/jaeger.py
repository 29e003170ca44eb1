"""Jaeger: the retired extension linkerd-jaeger, for versions that trace by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from charts.source import jaeger_chart
from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings, helm_release
from components.core.secrets import pull_secrets, tls_secret
from components.linkerd.control_plane import LinkerdControlPlane
from components.linkerd.jaeger_values import JAEGER_WEBHOOK, jaeger_values
from components.trust.trust_anchor import SignedCertificate, Webhook
from config.core.cluster import ClusterConfig
from vocabulary.kubernetes import POD_SECURITY_ENFORCE
from vocabulary.linkerd import EXTENSION, JAEGER, webhook_secret


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
    bundle: pulumi.Input[str]
    """PEM of all trust anchors."""
    webhooks: Mapping[Webhook, SignedCertificate]
    """Serving certificates of the cluster's webhooks."""


class Jaeger(MeshComponent):
    """Namespace, the webhook's certificate and the release, without collector and Jaeger.

    Its webhook tells every new proxy of the collector, which somebody else runs (Linkerd 2.14 docs,
    "Distributed tracing", bringing one's own Jaeger).
    """

    release: Release
    """The release; pods that start after it send their spans."""

    def __init__(
        self, name: str, args: JaegerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        cluster = args.cluster
        # Without the CNI plugin, the proxy's init container needs NET_ADMIN.
        level = "restricted" if cluster.linkerd.cni else "privileged"
        space = Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(
                name=JAEGER,
                labels={
                    EXTENSION: "jaeger",
                    POD_SECURITY_ENFORCE: level,
                },
            ),
            opts=self.child(args.provider),
        )
        certificate = tls_secret(
            f"{name}-{JAEGER_WEBHOOK}-tls",
            webhook_secret(JAEGER_WEBHOOK),
            space.metadata.name,
            args.webhooks[Webhook(JAEGER, JAEGER_WEBHOOK)],
            self.child(args.provider),
        )
        logins = pull_secrets(
            name, {"own": space}, cluster.linkerd.image_pull_secrets, self.child(args.provider)
        )
        self.release = helm_release(
            f"{name}-release",
            jaeger_chart(cluster.linkerd),
            args.releases,
            name="linkerd-jaeger",
            namespace=space.metadata.name,
            values=jaeger_values(cluster, args.bundle),
            opts=self.child(
                args.provider, depends_on=[args.linkerd.control_plane, certificate, *logins]
            ),
        )
        self.register_outputs({"namespace": JAEGER})
