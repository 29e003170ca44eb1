"""Certificates of Ambassador's Hosts, where the program provides them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.core.component import MeshComponent
from components.core.secrets import tls_secret
from components.trust.trust_anchor import SignedCertificate
from config.ambassador.routes import HostConfig
from config.trust.issuers import IssuerReference
from vocabulary.kinds import CERTIFICATE


def host_certificates(
    owner: MeshComponent,
    hosts: Sequence[HostConfig],
    namespace: str,
    signed: Mapping[str, SignedCertificate],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """A Certificate of cert-manager, or a Secret with what the trust anchor signed, per Host.

    `signed` are the certificates of the trust anchor by the names of the Hosts. Secrets that a user
    provides stay as they are (Emissary docs, "TLS termination"; cert-manager docs, Certificate).
    """
    found: list[pulumi.Resource] = []
    for host in hosts:
        if host.tls is None or host.tls_secret is None:
            continue
        name = f"{owner.logical_name}-host.{host.name}"
        space = host.tls.namespace or namespace
        if host.tls.cert_manager is not None:
            found.append(
                CustomResource(
                    f"{name}-certificate",
                    api_version=CERTIFICATE.api_version,
                    kind=CERTIFICATE.name,
                    metadata={"name": host.tls_secret, "namespace": space},
                    spec=_certificate(host.hostname, host.tls_secret, host.tls.cert_manager),
                    opts=opts,
                )
            )
        elif host.tls.trial:
            found.append(tls_secret(f"{name}-tls", host.tls_secret, space, signed[host.name], opts))
    return found


def _certificate(hostname: str, secret: str, issuer: IssuerReference) -> dict[str, object]:
    return {
        "secretName": secret,
        "dnsNames": [hostname],
        "issuerRef": issuer.reference,
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
