"""Trust anchors and issuers: what proxies trust, and who signs their certificates.

Linkerd 2.8 has the anchors in ConfigMap linkerd-config alone, and may have an issuer of its own
form (facts: the chart linkerd2 2.8.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from cryptography import x509

from checks.cluster.releases import left_to_release
from checks.facts.case import ClusterCase
from checks.facts.expected import UPDATE
from checks.facts.results import Finding, failure, ok, skipped, warning
from checks.facts.view import Unseen, View, some
from checks.linkerd.control_plane import CONFIG, linkerd_values, old_config
from checks.trust import pki, renewal
from config.trust.anchor_certificates import fault_for_2_8
from config.trust.key_forms import form_fault
from config.variants.generation import Generation
from vocabulary.kinds import CONFIG_MAP, SECRET, Object
from vocabulary.linkerd import ISSUER_SECRET, TRUST_ROOTS

_ROTATE = (
    "replace it: bring the new anchor into the bundle of every cluster, restart meshed pods, "
    "then sign issuers with it"
)
_RENEW = f"{UPDATE}: within trustAnchor.validity.renewalDays of its end it is renewed"


def anchors_of(view: View, namespace: str) -> list[x509.Certificate]:
    """The bundle that a cluster's proxies trust.

    Raises UnreadableError: there is none, or it cannot be read.
    """
    found = view.get(CONFIG_MAP, namespace, TRUST_ROOTS)
    if found is None:
        identity = old_config(view, namespace).get("identityContext")
        if not isinstance(identity, dict):
            raise pki.UnreadableError("does not exist")
        return pki.certificates(str(identity.get("trustAnchorsPem") or ""))
    return pki.certificates(str((found.get("data") or {}).get("ca-bundle.crt") or ""))


def trust_anchors(case: ClusterCase) -> Iterator[Finding]:
    """The bundle of anchors is what was configured, and each anchor is fit and valid."""
    title = "the trust anchors can be read"
    space = case.config.linkerd.namespace
    old = case.config.linkerd.generation is Generation.V2_8
    try:
        anchors = anchors_of(case.view, space)
    except pki.UnreadableError as error:
        name = CONFIG if old else TRUST_ROOTS
        missing = case.view.get(CONFIG_MAP, space, name) is None
        if missing and left_to_release(case, CONFIG_MAP, space, name):
            yield skipped(title, f"ConfigMap {space}/{name} does not exist; see its release")
        else:
            yield failure(title, f"ConfigMap {space}/{name} {error}", UPDATE)
        return
    yield ok(title, some([pki.label(anchor) for anchor in anchors]))
    if not old:
        yield _same_as_configured(case, anchors)
    yield from _provided(case, anchors)
    yield _each(
        "the trust anchors use algorithms that Linkerd takes",
        {
            anchor: (fault_for_2_8(anchor) if old else pki.algorithm_fault(anchor, rsa_too=True))
            or pki.authority_fault(anchor)
            for anchor in anchors
        },
        "provide self-signed ECDSA P-256 CA certificates under trustAnchor.anchors",
    )
    yield from _dates("the trust anchors are", anchors, case.view.now, _ROTATE)


def _same_as_configured(case: ClusterCase, anchors: list[x509.Certificate]) -> Finding:
    title = f"{CONFIG} and {TRUST_ROOTS} hold the same anchors"
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
            f"write what the Secret has under trustAnchor.anchors; then {UPDATE}"
            if _roots_elsewhere(case)
            else f"one of them was changed by hand: {UPDATE}, then restart what is meshed",
        )
    return ok(title)


def _roots_elsewhere(case: ClusterCase) -> bool:
    """Whether trust-manager takes the anchors from a Secret that is not ours."""
    issuance = case.mesh.trust_anchor.cert_manager
    return issuance is not None and issuance.roots_secret is not None


def _provided(case: ClusterCase, anchors: list[x509.Certificate]) -> Iterator[Finding]:
    provided = [one for one in case.mesh.trust_anchor.anchors if one.certificate is not None]
    missing = [
        one.name
        for one in provided
        if not set(pki.certificates(one.certificate or "")) <= set(anchors)
    ]
    title = "the bundle holds the anchors that the stack file provides"
    if missing:
        yield failure(title, f"it lacks {some(missing)}", UPDATE)
    elif provided:
        yield ok(title)


def issuer(case: ClusterCase) -> Iterator[Finding]:
    """The issuer is complete, fit, valid, and signed by an anchor of the bundle."""
    space = case.config.linkerd.namespace
    title = "the issuer's Secret is complete"
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
    refused = form_fault(case.config.linkerd.generation, "linkerd-identity", key)
    if refused:
        yield failure(title, f"Secret {space}/{ISSUER_SECRET}: {refused}", _mend(case))
    elif not pki.key_belongs(certificate, key):
        yield failure(title, "its private key does not belong to its certificate", UPDATE)
    else:
        yield ok(title, pki.label(certificate))
    yield _each(
        "the issuer uses an algorithm that Linkerd takes",
        {
            certificate: fault_for_2_8(certificate)
            if case.config.linkerd.generation is Generation.V2_8
            else pki.algorithm_fault(certificate, rsa_too=False)
        },
        UPDATE,
    )
    yield _each(
        "the issuer may sign certificates", {certificate: pki.authority_fault(certificate)}, UPDATE
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
    """Keys of the issuer's Secret under which certificate and private key stand."""
    old = case.config.linkerd.generation is Generation.V2_8
    if old and "tls.crt" not in (secret.get("data") or {}):
        return "crt.pem", "key.pem"
    return "tls.crt", "tls.key"


def _authorities(case: ClusterCase, secret: Object) -> list[x509.Certificate]:
    """Certificates under ca.crt, without which Linkerd 2.8 does as well."""
    old = case.config.linkerd.generation is Generation.V2_8
    if old and not (secret.get("data") or {}).get("ca.crt"):
        return []
    return pki.certificates(pki.decoded(secret, "ca.crt"))


def _mend(case: ClusterCase) -> str:
    """How an issuer comes to be as it should be."""
    if not renewal.issues_identity(case.mesh):
        return UPDATE
    return f"see `kubectl -n {case.config.linkerd.namespace} describe certificate {ISSUER_SECRET}`"


def _renewed(case: ClusterCase, certificate: x509.Certificate) -> Iterator[Finding]:
    fault = pki.validity_fault(certificate, case.view.now)
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
            f"it is signed by {certificate.issuer.rfc4514_string()}, and none of the anchors "
            f"{some([pki.label(anchor) for anchor in anchors])} is that one",
            f"write its CA under trustAnchor.anchors, then {UPDATE}"
            if renewal.issues_identity(case.mesh)
            else f"{UPDATE}, so that anchors and issuer come from the same stack",
        )
    if not authorities:
        return
    title = "ca.crt of the issuer's Secret is in the bundle"
    strange = [pki.label(one) for one in authorities if one not in anchors]
    if strange:
        yield warning(title, f"{some(strange)} is not, and `linkerd check` goes by ca.crt", UPDATE)
    else:
        yield ok(title)


def same_anchors(views: Mapping[str, tuple[View, str]]) -> Iterator[Finding]:
    """All clusters trust the same anchors; `views` are views and Linkerd's namespaces."""
    title = "all clusters trust the same anchors"
    bundles: dict[str, frozenset[x509.Certificate]] = {}
    for name, (view, namespace) in views.items():
        try:
            bundles[name] = frozenset(anchors_of(view, namespace))
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
            f"{UPDATE}; a cluster that was installed by other means has to be given this bundle",
        )


def _each(title: str, faults: Mapping[x509.Certificate, str | None], hint: str) -> Finding:
    found = [f"{pki.label(one)}: {fault}" for one, fault in faults.items() if fault]
    return failure(title, "; ".join(found), hint) if found else ok(title)


def _dates(
    start: str, certificates: list[x509.Certificate], now: datetime, hint: str
) -> Iterator[Finding]:
    faults = {one: pki.validity_fault(one, now) for one in certificates}
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
