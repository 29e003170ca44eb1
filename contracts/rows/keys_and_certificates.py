"""Secrets with private keys and certificates, and bundles of anchors in Helm values."""

from __future__ import annotations

from functools import partial

from contracts.contract import EDGE, OLD, Contract, Form, Made, Subject
from contracts.forms.pem import (
    anchors_2_8,
    any_key,
    certificates,
    issuer,
    issuer_2_8,
    key_pair,
    kubert_key,
    linkerd_2_8_key,
    linkerd_key,
    trimmed_anchors_2_8,
    trimmed_certificates,
)

_POLICY = "LinkerdControlPlane/kubernetes.io/tls linkerd-policy-validator-k8s-tls"
_GO_WEBHOOKS = (
    "LinkerdControlPlane/kubernetes.io/tls linkerd-proxy-injector-k8s-tls",
    "LinkerdControlPlane/kubernetes.io/tls linkerd-sp-validator-k8s-tls",
    "LinkerdControlPlane/kubernetes.io/tls tap-k8s-tls",
    "LinkerdControlPlane/kubernetes.io/tls tap-injector-k8s-tls",
    "Jaeger/kubernetes.io/tls jaeger-injector-k8s-tls",
)
_ISSUER = "LinkerdControlPlane/kubernetes.io/tls linkerd-identity-issuer"
_ISSUER_2_8 = "Linkerd28ControlPlane/kubernetes.io/tls linkerd-identity-issuer"
_WEBHOOK_2_8 = "Linkerd28ControlPlane/Opaque linkerd-*-tls"
_HOST = "AmbassadorMesh/kubernetes.io/tls *"
_ANCHOR = "AnchorIssuer/kubernetes.io/tls *"

_CODEC = "linkerd2 pkg/tls/codec.go @ edge-26.8.3"
_CODEC_2_8 = "linkerd2 pkg/tls/codec.go @ stable-2.8.1"
_KUBERT = "linkerd-kubert kubert/src/server/tls_rustls.rs @ v0.27.0 (Cargo.lock of edge-26.8.3)"
_WATCHER = "linkerd2 pkg/tls/creds_watcher.go and controller/webhook/server.go @ edge-26.8.3"
_ISSUER_CERTS = "linkerd2 pkg/issuercerts/issuercerts.go @ edge-26.8.3"
_ISSUER_CERTS_2_8 = "linkerd2 pkg/issuercerts/issuercerts.go @ stable-2.8.1"
_ENVOY = "emissary cmd/entrypoint/secrets.go @ v4.1.0; Envoy docs, TLS (BoringSSL)"
_CA_ISSUER = "cert-manager pkg/util/pki/parse.go @ v1.21.2; cert-manager docs, CA issuer"

PKCS8_P256 = Made("key: PKCS#8 P-256")
SEC1_P256 = Made("key: SEC1 P-256")
PKCS8_RSA = Made("key: PKCS#8 RSA")
PKCS1_RSA = Made("key: PKCS#1 RSA")
PKCS8_ED25519 = Made("key: PKCS#8 Ed25519")
NO_KEY = Made("certificate: leaf")
TWO_KEYS = Made("key: two of PKCS#8")
LEAF = Made("certificate: leaf")
BUNDLE = Made("certificates: two anchors")
BLANK_AFTER = Made("certificates: empty line after")
TEXT_AFTER = Made("certificates: text after")
KEY_BETWEEN = Made("certificates: key between")
RSA_ANCHOR = Made("anchor: RSA")
ISSUER = Made("issuer: ECDSA P-256")
ISSUER_BY_RSA = Made("issuer: signed with RSA")

_RSA_ANCHORS = (RSA_ANCHOR, ISSUER_BY_RSA)
_ONLY_2_8 = " (ECDSA P-256, signed by ECDSA with SHA-256)"
_PAIRS = (
    Made("pair: tls of another key"),
    Made("pair: tls without key"),
    Made("pair: tls with more"),
)

_edge_key = partial(
    Contract, subject=Subject.SECRET_KEY, producer="components/core/secrets.py", generations=EDGE
)
_old_key = partial(
    Contract, subject=Subject.SECRET_KEY, producer="components/core/secrets.py", generations=OLD
)
_host = partial(
    Contract, subject=Subject.SECRET_KEY, producer="components/ambassador/host_certificates.py"
)
_anchor = partial(
    Contract, subject=Subject.SECRET_KEY, producer="components/trust/issuance.py", generations=EDGE
)

_KEY = Form(
    "PEM of a private key, PKCS#8, PKCS#1 or SEC1; ECDSA or RSA",
    linkerd_key,
    (PKCS8_P256, SEC1_P256, PKCS8_RSA, PKCS1_RSA),
    (PKCS8_ED25519, NO_KEY, b""),
)
_KEY_2_8 = Form(
    "PEM of a private key, SEC1 or PKCS#1; PKCS#8 is refused",
    linkerd_2_8_key,
    (SEC1_P256, PKCS1_RSA),
    (PKCS8_P256, PKCS8_RSA, PKCS8_ED25519, NO_KEY, b""),
)
_ANY_KEY = Form(
    "PEM of a private key, PKCS#8, PKCS#1 or SEC1",
    any_key,
    (PKCS8_P256, SEC1_P256, PKCS8_RSA, PKCS1_RSA),
    (NO_KEY, b"", b"no key"),
)
_CHAIN = Form(
    "PEM of certificates, the server's first, and nothing after the last",
    certificates,
    (LEAF, BUNDLE),
    (BLANK_AFTER, TEXT_AFTER, KEY_BETWEEN, SEC1_P256, b""),
)
_PAIR = Form(
    "tls.crt and tls.key, the certificate of that key",
    key_pair("tls.crt", "tls.key"),
    (Made("pair: tls"),),
    _PAIRS,
)
# fmt: off
KEYS_AND_CERTIFICATES: tuple[Contract, ...] = (
    _edge_key(_POLICY, "tls.key",
        Form("PEM of one private key, PKCS#8 or else PKCS#1; SEC1 is not found at all", kubert_key,
            (PKCS8_P256, PKCS8_RSA, PKCS1_RSA, PKCS8_ED25519),
            (SEC1_P256, NO_KEY, TWO_KEYS, b"", b"no key")),
        "policy controller (in linkerd-destination), by kubert", source=_KUBERT),
    *(
        _edge_key(on, "tls.key", _KEY,
            f"{on.rpartition(' ')[2].removesuffix('-k8s-tls')}, by crypto/tls",
            source=f"{_CODEC}; {_WATCHER}")
        for on in _GO_WEBHOOKS
    ),
    *(
        _edge_key(on, "tls.crt", _CHAIN, "the webhook's server, and linkerd check",
            source=f"{_CODEC}; {_WATCHER}")
        for on in (_POLICY, *_GO_WEBHOOKS)
    ),
    *(
        Contract(on, "*", _PAIR, "kubelet, for the webhook; the API server, for the type",
            subject=Subject.SECRET, producer="components/core/secrets.py",
            source="Kubernetes docs, Secrets, TLS Secrets; linkerd2 pkg/tls/cred.go @ edge-26.8.3",
            generations=EDGE)
        for on in (_POLICY, *_GO_WEBHOOKS)
    ),
    _edge_key(_ISSUER, "tls.key", _KEY, "identity controller", source=f"{_CODEC}; {_ISSUER_CERTS}"),
    _edge_key(_ISSUER, "tls.crt",
        Form("PEM of a CA certificate with an ECDSA P-256 key, signed with SHA-256", issuer,
            (ISSUER, ISSUER_BY_RSA),
            (LEAF, Made("issuer: RSA key"), Made("issuer: ECDSA P-384"), Made("issuer: SHA-384"),
                Made("issuer: empty line after"))),
        "identity controller, and linkerd check", source=_ISSUER_CERTS),
    *(
        row(on, "ca.crt",
            Form(f"PEM of all anchors{only} and nothing after the last", fits, fitting,
                (BLANK_AFTER, TEXT_AFTER, KEY_BETWEEN, b"", *refused)),
            "identity controller, linkerd check", source=source)
        for row, on, only, fits, fitting, refused, source in (
            (_edge_key, _ISSUER, "", certificates, (BUNDLE, RSA_ANCHOR), (),
                f"{_CODEC}; {_ISSUER_CERTS}"),
            (_old_key, _ISSUER_2_8, _ONLY_2_8, anchors_2_8, (BUNDLE,), _RSA_ANCHORS,
                f"{_CODEC_2_8}; {_ISSUER_CERTS_2_8}; pkg/healthcheck/healthcheck.go"),
        )
    ),
    *(
        Contract(on, "*",
            Form("tls.crt, tls.key of that certificate, and ca.crt with the anchor that issued it",
                key_pair("tls.crt", "tls.key", anchors="ca.crt"), (Made("pair: tls with anchors"),),
                (*_PAIRS, Made("pair: tls"), Made("pair: tls with other anchors"),
                    Made("pair: tls expired"))),
            "identity controller, with identity.issuer.scheme kubernetes.io/tls",
            subject=Subject.SECRET, producer="components/core/secrets.py", source=certs,
            generations=generations)
        for on, certs, generations in (
            (_ISSUER, _ISSUER_CERTS, EDGE),
            (_ISSUER_2_8, _ISSUER_CERTS_2_8, OLD),
        )
    ),
    _old_key(_ISSUER_2_8, "tls.key", _KEY_2_8, "identity controller of Linkerd 2.8",
        source=_CODEC_2_8),
    _old_key(_ISSUER_2_8, "tls.crt",
        Form("PEM of a CA certificate with an ECDSA P-256 key, signed with ECDSA and SHA-256",
            issuer_2_8, (ISSUER,), (ISSUER_BY_RSA, LEAF, Made("issuer: ECDSA P-384"))),
        "identity controller and linkerd check of Linkerd 2.8", source=_ISSUER_CERTS_2_8),
    _old_key(_WEBHOOK_2_8, "key.pem", _KEY_2_8, "webhooks and tap of Linkerd 2.8",
        source=f"{_CODEC_2_8}; controller/webhook/server.go"),
    _old_key(_WEBHOOK_2_8, "crt.pem", _CHAIN, "webhooks and tap of Linkerd 2.8", source=_CODEC_2_8),
    Contract(_WEBHOOK_2_8, "*",
        Form("crt.pem and key.pem, the certificate of that key", key_pair("crt.pem", "key.pem"),
            (Made("pair: pem"),), (Made("pair: tls"), Made("pair: pem of another key"))),
        "webhooks and tap of Linkerd 2.8, which find it mounted", subject=Subject.SECRET,
        producer="components/core/secrets.py",
        source="linkerd2 pkg/k8s/labels.go, MountPathTLS* @ stable-2.8.1", generations=OLD),
    _host(_HOST, "tls.key", _ANY_KEY, "Ambassador, and Envoy behind it", source=_ENVOY),
    _host(_HOST, "tls.crt",
        Form("PEM of certificates, the server's first", certificates, (LEAF, BUNDLE),
            (SEC1_P256, b"")),
        "Ambassador, and Envoy behind it", source=_ENVOY),
    Contract(_HOST, "*", _PAIR, "Ambassador; a Host whose Secret does not fit is inactive",
        subject=Subject.SECRET, producer="components/ambassador/host_certificates.py",
        source="Emissary docs, TLS termination; Kubernetes docs, TLS Secrets"),
    _anchor(_ANCHOR, "tls.key", _ANY_KEY, "cert-manager, for a ClusterIssuer", source=_CA_ISSUER),
    _anchor(_ANCHOR, "tls.crt",
        Form("PEM of the CA's certificate", certificates, (LEAF,), (SEC1_P256, b"")),
        "cert-manager, for a ClusterIssuer", source=_CA_ISSUER),
    Contract(_ANCHOR, "*", _PAIR, "cert-manager, for a ClusterIssuer", subject=Subject.SECRET,
        producer="components/trust/issuance.py", source=_CA_ISSUER, generations=EDGE),
    *(
        Contract(chart, key,
            Form(f"PEM of all anchors{only}, and of nothing else", fits, (BUNDLE, BLANK_AFTER),
                (TEXT_AFTER, KEY_BETWEEN, "", *refused)),
            "identity and injector, by way of the chart, which trims it",
            subject=Subject.HELM_VALUE, producer="components/values", source=source)
        for chart, key, only, fits, refused, source in (
            ("linkerd-control-plane", "identityTrustAnchorsPEM", "", trimmed_certificates, (),
                "linkerd2 charts/linkerd-control-plane/templates/identity.yaml @ edge-26.8.3"),
            ("linkerd2", "global.identityTrustAnchorsPEM", _ONLY_2_8, trimmed_anchors_2_8,
                _RSA_ANCHORS,
                "linkerd2 charts/linkerd2/templates/_config.tpl and pkg/healthcheck/healthcheck.go "
                "@ stable-2.8.1"),
        )
    ),
    *(
        Contract(chart, "*.caBundle",
            Form("PEM of the CAs that the webhook's certificate verifies against",
                trimmed_certificates, (BUNDLE,), (SEC1_P256, KEY_BETWEEN, "")),
            "the API server, which calls the webhook or the API service",
            subject=Subject.HELM_VALUE, producer="components/linkerd/webhook_values.py",
            source="Kubernetes API reference, WebhookClientConfig.caBundle")
        for chart in ("linkerd-control-plane", "linkerd-viz", "linkerd-jaeger", "linkerd2")
    ),
)
# fmt: on
"""Rows about keys and certificates."""
