"""Pods with a proxy: whose they are, and whether they started with the present trust roots.

Facts: linkerd2 edge-26.8.3: the annotation ``linkerd.io/trust-root-sha256`` of a pod is the hash
of the anchors that its proxy read when it started: of the trimmed text in the ConfigMap for an
injected pod (``pkg/inject/inject.go``), of the Helm value for those of the control plane (partial
``_metadata.tpl``); labels name the owner (``pkg/k8s/labels.go``), an injected proxy has the roots
as a literal in its environment (``_proxy.tpl``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from kube.answers import inner, items
from kube.linkerd_values import values_of
from kube.pods import proxy_of
from vocabulary.kinds import Object, annotations_of, labels_of
from vocabulary.kubernetes import POD_TEMPLATE_HASH
from vocabulary.linkerd import (
    IDENTITY,
    PROXY_OWNER_PREFIX,
    PROXY_VERSION,
    TRUST_ROOT_SHA256,
)

OWNERS = ("deployment", "daemonset", "statefulset", "replicaset", "job")
"""Kinds of owners that labels name, as kubectl writes them."""
_ENVIRONMENT = "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS"


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
    kind: str = "pod"
    """Kind of what owns it, as kubectl writes it; ``pod`` where it has no owner."""
    name: str = ""
    """Its own name."""
    uid: str = ""
    """Its UID."""
    ending: bool = False
    """Whether it is being deleted."""
    roots: frozenset[x509.Certificate] | None = None
    """The anchors that it started with; None where only their hash is known."""
    version: str = ""
    """The release that its proxy is of, for example ``edge-26.8.3``."""


def meshed_pod(
    pod: Object, namespace: str, current: Collection[str], anchors: Collection[x509.Certificate]
) -> MeshedPod:
    """A pod, compared with the hashes and certificates of the present anchors.

    `namespace` is the control plane's.
    """
    metadata = inner(pod, "metadata")
    kind, name = owner_of(pod)
    roots = roots_of(pod)
    workload = f"{metadata.get('namespace')}/{name}"
    return MeshedPod(
        workload,
        _is_stale(annotations_of(pod).get(TRUST_ROOT_SHA256), roots, current, anchors),
        time_of(metadata.get("creationTimestamp")),
        workload == f"{namespace}/{IDENTITY}",
        kind,
        str(metadata.get("name") or ""),
        str(metadata.get("uid") or ""),
        metadata.get("deletionTimestamp") is not None,
        frozenset(roots) if roots is not None else None,
        version=annotations_of(pod).get(PROXY_VERSION) or "",
    )


def bundle_hashes(pem: str) -> frozenset[str]:
    """Hashes that pods with these anchors may be annotated with, whatever space is around them."""
    forms = {pem, pem.strip(), f"{pem.strip()}\n"}
    return frozenset(hashlib.sha256(form.encode()).hexdigest() for form in forms)


def current_hashes(pem: str, config: Object | None) -> frozenset[str]:
    """Hashes of what pods start with now.

    `pem` is the bundle, `config` the ConfigMap with the Helm values of the control plane, whose own
    pods have the hash of the value.
    """
    texts = (pem, str(values_of(config).get("identityTrustAnchorsPEM") or ""))
    return frozenset().union(*(bundle_hashes(text) for text in texts if text.strip()))


def owner_of(pod: Object) -> tuple[str, str]:
    """Kind, as kubectl writes it, and name of what owns a pod; the pod itself without an owner."""
    labels = labels_of(pod)
    for kind in OWNERS:
        named = labels.get(f"{PROXY_OWNER_PREFIX}{kind}")
        if named:
            return kind, named
    name = str(inner(pod, "metadata").get("name") or "")
    for owner in items(pod, "metadata", "ownerReferences")[:1]:
        kind, above = str(owner.get("kind") or "").lower(), str(owner.get("name") or "")
        hashed = labels.get(POD_TEMPLATE_HASH)
        if kind == "replicaset" and hashed and above.endswith(f"-{hashed}"):
            return "deployment", above.removesuffix(f"-{hashed}")
        return kind, above
    return "pod", name


def roots_of(pod: Object) -> tuple[x509.Certificate, ...] | None:
    """What the proxy of a pod trusts, where its environment has it as a literal."""
    for item in items(proxy_of(pod), "env"):
        if item.get("name") == _ENVIRONMENT and item.get("value"):
            return certificates(str(item["value"]))
    return None


def certificates(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM text; none where one of them cannot be read."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem.encode()))
    except ValueError:
        return ()


def _is_stale(
    started_with: str | None,
    roots: Collection[x509.Certificate] | None,
    current: Collection[str],
    anchors: Collection[x509.Certificate],
) -> bool:
    if started_with in current:
        return False
    # The same certificates may be written otherwise, and Linkerd 2.8 writes no hash.
    return bool(started_with) if roots is None else set(roots) != set(anchors)


def time_of(text: object) -> datetime | None:
    """A time as Kubernetes writes it; None where it is none."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
