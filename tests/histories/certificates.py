"""Real certificates of a modelled mesh, and whether they are verified; all are made once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.certificates import ISSUER, ROOT, Certified, certified

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""When every history begins."""
HOST = "web.shop.serviceaccount.identity.linkerd.cluster.local"
Issuer = tuple[str, datetime]
"""An issuer: the anchor that signed it, and when."""


@cache
def anchor(name: str) -> Certified:
    """An anchor; all have one and the same common name."""
    return certified(ROOT, begins=BEGIN - timedelta(days=100), days=900, identifiers=True)


@cache
def issuer(which: Issuer) -> Certified:
    """The certificate of an issuer."""
    name, begin = which
    return certified(ISSUER, anchor(name), begins=begin, days=365, identifiers=True)


@cache
def leaf(which: Issuer) -> x509.Certificate:
    """The certificate of a proxy that an issuer signed."""
    return certified(
        "",
        issuer(which),
        hosts=(HOST,),
        authority=False,
        begins=which[1],
        days=300,
        identifiers=True,
        server=True,
    ).certificate


@cache
def serving(which: Issuer) -> x509.Certificate:
    """The certificate of a webhook that an anchor signed."""
    name, begin = which
    return certified(
        "",
        anchor(name),
        hosts=(HOST,),
        authority=False,
        begins=begin,
        days=365,
        identifiers=True,
        server=True,
    ).certificate


@cache
def certificates(names: frozenset[str]) -> frozenset[x509.Certificate]:
    """The certificates of anchors."""
    return frozenset(anchor(name).certificate for name in names)


@cache
def trusted(
    certificate: x509.Certificate,
    roots: frozenset[str],
    between: tuple[x509.Certificate, ...] = (),
) -> bool:
    """Whether a TLS peer with these anchors verifies a certificate."""
    if not roots:
        return False
    moment = (certificate.not_valid_before_utc + timedelta(minutes=1)).replace(tzinfo=None)
    verifier = PolicyBuilder().store(Store(list(certificates(roots)))).time(moment)
    try:
        verifier.build_server_verifier(x509.DNSName(HOST)).verify(certificate, list(between))
    except VerificationError:
        return False
    return True


@cache
def webhook_trusted(which: Issuer, roots: frozenset[str]) -> bool:
    """Whether an API server with this caBundle verifies a webhook whose certificate an anchor
    signed."""
    return trusted(serving(which), roots)


@cache
def proxy_trusted(which: Issuer, roots: frozenset[str]) -> bool:
    """Whether a proxy with these anchors verifies one whose certificate an issuer signed."""
    return trusted(leaf(which), roots, (issuer(which).certificate,))
