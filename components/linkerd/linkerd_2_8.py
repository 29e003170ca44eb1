"""Linkerd28ControlPlane: Linkerd of the 2.8 generation in one cluster."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.core.secrets import key_pair_secret
from components.linkerd.control_plane import LinkerdControlPlane, LinkerdControlPlaneArgs
from components.linkerd.values_2_8 import WEBHOOKS, cni_values, linkerd2_values
from components.trust.trust_anchor import SignedCertificate, Webhook
from config.core.cluster import ClusterConfig
from vocabulary.linkerd import CNI


class Linkerd28ControlPlane(LinkerdControlPlane):
    """The chart linkerd2, which holds CRDs, metrics and dashboard; the CNI plugin on request.

    Facts: Linkerd 2.8 docs, "Installing Linkerd with Helm"; the charts 2.8.1. Its webhooks read
    Secrets of keys of their own names, and its CRDs go with the release.
    """

    def _install(self) -> Release:
        args = self._args
        config = args.cluster.linkerd
        before: list[pulumi.Resource] = []
        if config.cni:
            before.append(
                self._release(
                    "cni",
                    "linkerd2-cni",
                    "linkerd-cni",
                    # The chart makes the plugin's namespace itself, so its record lies here.
                    self.namespace,
                    cni_values(args.cluster, CNI),
                )
            )
        before.append(self._issuer())
        before += [self._key_pair(Webhook(config.namespace, name)) for name in WEBHOOKS.values()]
        return self._release(
            "control-plane",
            "linkerd2",
            "linkerd2",
            self.namespace,
            linkerd2_values(args.cluster, args.bundle),
            depends_on=before,
            protect=args.protect_crds or None,
        )

    def _issuer_key(self, issuer: SignedCertificate) -> pulumi.Input[str]:
        # linkerd2 stable-2.8.1, pkg/tls/codec.go: "EC PRIVATE KEY" and "RSA PRIVATE KEY" alone.
        return issuer.private_key

    def _key_pair(self, webhook: Webhook) -> pulumi.Resource:
        return key_pair_secret(
            f"{self.logical_name}-{webhook.service}-tls",
            f"{webhook.service}-tls",
            self.namespace.metadata.name,
            self._args.webhooks[webhook],
            self.child(self._args.provider),
        )


def control_plane(
    name: str, args: LinkerdControlPlaneArgs, opts: pulumi.ResourceOptions | None = None
) -> LinkerdControlPlane:
    """The control plane of the generation that a cluster has."""
    cluster: ClusterConfig = args.cluster
    kind = (
        Linkerd28ControlPlane
        if cluster.linkerd.generation.layout == "linkerd2"
        else LinkerdControlPlane
    )
    return kind(name, args, opts)
