"""Webhooks: each has a certificate that the API server accepts, and a server that reads its key.

A webhook that is not accepted lets pods start without a proxy or, in HA, not start at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

from checks.cluster.releases import left_to_release
from checks.cluster.workloads import has_pods
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.expected import UPDATE
from checks.facts.listing import Listing, named, secrets
from checks.facts.results import Finding, failure, ok, skipped
from checks.trust import pki, renewal
from checks.trust.certificates import lasting
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.trust.key_forms import POLICY_VALIDATOR, form_fault
from config.variants.generation import Generation
from kube.answers import inner, items
from vocabulary.kinds import (
    API_SERVICE,
    DEPLOYMENT,
    MUTATING_WEBHOOK,
    SECRET,
    VALIDATING_WEBHOOK,
    Kind,
    Object,
)
from vocabulary.linkerd import JAEGER, VIZ, webhook_configuration

TAP = "v1alpha1.tap.linkerd.io"
_INJECTED = "see the log of cert-manager's cainjector, which writes it"
_INJECTOR = "linkerd-proxy-injector"
_VALIDATOR = "linkerd-sp-validator"


@dataclass(frozen=True)
class Webhook:
    """A Service that the API server calls over TLS."""

    service: str
    namespace: str
    kind: Kind
    """Kind of the object that tells the API server of it."""
    name: str
    """Name of that object."""

    suffix: str = "k8s-tls"
    """What the name of its Secret ends in."""
    keys: tuple[str, str] = ("tls.crt", "tls.key")
    """Keys of that Secret under which certificate and private key stand."""

    served_by: str = ""
    """Name of the Deployment whose pods answer; empty where it is that of the Service."""

    @property
    def secret(self) -> str:
        """Name of the Secret with its certificate."""
        return f"{self.service}-{self.suffix}"

    @property
    def deployment(self) -> str:
        """Name of the Deployment whose pods answer."""
        return self.served_by or self.service


def webhooks_in(config: ClusterConfig) -> list[Webhook]:
    """The webhooks of a cluster's control plane and, where it has them, of its extensions."""
    space = config.linkerd.namespace
    if config.linkerd.generation is Generation.V2_8:
        return [
            Webhook(service, space, kind, name, "tls", ("crt.pem", "key.pem"))
            for service, kind, name in (
                (_INJECTOR, MUTATING_WEBHOOK, webhook_configuration(_INJECTOR)),
                (_VALIDATOR, VALIDATING_WEBHOOK, webhook_configuration(_VALIDATOR)),
                ("linkerd-tap", API_SERVICE, TAP),
            )
        ]
    found = [
        Webhook(service, space, kind, webhook_configuration(service), served_by=served_by)
        for service, kind, served_by in (
            (_INJECTOR, MUTATING_WEBHOOK, _INJECTOR),
            (_VALIDATOR, VALIDATING_WEBHOOK, "linkerd-destination"),
            (POLICY_VALIDATOR, VALIDATING_WEBHOOK, "linkerd-destination"),
        )
    ]
    if config.linkerd.viz.enabled:
        found.append(
            Webhook("tap-injector", VIZ, MUTATING_WEBHOOK, "linkerd-tap-injector-webhook-config")
        )
        found.append(Webhook("tap", VIZ, API_SERVICE, TAP))
    if config.linkerd.traces_by_extension:
        name = "linkerd-jaeger-injector-webhook-config"
        found.append(Webhook("jaeger-injector", JAEGER, MUTATING_WEBHOOK, name))
    return found


def webhooks(case: ClusterCase) -> Iterator[Finding]:
    """Every webhook's certificate is valid, is for its name, and is signed by its caBundle."""
    for webhook in webhooks_in(case.config):
        yield from _webhook(case, webhook)


def _webhook(case: ClusterCase, webhook: Webhook) -> Iterator[Finding]:
    title = f"webhook {webhook.service} has a certificate that is accepted"
    registration = case.view.get(webhook.kind, "", webhook.name)
    if registration is None:
        missing = f"{webhook.kind.name} {webhook.name} does not exist"
        if left_to_release(case, webhook.kind, "", webhook.name):
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
        chain = pki.certificates(pki.decoded(secret, webhook.keys[0]))
        key = pki.decoded(secret, webhook.keys[1])
    except pki.UnreadableError as error:
        yield failure(title, f"Secret {webhook.namespace}/{webhook.secret} {error}", UPDATE)
        return
    try:
        anchors = [pki.certificates(bundle) for bundle in _bundles(registration)]
    except pki.UnreadableError as error:
        told = _INJECTED if renewal.issues_webhooks(case.mesh) else UPDATE
        yield failure(title, f"{webhook.kind.name} {webhook.name} {error}", told)
        return
    fault = _fault(case, webhook, chain, key, anchors)
    if fault:
        # How long it lasts is nothing to be glad of, then.
        yield failure(title, fault, UPDATE)
        return
    if not has_pods(case.view, DEPLOYMENT, webhook.namespace, webhook.deployment):
        yield skipped(
            title,
            f"its certificate and key are in order, but Deployment {webhook.deployment}, which "
            "serves it, has no pod that is available",
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
        return f"{webhook.kind.name} {webhook.name} names no webhook"
    refused = form_fault(case.config.linkerd.generation, webhook.service, key)
    if refused:
        return f"Secret {webhook.namespace}/{webhook.secret}: {refused}"
    if not pki.key_belongs(certificate, key):
        return "its private key does not belong to its certificate"
    expired = pki.validity_fault(certificate, case.view.now)
    if expired:
        return expired
    host = f"{webhook.service}.{webhook.namespace}.svc"
    if host not in pki.host_names(certificate):
        return f"it is not for {host}"
    for anchors in bundles:
        if not pki.chain_ends_in(certificate, anchors, chain[1:]):
            return (
                f"it is signed by {certificate.issuer.rfc4514_string()}, which is not in the "
                f"caBundle of {webhook.kind.name} {webhook.name}"
            )
        if all(pki.validity_fault(anchor, case.view.now) for anchor in anchors):
            return f"the caBundle of {webhook.kind.name} {webhook.name} has expired"
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
    for webhook in webhooks_in(mesh.clusters[cluster]):
        yield secrets(webhook.namespace)
        yield Listing(DEPLOYMENT, webhook.namespace)
        if webhook.kind == API_SERVICE:
            yield named(API_SERVICE, "", webhook.name)
        else:
            yield Listing(webhook.kind)


CHECKS = (Check("webhooks", Phase.CAUSES, webhooks, reads=_reads, order=20),)
