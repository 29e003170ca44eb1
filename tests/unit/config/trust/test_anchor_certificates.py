"""Provided trust anchors, with real certificates: which are fit, and the complaints."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from config.language.formats import UNREADABLE_SECRET
from config.trust.anchor_certificates import anchor_complaints, fingerprint
from tests.stack_builders import (
    Settings,
    certificate,
    changed,
    ec_key,
    key_pem,
    pair,
    problems,
    rsa_key,
)

ANCHOR = "trustAnchor.anchors[0]"
FIT = certificate()


def complaints(pem: str, key: str | None = None, now: datetime | None = None) -> list[str]:
    """The complaints about a certificate and its key."""
    return [complaint.message for complaint in anchor_complaints(pem, key, now)]


def with_anchor(pem: str, key: str | None = None) -> Settings:
    """Settings with a provided anchor that signs, its key encrypted unless given."""
    entry = {"name": "root", "certificate": pem, "privateKey": key or {"secure": "v1:x"}}
    return {**pair(), "trustAnchor": {"anchors": [entry]}}


@pytest.mark.parametrize(
    "pem",
    [
        FIT,
        certificate(path_length=1),
        certificate(path_length=5, key_usage=None),
        certificate(rsa_key()),
        certificate(issuer=("another root", ec_key("other"))),
        f"\n\n{FIT}\n",
        f"Subject: CN = root\n{FIT}",
        FIT.replace("\n", "\r\n"),
    ],
)
def test_a_fit_anchor_is_taken(pem: str) -> None:
    assert complaints(pem) == []
    assert problems(with_anchor(pem)) == ()


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        (certificate(ends=timedelta(days=-1), begins=timedelta(days=-9)), "it expired on "),
        (certificate(begins=timedelta(days=9)), "is not valid before "),
        (certificate(authority=False), "it is not a CA"),
        (certificate(path_length=0), "its path length is 0"),
        (certificate(key_usage=False), "its key usage lacks certSign"),
        (certificate(ec_key(curve="secp384r1")), "on the curve secp384r1"),
        (certificate(rsa_key(1024)), "RSA key has 1024 bits"),
        (certificate(rsa_key(3072)), "RSA key has 3072 bits"),
        (certificate(ed25519.Ed25519PrivateKey.generate()), "neither ECDSA P-256 nor RSA"),
        (FIT + FIT, "contains more than one certificate"),
        (FIT + certificate(ec_key("other")), "contains more than one certificate"),
        (FIT + key_pem(ec_key()), "contains a private key"),
        (key_pem(ec_key()), "contains a private key"),
        ("", "is not a readable certificate"),
        ("nonsense", "is not a readable certificate"),
        (FIT[: len(FIT) // 2], "is not a readable certificate"),
        (FIT.replace("M", "\u00e4", 1), "is not a readable certificate"),
        (FIT.replace("CERTIFICATE", "PUBLIC KEY"), "is not a readable certificate"),
        (FIT.replace("CERTIFICATE", "X509 CERTIFICATE"), "is not a readable certificate"),
        (f"{FIT}# until 2035\n", "has text after the certificate"),
    ],
)
def test_an_unfit_anchor_is_refused_with_the_reason(pem: str, message: str) -> None:
    [said] = complaints(pem)
    assert message in said
    [problem] = problems(with_anchor(pem))
    assert problem.path == f"{ANCHOR}.certificate"
    assert message in problem.message
    assert problem.remedy


def test_everything_that_is_wrong_with_an_anchor_is_reported_at_once() -> None:
    pem = certificate(
        ec_key(curve="secp384r1"),
        authority=False,
        key_usage=False,
        begins=timedelta(days=-9),
        ends=timedelta(days=-1),
    )
    found = problems(with_anchor(pem, key_pem(ec_key())))
    assert [problem.path for problem in found] == [f"{ANCHOR}.certificate"] * 4 + [
        f"{ANCHOR}.privateKey"
    ]
    assert "it expired on" in found[0].message


def test_an_anchor_ends_at_the_second_that_it_says() -> None:
    end = x509.load_pem_x509_certificate(FIT.encode()).not_valid_after_utc
    assert complaints(FIT, now=end) == []
    late = complaints(FIT, now=end + timedelta(seconds=1))
    assert late == [f"it expired on {end:%Y-%m-%d %H:%M} UTC"]
    begin = x509.load_pem_x509_certificate(FIT.encode()).not_valid_before_utc
    assert complaints(FIT, now=begin) == []
    assert "is not valid before" in complaints(FIT, now=begin - timedelta(seconds=1))[0]
    assert complaints(FIT, now=datetime.now(UTC)) == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (key_pem(ec_key("other")), "does not belong to the certificate"),
        (key_pem(rsa_key()), "does not belong to the certificate"),
        (key_pem(ec_key(), b"password"), "cannot be read"),
        ("nonsense", "cannot be read"),
        (FIT, "cannot be read"),
        (f"-----BEGIN EC PARAMETERS-----\nBgg=\n{key_pem(ec_key())}", "EC PARAMETERS"),
    ],
)
def test_a_key_that_does_not_sign_is_refused_with_the_reason(key: str, message: str) -> None:
    [problem] = problems(with_anchor(FIT, key))
    assert problem.path == f"{ANCHOR}.privateKey"
    assert message in problem.message
    assert key not in str(problem)


@pytest.mark.parametrize("key", [ec_key(), rsa_key()], ids=["ECDSA", "RSA"])
def test_the_key_of_the_certificate_is_taken(key: object) -> None:
    pem = certificate(key)  # type: ignore[arg-type]
    assert problems(with_anchor(pem, key_pem(key))) == ()  # type: ignore[arg-type]


def test_a_key_that_is_still_encrypted_is_not_checked() -> None:
    assert complaints(FIT, UNREADABLE_SECRET) == []


def test_an_anchor_that_signs_needs_its_key() -> None:
    settings = with_anchor(FIT)
    del settings["trustAnchor"]["anchors"][0]["privateKey"]
    [problem] = problems(settings)
    assert problem.path == f"{ANCHOR}.privateKey"
    assert "is the signer" in problem.message
    assert "pulumi config set --secret --path" in problem.remedy


def test_an_anchor_that_does_not_sign_needs_no_key() -> None:
    anchors = [{"name": "new"}, {"name": "old", "certificate": FIT}]
    assert problems({**pair(), "trustAnchor": {"anchors": anchors, "signer": "new"}}) == ()


def test_a_key_without_its_certificate_is_refused() -> None:
    [problem] = problems(
        {**pair(), "trustAnchor": {"anchors": [{"name": "a", "privateKey": key_pem(ec_key())}]}}
    )
    assert problem.path == f"{ANCHOR}.privateKey"
    assert "without certificate" in problem.message


def test_one_certificate_may_not_be_two_anchors() -> None:
    anchors = [
        {"name": "new"},
        {"name": "old", "certificate": FIT},
        {"name": "older", "certificate": FIT.strip()},
    ]
    [problem] = problems(changed({"trustAnchor.anchors": anchors}))
    assert problem.path == "trustAnchor.anchors[2].certificate"
    assert "anchor 'old'" in problem.message


def test_certificates_are_distinguished_by_their_content() -> None:
    assert fingerprint(FIT) == fingerprint(f"a comment\n{FIT}")
    assert fingerprint(FIT) != fingerprint(certificate())
    assert fingerprint("nonsense") is None


def of_2_8(*anchors: dict[str, Any], signer: str | None = None) -> Settings:
    """One cluster of Linkerd 2.8 and one of current Linkerd, with these anchors."""
    settings: Settings = {
        "clusters": {
            "new": {"context": "new"},
            "old": {"context": "old", "linkerd": {"version": "2.8.1"}},
        },
        "trustAnchor": {"anchors": list(anchors)},
    }
    return settings if signer is None else changed({"trustAnchor.signer": signer}, settings)


def provided(name: str, pem: str) -> dict[str, Any]:
    return {"name": name, "certificate": pem, "privateKey": {"secure": "v1:x"}}


SIGNED_BY_RSA = certificate(issuer=("another root", rsa_key()))
OLD = "clusters.old.linkerd.version"


@pytest.mark.parametrize(
    ("pem", "reader"),
    [(certificate(rsa_key()), "identity controller"), (SIGNED_BY_RSA, "`linkerd check` refuses")],
    ids=["key", "signature"],
)
def test_linkerd_2_8_gets_no_anchor_of_rsa(pem: str, reader: str) -> None:
    settings = of_2_8(provided("root", pem))
    [problem] = problems(settings)
    assert problem.path == f"{ANCHOR}.certificate"
    assert "cluster 'old' has Linkerd 2.8" in problem.message
    assert reader in problem.message
    assert OLD in problem.remedy
    for remedy in (
        {f"{ANCHOR}.certificate": FIT},
        {ANCHOR: {"name": "root"}},
        {OLD: "2026.8.3"},
    ):
        assert problems(changed(remedy, settings)) == ()


def test_linkerd_2_8_gets_no_anchor_of_rsa_that_does_not_sign() -> None:
    both = ({"name": "new"}, provided("old", certificate(rsa_key())))
    [problem] = problems(of_2_8(*both, signer="new"))
    assert problem.path == "trustAnchor.anchors[1].certificate"
    assert "`linkerd check` refuses" in problem.message
    assert "identity controller" not in problem.message


def test_linkerd_2_8_accepts_generated_anchors_and_provided_ones_of_ecdsa() -> None:
    assert problems(of_2_8({"name": "new"}, provided("old", FIT))) == ()


def test_what_openssl_makes_by_the_usual_commands_is_taken(tmp_path: Path) -> None:
    """The commands of Linkerd's own documents use step; most people have openssl."""
    key, pem = tmp_path / "ca.key", tmp_path / "ca.crt"
    for command in (
        f"openssl ecparam -name prime256v1 -genkey -noout -out {key}",
        f"openssl req -x509 -new -key {key} -sha256 -days 3650 -out {pem} "
        "-subj /CN=root.linkerd.cluster.local",
    ):
        try:
            subprocess.run(command.split(), check=True, capture_output=True, env={**os.environ})
        except FileNotFoundError:
            pytest.skip("there is no openssl")
    assert problems(with_anchor(pem.read_text(), key.read_text())) == ()
