"""The stand-in for pulumi-tls honours what the real provider honours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from render import TlsProvider
from tls_provider.errors import UnsupportedCertificateError

KEY = "tls:index/privateKey:PrivateKey"
SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert"
REQUEST = "tls:index/certRequest:CertRequest"
SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
PEM_FORMS = ("privateKeyPem", "privateKeyPemPkcs8")
PEM = TlsProvider().make(KEY, "key", {"algorithm": "ECDSA", "ecdsaCurve": "P256"})["privateKeyPem"]


@pytest.fixture
def tls() -> TlsProvider:
    return TlsProvider()


def key(tls: TlsProvider, name: str = "key") -> str:
    made = tls.make(KEY, name, {"algorithm": "ECDSA", "ecdsaCurve": "P256"})
    return str(made["privateKeyPem"])


def anchor(tls: TlsProvider, **more: Any) -> x509.Certificate:
    inputs = {
        "privateKeyPem": key(tls),
        "subject": {"commonName": "anchor"},
        "allowedUses": ["cert_signing"],
        "validityPeriodHours": 48,
        **more,
    }
    made = tls.make(SELF_SIGNED, "anchor", inputs)
    return x509.load_pem_x509_certificate(made["certPem"].encode())


def test_a_key_is_p_256_in_both_pem_forms(tls: TlsProvider) -> None:
    made = tls.make(KEY, "key", {"algorithm": "ECDSA", "ecdsaCurve": "P256"})
    forms = [load_pem_private_key(made[form].encode(), None) for form in PEM_FORMS]
    for found in forms:
        assert isinstance(found, ec.EllipticCurvePrivateKey)
        assert isinstance(found.curve, ec.SECP256R1)
    assert "BEGIN EC PRIVATE KEY" in made["privateKeyPem"]
    assert "BEGIN PRIVATE KEY" in made["privateKeyPemPkcs8"]


@pytest.mark.parametrize("bits", [2048, 3072])
def test_a_provided_rsa_anchor_signs_an_issuer(tls: TlsProvider, bits: int) -> None:
    given = rsa.generate_private_key(65537, bits)
    pem = given.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode()
    inputs = {"privateKeyPem": pem, "isCaCertificate": True, "validityPeriodHours": 48}
    ca = tls.make(SELF_SIGNED, "rsa", {**inputs, "subject": {"commonName": "rsa"}})
    request = tls.make(
        REQUEST, "request", {"privateKeyPem": key(tls), "subject": {"commonName": "issuer"}}
    )
    made = tls.make(
        SIGNED,
        "issuer",
        {
            "certRequestPem": request["certRequestPem"],
            "caPrivateKeyPem": pem,
            "caCertPem": ca["certPem"],
            "isCaCertificate": True,
            "validityPeriodHours": 24,
        },
    )
    issuer, anchor_ = (
        x509.load_pem_x509_certificate(item["certPem"].encode()) for item in (made, ca)
    )
    issuer.verify_directly_issued_by(anchor_)


def test_a_self_signed_certificate_is_signed_by_its_own_key(tls: TlsProvider) -> None:
    certificate = anchor(tls, isCaCertificate=True, maxPathLength=1)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(hours=48)


@pytest.mark.parametrize(("asked", "found"), [(2, 2), (1, 1), (0, None), (None, None)])
def test_a_path_length_of_zero_is_none_as_with_the_real_provider(
    tls: TlsProvider, asked: int | None, found: int | None
) -> None:
    certificate = anchor(tls, isCaCertificate=True, maxPathLength=asked)
    value = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert value == x509.BasicConstraints(ca=True, path_length=found)


def test_a_request_s_names_and_the_asked_uses_reach_the_certificate(tls: TlsProvider) -> None:
    ca_key = key(tls)
    ca = tls.make(
        SELF_SIGNED,
        "ca",
        {
            "privateKeyPem": ca_key,
            "subject": {"commonName": "ca"},
            "isCaCertificate": True,
            "allowedUses": ["cert_signing"],
            "validityPeriodHours": 48,
        },
    )
    request = tls.make(
        REQUEST,
        "request",
        {
            "privateKeyPem": key(tls, "other"),
            "subject": {"commonName": "leaf"},
            "dnsNames": ["leaf.example", "*.leaf.example"],
        },
    )
    made = tls.make(
        SIGNED,
        "leaf",
        {
            "certRequestPem": request["certRequestPem"],
            "caPrivateKeyPem": ca_key,
            "caCertPem": ca["certPem"],
            "allowedUses": ["digital_signature", "key_encipherment", "server_auth"],
            "validityPeriodHours": 24,
        },
    )
    leaf = x509.load_pem_x509_certificate(made["certPem"].encode())
    authority = x509.load_pem_x509_certificate(ca["certPem"].encode())
    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["leaf.example", "*.leaf.example"]
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.SERVER_AUTH]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_encipherment
    assert not usage.key_cert_sign
    above = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert above.key_identifier == own.digest


@pytest.mark.parametrize(("subject", "critical"), [({"commonName": "x"}, False), ({}, True)])
def test_names_are_critical_where_there_is_no_subject_as_with_the_real_provider(
    tls: TlsProvider, subject: dict[str, str], critical: bool
) -> None:
    """Clients refuse such a certificate otherwise."""
    names = ["leaf.example"]
    ca = anchor(tls, subject=subject, dnsNames=names, isCaCertificate=True)
    request = tls.make(
        REQUEST,
        "request",
        {"privateKeyPem": key(tls, "other"), "subject": subject, "dnsNames": names},
    )
    made = tls.make(
        SIGNED,
        "leaf",
        {
            "certRequestPem": request["certRequestPem"],
            "caPrivateKeyPem": key(tls),
            "caCertPem": ca.public_bytes(Encoding.PEM).decode(),
            "allowedUses": ["server_auth"],
            "validityPeriodHours": 24,
        },
    )
    leaf = x509.load_pem_x509_certificate(made["certPem"].encode())
    for certificate in (ca, leaf):
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert found.critical is critical
        assert found.value.get_values_for_type(x509.DNSName) == names


def test_a_certificate_is_valid_from_now_for_its_period() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    tls = TlsProvider(now=lambda: now)
    made = tls.make(SELF_SIGNED, "one", {"privateKeyPem": key(tls), "validityPeriodHours": 48})
    certificate = x509.load_pem_x509_certificate(made["certPem"].encode())
    assert certificate.not_valid_before_utc == now
    assert certificate.not_valid_after_utc == now + timedelta(hours=48)


def test_the_same_resource_is_made_once_and_another_one_by_itself(tls: TlsProvider) -> None:
    assert key(tls, "one") == key(tls, "one")
    assert key(tls, "one") != key(tls, "two")


@pytest.mark.parametrize(
    ("token", "inputs", "names"),
    [
        (KEY, {"algorithm": "ECDSA", "ecdsaCurve": "P384"}, "P384"),
        (KEY, {"algorithm": "RSA"}, "RSA"),
        (
            REQUEST,
            {"privateKeyPem": PEM, "subject": {"commonName": "a", "country": "XX"}},
            "country",
        ),
        ("tls:index/getCertificate:getCertificate", {}, "getCertificate"),
    ],
)
def test_what_cannot_be_made_is_named(
    tls: TlsProvider, token: str, inputs: dict[str, Any], names: str
) -> None:
    with pytest.raises(UnsupportedCertificateError, match=names):
        tls.make(token, "one", inputs)


def test_an_unknown_use_is_named(tls: TlsProvider) -> None:
    with pytest.raises(UnsupportedCertificateError, match="tea_making"):
        anchor(tls, allowedUses=["tea_making"])
