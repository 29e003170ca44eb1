"""Logs are shown without what is secret in them, and without what a terminal obeys."""

from __future__ import annotations

import base64
import secrets
import string

import pytest

from checks.facts.log_text import (
    LINE,
    LINES,
    MESSAGE,
    grave,
    message,
    values_of_secrets,
    without_secrets,
)
from tests.unit.checks.builders import certified, secret, view

KEY = certified("any")
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl-_x"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"loading {KEY.key_pem} failed", KEY.key_pem.splitlines()[1]),
        (f"loading {KEY.old_key_pem!r} failed", KEY.old_key_pem.splitlines()[1]),
        ("\n".join(KEY.key_pem.splitlines()[2:]) + "\nfailed", KEY.key_pem.splitlines()[2]),
        ("oA4x=\n-----END PRIVATE KEY-----\nfailed", "oA4x="),
        ("\n".join(KEY.key_pem.splitlines()[:-1]), KEY.key_pem.splitlines()[2]),
        (f'curl -H "Authorization: Bearer {JWT}" -k', "c2lnbmF0dXJl"),
        (f"token {JWT} is not accepted", "eyJpc3Mi"),
        ("GET https://admin:s3cr3t@db.example.org/x", "s3cr3t"),
        ("GET https://admin:s3@cr3t@db.example.org/x", "cr3t"),
        ("Authorization: Basic YWRtaW46aHVudGVyMg==", "YWRtaW46"),
        ("authorization=hunter22", "hunter22"),
        ('map[Authorization:["Basic YWRtaW4="]]', "YWRtaW4"),
        ("bearer abcdef0123456789", "abcdef0123456789"),
        ("redis password=hunter2 refused", "hunter2"),
        ("password: hunter2", "hunter2"),
        ('{"token":"hunter2hunter2"}', "hunter2"),
        ('{\\"client_secret\\":\\"hunter2hunter2\\"}', "hunter2"),
        ("AWS_SECRET_ACCESS_KEY=abc/def+ghi", "abc/def"),
        (f"key {base64.b64encode(bytes(range(48))).decode()} is odd", "AAECAwQF"),
        (f"key {'0123456789abcdef' * 4} is odd", "0123456789abcdef"),
    ],
    # Each process makes its own keys, so the names of tests do not show them.
    ids=map(str, range(20)),
)
def test_nothing_secret_of_a_log_is_shown(text: str, hidden: str) -> None:
    assert hidden in text.replace("\\n", "\n") or hidden in text
    assert hidden not in without_secrets(text)
    assert hidden not in "\n".join(grave(text))
    assert hidden not in message(text)


def test_random_tokens_are_hidden_at_every_place() -> None:
    alphabet = string.ascii_letters + string.digits
    for _ in range(200):
        token = "Aa0" + "".join(secrets.choice(alphabet) for _ in range(40))
        assert token not in without_secrets(f"x {token} y")
        assert token not in without_secrets(f"x={token}")


@pytest.mark.parametrize(
    "text",
    [
        "failed to read TLS key: could not load private key",
        'secret "linkerd-policy-validator-k8s-tls" not found',
        "Failed to pull image cr.l5d.io/linkerd/proxy@sha256:" + "0123456789abcdef" * 4,
        "pods linkerd-destination-5d8f7c9b6d-xyz12-and-more-of-it not ready",
        "Failed to initialize identity service: failed to verify issuer credentials for "
        "'identity.linkerd.cluster.local' with trust anchors: "
        "x509: certificate signed by unknown authority",
        'Post "https://linkerd-proxy-injector.linkerd.svc:443/?timeout=10s": no endpoints',
        "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file",
        "read /var/run/linkerd/identity/end-entity/key.p8",
    ],
)
def test_what_has_the_cause_is_left_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


def test_values_of_the_clusters_own_secrets_are_hidden_in_any_log() -> None:
    kept = secret("any", "linkerd", {"word": "tiny but secret", "tls.crt": KEY.pem})
    known = values_of_secrets(view(kept))
    assert "tiny but secret" not in message("it is tiny but secret, is it not", known)
    encoded = base64.b64encode(b"tiny but secret").decode()
    assert encoded not in message(f"it is {encoded}", known)
    assert KEY.pem not in known


def test_the_last_lines_that_speak_of_errors_are_chosen_over_later_ones() -> None:
    text = "ERROR one\nINFO a\nWARN two\nERROR three\nERROR four\nINFO b\nINFO c\n"
    assert grave(text) == ("WARN two", "ERROR three", "ERROR four")
    assert grave("INFO a\nINFO b\n\nINFO c\nINFO d") == ("INFO b", "INFO c", "INFO d")
    assert grave("") == ()
    assert len(grave("ERROR\n" * 20)) == LINES


def test_what_a_terminal_obeys_is_escaped_and_long_lines_are_cut() -> None:
    (line,) = grave("ERROR \x1b[31mred\x07")
    assert line == "ERROR \\x1b[31mred\\x07"
    (line,) = grave("error " + "word " * 500)
    assert len(line) <= LINE
    assert len(message("word " * 500)) <= MESSAGE
    assert message("one\n\ttwo") == "one two"
