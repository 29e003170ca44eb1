"""Trust anchors and issuers: what proxies trust, and who signs their certificates.

Linkerd 2.8 has the anchors in ConfigMap linkerd-config alone, and may have an issuer of its own
form (facts: the chart linkerd2 2.8.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from cryptography import x509

from checks.cluster.releases import left_to_release
from checks.facts.case import ClusterCase, MeshCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, secrets
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import Unseen, View
from checks.linkerd.control_plane import linkerd_values
from checks.trust import pki, renewal
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.trust.certificate_rules import (
    algorithm_fault,
    anchor_faults,
    authority_fault,
    validity_fault,
)
from config.trust.key_forms import form_fault
from kube.answers import inner
from preflight.proxy_trust import bundle
from vocabulary.kinds import CONFIG_MAP, SECRET, Object
from vocabulary.kubernetes import TLS_AUTHORITY_KEY
from vocabulary.linkerd import CONFIG, IDENTITY, ISSUER_SECRET, TRUST_ROOTS

_ROTATE = (
    "replace it: add the new anchor to the bundle of every cluster, restart meshed pods, "
    "then sign issuers with it"
)
_RENEW = f"{UPDATE}: within trustAnchor.validity.renewalDays of its end it is renewed"


def anchors_of(view: View, namespace: str) -> list[x509.Certificate]:
    """The bundle that a cluster's proxies trust.

    Raises UnreadableError: there is none, or it cannot be read.
    """
    pem = bundle(lambda name: view.get(CONFIG_MAP, namespace, name))
    if pem is None:
        raise pki.UnreadableError("does not exist")
    return pki.certificates(pem)


def trust_anchors(case: ClusterCase) -> Iterator[Finding]:
    """The bundle of anchors is what was configured, and each anchor is fit and valid."""
    title = "the trust anchors can be read"
    space, generation = case.config.linkerd.namespace, case.config.linkerd.generation
    try:
        anchors = anchors_of(case.view, space)
    except pki.UnreadableError as error:
        name = generation.anchors_config_map
        missing = case.view.get(CONFIG_MAP, space, name) is None
        if missing and left_to_release(case, CONFIG_MAP, space, name):
            yield skipped(title, f"ConfigMap {space}/{name} does not exist; see its release")
        else:
            yield failure(title, f"ConfigMap {space}/{name} {error}", UPDATE)
        return
    yield ok(title, some([pki.label(anchor) for anchor in anchors]))
    if generation.anchors_config_map != CONFIG:
        yield _same_as_configured(case, anchors)
    yield from _provided(case, anchors)
    yield _each(
        "the trust anchors use supported algorithms",
        {
            anchor: ", ".join(anchor_faults(anchor, ecdsa_only=generation.ecdsa_only)) or None
            for anchor in anchors
        },
        "provide self-signed ECDSA P-256 CA certificates under trustAnchor.anchors",
    )
    yield from _dates("the trust anchors are", anchors, case.view.now, _ROTATE)


def _same_as_configured(case: ClusterCase, anchors: list[x509.Certificate]) -> Finding:
    title = f"{CONFIG} and {TRUST_ROOTS} have the same trust anchors"
    if case.view.get(CONFIG_MAP, case.config.linkerd.namespace, CONFIG) is None:
        return skipped(title, f"there is no {CONFIG}")
    text = str(linkerd_values(case).get("identityTrustAnchorsPEM") or "")
    try:
        configured = pki.certificates(text)
    except pki.UnreadableError as error:
        return failure(title, f"identityTrustAnchorsPEM of {CONFIG} {error}", UPDATE)
    if set(configured) != set(anchors):
        return failure(
            title,
            f"{CONFIG} has {some([pki.label(anchor) for anchor in configured])}",
            f"copy the Secret's anchors to trustAnchor.anchors; then {UPDATE}"
            if _roots_elsewhere(case)
            else f"one of them was edited: {UPDATE}, then restart the meshed workloads",
        )
    return ok(title)


def _roots_elsewhere(case: ClusterCase) -> bool:
    """Whether trust-manager reads the anchors from another owner's Secret."""
    issuance = case.mesh.trust_anchor.cert_manager
    return issuance is not None and issuance.roots_secret is not None


def _provided(case: ClusterCase, anchors: list[x509.Certificate]) -> Iterator[Finding]:
    provided = [one for one in case.mesh.trust_anchor.anchors if one.certificate is not None]
    missing = [
        one.name
        for one in provided
        if not set(pki.certificates(one.certificate or "")) <= set(anchors)
    ]
    title = "the bundle contains the anchors of the stack file"
    if missing:
        yield failure(title, f"it lacks {some(missing)}", UPDATE)
    elif provided:
        yield ok(title)


def issuer(case: ClusterCase) -> Iterator[Finding]:
    """The issuer is complete, fit, valid, and signed by an anchor of the bundle."""
    space = case.config.linkerd.namespace
    title = "the issuer's Secret is usable"
    secret = case.view.get(SECRET, space, ISSUER_SECRET)
    if secret is None:
        yield failure(title, f"Secret {space}/{ISSUER_SECRET} does not exist", _mend(case))
        return
    certificate_key, private_key = _keys(case, secret)
    try:
        chain = pki.certificates(pki.decoded(secret, certificate_key))
        key = pki.decoded(secret, private_key)
        authorities = _authorities(case, secret)
    except pki.UnreadableError as error:
        yield failure(title, f"Secret {space}/{ISSUER_SECRET} {error}", _mend(case))
        return
    certificate = chain[0]
    refused = form_fault(case.config.linkerd.generation, IDENTITY, key)
    if refused:
        yield failure(title, f"Secret {space}/{ISSUER_SECRET}: {refused}", _mend(case))
    elif not pki.key_belongs(certificate, key):
        yield failure(title, "its private key does not belong to its certificate", UPDATE)
    else:
        yield ok(title, pki.label(certificate))
    yield _each(
        "the issuer uses a supported algorithm",
        {
            certificate: algorithm_fault(
                certificate, rsa_too=False, ecdsa_only=case.config.linkerd.generation.ecdsa_only
            )
        },
        UPDATE,
    )
    yield _each(
        "the issuer can sign certificates", {certificate: authority_fault(certificate)}, UPDATE
    )
    yield _name(case, certificate)
    if renewal.issues_identity(case.mesh):
        yield from _renewed(case, certificate)
    else:
        yield from _dates("the issuer is", [certificate], case.view.now, _RENEW)
    yield from _signed(case, certificate, chain[1:], authorities)


def issuer_chain(case: ClusterCase) -> list[x509.Certificate] | None:
    """The issuer's certificate and those between it and an anchor; None where it is unreadable.

    Raises Unseen: the cluster's Secrets could not be read.
    """
    secret = case.view.get(SECRET, case.config.linkerd.namespace, ISSUER_SECRET)
    if secret is None:
        return None
    try:
        return pki.certificates(pki.decoded(secret, _keys(case, secret)[0]))
    except pki.UnreadableError:
        return None


def _keys(case: ClusterCase, secret: Object) -> tuple[str, str]:
    """Keys of the issuer's Secret that hold certificate and private key."""
    given = inner(secret, "data")
    every = case.config.linkerd.generation.issuer_secret_keys
    return next((keys for keys in every if keys[0] in given), every[-1])


def _authorities(case: ClusterCase, secret: Object) -> list[x509.Certificate]:
    """Certificates under ca.crt; none where the generation does not need them."""
    needed = case.config.linkerd.generation.issuer_has_anchors
    if not needed and not inner(secret, "data").get(TLS_AUTHORITY_KEY):
        return []
    return pki.certificates(pki.decoded(secret, TLS_AUTHORITY_KEY))


def _mend(case: ClusterCase) -> str:
    """How to get a usable issuer."""
    if not renewal.issues_identity(case.mesh):
        return UPDATE
    return f"see `kubectl -n {case.config.linkerd.namespace} describe certificate {ISSUER_SECRET}`"


def _renewed(case: ClusterCase, certificate: x509.Certificate) -> Iterator[Finding]:
    fault = validity_fault(certificate, case.view.now)
    space = case.config.linkerd.namespace
    yield _each("the issuer is valid now", {certificate: fault}, _mend(case))
    if fault is None:
        title = "the issuer is renewed in time"
        yield renewal.renewed(title, certificate, case.view, space, ISSUER_SECRET)


def _name(case: ClusterCase, certificate: x509.Certificate) -> Finding:
    wanted = f"identity.{case.config.linkerd.namespace}.{case.config.trust_domain}"
    title = f"the issuer is named {wanted}"
    names = pki.host_names(certificate)
    if wanted in names:
        return ok(title)
    return failure(title, f"it is for {some(names) or 'no DNS name'}", UPDATE)


def _signed(
    case: ClusterCase,
    certificate: x509.Certificate,
    intermediates: list[x509.Certificate],
    authorities: list[x509.Certificate],
) -> Iterator[Finding]:
    title = "the issuer is signed by a trust anchor"
    try:
        anchors = anchors_of(case.view, case.config.linkerd.namespace)
    except pki.UnreadableError:
        yield skipped(title, "there is no bundle of anchors")
        return
    if pki.chain_ends_in(certificate, anchors, intermediates):
        yield ok(title)
    else:
        yield failure(
            title,
            f"it is signed by {certificate.issuer.rfc4514_string()}, which is none of the anchors "
            f"{some([pki.label(anchor) for anchor in anchors])}",
            f"write its CA under trustAnchor.anchors, then {UPDATE}"
            if renewal.issues_identity(case.mesh)
            else f"{UPDATE}, so that anchors and issuer come from the same stack",
        )
    if not authorities:
        return
    title = "ca.crt of the issuer's Secret is in the bundle"
    strange = [pki.label(one) for one in authorities if one not in anchors]
    if strange:
        yield warning(
            title,
            f"{some(strange)} is missing there, and `linkerd check` verifies by ca.crt",
            UPDATE,
        )
    else:
        yield ok(title)


def same_anchors(case: MeshCase) -> Iterator[Finding]:
    """All clusters trust the same anchors. Yields nothing for a stack of one cluster."""
    if len(case.mesh.clusters) < 2:
        return
    title = "all clusters trust the same anchors"
    bundles: dict[str, frozenset[x509.Certificate]] = {}
    for name, view in case.views.items():
        space = case.mesh.clusters[name].linkerd.namespace
        try:
            bundles[name] = frozenset(anchors_of(view, space))
        except (pki.UnreadableError, Unseen):
            continue
    if len(bundles) < 2:
        yield skipped(title, "fewer than two clusters have anchors that can be read")
    elif len(set(bundles.values())) == 1:
        yield ok(title)
    else:
        listed = "; ".join(
            f"{name}: {some(sorted(pki.label(one) for one in bundle))}"
            for name, bundle in bundles.items()
        )
        yield failure(
            title,
            listed,
            f"{UPDATE}; give this bundle to a cluster that this stack did not install",
        )


def _each(title: str, faults: Mapping[x509.Certificate, str | None], hint: str) -> Finding:
    found = [f"{pki.label(one)}: {fault}" for one, fault in faults.items() if fault]
    return failure(title, "; ".join(found), hint) if found else ok(title)


def _dates(
    start: str, certificates: list[x509.Certificate], now: datetime, hint: str
) -> Iterator[Finding]:
    faults = {one: validity_fault(one, now) for one in certificates}
    yield _each(f"{start} valid now", faults, hint)
    valid = [one for one, fault in faults.items() if fault is None]
    if valid:
        yield lasting(f"{start} valid for 60 more days", valid, now, hint)


def lasting(title: str, certificates: list[x509.Certificate], now: datetime, hint: str) -> Finding:
    """Whether certificates that are valid now still are so in 60 days."""
    soon = [
        f"{pki.label(one)} ends on {one.not_valid_after_utc:%Y-%m-%d}"
        for one in certificates
        if pki.ends_soon(one, now)
    ]
    if soon:
        return warning(title, "; ".join(soon), hint)
    return ok(title, f"until {min(one.not_valid_after_utc for one in certificates):%Y-%m-%d}")


def trust_material(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Where a cluster has its anchors and its issuer, and who renews them."""
    space = mesh.clusters[cluster].linkerd.namespace
    yield Listing(CONFIG_MAP, space)
    yield secrets(space)
    yield from renewal.issued_certificates(mesh, cluster)


CHECKS = (
    Check("certificates", Phase.CAUSES, trust_anchors, trust_material, order=11),
    Check("certificates", Phase.CAUSES, issuer, trust_material, order=12),
    Check("mesh", Phase.ACROSS_INSTALLED, same_anchors, trust_material),
)
