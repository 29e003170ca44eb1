"""Whether an object lives in a namespace.

Facts: the Kubernetes API reference (what `kubectl api-resources --namespaced=false` lists), and
``spec.scope`` of CRDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Kind = tuple[str, str]
"""API group (empty for the core group) and kind."""

CLUSTER_SCOPED: frozenset[Kind] = frozenset(
    {
        ("", "ComponentStatus"),
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("certificates.k8s.io", "ClusterTrustBundle"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodSecurityPolicy"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("resource.k8s.io", "ResourceSlice"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
    }
)


def kind_of(manifest: Mapping[str, Any]) -> Kind:
    """API group and kind of a manifest."""
    group, slash, _ = str(manifest.get("apiVersion", "")).rpartition("/")
    return (group if slash else "", str(manifest.get("kind", "")))


def with_namespace(manifests: Iterable[dict[str, Any]], namespace: str) -> Iterable[dict[str, Any]]:
    """Manifests of one release, those that live in a namespace and name none put into its own.

    Kinds that the release itself defines are known by its CRDs.
    """
    given = list(manifests)
    cluster_scoped = CLUSTER_SCOPED | {
        (manifest["spec"]["group"], manifest["spec"]["names"]["kind"])
        for manifest in given
        if manifest.get("kind") == "CustomResourceDefinition"
        and manifest["spec"].get("scope") == "Cluster"
    }
    for manifest in given:
        metadata = manifest.setdefault("metadata", {})
        if kind_of(manifest) not in cluster_scoped:
            # Beside the name, where a reader looks for it.
            named = {"name": metadata["name"]} if "name" in metadata else {}
            placed = {**metadata, "namespace": metadata.get("namespace") or namespace}
            manifest["metadata"] = {**named, "namespace": None, **placed}
        yield manifest
