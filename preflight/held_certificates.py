"""Certificates that a cluster has: in Secrets, and those by which its API server calls webhooks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from config.inventory.webhooks import Webhook
from kube.answers import inner, items
from preflight.meshed_pods import certificates, time_of
from vocabulary.kinds import SECRET, Kind, Object


@dataclass(frozen=True)
class HeldWebhook:
    """A Service that the API server calls over TLS, as it is now."""

    name: str
    """Name of the Service."""
    served_by: str
    """Namespace and name of the Deployment whose pods answer."""
    certificate: x509.Certificate | None
    """The certificate in its Secret."""
    authorities: frozenset[x509.Certificate]
    """What the API server verifies it by: the anchors that every ``caBundle`` of it contains."""
    since: datetime | None = None
    """When its Secret was written last."""


def held_webhook(webhook: Webhook, read: Callable[[Kind, str, str], Object]) -> HeldWebhook:
    """What a cluster has of a webhook; `read` returns an object by kind, namespace and name."""
    secret = read(SECRET, webhook.namespace, webhook.secret)
    registered = read(webhook.kind, "", webhook.configuration)
    configs = [inner(one, "clientConfig") for one in items(registered, "webhooks")]
    if not configs:
        configs = [inner(registered, "spec")]
    bundles = [frozenset(certificates(_decoded(one.get("caBundle")))) for one in configs]
    found = certificates_in(secret, webhook.secret_keys[0])
    return HeldWebhook(
        webhook.service,
        f"{webhook.namespace}/{webhook.served_by}",
        found[0] if found else None,
        frozenset.intersection(*bundles),
        written(secret, found),
    )


def certificates_in(secret: Object, *keys: str) -> tuple[x509.Certificate, ...]:
    """The certificates under the first of these keys of a Secret that it has."""
    data = inner(secret, "data")
    return certificates(_decoded(next((data[key] for key in keys if data.get(key)), None)))


def written(secret: Object, found: Sequence[x509.Certificate]) -> datetime | None:
    """When a Secret with these certificates was written last; None without one.

    A certificate may be far older than that: it is made before, in another update perhaps.
    """
    if not found:
        return None
    metadata = inner(secret, "metadata")
    stamps = [metadata.get("creationTimestamp")]
    stamps += [one.get("time") for one in items(metadata, "managedFields")]
    return max([found[0].not_valid_before_utc, *filter(None, map(time_of, stamps))])


def _decoded(text: object) -> str:
    try:
        return base64.b64decode(str(text or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
