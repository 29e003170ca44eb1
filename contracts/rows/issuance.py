"""What cert-manager and trust-manager are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from contracts.contract import CURRENT, Complaint, Contract, Made, Subject
from contracts.forms.pem import trimmed_certificates
from contracts.forms.text import at, boolean, dns_name, duration, host_pattern, one_of

_API = "cert-manager pkg/apis/certmanager/v1/types_certificate.go @ v1.21.2"
_BUNDLE = "trust-manager docs, Bundle; trust-manager pkg/apis/trust/v1alpha1 @ v0.25.0"
_field = partial(
    Contract,
    subject=Subject.FIELD,
    on="Certificate v1",
    producer="components/trust/issuance.py",
    reader="cert-manager",
    source=_API,
    generations=frozenset({CURRENT}),
)
_POLICY = "linkerd-policy-validator"
_UNITS = {"h": 3600, "m": 60, "s": 1}
_CA_USAGES = ("cert sign", "crl sign")


def certificate(value: object) -> Complaint | None:
    """A Certificate whose Secret is what its reader accepts.

    cert-manager writes ECDSA keys as SEC1 where the encoding is not PKCS8, and the policy
    controller reads no SEC1. It refuses to renew before a time that is not within the duration.
    """
    spec = at(value, "spec")
    if not isinstance(spec, Mapping):
        return Complaint("has no spec")
    name = at(value, "metadata", "name")
    key = at(spec, "privateKey")
    if name == _POLICY and at(key, "algorithm") != "RSA" and at(key, "encoding") != "PKCS8":
        return Complaint("has no encoding PKCS8, and its reader does not read SEC1")
    if name == "linkerd-identity-issuer":
        if spec.get("isCA") is not True or at(key, "algorithm") != "ECDSA":
            return Complaint("is of an identity issuer and no ECDSA CA")
        if at(key, "size") not in (None, 256):
            return Complaint("is of an identity issuer and not on P-256")
        if not set(_CA_USAGES) <= set(spec.get("usages", ())):
            return Complaint("is of an identity issuer and may not sign")
    before, whole = spec.get("renewBefore"), spec.get("duration")
    if before is not None and whole is not None and seconds(before) >= seconds(whole):
        return Complaint("is to be renewed before it is issued")
    if not spec.get("dnsNames"):
        return Complaint("has no DNS names, and no client goes by a common name")
    return None


def seconds(value: object) -> float:
    """A Go duration in seconds."""
    return sum(
        float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)([hms])", str(value))
    )


def _certificate(name: str, **spec: object) -> dict[str, object]:
    return {"metadata": {"name": name}, "spec": {"dnsNames": ["a.example.com"], **spec}}


_P256 = {"algorithm": "ECDSA"}
_P256_PKCS8 = {"algorithm": "ECDSA", "encoding": "PKCS8"}
_SIGNS = list(_CA_USAGES)

ISSUANCE: tuple[Contract, ...] = (
    _field(
        subject=Subject.OBJECT,
        on="Certificate",
        keys=("*",),
        reader="cert-manager, for the program that reads the Secret",
        form="PKCS8 for the policy controller, an ECDSA P-256 CA for the identity controller",
        source=f"{_API}; linkerd-kubert kubert/src/server/tls_rustls.rs @ v0.27.0; "
        "linkerd2 pkg/issuercerts/issuercerts.go @ edge-26.8.3",
        fits=certificate,
        fitting=(
            _certificate(_POLICY, privateKey=_P256_PKCS8, duration="24h", renewBefore="1h"),
            _certificate(_POLICY, privateKey={"algorithm": "RSA"}),
            _certificate("shop-tls", privateKey=_P256),
            _certificate("linkerd-identity-issuer", isCA=True, privateKey=_P256, usages=_SIGNS),
        ),
        refused=(
            _certificate(_POLICY, privateKey=_P256),
            _certificate(_POLICY, privateKey=_P256_PKCS8, duration="1h", renewBefore="25h"),
            _certificate("shop-tls", privateKey=_P256, dnsNames=[]),
            _certificate("linkerd-identity-issuer", isCA=False, privateKey=_P256, usages=_SIGNS),
            _certificate(
                "linkerd-identity-issuer", isCA=True, privateKey={"algorithm": "RSA"}, usages=_SIGNS
            ),
            _certificate("linkerd-identity-issuer", isCA=True, privateKey=_P256, usages=[]),
        ),
    ),
    _field(
        keys=("spec.privateKey.algorithm",),
        form="RSA, ECDSA or Ed25519",
        fits=one_of("RSA", "ECDSA", "Ed25519"),
        fitting=("ECDSA",),
        refused=("ecdsa", "EC"),
    ),
    _field(
        keys=("spec.privateKey.encoding",),
        form="PKCS1 (SEC1 for ECDSA keys) or PKCS8",
        fits=one_of("PKCS1", "PKCS8"),
        fitting=("PKCS8",),
        refused=("PKCS#8", "pkcs8"),
    ),
    _field(
        keys=("spec.privateKey.size",),
        form="256, 384 or 521 of an ECDSA key, as a number",
        fits=lambda value: (
            None
            if value in (256, 384, 521) and not isinstance(value, str)
            else Complaint(f"is {value!r}")
        ),
        fitting=(256, 256.0),
        refused=("256", 255, 2048),
    ),
    _field(
        keys=("spec.privateKey.rotationPolicy",),
        form="Never or Always",
        fits=one_of("Never", "Always"),
        fitting=("Always",),
        refused=("always", ""),
    ),
    _field(
        keys=("spec.usages[]",),
        form="a usage in cert-manager's words",
        source="cert-manager pkg/apis/certmanager/v1/types.go, KeyUsage @ v1.21.2",
        fits=one_of(
            "digital signature", "key encipherment", "server auth", "client auth", *_CA_USAGES
        ),
        fitting=("server auth", "cert sign"),
        refused=("server_auth", "keyCertSign"),
    ),
    _field(
        keys=("spec.isCA",),
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("true", None),
    ),
    _field(
        keys=("spec.duration", "spec.renewBefore"),
        form="a Go duration",
        fits=duration,
        fitting=("24h", "48h0m0s"),
        refused=("1d", "30", 24),
    ),
    _field(
        keys=("spec.dnsNames[]", "spec.commonName"),
        form="a DNS name, perhaps with a leading *.",
        fits=host_pattern,
        fitting=("*.tenants.example.com", "identity.linkerd.cluster.local"),
        refused=("", "https://a.example.com", "a b"),
    ),
    _field(
        keys=("spec.secretName", "spec.issuerRef.name"),
        form="the name of an object",
        fits=dns_name,
        fitting=("linkerd-identity-issuer",),
        refused=("", "Linkerd", "linkerd/issuer"),
    ),
    _field(
        keys=("spec.issuerRef.kind",),
        form="Issuer or ClusterIssuer (or a kind of another group, which the stack file names)",
        fits=one_of("Issuer", "ClusterIssuer"),
        fitting=("Issuer", "ClusterIssuer"),
        refused=("clusterissuer", "CA"),
    ),
    _field(
        keys=("spec.issuerRef.group",),
        form="a group without a version",
        fits=dns_name,
        fitting=("cert-manager.io",),
        refused=("cert-manager.io/v1", ""),
    ),
    _field(
        on="ClusterIssuer v1",
        keys=("spec.ca.secretName",),
        form="the name of a Secret in cert-manager's namespace",
        source="cert-manager docs, CA issuer",
        fits=dns_name,
        fitting=("linkerd-trust-anchor",),
        refused=("", "cert-manager/anchor"),
    ),
    _field(
        on="Bundle v1alpha1",
        keys=("spec.sources[].inLine",),
        reader="trust-manager",
        form="PEM of certificates, and of nothing else",
        source=_BUNDLE,
        fits=trimmed_certificates,
        fitting=(Made("certificates: two anchors"),),
        refused=(Made("certificates: key between"), "", Made("key: PKCS#8 P-256")),
    ),
    _field(
        on="Bundle v1alpha1",
        keys=("spec.sources[].secret.name", "spec.sources[].secret.key"),
        reader="trust-manager",
        form="name and key of a Secret in its trust namespace",
        source=_BUNDLE,
        fits=dns_name,
        fitting=("house-roots", "ca.crt"),
        refused=("", "certs/roots"),
    ),
    _field(
        on="Bundle v1alpha1",
        keys=("spec.target.configMap.key",),
        reader="identity controller and injector, which mount the ConfigMap",
        form="ca-bundle.crt",
        source="linkerd2 pkg/k8s/labels.go, MountPathTrustRootsPEM @ edge-26.8.3",
        fits=one_of("ca-bundle.crt"),
        fitting=("ca-bundle.crt",),
        refused=("ca.crt", "bundle.pem"),
    ),
    _field(
        on="Bundle v1alpha1",
        keys=("spec.target.namespaceSelector.matchLabels.kubernetes.io/metadata.name",),
        reader="trust-manager",
        form="the control plane's namespace",
        source=_BUNDLE,
        fits=dns_name,
        fitting=("linkerd",),
        refused=("", "Linkerd"),
    ),
)
"""Rows about cert-manager and trust-manager."""
