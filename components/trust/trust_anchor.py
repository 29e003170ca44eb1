"""TrustAnchor: the bundle that all clusters trust, and the certificates that it signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

from components.core.component import MeshComponent
from components.trust.signatures import Signatures
from config.inventory import Webhook
from config.trust.key_forms import KeyForm
from config.trust.trust_anchor import Anchor, TrustAnchorConfig, Validity
from vocabulary.kubernetes import LONGEST_COMMON_NAME

HOURS_A_DAY = 24


@dataclass(frozen=True)
class TrustAnchorArgs:
    """Arguments of a TrustAnchor."""

    config: TrustAnchorConfig
    """The anchors and their validity."""
    clusters: Mapping[str, Signatures]
    """What is signed, by cluster name."""
    provider: pulumi.ProviderResource
    """Provider of the package tls."""
    protect: bool = True
    """Whether generated anchors are protected from deletion."""


@dataclass(frozen=True)
class SignedCertificate:
    """A certificate and its private key."""

    certificate: pulumi.Output[str]
    """PEM of the certificate."""
    private_key: pulumi.Output[str]
    """PEM of the private key in the older form of its algorithm (SEC1, ``EC PRIVATE KEY``), which
    the resources of pulumi-tls have, and that Linkerd 2.8 reads; a secret. The key of
    a provided anchor is as the stack file has it."""
    pkcs8: pulumi.Output[str]
    """PEM of the same key in PKCS#8 (``PRIVATE KEY``); a secret."""

    def key(self, forms: frozenset[KeyForm]) -> pulumi.Output[str]:
        """PEM of the private key for a reader of these forms; a secret."""
        return self.pkcs8 if KeyForm.PKCS8 in forms else self.private_key


class TrustAnchor(MeshComponent):
    """One trust anchor for all clusters, an issuer per cluster, a certificate per webhook.

    On request also certificates for Ambassador's Hosts, to try TLS termination with.

    Anchors are generated (ECDSA P-256, pulumi-tls) or provided. Private keys are secrets. An
    update never renews an anchor; the first update within their renewal period renews issuers and
    webhook certificates (Linkerd docs, "Automatically rotating control plane TLS credentials";
    renewed together with the anchor, they would break trust).
    """

    bundle: pulumi.Output[str]
    """PEM of all anchors, one after the other."""
    anchors: dict[str, pulumi.Output[str]]
    """PEM of each anchor by its name, in the order of the bundle."""
    signer: SignedCertificate
    """The anchor that signs; its private key is empty where the stack file gives none."""
    issuers: dict[str, SignedCertificate]
    """The issuer of each cluster whose issuer is signed here, by cluster name."""
    webhooks: dict[str, dict[Webhook, SignedCertificate]]
    """Serving certificates, by cluster name and webhook."""
    hosts: dict[str, dict[str, SignedCertificate]]
    """Certificates for Ambassadors' Hosts, by cluster name and `signatures.certificate_of`."""

    def __init__(
        self, name: str, args: TrustAnchorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._provider = args.provider
        config = args.config
        made = {anchor.name: self._anchor(anchor, args) for anchor in config.anchors}
        self.anchors = {name: item.certificate for name, item in made.items()}
        self.signer = signer = made[config.signing_anchor.name]
        self.bundle = pulumi.Output.all(*(item.certificate for item in made.values())).apply(
            lambda pems: "".join(f"{str(pem).strip()}\n" for pem in pems)
        )
        self.issuers = {}
        self.webhooks = {}
        self.hosts = {}
        for cluster, wanted in args.clusters.items():
            if wanted.issuer:
                self.issuers[cluster] = self._issuer(cluster, wanted, signer, config.validity)
            self.webhooks[cluster] = {
                webhook: self._leaf(
                    f"{cluster}-{webhook.service}", webhook.host, signer, config.validity
                )
                for webhook in wanted.webhooks
            }
            self.hosts[cluster] = {
                key: self._leaf(f"{cluster}-{key}", hostname, signer, config.validity)
                for key, hostname in wanted.hosts.items()
            }
        self.register_outputs({"bundle": self.bundle})

    def _anchor(self, anchor: Anchor, args: TrustAnchorArgs) -> SignedCertificate:
        if anchor.certificate is not None:
            given = pulumi.Output.secret(
                anchor.private_key.get_secret_value() if anchor.private_key else ""
            )
            return SignedCertificate(pulumi.Output.from_input(anchor.certificate), given, given)
        # The name of a cluster has no dot, so that an anchor may have the same name.
        name = f"{self.logical_name}-anchor.{anchor.name}"
        key = self._key(name, protect=args.protect)
        certificate = tls.SelfSignedCert(
            f"{name}-certificate",
            private_key_pem=_older_form(key),
            subject=tls.SelfSignedCertSubjectArgs(common_name="root.linkerd.cluster.local"),
            dns_names=["root.linkerd.cluster.local"],
            is_ca_certificate=True,
            max_path_length=1,
            allowed_uses=["cert_signing", "crl_signing"],
            set_subject_key_id=True,
            set_authority_key_id=True,
            validity_period_hours=args.config.validity.anchor_days * HOURS_A_DAY,
            early_renewal_hours=0,
            opts=self.child(self._provider, protect=args.protect),
        )
        return _signed_with(key, certificate.cert_pem)

    def _issuer(
        self, cluster: str, wanted: Signatures, signer: SignedCertificate, validity: Validity
    ) -> SignedCertificate:
        return self._signed(
            f"{self.logical_name}-{cluster}-issuer",
            wanted.issuer_name,
            signer,
            days=validity.issuer_days,
            renewal_days=validity.renewal_days,
            authority=True,
        )

    def _leaf(
        self, name: str, host: str, signer: SignedCertificate, validity: Validity
    ) -> SignedCertificate:
        return self._signed(
            f"{self.logical_name}-{name}",
            host,
            signer,
            days=validity.webhook_days,
            renewal_days=validity.renewal_days,
            authority=False,
        )

    def _signed(
        self,
        name: str,
        host: str,
        signer: SignedCertificate,
        *,
        days: int,
        renewal_days: int,
        authority: bool,
    ) -> SignedCertificate:
        key = self._key(name)
        # The resources keep the key in its first form: another form of the same key would replace
        # every certificate.
        request = tls.CertRequest(
            f"{name}-request",
            private_key_pem=_older_form(key),
            subject=tls.CertRequestSubjectArgs(
                common_name=host if len(host) <= LONGEST_COMMON_NAME else None
            ),
            dns_names=[host],
            opts=self.child(self._provider),
        )
        uses = (
            ["cert_signing", "crl_signing"]
            if authority
            else ["digital_signature", "key_encipherment", "server_auth"]
        )
        certificate = tls.LocallySignedCert(
            f"{name}-certificate",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=signer.private_key,
            ca_cert_pem=signer.certificate,
            is_ca_certificate=authority,
            allowed_uses=uses,
            set_subject_key_id=True,
            validity_period_hours=days * HOURS_A_DAY,
            early_renewal_hours=renewal_days * HOURS_A_DAY,
            opts=self.child(self._provider),
        )
        return _signed_with(key, certificate.cert_pem)

    def _key(self, name: str, protect: bool | None = None) -> tls.PrivateKey:
        return tls.PrivateKey(
            f"{name}-key",
            algorithm="ECDSA",
            ecdsa_curve="P256",
            opts=self.child(
                self._provider,
                protect=protect,
                additional_secret_outputs=["privateKeyPem", "privateKeyPemPkcs8"],
            ),
        )


def _older_form(key: tls.PrivateKey) -> pulumi.Output[str]:
    return pulumi.Output.secret(key.private_key_pem)


def _signed_with(key: tls.PrivateKey, certificate: pulumi.Output[str]) -> SignedCertificate:
    return SignedCertificate(certificate, _older_form(key), _pkcs8(key))


def _pkcs8(key: tls.PrivateKey) -> pulumi.Output[str]:
    return pulumi.Output.secret(key.private_key_pem_pkcs8)
