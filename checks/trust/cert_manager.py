"""cert-manager and trust-manager, as far as Linkerd's certificates and anchors come from them.

Facts: cert-manager docs, Certificate and CA issuer; trust-manager docs, Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named
from checks.facts.results import UPDATE, Finding, failure, ok
from checks.trust import renewal
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.trust.issuance import Issuance
from vocabulary.kinds import BUNDLE, CERTIFICATE, CLUSTER_ISSUER, ISSUER, Kind
from vocabulary.linkerd import ISSUER_SECRET, TRUST_ROOTS


def cert_manager(case: ClusterCase) -> Iterator[Finding]:
    """cert-manager has issued the certificates, and trust-manager has synced the anchors."""
    if case.config.cert_manager is None:
        return
    served = _served(case)
    yield served
    issuance = case.mesh.trust_anchor.cert_manager
    if issuance is None or served.detail:
        return
    yield _issuer(case, issuance)
    yield renewal.issued(case.view, case.config.linkerd.namespace, ISSUER_SECRET)
    if issuance.webhooks:
        for webhook in case.inventory.webhooks:
            yield renewal.issued(case.view, webhook.namespace, webhook.service)
    if issuance.trust_roots == "trust-manager":
        yield _bundle(case)


def _served(case: ClusterCase) -> Finding:
    title = "the API server serves cert-manager's kinds"
    config = case.config.cert_manager
    wanted: list[tuple[Kind, str]] = [(CERTIFICATE, "v1"), (CLUSTER_ISSUER, "v1"), (ISSUER, "v1")]
    if config is not None and config.trust_manager is not None:
        title = "the API server serves the kinds of cert-manager and trust-manager"
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
    if issuance.external:
        # How it reports whether it can sign is its own affair; the Certificates say whether it did.
        title = f"the API server serves {issuance.api} of the issuer {issuance.issuer}"
        if issuance.api in case.view.served:
            return ok(title)
        return failure(
            title,
            "not served",
            "install that issuer, or correct kind and group under trustAnchor.certManager",
        )
    title = f"{issuance.kind} {issuance.issuer} can sign"
    in_cluster = issuance.in_cluster
    kind = CLUSTER_ISSUER if in_cluster else ISSUER
    space = "" if in_cluster else case.config.linkerd.namespace
    found = case.view.get(kind, space, issuance.issuer)
    describe = f"see `kubectl describe {kind.name.lower()} {issuance.issuer}"
    hint = f"{describe}`" if in_cluster else f"{describe} -n {space}`"
    if found is None:
        make = f"make it, or correct trustAnchor.certManager.issuer; then {UPDATE}"
        return failure(title, "it does not exist", UPDATE if issuance.make_issuer else make)
    holds, reason = renewal.condition(found, "Ready")
    return ok(title) if holds else failure(title, f"it is not ready ({reason})", hint)


def _bundle(case: ClusterCase) -> Finding:
    title = f"trust-manager has synced Bundle {TRUST_ROOTS}"
    found = case.view.get(BUNDLE, "", TRUST_ROOTS)
    if found is None:
        return failure(title, "it does not exist", UPDATE)
    holds, reason = renewal.condition(found, "Synced")
    if holds:
        return ok(title)
    return failure(
        title, f"it is not synced ({reason})", f"see `kubectl describe bundle {TRUST_ROOTS}`"
    )


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield from renewal.issued_certificates(mesh, cluster)
    issuance = mesh.trust_anchor.cert_manager
    if issuance is None:
        return
    if issuance.external:
        pass
    elif issuance.in_cluster:
        yield named(CLUSTER_ISSUER, "", issuance.issuer)
    else:
        yield named(ISSUER, mesh.clusters[cluster].linkerd.namespace, issuance.issuer)
    if issuance.trust_roots == "trust-manager":
        yield Listing(BUNDLE)


CHECKS = (Check("certificates", Phase.CAUSES, cert_manager, _reads, order=10),)
