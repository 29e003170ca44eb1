"""Which forms of private keys which program reads, held against real keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from checks.facts.results import Status
from checks.trust import certificates, webhooks
from config.inventory import inventory
from config.trust.key_forms import form_fault
from config.variants.linkerds import LINKERDS
from tests.certificates import Certified
from tests.unit.checks.builders import (
    certified,
    cluster_case,
    deployment,
    failures,
    mesh,
    of,
    secret,
    settings,
    view,
)
from tests.unit.checks.trust.test_certificates import ANCHOR, hooks, replaced, roots, serving
from vocabulary.linkerd import POLICY_VALIDATOR

EDGE, OLD = LINKERDS["edge"], LINKERDS["2.8"]
CURVE = certified("curve")


@pytest.fixture(scope="module")
def prime() -> Certified:
    return certified("prime", key=rsa.generate_private_key(65537, 2048))


def test_the_policy_controller_alone_refuses_sec1() -> None:
    refusing = [name for name in EDGE.key_forms if form_fault(EDGE, name, CURVE.old_key_pem)]
    assert refusing == [POLICY_VALIDATOR]
    fault = form_fault(EDGE, POLICY_VALIDATOR, CURVE.old_key_pem)
    assert fault is not None
    assert "SEC1" in fault and "PKCS#8 and PKCS#1 only" in fault


def test_every_reader_of_today_accepts_pkcs8_and_pkcs1(prime: Certified) -> None:
    keys = (CURVE.key_pem, prime.key_pem, prime.old_key_pem)
    assert {form_fault(EDGE, name, key) for name in EDGE.key_forms for key in keys} == {None}


def test_linkerd_2_8_accepts_every_form_but_pkcs8(prime: Certified) -> None:
    for reader in OLD.key_forms:
        assert form_fault(OLD, reader, CURVE.old_key_pem) is None
        assert form_fault(OLD, reader, prime.old_key_pem) is None
        assert "PKCS#8" in (form_fault(OLD, reader, CURVE.key_pem) or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not in PEM form"),
        ("MIGHAgEA", "not in PEM form"),
        (CURVE.pem, "not in PEM form"),
        (CURVE.key_pem * 2, "2 private keys"),
        (
            CURVE.key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
            ).decode(),
            "ENCRYPTED PRIVATE KEY",
        ),
    ],
    ids=["empty", "bare", "certificate", "two", "encrypted"],
)
def test_what_is_no_single_plain_key_is_refused_by_everyone(text: str, told: str) -> None:
    for reader in EDGE.key_forms:
        assert told in (form_fault(EDGE, reader, text) or "")


def test_no_message_about_a_key_holds_any_of_it() -> None:
    fault = form_fault(EDGE, POLICY_VALIDATOR, CURVE.old_key_pem) or ""
    assert not any(line in fault for line in CURVE.old_key_pem.splitlines()[1:-1])


def test_every_webhook_that_is_checked_has_its_row() -> None:
    content = settings()
    content["clusters"]["west"]["linkerd"] = {"viz": {"enabled": True}}
    today = {hook.service for hook in inventory(mesh(content), "west").webhooks}
    assert today <= EDGE.key_forms.keys()


def test_a_sec1_key_of_the_policy_validator_fails_its_webhook_and_no_other() -> None:
    leaf = serving("linkerd-policy-validator")
    data = {"tls.crt": leaf.pem, "tls.key": leaf.old_key_pem}
    name = "linkerd-policy-validator-k8s-tls"
    seen = hooks(lambda all_: all_.update({name: secret(name, "linkerd", data)}))
    found = list(webhooks.webhooks(cluster_case(seen)))
    title = "webhook linkerd-policy-validator has a valid certificate"
    assert failures(found) == [title]
    assert of(found, title).detail == (
        f"Secret linkerd/{name}: its private key is in the form SEC1 ('EC PRIVATE KEY'); "
        "linkerd-policy-validator reads PKCS#8 and PKCS#1 only"
    )


def test_the_go_webhooks_take_the_same_key() -> None:
    leaf = serving("linkerd-sp-validator")
    seen = hooks(replaced(leaf, leaf.old_key_pem))
    assert failures(list(webhooks.webhooks(cluster_case(seen)))) == []


def test_a_webhook_whose_server_has_no_pod_is_not_called_accepted() -> None:
    down = deployment("linkerd-destination", "linkerd", available=0)
    found = list(
        webhooks.webhooks(
            cluster_case(hooks(lambda all_: all_.update({"linkerd-destination": down})))
        )
    )
    states = {
        service: of(found, f"webhook {service} has a valid certificate").status
        for service in (
            "linkerd-proxy-injector",
            "linkerd-sp-validator",
            "linkerd-policy-validator",
        )
    }
    assert states == {
        "linkerd-proxy-injector": Status.OK,
        "linkerd-sp-validator": Status.SKIPPED,
        "linkerd-policy-validator": Status.SKIPPED,
    }


def test_an_issuer_whose_key_the_identity_controller_does_not_read_is_not_complete() -> None:
    issuer = certified("identity.linkerd.cluster.local", ANCHOR)
    encrypted = issuer.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
    ).decode()
    data = {"tls.crt": issuer.pem, "tls.key": encrypted, "ca.crt": ANCHOR.pem}
    seen = view(roots(ANCHOR.pem), secret("linkerd-identity-issuer", "linkerd", data))
    found = list(certificates.issuer(cluster_case(seen)))
    assert failures(found) == ["the issuer's Secret is usable"]
    assert "ENCRYPTED PRIVATE KEY" in found[0].detail
