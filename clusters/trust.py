"""What the proxies of one cluster trust now: their anchors, their issuer, and pods that lag behind.

Facts: linkerd2 edge-26.8.3: the chart writes the anchors into ConfigMap
``linkerd-identity-trust-roots``; a proxy reads them once, when it starts, and the annotation
``linkerd.io/trust-root-sha256`` of its pod is the hash of what it started with: of the trimmed
text in the ConfigMap for an injected pod (``pkg/inject/inject.go``), of the Helm value for those of
the control plane (partial ``_metadata.tpl``). The identity service issues certificates of 24 hours,
which a proxy renews by itself. For 2.8, the anchors are in ConfigMap ``linkerd-config``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from clusters.answers import inner
from clusters.kubeconfig import get_json
from config.trust_anchor import TRUST_ROOTS

TRUST_ROOT_HASH = "linkerd.io/trust-root-sha256"
CONTROL_PLANE = "linkerd.io/control-plane-ns"
PAGE = 500

Timeout = tuple[float, float]


@dataclass(frozen=True)
class MeshedPod:
    """A running pod with a proxy."""

    workload: str
    """Namespace and name of what owns it, for example ``shop/web``."""
    stale: bool
    """Whether it started with other anchors than the control plane has now."""
    started: datetime | None
    """When it was created."""
    identity: bool = False
    """Whether it is one of the identity service."""


@dataclass(frozen=True)
class HeldTrust:
    """What the proxies of a cluster trust."""

    anchors: tuple[x509.Certificate, ...]
    """The anchors that a proxy which starts now trusts."""
    issuer: x509.Certificate | None = None
    """The certificate that signs those of the proxies; None where it may not be read."""
    pods: tuple[MeshedPod, ...] = ()
    """Running pods with a proxy, as far as they may be listed."""


def held_trust(api: client.ApiClient, namespace: str, timeout: Timeout) -> HeldTrust | None:
    """What the proxies of a cluster trust; None where Linkerd is not installed in `namespace`.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails. What it forbids to read is left out.
    """
    pem = _bundle(api, namespace, timeout)
    anchors = certificates(pem)
    if not anchors:
        return None
    secret = _get(api, f"/api/v1/namespaces/{namespace}/secrets/linkerd-identity-issuer", timeout)
    pods = _pods(api, namespace, bundle_hashes(pem), timeout)
    return HeldTrust(anchors, _issuer(secret), tuple(pods))


def bundle_hashes(pem: str) -> frozenset[str]:
    """Hashes that pods with these anchors may be annotated with, whatever space is around them."""
    forms = {pem, pem.strip(), f"{pem.strip()}\n"}
    return frozenset(hashlib.sha256(form.encode()).hexdigest() for form in forms)


def _bundle(api: client.ApiClient, namespace: str, timeout: Timeout) -> str:
    """PEM of the anchors; empty where there are none."""
    root = f"/api/v1/namespaces/{namespace}/configmaps"
    pem = inner(_get(api, f"{root}/{TRUST_ROOTS}", timeout), "data").get("ca-bundle.crt")
    if pem is None:
        # Linkerd 2.8 holds them as JSON within its own settings.
        settings = inner(_get(api, f"{root}/linkerd-config", timeout), "data").get("global")
        try:
            pem = inner(json.loads(settings or "{}"), "identityContext").get("trustAnchorsPem")
        except ValueError:
            return ""
    return pem if isinstance(pem, str) else ""


def certificates(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM text; none where one of them cannot be read."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem.encode()))
    except ValueError:
        return ()


def _issuer(secret: dict[str, Any]) -> x509.Certificate | None:
    data = inner(secret, "data")
    text = data.get("tls.crt") or data.get("crt.pem")
    if not isinstance(text, str):
        return None
    try:
        found = certificates(base64.b64decode(text).decode())
    except (binascii.Error, ValueError):
        return None
    return found[0] if found else None


def _pods(
    api: client.ApiClient, namespace: str, current: frozenset[str], timeout: Timeout
) -> Iterator[MeshedPod]:
    query = {
        "labelSelector": f"{CONTROL_PLANE}={namespace}",
        "fieldSelector": "status.phase=Running",
        "limit": str(PAGE),
    }
    while True:
        page = _get(api, f"/api/v1/pods?{urlencode(query)}", timeout)
        for pod in page.get("items") or []:
            metadata = inner(pod, "metadata")
            started_with = inner(metadata, "annotations").get(TRUST_ROOT_HASH)
            workload = f"{metadata.get('namespace')}/{_owner(metadata)}"
            yield MeshedPod(
                workload,
                bool(started_with) and started_with not in current,
                _time(metadata.get("creationTimestamp")),
                workload == f"{namespace}/linkerd-identity",
            )
        following = inner(page, "metadata").get("continue")
        if not following:
            return
        query["continue"] = str(following)


def _owner(metadata: dict[str, Any]) -> str:
    """Name of the Deployment, DaemonSet and so on; that of the pod where it has no owner."""
    owners = metadata.get("ownerReferences") or [{}]
    owner = owners[0] if isinstance(owners[0], dict) else {}
    name = str(owner.get("name") or metadata.get("name"))
    return name.rpartition("-")[0] if owner.get("kind") == "ReplicaSet" else name


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _get(api: client.ApiClient, path: str, timeout: Timeout) -> dict[str, Any]:
    """An answer; empty where there is no such thing, or where it may not be read."""
    try:
        return get_json(api, path, timeout)
    except ApiException as error:
        if error.status in (403, 404):
            return {}
        raise
