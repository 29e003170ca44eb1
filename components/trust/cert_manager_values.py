"""Default values of cert-manager and trust-manager. Facts: the charts v1.21.2 and v0.25.0."""

from __future__ import annotations

from config.inventory.values.merging import Values


def cert_manager_values() -> Values:
    """Values of cert-manager."""
    return {
        # Without `keep`, deleting the release would delete every Certificate.
        "crds": {"enabled": True, "keep": True},
        # The chart's Job startupapicheck stays: the API server refuses every Issuer until the CA of
        # the webhook is injected, which may be after the pods are ready.
    }


def trust_manager_values() -> Values:
    """Values of trust-manager."""
    return {
        "crds": {"enabled": True, "keep": True},
        # The CAs of a Linux distribution must not be anchors of a mesh.
        "defaultPackage": {"enabled": False},
    }
