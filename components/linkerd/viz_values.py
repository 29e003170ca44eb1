"""Default values of linkerd-viz. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import ha_resources, pull_secret_names
from components.linkerd.webhook_values import bundles
from config.core.cluster import ClusterConfig
from config.inventory import Webhook
from config.inventory.values.merging import Values
from config.linkerd.control_plane import Viz
from config.trust.issuance import Issuance
from vocabulary.linkerd import EXTERNAL_PROMETHEUS


def viz_values(
    cluster: ClusterConfig,
    webhooks: Iterable[Webhook],
    bundle: pulumi.Input[str],
    issuance: Issuance | None = None,
) -> Values:
    """Values of linkerd-viz; `webhooks` are those of viz.

    `bundle` and `issuance` are those of the control plane.
    """
    config = cluster.linkerd
    ours: Values = {
        "defaultRegistry": config.registry,
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        **bundles(webhooks, bundle, issuance),
    }
    if not config.high_availability:
        return ours
    resources = ha_resources("100m", "250Mi", "50Mi")
    if config.viz.prometheus_url is None:
        ours["prometheus"] = {"resources": ha_resources("300m", "8192Mi", "300Mi")}
    return {
        **ours,
        "enablePodAntiAffinity": True,
        "enablePodDisruptionBudget": True,
        "tap": {**ours.get("tap", {}), "replicas": 3, "resources": resources},
        "dashboard": {"resources": resources},
    }


def viz_annotations(viz: Viz) -> dict[str, str]:
    """Annotations by which `linkerd check` learns of an external Prometheus."""
    if viz.prometheus_url is None:
        return {}
    return {EXTERNAL_PROMETHEUS: viz.prometheus_url}
