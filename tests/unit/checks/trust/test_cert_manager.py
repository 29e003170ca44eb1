"""What `./mesh check` says of certificates that cert-manager issues."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
import yaml

from checks.facts.case import ClusterCase
from checks.facts.results import Finding
from checks.facts.view import ServedKind
from checks.trust.cert_manager import cert_manager
from checks.trust.certificates import issuer, trust_anchors
from checks.trust.webhooks import webhooks
from config import MeshConfig, load_settings
from tests.certificates import Certified
from tests.unit.checks.builders import (
    BUILT_IN,
    NOW,
    certified,
    cluster_case,
    deployment,
    failures,
    of,
    secret,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import BUNDLE, CERTIFICATE, CLUSTER_ISSUER, ISSUER, Kind

SERVED = {
    **BUILT_IN,
    **{kind: ServedKind({"v1": "x"}, True) for kind in (CERTIFICATE, CLUSTER_ISSUER, ISSUER)},
    BUNDLE: ServedKind({"v1alpha1": "bundles"}, False),
}
IDENTITY = "cert-manager has issued Certificate linkerd/linkerd-identity-issuer"
ALL_OF_IT = {"makeIssuer": True, "webhooks": True, "trustRoots": "trust-manager"}


def config(**issuance: Any) -> MeshConfig:
    asked = issuance or ALL_OF_IT
    west = {"context": "west", "certManager": {"trustManager": {}}}
    return load_settings(
        {"clusters": {"west": west}, "trustAnchor": {"certManager": asked}}, "test"
    )


def status(kind: str, holds: bool, reason: str = "", message: str = "") -> dict[str, Any]:
    told = {"type": kind, "status": str(holds), "reason": reason, "message": message}
    return {"conditions": [told]}


def asked(
    name: str, *, ready: bool = True, space: str = "linkerd", **fields: Any
) -> dict[str, Any]:
    """A Certificate, whose renewal is an hour from now."""
    due = (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    told = {**status("Ready", ready, **fields), "renewalTime": due}
    return thing("cert-manager.io/v1", "Certificate", name, space, status=told)


def everything() -> dict[str, dict[str, Any]]:
    """A cluster in which all of it has been done."""
    names = ("linkerd-identity-issuer", "linkerd-proxy-injector", "linkerd-sp-validator")
    objects = {name: asked(name) for name in (*names, "linkerd-policy-validator")}
    objects["issuer"] = thing(
        "cert-manager.io/v1",
        "ClusterIssuer",
        "linkerd-trust-anchor",
        status=status("Ready", True, "KeyPairVerified"),
    )
    objects["bundle"] = thing(
        "trust.cert-manager.io/v1alpha1",
        "Bundle",
        "linkerd-identity-trust-roots",
        status=status("Synced", True, "Synced"),
    )
    return objects


def found(
    objects: dict[str, dict[str, Any]],
    mesh: MeshConfig | None = None,
    served: dict[Kind, ServedKind] | None = None,
) -> list[Finding]:
    seen = view(*objects.values(), served=SERVED if served is None else served)
    return list(cert_manager(cluster_case(seen, mesh or config())))


def test_a_cluster_in_which_all_of_it_is_done_is_well() -> None:
    results = found(everything())
    assert failures(results) == warnings(results) == []
    assert len(results) == 7


def test_without_cert_manager_nothing_is_checked() -> None:
    plain = load_settings({"clusters": {"west": {"context": "west"}}}, "test")
    assert found({}, plain, {}) == []


@pytest.mark.parametrize("kind", [CERTIFICATE, CLUSTER_ISSUER, BUNDLE])
def test_a_kind_that_is_not_served_is_all_there_is_to_say(kind: Kind) -> None:
    served = {key: value for key, value in SERVED.items() if key != kind}
    (finding,) = found(everything(), served=served)
    assert str(kind) in finding.detail
    assert "clusters.west.certManager" in finding.hint


@pytest.mark.parametrize("name", list(everything()))
def test_whatever_is_missing_is_reported(name: str) -> None:
    results = found({key: one for key, one in everything().items() if key != name})
    assert len(failures(results)) == 1


def test_a_certificate_that_is_not_issued_says_why() -> None:
    late = asked("linkerd-identity-issuer", ready=False, reason="DoesNotExist", message="no Secret")
    finding = of(found({**everything(), "linkerd-identity-issuer": late}), IDENTITY)
    assert "DoesNotExist: no Secret" in finding.detail
    assert "describe certificate linkerd-identity-issuer" in finding.hint


def test_an_issuer_without_its_secret_says_why() -> None:
    broken = {**everything()["issuer"], "status": status("Ready", False, "ErrGetKeyPair", "gone")}
    finding = of(
        found({**everything(), "issuer": broken}), "ClusterIssuer linkerd-trust-anchor can sign"
    )
    assert "ErrGetKeyPair: gone" in finding.detail


def test_an_issuer_that_no_one_has_checked_is_not_ready() -> None:
    new = {key: one for key, one in everything()["issuer"].items() if key != "status"}
    assert failures(found({**everything(), "issuer": new})) == [
        "ClusterIssuer linkerd-trust-anchor can sign"
    ]


def test_a_bundle_whose_source_is_missing_says_why() -> None:
    broken = {**everything()["bundle"], "status": status("Synced", False, "SourceNotFound", "x")}
    (title,) = failures(found({**everything(), "bundle": broken}))
    assert "Bundle linkerd-identity-trust-roots" in title


def test_only_what_is_asked_for_is_checked() -> None:
    objects = {key: everything()[key] for key in ("linkerd-identity-issuer", "issuer")}
    assert failures(found(objects, config(makeIssuer=True))) == []


# How long certificates last -----------------------------------------------------------------

ANCHOR = certified("root", days=3650)


def issuing(leaf: Certified, mesh: MeshConfig, *objects: dict[str, Any]) -> ClusterCase:
    """A control plane with this issuer."""
    data = {"tls.crt": leaf.pem, "tls.key": leaf.key_pem, "ca.crt": ANCHOR.pem}
    roots = thing(
        "v1",
        "ConfigMap",
        "linkerd-identity-trust-roots",
        "linkerd",
        data={"ca-bundle.crt": ANCHOR.pem},
    )
    own = secret("linkerd-identity-issuer", "linkerd", data)
    return cluster_case(view(own, roots, *objects, served=SERVED), mesh)


def short(age: timedelta, **more: Any) -> Certified:
    """What cert-manager issues for two days, this long ago."""
    name = "identity.linkerd.cluster.local"
    return certified(name, ANCHOR, begins=NOW - age, days=2, **more)


def test_an_issuer_of_two_days_is_fine_as_long_as_it_is_renewed_in_time() -> None:
    case = issuing(short(timedelta(hours=5)), config(), asked("linkerd-identity-issuer"))
    results = list(issuer(case))
    assert failures(results) == warnings(results) == []
    assert "13:00" in of(results, "the issuer is renewed in time").detail


def test_an_issuer_of_our_own_of_two_days_is_warned_of() -> None:
    plain = load_settings({"clusters": {"west": {"context": "west"}}}, "test")
    assert len(warnings(list(issuer(issuing(short(timedelta(hours=5)), plain))))) == 1


@pytest.mark.parametrize(("late", "warned"), [(14, False), (16, True)])
def test_an_issuer_that_was_to_be_renewed_is_warned_of_after_a_while(
    late: int, warned: bool
) -> None:
    overdue = asked("linkerd-identity-issuer")
    overdue["status"]["renewalTime"] = (NOW - timedelta(minutes=late)).isoformat()
    results = list(issuer(issuing(short(timedelta(hours=30)), config(), overdue)))
    assert (warnings(results) == ["the issuer is renewed in time"]) is warned


@pytest.mark.parametrize(("hours", "warned"), [(31, False), (33, True)])
def test_where_cert_manager_does_not_report_it_two_thirds_of_its_life_are_in_time(
    hours: int, warned: bool
) -> None:
    results = list(issuer(issuing(short(timedelta(hours=hours)), config())))
    assert bool(warnings(results)) is warned


def test_an_issuer_that_has_ended_fails() -> None:
    results = list(issuer(issuing(short(timedelta(hours=50)), config())))
    assert "the issuer is valid now" in failures(results)


def test_an_issuer_of_another_ca_is_to_have_that_among_the_anchors() -> None:
    other = certified("identity.linkerd.cluster.local", certified("other"), days=2)
    finding = of(list(issuer(issuing(other, config()))), "the issuer is signed by a trust anchor")
    assert "trustAnchor.anchors" in finding.hint


def test_anchors_that_a_secret_has_beside_those_of_the_stack_file_are_to_be_written_there() -> None:
    values = yaml.safe_dump({"identityTrustAnchorsPEM": ANCHOR.pem})
    told = thing("v1", "ConfigMap", "linkerd-config", "linkerd", data={"values": values})
    title = "linkerd-config and linkerd-identity-trust-roots have the same trust anchors"
    asked = {**ALL_OF_IT, "rootsSecret": {"name": "root-secret"}}
    same = issuing(short(timedelta(hours=5)), config(**asked), told)
    assert title not in failures(list(trust_anchors(same)))
    spread = thing(
        "v1",
        "ConfigMap",
        "linkerd-identity-trust-roots",
        "linkerd",
        data={"ca-bundle.crt": certified("other", days=3650).pem},
    )
    other = cluster_case(view(spread, told, served=SERVED), config(**asked))
    assert "trustAnchor.anchors" in of(list(trust_anchors(other)), title).hint


def webhook(bundle: str | None, hours: int = 5) -> ClusterCase:
    """A proxy injector with a certificate of a day, and this caBundle."""
    name = "linkerd-proxy-injector"
    host = f"{name}.linkerd.svc"
    leaf = certified(host, ANCHOR, authority=False, begins=NOW - timedelta(hours=hours), days=1)
    own = secret(f"{name}-k8s-tls", "linkerd", {"tls.crt": leaf.pem, "tls.key": leaf.key_pem})
    client = {"caBundle": base64.b64encode(bundle.encode()).decode()} if bundle else {}
    registered = thing(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        f"{name}-webhook-config",
        webhooks=[{"clientConfig": client}],
    )
    server = deployment(name, "linkerd")
    return cluster_case(view(own, registered, asked(name), server, served=SERVED), config())


def test_a_webhook_s_certificate_of_a_day_is_fine_once_the_api_server_knows_its_ca() -> None:
    results = list(webhooks(webhook(ANCHOR.pem)))
    name = "linkerd-proxy-injector"
    assert of(results, f"webhook {name} has a valid certificate").status == "ok"
    assert of(results, f"the certificate of webhook {name} is renewed in time").status == "ok"
    assert warnings(results) == []


def test_a_ca_that_was_not_injected_is_the_cainjector_s_fault() -> None:
    results = list(webhooks(webhook(None)))
    finding = of(results, "webhook linkerd-proxy-injector has a valid certificate")
    assert finding.status == "failure"
    assert "cainjector" in finding.hint
