"""Default values of Linkerd's charts: CNI plugin, control plane.

Facts: the values files of the charts 2026.8.3, and Linkerd's HA profile, which a release cannot
refer to because it lies inside the chart.
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import ha_resources, linkerd_resources, pull_secret_names
from components.linkerd.webhook_values import bundles
from config.core.cluster import ClusterConfig
from config.inventory import Webhook
from config.inventory.values.merging import Values, merged
from config.linkerd.control_plane import LinkerdConfig
from config.trust.issuance import Issuance


def cni_values(config: LinkerdConfig) -> Values:
    """Values of linkerd2-cni."""
    return {
        "image": {"name": f"{config.registry}/cni-plugin"},
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
    }


def control_plane_values(
    cluster: ClusterConfig,
    webhooks: Iterable[Webhook],
    bundle: pulumi.Input[str],
    issuance: Issuance | None = None,
) -> Values:
    """Values of linkerd-control-plane, without any private key.

    `webhooks` are those of the control plane, `bundle` is the PEM of all anchors; `issuance` is how
    cert-manager issues certificates, None where it does not.
    """
    config = cluster.linkerd
    registry = config.registry
    ours: Values = {
        "identityTrustAnchorsPEM": bundle,
        "controllerImage": f"{registry}/controller",
        "debugContainer": {"image": {"name": f"{registry}/debug"}},
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        "proxy": {"image": {"name": f"{registry}/proxy"}},
        **bundles(webhooks, bundle, issuance),
    }
    if config.heartbeat:
        # The chart's own default is the minute of rendering, so no two previews would agree.
        ours["heartbeatSchedule"] = "17 4 * * *"
    if config.high_availability:
        ours = merged(ours, _control_plane_ha())
    return merged(ours, {"proxy": {"resources": linkerd_resources(config.proxy.resources)}})


def _control_plane_ha() -> Values:
    resources = ha_resources("100m", "250Mi", "50Mi")
    return {
        "highAvailability": True,
        "enablePodAntiAffinity": True,
        "enablePodDisruptionBudget": True,
        "controller": {"podDisruptionBudget": {"maxUnavailable": 1}},
        "controllerReplicas": 3,
        "deploymentStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
        "webhookFailurePolicy": "Fail",
        "controllerResources": resources,
        "destinationResources": resources,
        "heartbeatResources": resources,
        "identityResources": ha_resources("100m", "250Mi", "10Mi"),
        "proxyInjectorResources": resources,
        "spValidatorResources": resources,
        "proxy": {
            "resources": {
                "cpu": {"request": "100m"},
                "memory": {"limit": "250Mi", "request": "20Mi"},
            }
        },
    }
