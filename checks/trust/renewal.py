"""Whether a certificate that cert-manager issues is renewed in time.

It lives for hours, so that the checks of certificates that people renew do not apply.

Facts: cert-manager docs, Certificate (``status.renewalTime``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509

from checks.facts.listing import Listing
from checks.facts.objects import condition as condition_of
from checks.facts.results import UPDATE, Finding, failure, ok, warning
from checks.facts.view import View
from checks.trust import pki
from config.core.mesh import MeshConfig
from kube.answers import inner
from vocabulary.kinds import CERTIFICATE, Object
from vocabulary.linkerd import VIZ

SLACK = timedelta(minutes=15)
"""How late a renewal may be before it is a warning."""


def issues_identity(mesh: MeshConfig) -> bool:
    """Whether cert-manager issues the identity issuers."""
    return mesh.trust_anchor.cert_manager is not None


def issues_webhooks(mesh: MeshConfig) -> bool:
    """Whether cert-manager issues the webhooks' certificates."""
    issuance = mesh.trust_anchor.cert_manager
    return issuance is not None and issuance.webhooks


def condition(thing: Object, kind: str) -> tuple[bool, str]:
    """Whether a condition of an object is True, and its reason and message."""
    found = condition_of(thing, kind)
    if not found:
        return False, "it has no such condition yet"
    reason = str(found.get("reason") or "")
    message = str(found.get("message") or "")
    return found.get("status") == "True", ": ".join(part for part in (reason, message) if part)


def issued(view: View, namespace: str, name: str) -> Finding:
    """Whether cert-manager has issued a Certificate of this stack."""
    title = f"cert-manager has issued Certificate {namespace}/{name}"
    found = view.get(CERTIFICATE, namespace, name)
    if found is None:
        return failure(title, "it does not exist", UPDATE)
    holds, reason = condition(found, "Ready")
    if holds:
        return ok(title)
    return failure(title, f"it is not ready ({reason})", _describe(namespace, name))


def renewed(
    title: str, certificate: x509.Certificate, view: View, namespace: str, name: str
) -> Finding:
    """Whether the certificate of a Certificate is not yet due, or was due a moment ago."""
    due = _due(certificate, view.get(CERTIFICATE, namespace, name))
    if view.now > due + SLACK:
        return warning(
            title,
            f"{pki.label(certificate)} was due for renewal at {due:%Y-%m-%d %H:%M} UTC, and ends "
            f"at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
            _describe(namespace, name),
        )
    return ok(title, f"next at {due:%Y-%m-%d %H:%M} UTC")


def _due(certificate: x509.Certificate, asked: Object | None) -> datetime:
    """When cert-manager renews; at two thirds of its life where the status has no time."""
    reason = inner(asked, "status").get("renewalTime")
    try:
        found = datetime.fromisoformat(str(reason))
    except ValueError:
        begin = certificate.not_valid_before_utc
        return begin + (certificate.not_valid_after_utc - begin) * 2 / 3
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _describe(namespace: str, name: str) -> str:
    return f"see `kubectl -n {namespace} describe certificate {name}` and cert-manager's log"


def issued_certificates(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """The Certificates of the issuer and of webhooks, where cert-manager issues them."""
    linkerd = mesh.clusters[cluster].linkerd
    if issues_identity(mesh):
        yield Listing(CERTIFICATE, linkerd.namespace)
    if issues_webhooks(mesh) and linkerd.viz.enabled:
        yield Listing(CERTIFICATE, VIZ)
