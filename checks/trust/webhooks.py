"""Webhooks: each has a certificate that the API server accepts, and a server that reads its key.

A webhook that is not accepted lets pods start without a proxy or, in HA, not start at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from cryptography import x509

from checks.cluster.releases import left_to_release
from checks.cluster.workloads import has_pods
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named, secrets
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from checks.trust import pki, renewal
from checks.trust.certificates import lasting
from config.core.mesh import MeshConfig
from config.inventory import Webhook, inventory
from config.trust.certificate_rules import validity_fault
from config.trust.key_forms import form_fault
from kube.answers import inner, items
from vocabulary.kinds import (
    API_SERVICE,
    DEPLOYMENT,
    SECRET,
    Object,
)

_INJECTED = "see the log of cert-manager's cainjector, which writes it"


def webhooks(case: ClusterCase) -> Iterator[Finding]:
    """Every webhook's certificate is valid, is for its name, and is signed by its caBundle."""
    for webhook in case.inventory.webhooks:
        yield from _webhook(case, webhook)


def _webhook(case: ClusterCase, webhook: Webhook) -> Iterator[Finding]:
    title = f"webhook {webhook.service} has a valid certificate"
    registration = case.view.get(webhook.kind, "", webhook.configuration)
    if registration is None:
        missing = f"{webhook.kind.name} {webhook.configuration} does not exist"
        if left_to_release(case, webhook.kind, "", webhook.configuration):
            yield skipped(title, f"{missing}; see its release")
        else:
            yield failure(title, missing, UPDATE)
        return
    secret = case.view.get(SECRET, webhook.namespace, webhook.secret)
    if secret is None:
        missing = f"Secret {webhook.namespace}/{webhook.secret} does not exist"
        yield failure(title, missing, UPDATE)
        return
    try:
        chain = pki.certificates(pki.decoded(secret, webhook.secret_keys[0]))
        key = pki.decoded(secret, webhook.secret_keys[1])
    except pki.UnreadableError as error:
        yield failure(title, f"Secret {webhook.namespace}/{webhook.secret} {error}", UPDATE)
        return
    try:
        anchors = [pki.certificates(bundle) for bundle in _bundles(registration)]
    except pki.UnreadableError as error:
        hint = _INJECTED if renewal.issues_webhooks(case.mesh) else UPDATE
        yield failure(title, f"{webhook.kind.name} {webhook.configuration} {error}", hint)
        return
    fault = _fault(case, webhook, chain, key, anchors)
    if fault:
        # Its remaining days do not matter then.
        yield failure(title, fault, UPDATE)
        return
    if not has_pods(case.view, DEPLOYMENT, webhook.namespace, webhook.served_by):
        yield skipped(
            title,
            f"its certificate and key are valid, but Deployment {webhook.served_by}, which "
            "serves it, has no available pod",
        )
    else:
        yield ok(title)
    if renewal.issues_webhooks(case.mesh):
        title = f"the certificate of webhook {webhook.service} is renewed in time"
        yield renewal.renewed(title, chain[0], case.view, webhook.namespace, webhook.service)
    else:
        yield lasting(
            f"webhook {webhook.service} has a certificate for 60 more days",
            [chain[0]],
            case.view.now,
            f"{UPDATE}: within trustAnchor.validity.renewalDays of its end it is renewed",
        )


def _fault(
    case: ClusterCase,
    webhook: Webhook,
    chain: list[x509.Certificate],
    key: str,
    bundles: list[list[x509.Certificate]],
) -> str | None:
    certificate = chain[0]
    if not bundles:
        return f"{webhook.kind.name} {webhook.configuration} names no webhook"
    refused = form_fault(case.config.linkerd.generation, webhook.service, key)
    if refused:
        return f"Secret {webhook.namespace}/{webhook.secret}: {refused}"
    if not pki.key_belongs(certificate, key):
        return "its private key does not belong to its certificate"
    expired = validity_fault(certificate, case.view.now)
    if expired:
        return expired
    host = f"{webhook.service}.{webhook.namespace}.svc"
    if host not in pki.host_names(certificate):
        return f"it is not for {host}"
    for anchors in bundles:
        if not pki.chain_ends_in(certificate, anchors, chain[1:]):
            return (
                f"it is signed by {certificate.issuer.rfc4514_string()}, which is not in the "
                f"caBundle of {webhook.kind.name} {webhook.configuration}"
            )
        if all(validity_fault(anchor, case.view.now) for anchor in anchors):
            return f"the caBundle of {webhook.kind.name} {webhook.configuration} has expired"
    return None


def _bundles(registration: Object) -> Iterator[str]:
    """The caBundle of every webhook of a configuration, or that of an APIService."""
    configs = [inner(hook, "clientConfig") for hook in items(registration, "webhooks")]
    if "webhooks" not in registration:
        configs = [inner(registration, "spec")]
    for config in configs:
        bundle = config.get("caBundle")
        if not bundle:
            raise pki.UnreadableError("has no caBundle")
        try:
            yield base64.b64decode(str(bundle), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise pki.UnreadableError("has a caBundle that is not text") from None


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield from renewal.issued_certificates(mesh, cluster)
    for webhook in inventory(mesh, cluster).webhooks:
        yield secrets(webhook.namespace)
        yield Listing(DEPLOYMENT, webhook.namespace)
        if webhook.kind == API_SERVICE:
            yield named(API_SERVICE, "", webhook.configuration)
        else:
            yield Listing(webhook.kind)


CHECKS = (Check("webhooks", Phase.CAUSES, webhooks, _reads, order=20),)
