"""`validate` and `check` accept the same anchors, whatever certificate is drawn."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.facts.results import Status
from checks.trust import certificates
from config.trust.anchor_certificates import anchor_complaints
from config.trust.certificate_rules import anchor_faults
from tests.unit.checks.builders import NOW, cluster_case, view
from tests.unit.checks.trust.test_certificates import config_map, roots

KEYS = ("P-256", "P-384", "RSA 1024", "RSA 2048", "RSA 3072", "RSA 4096", "Ed25519")
HASHES = {"SHA-256": hashes.SHA256(), "SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512()}
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])


@cache
def key(kind: str) -> Any:
    """A key of a kind; one of each is enough."""
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind.startswith("P-"):
        return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[kind])
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA ")))


@st.composite
def drawn(draw: st.DrawFn) -> str:
    """A certificate as PEM: key, signer, hash, padding, constraints, usage and dates are drawn."""
    own = draw(st.sampled_from(KEYS))
    signer = draw(st.sampled_from([own, own, own, *KEYS]))
    begins = NOW + draw(st.sampled_from([timedelta(days=-9), timedelta(0), timedelta(seconds=1)]))
    ends = draw(st.sampled_from([NOW - timedelta(seconds=1), NOW, NOW + timedelta(days=3650)]))
    builder = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key(own).public_key())
        .serial_number(7)
        .not_valid_before(min(begins, ends))
        .not_valid_after(ends)
    )
    authority = draw(st.sampled_from([True, True, True, False, None]))
    if authority is not None:
        length = draw(st.sampled_from([None, 0, 1])) if authority else None
        builder = builder.add_extension(x509.BasicConstraints(authority, length), True)
    sign = draw(st.sampled_from([True, True, False, None]))
    if sign is not None:
        usage = x509.KeyUsage(True, False, False, False, False, sign, False, False, False)
        builder = builder.add_extension(usage, True)
    digest: Any = HASHES[draw(st.sampled_from(["SHA-256", "SHA-256", *HASHES]))]
    more: dict[str, Any] = {}
    if signer == "Ed25519":
        digest = None
    elif signer.startswith("RSA") and draw(st.integers(0, 3)) == 0:
        more["rsa_padding"] = padding.PSS(padding.MGF1(digest), 20)
    return builder.sign(key(signer), digest, **more).public_bytes(Encoding.PEM).decode()


def refused_by_check(pem: str) -> bool:
    """Whether a check of the trust anchors fails on a cluster whose only anchor this is."""
    seen = view(config_map(pem), roots(pem))
    found = certificates.trust_anchors(cluster_case(seen))
    return any(finding.status is Status.FAILURE for finding in found)


@settings(max_examples=300, deadline=None)
@given(drawn())
def test_an_anchor_passes_the_check_if_and_only_if_the_stack_file_may_have_it(pem: str) -> None:
    reasons = [item.message for item in anchor_complaints(pem, None, NOW)]
    assert refused_by_check(pem) == bool(reasons), reasons


@pytest.mark.parametrize("kind", KEYS)
def test_self_signed_cas_of_these_keys_and_no_others_are_accepted(kind: str) -> None:
    certificate = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key(kind).public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key(kind), None if kind == "Ed25519" else hashes.SHA256())
    )
    assert (anchor_faults(certificate) == []) is (kind in ("P-256", "RSA 2048", "RSA 4096"))
