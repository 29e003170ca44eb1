"""Anchors, issuers and webhooks are judged by what is really in them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from checks.facts.case import MeshCase
from checks.facts.results import Finding, Status
from checks.facts.view import View
from checks.trust import certificates, webhooks
from tests.certificates import Certified
from tests.unit.checks.builders import (
    NOW,
    by_status,
    certified,
    cluster_case,
    deployment,
    failures,
    helm_record,
    mesh,
    of,
    secret,
    settings,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import MUTATING_WEBHOOK, Kind

ANCHOR = certified("root", days=3650)
ISSUER = certified("identity.linkerd.cluster.local", ANCHOR)


def config_map(bundle: str) -> dict[str, Any]:
    values = yaml.safe_dump({"identityTrustAnchorsPEM": bundle})
    return thing("v1", "ConfigMap", "linkerd-config", "linkerd", data={"values": values})


def roots(bundle: str) -> dict[str, Any]:
    data = {"ca-bundle.crt": bundle}
    return thing("v1", "ConfigMap", "linkerd-identity-trust-roots", "linkerd", data=data)


def issuer_secret(issuer: Certified, authority: str, key: str | None = None) -> dict[str, Any]:
    data = {"tls.crt": issuer.pem, "tls.key": key or issuer.key_pem, "ca.crt": authority}
    return secret("linkerd-identity-issuer", "linkerd", data)


def anchors_seen(bundle: str, configured: str | None = None) -> list[Finding]:
    seen = view(config_map(bundle if configured is None else configured), roots(bundle))
    return list(certificates.trust_anchors(cluster_case(seen)))


def issuer_seen(issuer: Certified, bundle: str = ANCHOR.pem, **fields: Any) -> list[Finding]:
    seen = view(roots(bundle), issuer_secret(issuer, fields.pop("authority", bundle), **fields))
    return list(certificates.issuer(cluster_case(seen)))


def test_a_sound_anchor_passes_everything() -> None:
    assert {finding.status for finding in anchors_seen(ANCHOR.pem)} == {Status.OK}


def test_a_bundle_of_two_anchors_passes_whatever_their_order_is() -> None:
    other = certified("other", days=3650)
    found = anchors_seen(ANCHOR.pem + other.pem, other.pem + ANCHOR.pem)
    assert {finding.status for finding in found} == {Status.OK}


def test_an_anchor_that_only_the_config_map_of_roots_has_is_found() -> None:
    other = certified("other", days=3650)
    found = anchors_seen(ANCHOR.pem, other.pem)
    assert failures(found) == [
        "linkerd-config and linkerd-identity-trust-roots have the same trust anchors"
    ]


def test_an_expired_anchor_fails_although_another_one_is_sound() -> None:
    old = certified("old", begins=NOW - timedelta(days=800), days=700)
    found = anchors_seen(ANCHOR.pem + old.pem)
    assert failures(found) == ["the trust anchors are valid now"]
    assert "old (" in of(found, "the trust anchors are valid now").detail


def test_an_anchor_that_ends_soon_is_warned_of() -> None:
    found = anchors_seen(certified("root", days=30).pem)
    assert failures(found) == []
    assert warnings(found) == ["the trust anchors are valid for 60 more days"]


def test_an_anchor_on_another_curve_fails() -> None:
    found = anchors_seen(certified("root", key=ec.generate_private_key(ec.SECP384R1())).pem)
    assert failures(found) == ["the trust anchors use supported algorithms"]


@pytest.mark.parametrize("bundle", ["", "not a certificate"])
def test_roots_that_cannot_be_read_are_one_failure_and_no_more(bundle: str) -> None:
    assert failures(anchors_seen(bundle, ANCHOR.pem)) == ["the trust anchors can be read"]


def test_a_configuration_without_anchors_is_one_failure() -> None:
    found = anchors_seen(ANCHOR.pem, "no certificate")
    assert failures(found) == [
        "linkerd-config and linkerd-identity-trust-roots have the same trust anchors"
    ]


def test_a_missing_config_map_of_roots_is_a_failure() -> None:
    found = list(certificates.trust_anchors(cluster_case(view(config_map(ANCHOR.pem)))))
    assert failures(found) == ["the trust anchors can be read"]


def test_anchors_that_the_stack_file_provides_have_to_be_in_the_bundle() -> None:
    # The stack file refuses an anchor that is not valid today.
    from datetime import UTC, datetime

    provided = certified("mine", begins=datetime.now(UTC) - timedelta(days=1), days=3650)
    anchor = {"name": "mine", "certificate": provided.pem}
    made = {"name": "made"}
    config = mesh(settings(trustAnchor={"anchors": [made, anchor]}))

    def seen(bundle: str) -> list[Finding]:
        case = cluster_case(view(config_map(bundle), roots(bundle)), config)
        return list(certificates.trust_anchors(case))

    title = "the bundle contains the anchors of the stack file"
    assert of(seen(ANCHOR.pem + provided.pem), title).status is Status.OK
    lacking = of(seen(ANCHOR.pem), title)
    assert (lacking.status, lacking.detail) == (Status.FAILURE, "it lacks mine")


def test_a_sound_issuer_passes_everything() -> None:
    assert {finding.status for finding in issuer_seen(ISSUER)} == {Status.OK}


def test_an_expired_issuer_is_one_failure() -> None:
    old = certified(
        "identity.linkerd.cluster.local", ANCHOR, begins=NOW - timedelta(days=400), days=399
    )
    found = issuer_seen(old)
    assert failures(found) == ["the issuer is valid now"]
    assert warnings(found) == []


def test_an_issuer_that_ends_soon_is_warned_of() -> None:
    found = issuer_seen(certified("identity.linkerd.cluster.local", ANCHOR, days=59))
    assert (failures(found), warnings(found)) == ([], ["the issuer is valid for 60 more days"])


def test_an_issuer_of_another_anchor_is_one_failure() -> None:
    other = certified("root")
    stranger = certified("identity.linkerd.cluster.local", other)
    found = issuer_seen(stranger)
    assert failures(found) == ["the issuer is signed by a trust anchor"]


def test_a_ca_crt_outside_the_bundle_is_warned_of() -> None:
    found = issuer_seen(ISSUER, authority=certified("other").pem)
    assert failures(found) == []
    assert warnings(found) == ["ca.crt of the issuer's Secret is in the bundle"]


def test_the_key_of_another_certificate_is_found() -> None:
    found = issuer_seen(ISSUER, key=certified("other").key_pem)
    assert failures(found) == ["the issuer's Secret is usable"]


def test_an_issuer_that_is_no_authority_is_found() -> None:
    leaf = certified("identity.linkerd.cluster.local", ANCHOR, authority=False)
    assert failures(issuer_seen(leaf)) == ["the issuer can sign certificates"]


def test_an_issuer_of_another_trust_domain_is_found_and_its_name_reported() -> None:
    title = "the issuer is named identity.linkerd.cluster.local"
    found = issuer_seen(certified("identity.linkerd.example.org", ANCHOR))
    assert failures(found) == [title]
    assert of(found, title).detail == "it is for identity.linkerd.example.org"


def test_a_missing_issuer_is_one_failure() -> None:
    found = list(certificates.issuer(cluster_case(view(roots(ANCHOR.pem)))))
    assert failures(found) == ["the issuer's Secret is usable"]


def test_an_rsa_issuer_is_found(rsa_issuer: Certified) -> None:
    found = issuer_seen(rsa_issuer)
    assert failures(found) == ["the issuer uses a supported algorithm"]


@pytest.fixture(scope="module")
def rsa_issuer() -> Certified:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    return certified("identity.linkerd.cluster.local", ANCHOR, key=key)


@pytest.mark.parametrize("key", ["tls.crt", "tls.key", "ca.crt"])
def test_an_issuer_secret_without_one_of_its_keys_is_one_failure(key: str) -> None:
    lacking = issuer_secret(ISSUER, ANCHOR.pem)
    del lacking["data"][key]
    found = list(certificates.issuer(cluster_case(view(roots(ANCHOR.pem), lacking))))
    assert failures(found) == ["the issuer's Secret is usable"]
    assert key in found[0].detail


def test_no_finding_about_an_issuer_has_its_key() -> None:
    words = " ".join(f"{one.title} {one.detail} {one.hint}" for one in issuer_seen(ISSUER))
    assert not any(line in words for line in ISSUER.key_pem.splitlines()[1:-1])


def test_clusters_with_the_same_anchors_are_distinguished_from_those_without() -> None:
    other = certified("other", days=3650)

    def compared(*bundles: str) -> Finding:
        names = [f"c{number}" for number in range(len(bundles))]
        config = mesh({"clusters": {name: {"context": name} for name in names}})
        views = {name: view(roots(text)) for name, text in zip(names, bundles, strict=True)}
        (finding,) = certificates.same_anchors(MeshCase(config, views))
        return finding

    assert compared(ANCHOR.pem, ANCHOR.pem).status is Status.OK
    assert compared(ANCHOR.pem + other.pem, other.pem + ANCHOR.pem).status is Status.OK
    assert compared(ANCHOR.pem, ANCHOR.pem, other.pem).status is Status.FAILURE
    assert compared(ANCHOR.pem, ANCHOR.pem + other.pem).status is Status.FAILURE
    assert compared(ANCHOR.pem, "").status is Status.SKIPPED


HOOKS = {
    "linkerd-proxy-injector": "MutatingWebhookConfiguration",
    "linkerd-sp-validator": "ValidatingWebhookConfiguration",
    "linkerd-policy-validator": "ValidatingWebhookConfiguration",
}


def registration(service: str, bundle: str | None) -> dict[str, Any]:
    client = {} if bundle is None else {"caBundle": base64.b64encode(bundle.encode()).decode()}
    return thing(
        "admissionregistration.k8s.io/v1",
        HOOKS[service],
        f"{service}-webhook-config",
        webhooks=[{"clientConfig": client}],
    )


def serving(service: str, signer: Certified = ANCHOR, **fields: Any) -> Certified:
    return certified(f"{service}.linkerd.svc", signer, authority=False, **fields)


def hooks(change: Callable[[dict[str, dict[str, Any]]], object] | None = None) -> View:
    """Three sound webhooks, but for `change` of the objects by name."""
    objects: dict[str, dict[str, Any]] = {}
    for service in HOOKS:
        one = serving(service)
        data = {"tls.crt": one.pem, "tls.key": one.key_pem}
        objects[f"{service}-k8s-tls"] = secret(f"{service}-k8s-tls", "linkerd", data)
        objects[f"{service}-webhook-config"] = registration(service, ANCHOR.pem)
    for server in ("linkerd-destination", "linkerd-proxy-injector"):
        objects[server] = deployment(server, "linkerd")
    if change:
        change(objects)
    return view(*objects.values())


def hooks_seen(
    change: Callable[[dict[str, dict[str, Any]]], object] | None = None,
) -> list[Finding]:
    return list(webhooks.webhooks(cluster_case(hooks(change))))


def test_sound_webhooks_pass_everything() -> None:
    found = hooks_seen()
    assert {finding.status for finding in found} == {Status.OK}
    assert len(found) == 6


def replaced(
    one: Certified, key: str | None = None
) -> Callable[[dict[str, dict[str, Any]]], object]:
    name = "linkerd-sp-validator-k8s-tls"
    data = {"tls.crt": one.pem, "tls.key": key or one.key_pem}

    def change(objects: dict[str, dict[str, Any]]) -> None:
        objects[name] = secret(name, "linkerd", data)

    return change


BROKEN = "webhook linkerd-sp-validator has a valid certificate"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            replaced(serving("linkerd-sp-validator", certified("other"))),
            "not in the caBundle",
        ),
        (replaced(serving("linkerd-tap")), "not for linkerd-sp-validator.linkerd.svc"),
        (
            replaced(serving("linkerd-sp-validator", begins=NOW - timedelta(days=9), days=8)),
            "expired",
        ),
        (
            replaced(serving("linkerd-sp-validator"), certified("other").key_pem),
            "does not belong",
        ),
        (lambda all_: all_.pop("linkerd-sp-validator-k8s-tls"), "does not exist"),
        (
            lambda all_: all_["linkerd-sp-validator-k8s-tls"]["data"].pop("tls.crt"),
            "has no key 'tls.crt'",
        ),
        (
            lambda all_: all_["linkerd-sp-validator-webhook-config"].update(webhooks=[]),
            "names no webhook",
        ),
        (lambda all_: all_.pop("linkerd-sp-validator-webhook-config"), "does not exist"),
        (
            lambda all_: all_.update(
                {"linkerd-sp-validator-webhook-config": registration("linkerd-sp-validator", None)}
            ),
            "no caBundle",
        ),
    ],
    ids=[
        "other anchor",
        "other name",
        "expired",
        "other key",
        "no Secret",
        "no certificate",
        "empty registration",
        "no registration",
        "no bundle",
    ],
)
def test_each_thing_that_breaks_one_webhook_is_one_failure_about_it(
    change: Callable[[dict[str, dict[str, Any]]], object], detail: str
) -> None:
    found = hooks_seen(change)
    assert failures(found) == [BROKEN]
    assert detail in of(found, BROKEN).detail


def test_a_webhook_certificate_that_ends_soon_is_warned_of() -> None:
    found = hooks_seen(replaced(serving("linkerd-sp-validator", days=20)))
    assert failures(found) == []
    assert warnings(found) == ["webhook linkerd-sp-validator has a certificate for 60 more days"]


def test_a_webhook_that_its_release_lost_is_left_to_the_release() -> None:
    from kube import helm

    hook = registration("linkerd-sp-validator", ANCHOR.pem)
    record = helm_record("linkerd-control-plane", "linkerd", objects=(hook,))
    seen = hooks(lambda all_: all_.pop("linkerd-sp-validator-webhook-config"))
    seen = View(cluster="west", objects=seen.objects, releases=helm.histories([record]), now=NOW)
    found = list(webhooks.webhooks(cluster_case(seen)))
    assert failures(found) == []
    assert by_status(found, Status.SKIPPED) == [BROKEN]


def test_viz_brings_webhooks_of_its_own() -> None:
    content = settings()
    content["clusters"]["west"]["linkerd"] = {"viz": {"enabled": True}}
    case = cluster_case(view(), mesh(content))
    assert {hook.service for hook in case.inventory.webhooks} - set(HOOKS) == {
        "tap",
        "tap-injector",
    }
    assert Kind("admissionregistration.k8s.io", "MutatingWebhookConfiguration") == MUTATING_WEBHOOK


def test_the_authority_of_an_api_service_is_in_its_spec() -> None:
    content = settings()
    content["clusters"]["west"]["linkerd"] = {"viz": {"enabled": True}}
    config = mesh(content)

    def seen(bundle: str) -> list[Finding]:
        tap = certified("tap.linkerd-viz.svc", ANCHOR, authority=False)
        data = {"tls.crt": tap.pem, "tls.key": tap.key_pem}
        encoded = base64.b64encode(bundle.encode()).decode()
        registered = thing(
            "apiregistration.k8s.io/v1",
            "APIService",
            "v1alpha1.tap.linkerd.io",
            spec={"caBundle": encoded},
        )
        viz = [deployment(name, "linkerd-viz") for name in ("tap", "tap-injector")]
        found = view(*hooks().objects, secret("tap-k8s-tls", "linkerd-viz", data), registered, *viz)
        return list(webhooks.webhooks(cluster_case(found, config)))

    title = "webhook tap has a valid certificate"
    assert of(seen(ANCHOR.pem), title).status is Status.OK
    assert of(seen(certified("other").pem), title).status is Status.FAILURE
