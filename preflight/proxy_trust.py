"""What the proxies of one cluster trust now: their anchors, their issuer, and pods that lag behind.

Facts: linkerd2 edge-26.8.3: the chart writes the anchors into ConfigMap
``linkerd-identity-trust-roots``; a proxy reads them once, when it starts. The identity service
issues certificates of 24 hours by default, which a proxy renews by itself; it reads its issuer
again when the mounted Secret changes (``pkg/tls/creds_watcher.go``). For 2.8, the anchors are in
ConfigMap ``linkerd-config``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.preconditions import TrustReads
from config.trust.issuance import seconds
from kube.answers import inner, items
from kube.kubeconfig import Timeout, get_json
from kube.linkerd_values import values_of
from kube.paths import path_of
from preflight.held_certificates import HeldWebhook, certificates_in, held_webhook, written
from preflight.meshed_pods import MeshedPod, certificates, current_hashes, meshed_pod
from vocabulary.kinds import CONFIG_MAP, LINK, POD, SECRET, SERVICE_ACCOUNT, Kind, Object
from vocabulary.kubernetes import HELM_RELEASE_NAME, TLS_CERTIFICATE_KEY, VERIFY_LABEL
from vocabulary.linkerd import (
    CONFIG,
    CONTROL_PLANE_NS,
    ISSUER_SECRET,
    MULTICLUSTER,
    REMOTE_ACCESS_PREFIX,
    TRUST_ROOTS,
    WEBHOOK_2_8_CERTIFICATE_KEY,
)

PAGE = 500
LEAF_LIFETIME = timedelta(hours=24)
"""How long the identity service's certificates are valid by default (values of chart
linkerd-control-plane, ``identity.issuer.issuanceLifetime``)."""

Get = Callable[[str, str], Object]
"""Reads a path; with what it is, in words. Empty where there is no such thing."""


@dataclass(frozen=True)
class HeldTrust:
    """What the proxies of a cluster trust, and the API server of their webhooks."""

    anchors: tuple[x509.Certificate, ...]
    """The anchors that a proxy which starts now trusts."""
    issuer: x509.Certificate | None = None
    """The certificate that signs those of the proxies; None where there is none to read."""
    pods: tuple[MeshedPod, ...] = ()
    """Pods with a proxy that run or are about to, as far as they may be listed."""
    chain: tuple[x509.Certificate, ...] = ()
    """The certificates between the issuer and an anchor."""
    issuer_since: datetime | None = None
    """When the issuer's Secret was written last."""
    leaf_lifetime: timedelta = LEAF_LIFETIME
    """How long the certificates of proxies are valid."""
    authority: x509.Certificate | None = None
    """The anchor with which cert-manager signs next, where the program makes its issuer."""
    webhooks: tuple[HeldWebhook, ...] = ()
    """Webhooks whose certificates the trust anchor signs."""
    links: frozenset[str] = frozenset()
    """Clusters at the other ends of the links that this program made."""
    unread: tuple[str, ...] = ()
    """What the credentials may not read."""


def held_trust(api: client.ApiClient, reads: TrustReads, timeout: Timeout) -> HeldTrust | None:
    """What the proxies of a cluster trust; None where Linkerd is not installed in it.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails. What it forbids to read is listed.
    """
    unread: list[str] = []

    def get(path: str, what: str) -> Object:
        try:
            return get_json(api, path, timeout)
        except ApiException as error:
            if error.status not in (403, 404):
                raise
            if error.status == 403:
                unread.append(what)
            return {}

    def named(kind: Kind, namespace: str, name: str) -> Object:
        what = f"{kind.name} {namespace}/{name}" if namespace else f"{kind.name} {name}"
        return get(path_of(kind, namespace, name), what)

    space = reads.namespace
    pem = bundle(lambda name: named(CONFIG_MAP, space, name) or None) or ""
    anchors = certificates(pem)
    if not anchors:
        return None
    config = named(CONFIG_MAP, space, CONFIG)
    secret = named(SECRET, space, ISSUER_SECRET)
    chain = certificates_in(secret, TLS_CERTIFICATE_KEY, WEBHOOK_2_8_CERTIFICATE_KEY)
    authority = certificates_in(
        named(SECRET, *reads.authority) if reads.authority else {}, TLS_CERTIFICATE_KEY
    )
    current = current_hashes(pem, config)
    return HeldTrust(
        anchors,
        chain[0] if chain else None,
        tuple(meshed_pod(pod, space, current, anchors) for pod in _pods(get, space)),
        chain[1:],
        written(secret, chain),
        _leaf_lifetime(config),
        authority[0] if authority else None,
        tuple(held_webhook(one, named) for one in reads.webhooks),
        frozenset(_links(get)),
        tuple(dict.fromkeys(unread)),
    )


def bundle(read: Callable[[str], Object | None]) -> str | None:
    """PEM of the anchors that a proxy which starts now trusts; None where there is no bundle.

    `read` returns the ConfigMap of the control plane's namespace with this name; None without.
    """
    roots = read(TRUST_ROOTS)
    if inner(roots, "data"):
        return str(inner(roots, "data").get("ca-bundle.crt") or "")
    # Linkerd 2.8 has them in its own settings.
    context = settings_2_8(read(CONFIG)).get("identityContext")
    if not isinstance(context, dict):
        return None if roots is None else ""
    return str(context.get("trustAnchorsPem") or "")


def settings_2_8(config_map: Object | None) -> dict[str, Any]:
    """The global settings in ConfigMap linkerd-config of Linkerd 2.8; empty without."""
    try:
        content = json.loads(str(inner(config_map, "data").get("global") or ""))
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _leaf_lifetime(config: Object) -> timedelta:
    issuer = inner(values_of(config), "identity", "issuer")
    given = {**inner(settings_2_8(config), "identityContext"), **issuer}.get("issuanceLifetime")
    return timedelta(seconds=seconds(str(given or ""))) or LEAF_LIFETIME


def _links(get: Get) -> Iterator[str]:
    """The other ends of links that this program made, as source or as target."""
    for link in items(get(path_of(LINK, MULTICLUSTER), "the Links"), "items"):
        if _own(link):
            yield str(inner(link, "spec").get("targetClusterName") or "")
    accounts = get(path_of(SERVICE_ACCOUNT, MULTICLUSTER), "the ServiceAccounts of links")
    for account in items(accounts, "items"):
        name = str(inner(account, "metadata").get("name") or "")
        if name.startswith(REMOTE_ACCESS_PREFIX) and _own(account):
            yield name.removeprefix(REMOTE_ACCESS_PREFIX)


def _own(thing: Object) -> bool:
    """Whether Pulumi writes an object, and no chart does."""
    managers = items(thing, "metadata", "managedFields")
    return any(str(one.get("manager")).startswith("pulumi") for one in managers) and (
        HELM_RELEASE_NAME not in inner(thing, "metadata", "annotations")
    )


def _pods(get: Get, namespace: str) -> Iterator[Object]:
    query = {
        "labelSelector": f"{CONTROL_PLANE_NS}={namespace},!{VERIFY_LABEL}",
        # A pod that waits for its node or its images has its anchors in its environment already.
        "fieldSelector": "status.phase!=Succeeded,status.phase!=Failed",
        "limit": str(PAGE),
    }
    while True:
        page = get(f"{path_of(POD)}?{urlencode(query)}", "the pods")
        yield from items(page, "items")
        following = inner(page, "metadata").get("continue")
        if not following:
            return
        query["continue"] = str(following)
