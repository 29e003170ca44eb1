"""Certificates and anchors that cert-manager and trust-manager issue for Linkerd in one cluster.

Facts: Linkerd docs, "Automatically rotating control plane TLS credentials" and "Automatically
rotating webhook TLS credentials"; cert-manager docs, Certificate, CA issuer and cainjector;
trust-manager docs, Bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.core.component import MeshComponent
from components.trust.awaited import awaited
from config.inventory import Webhook
from config.trust.issuance import Issuance
from config.trust.key_forms import KeyForm
from vocabulary.kinds import BUNDLE, CERTIFICATE
from vocabulary.kubernetes import NAMESPACE_NAME
from vocabulary.linkerd import ISSUER_SECRET, TRUST_ROOTS

IDENTITY_USAGES = ("cert sign", "crl sign", "server auth", "client auth")
WEBHOOK_DURATION = "24h"
WEBHOOK_RENEWAL = "1h"


@dataclass(frozen=True)
class IssuedBy:
    """Which issuer signs a cluster's certificates, and what has to exist before that."""

    config: Issuance
    """How they are issued."""
    ready: Sequence[pulumi.Resource]
    """cert-manager, trust-manager and the issuer, where the program makes them."""
    anchors: pulumi.Input[str]
    """PEM of all anchors."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""


def identity_certificate(
    owner: MeshComponent,
    issued: IssuedBy,
    namespace: pulumi.Input[str],
    common_name: str,
) -> pulumi.Resource:
    """The Certificate of a cluster's identity issuer; done once its Secret exists."""
    config = issued.config
    return awaited(
        f"{owner.logical_name}-issuer-certificate",
        CERTIFICATE,
        {"name": ISSUER_SECRET, "namespace": namespace},
        {
            "secretName": ISSUER_SECRET,
            "duration": config.duration,
            "renewBefore": config.renew_before,
            "issuerRef": issued.config.reference,
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
    namespace: pulumi.Input[str],
) -> pulumi.Resource:
    """The Certificate of a webhook, named after its Service; done once its Secret exists."""
    key = {"algorithm": "ECDSA", "rotationPolicy": issued.config.rotation_policy}
    if KeyForm.SEC1 not in webhook.key_forms:
        key["encoding"] = "PKCS8"
    return awaited(
        f"{owner.logical_name}-{webhook.service}-certificate",
        CERTIFICATE,
        {"name": webhook.service, "namespace": namespace},
        {
            "secretName": webhook.secret,
            "duration": WEBHOOK_DURATION,
            "renewBefore": WEBHOOK_RENEWAL,
            "issuerRef": issued.config.reference,
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
    """The Bundle that fills Linkerd's ConfigMap of anchors; done once the ConfigMap exists."""
    secret = issued.config.roots_secret
    source: dict[str, Any] = (
        {"secret": {"name": secret.name, "key": secret.key}}
        if secret is not None
        else {"inLine": issued.anchors}
    )
    return awaited(
        f"{owner.logical_name}-trust-roots",
        BUNDLE,
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
