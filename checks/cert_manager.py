"""cert-manager and trust-manager, as far as Linkerd's certificates and anchors come from them.

Facts: cert-manager docs, Certificate and CA issuer; trust-manager docs, Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks import renewal
from checks.case import ClusterCase
from checks.expected import UPDATE
from checks.kinds import BUNDLE, CERTIFICATE, CLUSTER_ISSUER, ISSUER, Kind
from checks.results import Finding, failure, ok
from checks.view import some
from checks.webhooks import webhooks_of
from config.issuance import Issuance
from config.trust_anchor import TRUST_ROOTS

IDENTITY = "linkerd-identity-issuer"


def cert_manager(case: ClusterCase) -> Iterator[Finding]:
    """cert-manager is there, has issued what it was asked for, and anchors were spread."""
    if case.config.cert_manager is None:
        return
    served = _served(case)
    yield served
    issuance = case.mesh.trust_anchor.cert_manager
    if issuance is None or served.detail:
        return
    yield _issuer(case, issuance)
    yield renewal.issued(case.view, case.config.linkerd.namespace, IDENTITY)
    if issuance.webhooks:
        for webhook in webhooks_of(case):
            yield renewal.issued(case.view, webhook.namespace, webhook.service)
    if issuance.trust_roots == "trust-manager":
        yield _bundle(case)


def _served(case: ClusterCase) -> Finding:
    title = "the kinds of cert-manager are served"
    config = case.config.cert_manager
    wanted: list[tuple[Kind, str]] = [(CERTIFICATE, "v1"), (CLUSTER_ISSUER, "v1"), (ISSUER, "v1")]
    if config is not None and config.trust_manager is not None:
        title = "the kinds of cert-manager and trust-manager are served"
        wanted.append((BUNDLE, "v1alpha1"))
    missing = [str(kind) for kind, version in wanted if not case.view.serves(kind, version)]
    if not missing:
        return ok(title)
    path = f"clusters.{case.name}.certManager"
    return failure(
        title,
        f"not served: {some(missing)}",
        f"install what is missing, or write install: true under {path}; then {UPDATE}",
    )


def _issuer(case: ClusterCase, issuance: Issuance) -> Finding:
    title = f"{issuance.kind} {issuance.issuer} can sign"
    in_cluster = issuance.kind == "ClusterIssuer"
    kind = CLUSTER_ISSUER if in_cluster else ISSUER
    space = "" if in_cluster else case.config.linkerd.namespace
    found = case.view.get(kind, space, issuance.issuer)
    describe = f"see `kubectl describe {kind.name.lower()} {issuance.issuer}"
    hint = f"{describe}`" if in_cluster else f"{describe} -n {space}`"
    if found is None:
        make = f"make it, or correct trustAnchor.certManager.issuer; then {UPDATE}"
        return failure(title, "it does not exist", UPDATE if issuance.make_issuer else make)
    holds, told = renewal.condition(found, "Ready")
    return ok(title) if holds else failure(title, f"it is not ready ({told})", hint)


def _bundle(case: ClusterCase) -> Finding:
    title = f"trust-manager has spread Bundle {TRUST_ROOTS}"
    found = case.view.get(BUNDLE, "", TRUST_ROOTS)
    if found is None:
        return failure(title, "there is no such Bundle", UPDATE)
    holds, told = renewal.condition(found, "Synced")
    if holds:
        return ok(title)
    return failure(
        title, f"it is not synced ({told})", f"see `kubectl describe bundle {TRUST_ROOTS}`"
    )
