"""Certificates of Hosts: there, of the right type, for the right name, for long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.ambassador import hosts
from checks.facts import fetch
from checks.facts.results import UPDATE, Finding, Status
from checks.facts.view import ServedKind
from tests.certificates import Certified
from tests.unit.checks.builders import (
    BUILT_IN,
    NOW,
    certified,
    cluster_case,
    failures,
    mesh,
    of,
    secret,
    settings,
    thing,
    view,
    warnings,
    with_ambassador,
)
from vocabulary.kinds import SECRET, Kind

HOSTNAME = "shop.example.org"
TITLE = "Host shop has a valid certificate"
ISSUED = "cert-manager has issued the certificate in Secret shop-tls"


def tls_secret(one: Certified, **fields: Any) -> dict[str, Any]:
    data = {"tls.crt": one.pem, "tls.key": fields.pop("key", one.key_pem)}
    return secret("shop-tls", "ambassador", data, **{"type": "kubernetes.io/tls", **fields})


def leaf(host: str = HOSTNAME, **fields: Any) -> Certified:
    return certified("a certificate", authority=False, host=host, **fields)


def seen(
    *objects: dict[str, Any], hostname: str = HOSTNAME, served: Any = BUILT_IN, **tls: Any
) -> list[Finding]:
    config = with_ambassador(hosts=[{"name": "shop", "hostname": hostname, "tls": tls}])
    return list(hosts.certificates(cluster_case(view(*objects, served=served), config)))


def test_a_host_with_a_sound_certificate_passes() -> None:
    found = seen(tls_secret(leaf()))
    assert [one.status for one in found] == [Status.OK, Status.OK]
    assert found[0].detail == HOSTNAME


def test_hosts_without_tls_need_no_certificate() -> None:
    config = with_ambassador(hosts=[{"name": "shop", "hostname": HOSTNAME}])
    assert list(hosts.certificates(cluster_case(view(), config))) == []


def test_a_host_without_its_secret_is_inactive() -> None:
    found = seen()
    assert failures(found) == [TITLE]
    assert "so the Host is inactive" in found[0].detail
    assert "create secret tls shop-tls" in found[0].hint
    assert seen(trial=True)[0].hint == UPDATE
    waiting = of(issued(certificate()), TITLE)
    assert (waiting.status, "see its Certificate" in waiting.detail) == (Status.SKIPPED, True)


@pytest.mark.parametrize("trial", [True, False])
def test_a_certificate_of_this_stack_is_fixed_by_an_update_and_others_by_their_owners(
    trial: bool,
) -> None:
    found = of(seen(tls_secret(leaf("other")), trial=trial), TITLE)
    assert (found.hint == UPDATE) is trial
    assert failures(seen(secret="other")) == [TITLE]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (tls_secret(leaf(), type="Opaque"), "the type of Secret shop-tls is Opaque"),
        (tls_secret(leaf("www.example.org")), "it is for www.example.org, not for shop"),
        (tls_secret(leaf(begins=NOW - timedelta(days=9), days=8)), "it expired on"),
        (tls_secret(leaf(), key=leaf().key_pem), "its private key does not belong"),
        (secret("shop-tls", "ambassador", {}, type="kubernetes.io/tls"), "Secret ambassador/shop"),
        (secret("shop-tls", "ambassador", {}), "the type of Secret shop-tls is Opaque"),
    ],
    ids=["type", "name", "expired", "key", "empty", "type and empty"],
)
def test_each_fault_of_a_certificate_is_one_failure(found: dict[str, Any], words: str) -> None:
    lines = seen(found)
    assert failures(lines) == [TITLE]
    assert of(lines, TITLE).detail.startswith(words)
    assert of(lines, TITLE).hint


def test_a_certificate_that_ends_soon_is_warned_of() -> None:
    found = seen(tls_secret(leaf(days=20)))
    assert (failures(found), warnings(found)) == ([], [f"{TITLE} for 60 more days"])
    managed = issued(certificate(), tls_secret(leaf(days=20)))
    assert of(managed, f"{TITLE} for 60 more days").hint.startswith("cert-manager renews")
    assert not found[-1].hint.startswith("cert-manager")


@pytest.mark.parametrize(
    ("hostname", "names", "fits"),
    [
        ("shop.example.org", ["*.example.org"], True),
        ("SHOP.example.org", ["shop.example.org"], True),
        ("a.shop.example.org", ["*.example.org"], False),
        ("*.example.org", ["*.example.org"], True),
        ("*.example.org", ["shop.example.org"], False),
        ("*", ["anything.example.org"], True),
        ("shop.*", ["anything.example.org"], True),
        ("shop.example.org", [], False),
    ],
)
def test_a_star_in_a_certificate_is_for_one_label(
    hostname: str, names: list[str], fits: bool
) -> None:
    assert hosts.is_for(hostname, names) is fits


CERT_MANAGER = {
    **BUILT_IN,
    Kind("cert-manager.io", "Certificate"): ServedKind({"v1": "certificates"}, True),
}


def certificate(status: str | None = "True", secret_name: str = "shop-tls") -> dict[str, Any]:
    conditions = [] if status is None else [{"type": "Ready", "status": status, "message": "so"}]
    return thing(
        "cert-manager.io/v1",
        "Certificate",
        "any-name",
        "ambassador",
        spec={"secretName": secret_name},
        status={"conditions": conditions},
    )


def issued(*objects: dict[str, Any], served: Any = CERT_MANAGER) -> list[Finding]:
    return seen(*objects, served=served, certManager={"issuer": "letsencrypt"})


def test_a_certificate_that_cert_manager_has_issued_passes() -> None:
    assert failures(issued(certificate(), tls_secret(leaf()))) == []


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ((certificate("False"),), "Certificate any-name is not ready: so"),
        ((certificate(None),), "Certificate any-name is not ready"),
        ((certificate(secret_name="other"),), "no Certificate in ambassador is for it"),
    ],
)
def test_what_cert_manager_still_owes_is_one_failure(
    objects: tuple[dict[str, Any], ...], words: str
) -> None:
    found = issued(*objects)
    assert failures(found) == [ISSUED]
    assert of(found, ISSUED).detail == words


def test_without_cert_manager_no_certificate_will_come() -> None:
    found = issued(served=BUILT_IN)
    assert failures(found) == [ISSUED]
    assert of(found, ISSUED).detail == "the cluster has no cert-manager"


def test_no_finding_has_a_private_key() -> None:
    one = leaf()
    words = " ".join(f"{line.title} {line.detail} {line.hint}" for line in seen(tls_secret(one)))
    assert all(part not in words for part in one.key_pem.splitlines()[1:-1])


def test_of_ambassadors_secrets_only_those_that_hosts_name_are_read() -> None:
    content = settings()
    content["clusters"]["west"]["ambassador"]["hosts"] = [
        {"name": "wildcard", "hostname": "*", "tls": {"secret": "own-tls"}},
        {"name": "shop", "hostname": HOSTNAME, "tls": {"trial": True}},
        {"name": "plain", "hostname": "plain.example.org"},
    ]
    read = [
        listing.selectors
        for listing in fetch.plan(mesh(content), "west", pre=False)
        if (listing.kind, listing.namespace) == (SECRET, "ambassador")
        and "owner=helm" not in listing.labels
    ]
    assert read == [{"fieldSelector": f"metadata.name={name}"} for name in ("own-tls", "shop-tls")]


def test_the_dashboards_host_needs_its_certificate_as_any_other() -> None:
    content = settings()
    viz = {"enabled": True, "route": {"host": HOSTNAME, "tlsSecret": "viz-tls"}}
    content["clusters"]["west"]["linkerd"] = {"viz": viz}
    config = mesh(content)
    title = "Host linkerd-viz has a valid certificate"
    absent = list(hosts.certificates(cluster_case(view(), config)))
    assert failures(absent) == [title]
    one = leaf()
    data = {"tls.crt": one.pem, "tls.key": one.key_pem}
    there = secret("viz-tls", "ambassador", data, type="kubernetes.io/tls")
    assert (
        of(list(hosts.certificates(cluster_case(view(there), config))), title).status is Status.OK
    )
    plan = fetch.plan(config, "west", pre=False)
    assert "metadata.name=viz-tls" in {listing.fields for listing in plan}
