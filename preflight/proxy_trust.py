"""What the proxies of one cluster trust now: their anchors, their issuer, and pods that lag behind.

Facts: linkerd2 edge-26.8.3: the chart writes the anchors into ConfigMap
``linkerd-identity-trust-roots``; a proxy reads them once, when it starts. The identity service
issues certificates of 24 hours, which a proxy renews by itself. For 2.8, the anchors are in
ConfigMap ``linkerd-config``.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from kube.answers import inner, items
from kube.kubeconfig import get_json
from kube.paths import path_of
from preflight.meshed_pods import MeshedPod, certificates, current_hashes, meshed_pod
from vocabulary.kinds import CONFIG_MAP, POD, SECRET, Object
from vocabulary.kubernetes import TLS_CERTIFICATE_KEY, VERIFY_LABEL
from vocabulary.linkerd import (
    CONFIG,
    CONTROL_PLANE_NS,
    ISSUER_SECRET,
    TRUST_ROOTS,
    WEBHOOK_2_8_CERTIFICATE_KEY,
)

PAGE = 500

Timeout = tuple[float, float]


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
    current = current_hashes(pem, config_map(CONFIG))
    pods = (meshed_pod(pod, namespace, current, anchors) for pod in _pods(api, namespace, timeout))
    return HeldTrust(anchors, _issuer(secret), tuple(pods))


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


def _pods(api: client.ApiClient, namespace: str, timeout: Timeout) -> Iterator[Object]:
    query = {
        "labelSelector": f"{CONTROL_PLANE_NS}={namespace},!{VERIFY_LABEL}",
        "fieldSelector": "status.phase=Running",
        "limit": str(PAGE),
    }
    while True:
        page = _get(api, f"{path_of(POD)}?{urlencode(query)}", timeout)
        yield from items(page, "items")
        following = inner(page, "metadata").get("continue")
        if not following:
            return
        query["continue"] = str(following)


def _get(api: client.ApiClient, path: str, timeout: Timeout) -> dict[str, Any]:
    """An answer; empty where there is no such thing, or where it may not be read."""
    try:
        return get_json(api, path, timeout)
    except ApiException as error:
        if error.status in (403, 404):
            return {}
        raise
