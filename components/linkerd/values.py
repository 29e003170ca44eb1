"""Values of Linkerd's charts: CRDs, CNI plugin, control plane, viz.

Facts: the values files of the charts 2026.8.3, and Linkerd's HA profile, which a release cannot
refer to because it lies inside the chart.
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import (
    Values,
    ha_resources,
    linkerd_resources,
    merged,
    pull_secret_names,
)
from components.linkerd.tracing_values import tracing_values
from components.linkerd.webhook_values import webhook_values
from config.core.cluster import ClusterConfig
from config.inventory import Webhook
from config.linkerd.control_plane import LinkerdConfig
from config.trust.issuance import Issuance
from config.variants.edge_releases import GATEWAY_API
from vocabulary.kubernetes import SECRET_TLS
from vocabulary.linkerd import EGRESS


def linkerd_crds_values(config: LinkerdConfig) -> Values:
    """Values of linkerd-crds; older charts have a value per route of the Gateway API."""
    keys = ["installGatewayAPI"]
    if config.lacks(GATEWAY_API):
        keys = ["enableHttpRoutes", "enableTlsRoutes", "enableTcpRoutes"]
    return merged(dict.fromkeys(keys, config.gateway_api_crds), config.crds_values)


def cni_values(config: LinkerdConfig) -> Values:
    """Values of linkerd2-cni."""
    ours: Values = {
        "image": {"name": f"{config.registry}/cni-plugin"},
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
    }
    return merged(ours, config.cni_values)


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
        "clusterDomain": cluster.domain,
        "clusterNetworks": ",".join(cluster.networks),
        "identityTrustDomain": cluster.trust_domain,
        "identityTrustAnchorsPEM": bundle,
        "identity": {"issuer": {"scheme": SECRET_TLS}},
        "controllerImage": f"{registry}/controller",
        "debugContainer": {"image": {"name": f"{registry}/debug"}},
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        "cniEnabled": config.cni,
        "disableHeartBeat": not config.heartbeat,
        "proxy": {
            "image": {"name": f"{registry}/proxy"},
            "defaultInboundPolicy": config.proxy.default_inbound_policy,
        },
    }
    if config.egress is not None:
        ours["egress"] = {"globalEgressNetworkNamespace": EGRESS}
    if config.heartbeat:
        # The chart's own default is the minute of rendering, so no two previews would agree.
        ours["heartbeatSchedule"] = "17 4 * * *"
    if issuance is not None and issuance.trust_roots == "trust-manager":
        # The PEM stays: `linkerd multicluster check` reads it, and pods restart when it changes.
        ours["identity"]["externalCA"] = True
    ours |= webhook_values(webhooks, bundle, issuance)
    ours = merged(ours, tracing_values(config))
    if config.high_availability:
        ours = merged(ours, _control_plane_ha())
    ours = merged(ours, {"proxy": {"resources": linkerd_resources(config.proxy.resources)}})
    return merged(ours, config.values)


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
