"""Values of cert-manager and trust-manager. Facts: the charts v1.21.2 and v0.25.0."""

from __future__ import annotations

from components.core.values import Values, merged
from config.trust.cert_manager import CertManagerConfig, TrustManagerConfig


def cert_manager_values(config: CertManagerConfig) -> Values:
    """Values of cert-manager."""
    ours: Values = {
        # Without `keep`, deleting the release would delete every Certificate.
        "crds": {"enabled": True, "keep": True},
        # The chart's Job startupapicheck stays: the API server refuses every Issuer until the CA of
        # the webhook is injected, which may be after the pods are ready.
    }
    return merged(ours, config.values)


def trust_manager_values(config: CertManagerConfig, trust: TrustManagerConfig) -> Values:
    """Values of trust-manager, which reads Secrets of cert-manager's namespace."""
    ours: Values = {
        "crds": {"enabled": True, "keep": True},
        "app": {"trust": {"namespace": config.namespace}},
        # The CAs of a Linux distribution must not be anchors of a mesh.
        "defaultPackage": {"enabled": False},
    }
    return merged(ours, trust.values)
