"""What cert-manager and trust-manager are asked for in one cluster, where they issue for Linkerd.

Facts: Linkerd docs, "Automatically rotating control plane TLS credentials" and "Automatically
rotating webhook TLS credentials"; cert-manager docs, Certificate, CA issuer and cainjector;
trust-manager docs, Bundle; Pulumi's Kubernetes provider, ``pulumi.com/waitFor``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.core.component import MeshComponent
from components.core.secrets import tls_secret
from components.trust.trust_anchor import SignedCertificate, Webhook
from config.trust.issuance import Issuance
from config.trust.key_forms import FORMS, KeyForm
from config.variants.generation import Generation
from vocabulary.kubernetes import NAMESPACE_NAME, WAIT_FOR
from vocabulary.linkerd import ISSUER_SECRET, TRUST_ROOTS

CERT_MANAGER = "cert-manager.io/v1"
TRUST_MANAGER = "trust.cert-manager.io/v1alpha1"

IDENTITY_USAGES = ("cert sign", "crl sign", "server auth", "client auth")
WEBHOOK_DURATION = "24h"
WEBHOOK_RENEWAL = "1h"


@dataclass(frozen=True)
class IssuedBy:
    """Who issues a cluster's certificates, and what has to be there before they are asked for."""

    config: Issuance
    """How they are issued."""
    ready: Sequence[pulumi.Resource]
    """cert-manager, trust-manager and the issuer, as far as they are made here."""
    anchors: pulumi.Input[str]
    """PEM of all anchors."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""

    @property
    def reference(self) -> dict[str, str]:
        """The issuer as Certificates refer to it."""
        return {
            "name": self.config.issuer,
            "kind": self.config.kind,
            "group": CERT_MANAGER.partition("/")[0],
        }


@dataclass(frozen=True)
class AnchorIssuerArgs:
    """Arguments of an AnchorIssuer."""

    name: str
    """Name of the ClusterIssuer, and of the Secret that it signs with."""
    namespace: pulumi.Input[str]
    """cert-manager's namespace, from which ClusterIssuers take their Secrets."""
    anchor: SignedCertificate
    """The anchor that signs."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    ready: Sequence[pulumi.Resource] = ()
    """What brings cert-manager, as far as it is made here."""


class AnchorIssuer(MeshComponent):
    """A ClusterIssuer that signs with the trust anchor, and the Secret that holds the anchor."""

    issuer: pulumi.Resource
    """The ClusterIssuer."""

    def __init__(
        self, name: str, args: AnchorIssuerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        secret = tls_secret(
            f"{name}-anchor",
            args.name,
            args.namespace,
            args.anchor,
            self.child(args.provider, depends_on=args.ready),
        )
        self.issuer = _awaited(
            f"{name}-issuer",
            "ClusterIssuer",
            {"name": args.name},
            {"ca": {"secretName": args.name}},
            self.child(args.provider, depends_on=[*args.ready, secret]),
        )
        self.register_outputs({})


def identity_certificate(
    owner: MeshComponent,
    issued: IssuedBy,
    namespace: pulumi.Input[str],
    common_name: str,
) -> pulumi.Resource:
    """The Certificate of a cluster's identity issuer; there once its Secret is."""
    config = issued.config
    return _awaited(
        f"{owner.logical_name}-issuer-certificate",
        "Certificate",
        {"name": ISSUER_SECRET, "namespace": namespace},
        {
            "secretName": ISSUER_SECRET,
            "duration": config.duration,
            "renewBefore": config.renew_before,
            "issuerRef": issued.reference,
            "commonName": common_name,
            "dnsNames": [common_name],
            "isCA": True,
            "privateKey": {"algorithm": "ECDSA", "rotationPolicy": config.rotation_policy},
            "usages": list(IDENTITY_USAGES),
        },
        owner.child(issued.provider, depends_on=issued.ready),
    )


def webhook_certificate(
    owner: MeshComponent,
    issued: IssuedBy,
    webhook: Webhook,
    secret: str,
    namespace: pulumi.Input[str],
) -> pulumi.Resource:
    """The Certificate of a webhook, named after its Service; there once its Secret is."""
    key = {"algorithm": "ECDSA", "rotationPolicy": issued.config.rotation_policy}
    # Without an encoding, cert-manager writes an ECDSA key as SEC1.
    if KeyForm.SEC1 not in FORMS[Generation.MODERN][webhook.service]:
        key["encoding"] = "PKCS8"
    return _awaited(
        f"{owner.logical_name}-{webhook.service}-certificate",
        "Certificate",
        {"name": webhook.service, "namespace": namespace},
        {
            "secretName": secret,
            "duration": WEBHOOK_DURATION,
            "renewBefore": WEBHOOK_RENEWAL,
            "issuerRef": issued.reference,
            "commonName": webhook.host,
            "dnsNames": [webhook.host],
            "isCA": False,
            "privateKey": key,
            "usages": ["server auth"],
        },
        owner.child(issued.provider, depends_on=issued.ready),
    )


def trust_roots(
    owner: MeshComponent,
    issued: IssuedBy,
    space: pulumi.Resource,
    linkerd_namespace: str,
) -> pulumi.Resource:
    """The Bundle that fills Linkerd's ConfigMap of anchors; there once the ConfigMap is."""
    taken = issued.config.roots_secret
    source: dict[str, Any] = (
        {"secret": {"name": taken.name, "key": taken.key}}
        if taken is not None
        else {"inLine": issued.anchors}
    )
    return _awaited(
        f"{owner.logical_name}-trust-roots",
        "Bundle",
        # trust-manager gives its targets this name.
        {"name": TRUST_ROOTS},
        {
            "sources": [source],
            "target": {
                "configMap": {"key": "ca-bundle.crt"},
                "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: linkerd_namespace}},
            },
        },
        owner.child(issued.provider, depends_on=[*issued.ready, space]),
    )


_KINDS = {
    "ClusterIssuer": (CERT_MANAGER, "Ready"),
    "Certificate": (CERT_MANAGER, "Ready"),
    "Bundle": (TRUST_MANAGER, "Synced"),
}
"""API version of each kind, and the condition that tells that it is done."""


def _awaited(
    logical_name: str,
    kind: str,
    metadata: dict[str, Any],
    spec: dict[str, Any],
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """An object that the engine waits for until it is done."""
    api_version, condition = _KINDS[kind]
    return CustomResource(
        logical_name,
        api_version=api_version,
        kind=kind,
        metadata={**metadata, "annotations": {WAIT_FOR: f"condition={condition}"}},
        spec=spec,
        opts=opts,
    )
