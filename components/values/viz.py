"""Values of linkerd-viz. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

import pulumi

from components.values.merging import Values, ha_resources, merged, pull_secret_names
from config.cluster import ClusterConfig

VIZ_WEBHOOKS = {"tap": "tap", "tapInjector": "tap-injector"}
"""Webhooks of the extension: key of the values, and the Service that answers."""


def viz_values(cluster: ClusterConfig, bundle: pulumi.Input[str]) -> Values:
    """Values of linkerd-viz."""
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
    for key in VIZ_WEBHOOKS:
        ours[key] = {"externalSecret": True, "caBundle": bundle}
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
