"""Default values of the charts of Linkerd 2.8: linkerd2, linkerd2-cni, linkerd2-multicluster.

Facts: the values files of the charts 2.8.1. They have no values for logins for registries,
and none for the registry of all images.
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import linkerd_resources
from components.linkerd.webhook_values import bundles
from config.inventory import Webhook
from config.inventory.values.merging import Values, merged
from config.linkerd.control_plane import LinkerdConfig


def linkerd2_values(
    config: LinkerdConfig, webhooks: Iterable[Webhook], bundle: pulumi.Input[str]
) -> Values:
    """Values of linkerd2, without any private key; `bundle` is the PEM of all anchors."""
    registry = config.registry
    ours: Values = {
        "global": {
            "identityTrustAnchorsPEM": bundle,
            "proxy": {"image": {"name": f"{registry}/proxy"}},
            "proxyInit": {"image": {"name": f"{registry}/proxy-init"}},
        },
        "controllerImage": f"{registry}/controller",
        "webImage": f"{registry}/web",
        "debugContainer": {"image": {"name": f"{registry}/debug"}},
        "grafana": {"image": {"name": f"{registry}/grafana"}},
        **bundles(webhooks, bundle),
    }
    if config.high_availability:
        ours = merged(ours, _high_availability())
    resources = linkerd_resources(config.proxy.resources)
    return merged(ours, {"global": {"proxy": {"resources": resources}}})


def cni_values(config: LinkerdConfig) -> Values:
    """Values of linkerd2-cni."""
    return {
        "cniPluginImage": f"{config.registry}/cni-plugin",
        # Left out, the chart writes an annotation without a value, which every API server refuses.
        "cliVersion": f"linkerd/helm {config.app_version}",
    }


def multicluster_values(config: LinkerdConfig) -> Values:
    """Values of linkerd2-multicluster."""
    return {"controllerImage": f"{config.registry}/controller"}


def _high_availability() -> Values:
    """Values of the chart's own HA profile, which a release cannot refer to."""
    common = _resources("1", "250Mi", "50Mi")
    components = (
        "controller",
        "destination",
        "publicAPI",
        "heartbeat",
        "proxyInjector",
        "spValidator",
        "tap",
        "web",
    )
    return {
        "enablePodAntiAffinity": True,
        "controllerReplicas": 3,
        "webhookFailurePolicy": "Fail",
        **{f"{name}Resources": common for name in components},
        "identityResources": _resources("1", "250Mi", "10Mi"),
        "prometheusResources": {
            "cpu": {"limit": "4", "request": "300m"},
            "memory": {"limit": "8192Mi", "request": "300Mi"},
        },
        "grafana": {"resources": _resources("1", "1024Mi", "50Mi")},
        "global": {"proxy": {"resources": _resources("1", "250Mi", "20Mi")}},
    }


def _resources(cpu_limit: str, memory_limit: str, memory_request: str) -> Values:
    return {
        "cpu": {"limit": cpu_limit, "request": "100m"},
        "memory": {"limit": memory_limit, "request": memory_request},
    }
