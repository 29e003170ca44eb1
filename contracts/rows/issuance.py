"""What cert-manager and trust-manager are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from contracts.contract import EDGE, Complaint, Contract, Form, Made, Subject
from contracts.forms.common import BOOLEAN
from contracts.forms.pem import trimmed_certificates
from contracts.forms.text import at, dns_name, duration, host_pattern, one_of, pattern

_API = "cert-manager pkg/apis/certmanager/v1/types_certificate.go @ v1.21.2"
_BUNDLE = "trust-manager docs, Bundle; trust-manager pkg/apis/trust/v1alpha1 @ v0.25.0"
_issuing = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/trust/issuance.py",
    reader="cert-manager",
    source=_API,
    generations=EDGE,
)
_field = partial(_issuing, "Certificate v1")
_POLICY = "linkerd-policy-validator"
_UNITS = {"h": 3600, "m": 60, "s": 1}
_CA_USAGES = ("cert sign", "crl sign")


def certificate(value: object) -> Complaint | None:
    """A Certificate whose Secret has the form that its reader accepts.

    cert-manager writes ECDSA keys as SEC1 where the encoding is not PKCS8, and the policy
    controller reads no SEC1. It refuses to renew before a time that is not within the duration.
    """
    spec = at(value, "spec")
    if not isinstance(spec, Mapping):
        return Complaint("has no spec")
    name = at(value, "metadata", "name")
    key = at(spec, "privateKey")
    if name == _POLICY and at(key, "algorithm") != "RSA" and at(key, "encoding") != "PKCS8":
        return Complaint("has no encoding PKCS8, and its reader refuses SEC1")
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

# fmt: off
ISSUANCE: tuple[Contract, ...] = (
    _issuing("Certificate", "*",
        Form("PKCS8 for the policy controller, an ECDSA P-256 CA for the identity controller",
            certificate,
            (_certificate(_POLICY, privateKey=_P256_PKCS8, duration="24h", renewBefore="1h"),
                _certificate(_POLICY, privateKey={"algorithm": "RSA"}),
                _certificate("shop-tls", privateKey=_P256),
                _certificate("linkerd-identity-issuer", isCA=True, privateKey=_P256,
                    usages=_SIGNS)),
            (_certificate(_POLICY, privateKey=_P256),
                _certificate(_POLICY, privateKey=_P256_PKCS8, duration="1h", renewBefore="25h"),
                _certificate("shop-tls", privateKey=_P256, dnsNames=[]),
                _certificate("linkerd-identity-issuer", isCA=False, privateKey=_P256,
                    usages=_SIGNS),
                _certificate("linkerd-identity-issuer", isCA=True, privateKey={"algorithm": "RSA"},
                    usages=_SIGNS),
                _certificate("linkerd-identity-issuer", isCA=True, privateKey=_P256, usages=[]))),
        subject=Subject.OBJECT, reader="cert-manager, for the program that reads the Secret",
        source=(
            f"{_API}; linkerd-kubert kubert/src/server/tls_rustls.rs @ v0.27.0; linkerd2 "
            f"pkg/issuercerts/issuercerts.go @ edge-26.8.3"
        )),
    _field("spec.privateKey.algorithm",
        Form("RSA, ECDSA or Ed25519", one_of("RSA", "ECDSA", "Ed25519"), ("ECDSA",),
            ("ecdsa", "EC"))),
    _field("spec.privateKey.encoding",
        Form("PKCS1 (SEC1 for ECDSA keys) or PKCS8", one_of("PKCS1", "PKCS8"), ("PKCS8",),
            ("PKCS#8", "pkcs8"))),
    _field("spec.privateKey.size",
        Form("256, 384 or 521 of an ECDSA key, as a number",
            lambda value: None if value in (256, 384, 521) else Complaint(f"is {value!r}"),
            (256, 256.0), ("256", 255, 2048))),
    _field("spec.privateKey.rotationPolicy",
        Form("Never or Always", one_of("Never", "Always"), ("Always",), ("always", ""))),
    _field("spec.usages[]",
        Form("a usage in cert-manager's words",
            one_of("digital signature", "key encipherment", "server auth", "client auth",
                *_CA_USAGES), ("server auth", "cert sign"), ("server_auth", "keyCertSign")),
        source="cert-manager pkg/apis/certmanager/v1/types.go, KeyUsage @ v1.21.2"),
    _field("spec.isCA", BOOLEAN),
    _field("spec.duration spec.renewBefore",
        Form("a Go duration", duration, ("24h", "48h0m0s"), ("1d", "30", 24))),
    _field("spec.dnsNames[] spec.commonName",
        Form("a DNS name, perhaps with a leading *.", host_pattern,
            ("*.tenants.example.com", "identity.linkerd.cluster.local"),
            ("", "https://a.example.com", "a b"))),
    _field("spec.secretName spec.issuerRef.name",
        Form("the name of an object", dns_name, ("linkerd-identity-issuer",),
            ("", "Linkerd", "linkerd/issuer"))),
    _field("spec.issuerRef.kind",
        Form("Issuer or ClusterIssuer (or a kind of another group, which the stack file names)",
            pattern(r"[A-Z][A-Za-z0-9]*", "a kind"), ("Issuer", "AWSPCAClusterIssuer"),
            ("clusterissuer", ""))),
    _field("spec.issuerRef.group",
        Form("a group without a version", dns_name, ("cert-manager.io",),
            ("cert-manager.io/v1", ""))),
    _issuing("ClusterIssuer v1", "spec.ca.secretName",
        Form("the name of a Secret in cert-manager's namespace", dns_name,
            ("linkerd-trust-anchor",), ("", "cert-manager/anchor")),
        source="cert-manager docs, CA issuer"),
    _issuing("Bundle v1alpha1", "spec.sources[].inLine",
        Form("PEM of certificates, and of nothing else", trimmed_certificates,
            (Made("certificates: two anchors"),),
            (Made("certificates: key between"), "", Made("key: PKCS#8 P-256"))),
        reader="trust-manager", source=_BUNDLE),
    _issuing("Bundle v1alpha1", "spec.sources[].secret.name spec.sources[].secret.key",
        Form("name and key of a Secret in its trust namespace", dns_name, ("house-roots", "ca.crt"),
            ("", "certs/roots")),
        reader="trust-manager", source=_BUNDLE),
    _issuing("Bundle v1alpha1", "spec.target.configMap.key",
        Form("ca-bundle.crt", one_of("ca-bundle.crt"), ("ca-bundle.crt",),
            ("ca.crt", "bundle.pem")),
        reader="identity controller and injector, which mount the ConfigMap",
        source="linkerd2 pkg/k8s/labels.go, MountPathTrustRootsPEM @ edge-26.8.3"),
    _issuing("Bundle v1alpha1",
        "spec.target.namespaceSelector.matchLabels.kubernetes.io/metadata.name",
        Form("the control plane's namespace", dns_name, ("linkerd",), ("", "Linkerd")),
        reader="trust-manager", source=_BUNDLE),
)
# fmt: on
"""Rows about cert-manager and trust-manager."""
