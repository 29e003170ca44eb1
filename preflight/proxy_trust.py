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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from kube.answers import inner, items
from kube.kubeconfig import get_json
from kube.paths import path_of
from vocabulary.kinds import CONFIG_MAP, POD, SECRET, Object
from vocabulary.kubernetes import TLS_CERTIFICATE_KEY
from vocabulary.linkerd import (
    CONFIG,
    CONTROL_PLANE_NS,
    IDENTITY,
    ISSUER_SECRET,
    TRUST_ROOT_SHA256,
    TRUST_ROOTS,
    WEBHOOK_2_8_CERTIFICATE_KEY,
)

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

    def config_map(name: str) -> Object | None:
        return _get(api, path_of(CONFIG_MAP, namespace, name), timeout) or None

    pem = bundle(config_map) or ""
    anchors = certificates(pem)
    if not anchors:
        return None
    secret = _get(api, path_of(SECRET, namespace, ISSUER_SECRET), timeout)
    pods = _pods(api, namespace, bundle_hashes(pem), timeout)
    return HeldTrust(anchors, _issuer(secret), tuple(pods))


def bundle_hashes(pem: str) -> frozenset[str]:
    """Hashes that pods with these anchors may be annotated with, whatever space is around them."""
    forms = {pem, pem.strip(), f"{pem.strip()}\n"}
    return frozenset(hashlib.sha256(form.encode()).hexdigest() for form in forms)


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


def certificates(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM text; none where one of them cannot be read."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem.encode()))
    except ValueError:
        return ()


def _issuer(secret: dict[str, Any]) -> x509.Certificate | None:
    data = inner(secret, "data")
    text = data.get(TLS_CERTIFICATE_KEY) or data.get(WEBHOOK_2_8_CERTIFICATE_KEY)
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
        "labelSelector": f"{CONTROL_PLANE_NS}={namespace}",
        "fieldSelector": "status.phase=Running",
        "limit": str(PAGE),
    }
    while True:
        page = _get(api, f"{path_of(POD)}?{urlencode(query)}", timeout)
        for pod in items(page, "items"):
            metadata = inner(pod, "metadata")
            started_with = inner(metadata, "annotations").get(TRUST_ROOT_SHA256)
            workload = f"{metadata.get('namespace')}/{_owner(metadata)}"
            yield MeshedPod(
                workload,
                bool(started_with) and started_with not in current,
                _time(metadata.get("creationTimestamp")),
                workload == f"{namespace}/{IDENTITY}",
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
