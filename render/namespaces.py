"""Which objects of a chart live in a namespace, and in which.

Facts: the Kubernetes API reference (what `kubectl api-resources --namespaced=false` lists), and
``spec.scope`` of CRDs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vocabulary.kinds import Kind

_CLUSTER_SCOPED = frozenset(
    Kind(group, name)
    for group, names in {
        "": "ComponentStatus PersistentVolume",
        "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
        "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
        "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
        "gateway.networking.k8s.io": "GatewayClass",
        "networking.k8s.io": "IPAddress IngressClass ServiceCIDR",
        "node.k8s.io": "RuntimeClass",
        "policy": "PodSecurityPolicy",
        "resource.k8s.io": "DeviceClass ResourceSlice",
        "scheduling.k8s.io": "PriorityClass",
        "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    }.items()
    for name in names.split()
)
"""Cluster-scoped kinds beside those that `vocabulary.kinds` defines."""


def with_namespace(manifests: Iterable[dict[str, Any]], namespace: str) -> Iterable[dict[str, Any]]:
    """The objects of one release; those that live in a namespace and name none get `namespace`.

    The scope of a kind that the release defines is that of its CRD.
    """
    given = list(manifests)
    scopes = {
        Kind(item["spec"]["group"], item["spec"]["names"]["kind"]): item["spec"].get("scope")
        for item in given
        if item.get("kind") == "CustomResourceDefinition"
    }
    for item in given:
        metadata = item.setdefault("metadata", {})
        kind = Kind.of(item)
        if kind.namespaced and kind not in _CLUSTER_SCOPED and scopes.get(kind) != "Cluster":
            # Beside the name, where a reader looks for it.
            named = {"name": metadata["name"]} if "name" in metadata else {}
            placed = {**metadata, "namespace": metadata.get("namespace") or namespace}
            item["metadata"] = {**named, "namespace": None, **placed}
        yield item
