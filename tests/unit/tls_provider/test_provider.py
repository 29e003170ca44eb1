"""The stand-in for pulumi-tls treats each resource as the engine expects of the real one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    CreateResponse,
    DiffRequest,
    DiffResponse,
    UpdateRequest,
)
from pulumi.runtime.rpc import UNKNOWN

from tls_provider.provider import TlsPlugin

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY = {"algorithm": "ECDSA", "ecdsaCurve": "P256"}


def values(inputs: dict[str, Any]) -> dict[str, PropertyValue]:
    """Inputs as the engine sends them: numbers are floats."""

    def wrap(value: Any) -> PropertyValue:
        if isinstance(value, PropertyValue):
            return value
        if isinstance(value, dict):
            return PropertyValue({key: wrap(item) for key, item in value.items()})
        if isinstance(value, list):
            return PropertyValue([wrap(item) for item in value])
        number = isinstance(value, int) and not isinstance(value, bool)
        return PropertyValue(float(value) if number else value)

    return {key: wrap(value) for key, value in inputs.items()}


def urn(kind: str) -> str:
    return f"urn:pulumi:local::mesh::tls:index/{kind[0].lower()}{kind[1:]}:{kind}::one"


def create(
    kind: str, inputs: dict[str, Any], *, preview: bool = False, now: datetime = NOW
) -> CreateResponse:
    request = CreateRequest(urn(kind), values(inputs), 60, preview)
    response = asyncio.run(TlsPlugin(lambda: now).create(request))
    # As the engine gets it.
    response.properties = PropertyValue.unmarshal_map(
        PropertyValue.marshal_map(response.properties)
    )
    return response


def diff(
    kind: str, state: dict[str, PropertyValue], inputs: dict[str, Any], now: datetime = NOW
) -> DiffResponse:
    request = DiffRequest(urn(kind), "id", state, values(inputs), [])
    return asyncio.run(TlsPlugin(lambda: now).diff(request))


@pytest.fixture(scope="module")
def anchor_inputs() -> dict[str, Any]:
    key = create("PrivateKey", KEY).properties["privateKeyPem"]
    return {
        "privateKeyPem": key,
        "subject": {"commonName": "root.linkerd.cluster.local"},
        "allowedUses": ["cert_signing", "crl_signing"],
        "isCaCertificate": True,
        "validityPeriodHours": 100,
        "earlyRenewalHours": 10,
    }


def test_private_keys_are_secret_in_the_state() -> None:
    made = create("PrivateKey", KEY).properties
    for name in ("privateKeyPem", "privateKeyPemPkcs8"):
        assert made[name].is_secret, name


def test_an_input_that_was_secret_stays_secret(anchor_inputs: dict[str, Any]) -> None:
    made = create("SelfSignedCert", anchor_inputs).properties
    assert made["privateKeyPem"].is_secret
    assert not made["certPem"].is_secret


def test_a_preview_makes_nothing_and_leaves_outputs_unknown(anchor_inputs: dict[str, Any]) -> None:
    response = create("SelfSignedCert", anchor_inputs, preview=True)
    assert not response.resource_id
    assert response.properties["certPem"].value == UNKNOWN
    assert response.properties["validityPeriodHours"].value == 100


def test_the_same_inputs_as_the_states_are_no_difference(anchor_inputs: dict[str, Any]) -> None:
    state = create("SelfSignedCert", anchor_inputs).properties
    found = diff("SelfSignedCert", state, anchor_inputs)
    assert not found.changes
    assert not found.replaces


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", {"commonName": "other"}),
        ("validityPeriodHours", 101),
        ("allowedUses", ["cert_signing"]),
        ("privateKeyPem", PropertyValue(UNKNOWN)),
    ],
)
def test_every_other_input_replaces_the_certificate(
    anchor_inputs: dict[str, Any], name: str, value: Any
) -> None:
    state = create("SelfSignedCert", anchor_inputs).properties
    found = diff("SelfSignedCert", state, {**anchor_inputs, name: value})
    assert found.replaces == [name]


def test_an_input_that_is_no_longer_given_replaces_the_certificate(
    anchor_inputs: dict[str, Any],
) -> None:
    state = create("SelfSignedCert", anchor_inputs).properties
    fewer = {key: value for key, value in anchor_inputs.items() if key != "isCaCertificate"}
    assert diff("SelfSignedCert", state, fewer).replaces == ["isCaCertificate"]


def test_other_hours_of_early_renewal_update_and_make_no_new_certificate(
    anchor_inputs: dict[str, Any],
) -> None:
    state = create("SelfSignedCert", anchor_inputs).properties
    inputs = {**anchor_inputs, "earlyRenewalHours": 20}
    found = diff("SelfSignedCert", state, inputs)
    assert found.changes
    assert not found.replaces
    request = UpdateRequest(
        urn("SelfSignedCert"), "id", state, values(inputs), 60, ignore_changes=[], preview=False
    )
    updated = asyncio.run(TlsPlugin().update(request)).properties
    assert updated["certPem"] == state["certPem"]
    assert updated["earlyRenewalHours"].value == 20


@pytest.mark.parametrize(("hours", "renews"), [(89, False), (90, True), (101, True)])
def test_a_certificate_is_replaced_from_its_early_renewal_on(
    anchor_inputs: dict[str, Any], hours: int, renews: bool
) -> None:
    state = create("SelfSignedCert", anchor_inputs).properties
    found = diff("SelfSignedCert", state, anchor_inputs, NOW + timedelta(hours=hours))
    assert bool(found.replaces) is renews


def test_a_replacement_with_the_same_inputs_is_another_certificate(
    anchor_inputs: dict[str, Any],
) -> None:
    later = NOW + timedelta(hours=95)
    first = create("SelfSignedCert", anchor_inputs).properties["certPem"].value
    second = create("SelfSignedCert", anchor_inputs, now=later).properties["certPem"].value
    ends = [
        x509.load_pem_x509_certificate(str(pem).encode()).not_valid_after_utc
        for pem in (first, second)
    ]
    assert ends == [NOW + timedelta(hours=100), later + timedelta(hours=100)]


@pytest.mark.parametrize(
    ("kind", "inputs", "field"),
    [
        ("PrivateKey", {"algorithm": "RSA"}, "algorithm"),
        ("PrivateKey", {**KEY, "rsaBits": 2048}, "rsaBits"),
        ("CertRequest", {"subject": {"country": "CH"}}, "subject"),
        ("SelfSignedCert", {"ipAddresses": ["127.0.0.1"]}, "ipAddresses"),
        ("SelfSignedCert", {"allowedUses": ["any_extended"]}, "allowedUses"),
    ],
)
def test_an_input_that_is_not_supported_is_refused_by_its_name(
    kind: str, inputs: dict[str, Any], field: str
) -> None:
    request = CheckRequest(urn(kind), {}, values(inputs), b"")
    failures = asyncio.run(TlsPlugin().check(request)).failures or []
    assert field in [failure.property for failure in failures]


def test_inputs_that_are_not_known_yet_are_accepted() -> None:
    inputs = {"privateKeyPem": PropertyValue(UNKNOWN), "allowedUses": PropertyValue(UNKNOWN)}
    request = CheckRequest(urn("SelfSignedCert"), {}, values(inputs), b"")
    assert asyncio.run(TlsPlugin().check(request)).failures == []
