"""Values of linkerd-viz. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

import pulumi

from components.values.merging import Values, ha_resources, merged, pull_secret_names
from components.values.webhooks import webhook_values
from config.cluster import ClusterConfig
from config.issuance import Issuance

VIZ_NAMESPACE = "linkerd-viz"
VIZ_WEBHOOKS = {"tap": "tap", "tapInjector": "tap-injector"}
"""Webhooks of the extension: key of the values, and the Service that answers."""


def viz_values(
    cluster: ClusterConfig, bundle: pulumi.Input[str], issuance: Issuance | None = None
) -> Values:
    """Values of linkerd-viz; `bundle` and `issuance` are those of the control plane."""
    config = cluster.linkerd
    ours: Values = {
        "clusterDomain": cluster.domain,
        "identityTrustDomain": cluster.trust_domain,
        "linkerdNamespace": config.namespace,
        "defaultRegistry": config.registry,
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        # We label the namespace ourselves.
        "createNamespaceMetadataJob": False,
    }
    ours |= webhook_values(VIZ_WEBHOOKS, VIZ_NAMESPACE, bundle, issuance)
    if config.high_availability:
        resources = ha_resources("100m", "250Mi", "50Mi")
        ha: Values = {
            "enablePodAntiAffinity": True,
            "enablePodDisruptionBudget": True,
            "tap": {"replicas": 3, "resources": resources},
            "dashboard": {"resources": resources},
            "prometheus": {"resources": ha_resources("300m", "8192Mi", "300Mi")},
        }
        ours = merged(ours, ha)
    return merged(ours, config.viz.values)
