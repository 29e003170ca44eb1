"""Secrets with private keys and certificates, and bundles of anchors in Helm values."""

from __future__ import annotations

from contracts.contract import CURRENT, V2_8, Contract, Made, Subject
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

_EDGE = frozenset({CURRENT})
_OLD = frozenset({V2_8})
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
RSA_SIGNED_ANCHOR = Made("issuer: signed with RSA")
ISSUER = Made("issuer: ECDSA P-256")
ISSUER_BY_RSA = Made("issuer: signed with RSA")

_PAIRS = (
    Made("pair: tls of another key"),
    Made("pair: tls without key"),
    Made("pair: tls with more"),
)

KEYS_AND_CERTIFICATES: tuple[Contract, ...] = (
    Contract(
        subject=Subject.SECRET_KEY,
        on=_POLICY,
        keys=("tls.key",),
        producer="components/core/secrets.py",
        reader="policy controller (in linkerd-destination), by kubert",
        form="PEM of one private key, PKCS#8 or else PKCS#1; SEC1 is not found at all",
        source=_KUBERT,
        fits=kubert_key,
        fitting=(PKCS8_P256, PKCS8_RSA, PKCS1_RSA, PKCS8_ED25519),
        refused=(SEC1_P256, NO_KEY, TWO_KEYS, b"", b"no key"),
        generations=_EDGE,
    ),
    *(
        Contract(
            subject=Subject.SECRET_KEY,
            on=on,
            keys=("tls.key",),
            producer="components/core/secrets.py",
            reader=f"{on.rpartition(' ')[2].removesuffix('-k8s-tls')}, by crypto/tls",
            form="PEM of a private key, PKCS#8, PKCS#1 or SEC1; ECDSA or RSA",
            source=f"{_CODEC}; {_WATCHER}",
            fits=linkerd_key,
            fitting=(PKCS8_P256, SEC1_P256, PKCS8_RSA, PKCS1_RSA),
            refused=(PKCS8_ED25519, NO_KEY, b""),
            generations=_EDGE,
        )
        for on in _GO_WEBHOOKS
    ),
    *(
        Contract(
            subject=Subject.SECRET_KEY,
            on=on,
            keys=("tls.crt",),
            producer="components/core/secrets.py",
            reader="the webhook's server, and linkerd check",
            form="PEM of certificates, the server's first, and nothing after the last",
            source=f"{_CODEC}; {_WATCHER}",
            fits=certificates,
            fitting=(LEAF, BUNDLE),
            refused=(BLANK_AFTER, TEXT_AFTER, KEY_BETWEEN, SEC1_P256, b""),
            generations=_EDGE,
        )
        for on in (_POLICY, *_GO_WEBHOOKS)
    ),
    *(
        Contract(
            subject=Subject.SECRET,
            on=on,
            keys=("*",),
            producer="components/core/secrets.py",
            reader="kubelet, for the webhook; the API server, for the type",
            form="tls.crt and tls.key, the certificate of that key",
            source="Kubernetes docs, Secrets, TLS Secrets; linkerd2 pkg/tls/cred.go @ edge-26.8.3",
            fits=key_pair("tls.crt", "tls.key"),
            fitting=(Made("pair: tls"),),
            refused=_PAIRS,
            generations=_EDGE,
        )
        for on in (_POLICY, *_GO_WEBHOOKS)
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_ISSUER,
        keys=("tls.key",),
        producer="components/core/secrets.py",
        reader="identity controller",
        form="PEM of a private key, PKCS#8, PKCS#1 or SEC1; ECDSA or RSA",
        source=f"{_CODEC}; {_ISSUER_CERTS}",
        fits=linkerd_key,
        fitting=(PKCS8_P256, SEC1_P256),
        refused=(PKCS8_ED25519, NO_KEY, b""),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_ISSUER,
        keys=("tls.crt",),
        producer="components/core/secrets.py",
        reader="identity controller, and linkerd check",
        form="PEM of a CA certificate with an ECDSA P-256 key, signed with SHA-256",
        source=_ISSUER_CERTS,
        fits=issuer,
        fitting=(ISSUER, ISSUER_BY_RSA),
        refused=(
            LEAF,
            Made("issuer: RSA key"),
            Made("issuer: ECDSA P-384"),
            Made("issuer: SHA-384"),
            Made("issuer: empty line after"),
        ),
        generations=_EDGE,
    ),
    *(
        Contract(
            subject=Subject.SECRET_KEY,
            on=on,
            keys=("ca.crt",),
            producer="components/core/secrets.py",
            reader="identity controller, linkerd check",
            form=f"PEM of all anchors{only} and nothing after the last",
            source=f"{codec}; {certs}",
            fits=fits,
            fitting=fitting,
            refused=(BLANK_AFTER, TEXT_AFTER, KEY_BETWEEN, b"", *refused),
            generations=generations,
        )
        for on, codec, certs, generations, only, fits, fitting, refused in (
            (_ISSUER, _CODEC, _ISSUER_CERTS, _EDGE, "", certificates, (BUNDLE, RSA_ANCHOR), ()),
            (
                _ISSUER_2_8,
                _CODEC_2_8,
                f"{_ISSUER_CERTS_2_8}; pkg/healthcheck/healthcheck.go",
                _OLD,
                " (ECDSA P-256, signed by ECDSA with SHA-256)",
                anchors_2_8,
                (BUNDLE,),
                (RSA_ANCHOR, RSA_SIGNED_ANCHOR),
            ),
        )
    ),
    *(
        Contract(
            subject=Subject.SECRET,
            on=on,
            keys=("*",),
            producer="components/core/secrets.py",
            reader="identity controller, with identity.issuer.scheme kubernetes.io/tls",
            form="tls.crt, tls.key of that certificate, and ca.crt with the anchor that issued it",
            source=certs,
            fits=key_pair("tls.crt", "tls.key", anchors="ca.crt"),
            fitting=(Made("pair: tls with anchors"),),
            refused=(
                *_PAIRS,
                Made("pair: tls"),
                Made("pair: tls with other anchors"),
                Made("pair: tls expired"),
            ),
            generations=generations,
        )
        for on, certs, generations in (
            (_ISSUER, _ISSUER_CERTS, _EDGE),
            (_ISSUER_2_8, _ISSUER_CERTS_2_8, _OLD),
        )
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_ISSUER_2_8,
        keys=("tls.key",),
        producer="components/core/secrets.py",
        reader="identity controller of Linkerd 2.8",
        form="PEM of a private key, SEC1 or PKCS#1; PKCS#8 is refused",
        source=_CODEC_2_8,
        fits=linkerd_2_8_key,
        fitting=(SEC1_P256,),
        refused=(PKCS8_P256, PKCS8_RSA, PKCS8_ED25519, NO_KEY, b""),
        generations=_OLD,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_ISSUER_2_8,
        keys=("tls.crt",),
        producer="components/core/secrets.py",
        reader="identity controller and linkerd check of Linkerd 2.8",
        form="PEM of a CA certificate with an ECDSA P-256 key, signed with ECDSA and SHA-256",
        source=_ISSUER_CERTS_2_8,
        fits=issuer_2_8,
        fitting=(ISSUER,),
        refused=(ISSUER_BY_RSA, LEAF, Made("issuer: ECDSA P-384")),
        generations=_OLD,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_WEBHOOK_2_8,
        keys=("key.pem",),
        producer="components/core/secrets.py",
        reader="webhooks and tap of Linkerd 2.8",
        form="PEM of a private key, SEC1 or PKCS#1; PKCS#8 is refused",
        source=f"{_CODEC_2_8}; controller/webhook/server.go",
        fits=linkerd_2_8_key,
        fitting=(SEC1_P256, PKCS1_RSA),
        refused=(PKCS8_P256, PKCS8_RSA, NO_KEY, b""),
        generations=_OLD,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_WEBHOOK_2_8,
        keys=("crt.pem",),
        producer="components/core/secrets.py",
        reader="webhooks and tap of Linkerd 2.8",
        form="PEM of certificates, the server's first, and nothing after the last",
        source=_CODEC_2_8,
        fits=certificates,
        fitting=(LEAF,),
        refused=(BLANK_AFTER, KEY_BETWEEN, b""),
        generations=_OLD,
    ),
    Contract(
        subject=Subject.SECRET,
        on=_WEBHOOK_2_8,
        keys=("*",),
        producer="components/core/secrets.py",
        reader="webhooks and tap of Linkerd 2.8, which find it mounted",
        form="crt.pem and key.pem, the certificate of that key",
        source="linkerd2 pkg/k8s/labels.go, MountPathTLS* @ stable-2.8.1",
        fits=key_pair("crt.pem", "key.pem"),
        fitting=(Made("pair: pem"),),
        refused=(Made("pair: tls"), Made("pair: pem of another key")),
        generations=_OLD,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_HOST,
        keys=("tls.key",),
        producer="components/ambassador/host_certificates.py",
        reader="Ambassador, and Envoy behind it",
        form="PEM of a private key, PKCS#8, PKCS#1 or SEC1",
        source=_ENVOY,
        fits=any_key,
        fitting=(PKCS8_P256, SEC1_P256, PKCS8_RSA, PKCS1_RSA),
        refused=(NO_KEY, b"", b"no key"),
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_HOST,
        keys=("tls.crt",),
        producer="components/ambassador/host_certificates.py",
        reader="Ambassador, and Envoy behind it",
        form="PEM of certificates, the server's first",
        source=_ENVOY,
        fits=certificates,
        fitting=(LEAF, BUNDLE),
        refused=(SEC1_P256, b""),
    ),
    Contract(
        subject=Subject.SECRET,
        on=_HOST,
        keys=("*",),
        producer="components/ambassador/host_certificates.py",
        reader="Ambassador; a Host whose Secret does not fit is inactive",
        form="tls.crt and tls.key, the certificate of that key",
        source="Emissary docs, TLS termination; Kubernetes docs, TLS Secrets",
        fits=key_pair("tls.crt", "tls.key"),
        fitting=(Made("pair: tls"),),
        refused=_PAIRS,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_ANCHOR,
        keys=("tls.key",),
        producer="components/trust/issuance.py",
        reader="cert-manager, for a ClusterIssuer",
        form="PEM of a private key, PKCS#8, PKCS#1 or SEC1",
        source=_CA_ISSUER,
        fits=any_key,
        fitting=(PKCS8_P256, SEC1_P256, PKCS1_RSA),
        refused=(NO_KEY, b""),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.SECRET_KEY,
        on=_ANCHOR,
        keys=("tls.crt",),
        producer="components/trust/issuance.py",
        reader="cert-manager, for a ClusterIssuer",
        form="PEM of the CA's certificate",
        source=_CA_ISSUER,
        fits=certificates,
        fitting=(LEAF,),
        refused=(SEC1_P256, b""),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.SECRET,
        on=_ANCHOR,
        keys=("*",),
        producer="components/trust/issuance.py",
        reader="cert-manager, for a ClusterIssuer",
        form="tls.crt and tls.key, the certificate of that key",
        source=_CA_ISSUER,
        fits=key_pair("tls.crt", "tls.key"),
        fitting=(Made("pair: tls"),),
        refused=_PAIRS,
        generations=_EDGE,
    ),
    *(
        Contract(
            subject=Subject.HELM_VALUE,
            on=chart,
            keys=(key,),
            producer="components/values",
            reader="identity and injector, by way of the chart, which trims it",
            form=f"PEM of all anchors{only}, and of nothing else",
            source=source,
            fits=fits,
            fitting=(BUNDLE, BLANK_AFTER),
            refused=(TEXT_AFTER, KEY_BETWEEN, "", *refused),
        )
        for chart, key, source, only, fits, refused in (
            (
                "linkerd-control-plane",
                "identityTrustAnchorsPEM",
                "linkerd2 charts/linkerd-control-plane/templates/identity.yaml @ edge-26.8.3",
                "",
                trimmed_certificates,
                (),
            ),
            (
                "linkerd2",
                "global.identityTrustAnchorsPEM",
                "linkerd2 charts/linkerd2/templates/_config.tpl and pkg/healthcheck/healthcheck.go "
                "@ stable-2.8.1",
                " (ECDSA P-256, signed by ECDSA with SHA-256)",
                trimmed_anchors_2_8,
                (RSA_ANCHOR, RSA_SIGNED_ANCHOR),
            ),
        )
    ),
    *(
        Contract(
            subject=Subject.HELM_VALUE,
            on=chart,
            keys=("*.caBundle",),
            producer="components/linkerd/webhook_values.py",
            reader="the API server, which calls the webhook or the API service",
            form="PEM of the CAs that the webhook's certificate verifies against",
            source="Kubernetes API reference, WebhookClientConfig.caBundle",
            fits=trimmed_certificates,
            fitting=(BUNDLE,),
            refused=(SEC1_P256, KEY_BETWEEN, ""),
        )
        for chart in ("linkerd-control-plane", "linkerd-viz", "linkerd-jaeger", "linkerd2")
    ),
)
"""Rows about keys and certificates."""
