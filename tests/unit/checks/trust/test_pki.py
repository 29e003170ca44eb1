"""Judgements of certificates are right for real certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from checks.trust import pki
from config.trust.certificate_rules import algorithm_fault, authority_fault, validity_fault
from tests.unit.checks.builders import NOW, certified, secret

RSA_KEY = rsa.generate_private_key(65537, 2048)


def test_a_certificate_signed_by_the_anchor_ends_in_it() -> None:
    anchor = certified("root")
    issuer = certified("identity", anchor)
    assert pki.chain_ends_in(issuer.certificate, [anchor.certificate])


def test_an_anchor_of_the_same_name_does_not_do() -> None:
    issuer = certified("identity", certified("root"))
    assert not pki.chain_ends_in(issuer.certificate, [certified("root").certificate])


def test_a_chain_may_go_through_an_intermediate_that_comes_with_it() -> None:
    anchor = certified("root")
    middle = certified("middle", anchor)
    leaf = certified("leaf", middle, authority=False)
    assert not pki.chain_ends_in(leaf.certificate, [anchor.certificate])
    assert pki.chain_ends_in(leaf.certificate, [anchor.certificate], [middle.certificate])


def test_intermediates_that_sign_each_other_make_no_chain() -> None:
    first = certified("a")
    second = certified("b", first)
    first_again = certified("a", second, key=first.key)
    leaf = certified("leaf", second, authority=False)
    others = [second.certificate, first_again.certificate]
    assert not pki.chain_ends_in(leaf.certificate, [certified("root").certificate], others)


def test_an_anchor_of_path_length_0_has_leaves_below_it_but_no_issuer() -> None:
    anchor = certified("root", path_length=0)
    leaf = certified("leaf", anchor, authority=False)
    issuer = certified("identity", anchor)
    assert pki.chain_ends_in(leaf.certificate, [anchor.certificate])
    assert not pki.chain_ends_in(issuer.certificate, [anchor.certificate])


def test_what_is_no_authority_ends_no_chain() -> None:
    impostor = certified("root", authority=False)
    leaf = certified("leaf", impostor, authority=False)
    assert not pki.chain_ends_in(leaf.certificate, [impostor.certificate])


def test_a_certificate_that_is_itself_trusted_needs_no_signer() -> None:
    own = certified("webhook", authority=False)
    assert pki.chain_ends_in(own.certificate, [own.certificate])


def test_an_expired_certificate_is_not_also_called_wrongly_signed() -> None:
    anchor = certified("root")
    expired = certified("identity", anchor, begins=NOW - timedelta(days=400), days=300)
    assert pki.chain_ends_in(expired.certificate, [anchor.certificate])
    assert "expired on 2026-02-21" in (validity_fault(expired.certificate, NOW) or "")


def test_a_certificate_of_tomorrow_is_not_valid_yet() -> None:
    later = certified("identity", begins=NOW + timedelta(days=1))
    assert "not valid before" in (validity_fault(later.certificate, NOW) or "")


@pytest.mark.parametrize(("days", "soon"), [(60.1, False), (59.9, True)])
def test_sixty_days_decide_whether_a_certificate_ends_soon(days: float, soon: bool) -> None:
    one = certified("identity", begins=NOW, days=days)
    assert pki.ends_soon(one.certificate, NOW) is soon


def test_linkerd_accepts_p256_everywhere_and_rsa_for_anchors_only() -> None:
    usual = certified("root").certificate
    rivest = certified("root", key=RSA_KEY).certificate
    assert algorithm_fault(usual, rsa_too=False) is None
    assert algorithm_fault(rivest, rsa_too=True) is None
    assert "not ECDSA" in (algorithm_fault(rivest, rsa_too=False) or "")


def test_other_curves_key_lengths_and_digests_are_refused() -> None:
    curve = certified("root", key=ec.generate_private_key(ec.SECP384R1())).certificate
    length = certified("root", key=rsa.generate_private_key(65537, 3072)).certificate
    digest = certified("root", digest=hashes.SHA384()).certificate
    assert "secp384r1" in (algorithm_fault(curve, rsa_too=True) or "")
    assert "3072" in (algorithm_fault(length, rsa_too=True) or "")
    assert "SHA-256" in (algorithm_fault(digest, rsa_too=True) or "")


def test_an_authority_has_to_be_allowed_to_sign() -> None:
    assert authority_fault(certified("root").certificate) is None
    assert authority_fault(certified("leaf", authority=False).certificate) == "it is not a CA"
    tied = certified("root", may_sign=False).certificate
    assert "certSign" in (authority_fault(tied) or "")


def test_a_key_belongs_to_its_own_certificate_alone() -> None:
    one, other = certified("a"), certified("b")
    assert pki.key_belongs(one.certificate, one.key_pem)
    assert not pki.key_belongs(one.certificate, other.key_pem)
    assert not pki.key_belongs(one.certificate, "no key at all")


def test_a_bundle_is_read_whole_and_each_certificate_once() -> None:
    one, other = certified("a"), certified("b")
    found = pki.certificates(one.pem + other.pem + one.pem)
    assert found == [one.certificate, other.certificate]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "words",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_no_certificate_is_reported_as_unreadable(text: str) -> None:
    with pytest.raises(pki.UnreadableError):
        pki.certificates(text)


def test_a_secret_gives_the_text_under_a_key() -> None:
    assert pki.decoded(secret("a", "b", {"tls.crt": "text"}), "tls.crt") == "text"


@pytest.mark.parametrize(
    "data", [None, {}, {"tls.crt": ""}, {"tls.crt": "%%"}, {"tls.crt": "gICA"}]
)
def test_a_secret_without_text_under_a_key_is_reported_to_lack_it(data: object) -> None:
    with pytest.raises(pki.UnreadableError, match=r"tls\.crt"):
        pki.decoded({"data": data}, "tls.crt")
