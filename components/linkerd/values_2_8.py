"""Values of the charts of Linkerd 2.8: linkerd2, linkerd2-cni, linkerd2-multicluster.

Facts: the values files of the charts 2.8.1. They have no values for logins for registries,
and none for the registry of all images.
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import Values, linkerd_resources, merged
from components.linkerd.webhook_values import webhook_values
from config.core.cluster import ClusterConfig
from config.inventory import Webhook
from vocabulary.kubernetes import SECRET_TLS


def linkerd2_values(
    cluster: ClusterConfig, webhooks: Iterable[Webhook], bundle: pulumi.Input[str]
) -> Values:
    """Values of linkerd2, without any private key; `bundle` is the PEM of all anchors."""
    config = cluster.linkerd
    registry = config.registry
    ours: Values = {
        "global": {
            "namespace": config.namespace,
            "clusterDomain": cluster.domain,
            "identityTrustDomain": cluster.trust_domain,
            "identityTrustAnchorsPEM": bundle,
            "cniEnabled": config.cni,
            "proxy": {
                "image": {"name": f"{registry}/proxy"},
                "destinationGetNetworks": ",".join(cluster.networks),
            },
            "proxyInit": {"image": {"name": f"{registry}/proxy-init"}},
        },
        "controllerImage": f"{registry}/controller",
        "webImage": f"{registry}/web",
        "debugContainer": {"image": {"name": f"{registry}/debug"}},
        "grafana": {"image": {"name": f"{registry}/grafana"}},
        # The program makes the namespace, so that the Secrets in it come before the pods.
        "installNamespace": False,
        "identity": {"issuer": {"scheme": SECRET_TLS}},
        "disableHeartBeat": not config.heartbeat,
    }
    ours |= webhook_values(webhooks, bundle)
    if config.high_availability:
        ours = merged(ours, _high_availability())
    resources = linkerd_resources(config.proxy.resources)
    ours = merged(ours, {"global": {"proxy": {"resources": resources}}})
    return merged(ours, config.values)


def cni_values(cluster: ClusterConfig, namespace: str) -> Values:
    """Values of linkerd2-cni, which makes its `namespace` itself."""
    config = cluster.linkerd
    ours: Values = {
        "namespace": namespace,
        "cniPluginImage": f"{config.registry}/cni-plugin",
        # Left out, the chart writes an annotation without a value, which every API server refuses.
        "cliVersion": f"linkerd/helm {config.app_version}",
    }
    return merged(ours, config.cni_values)


def multicluster_values(cluster: ClusterConfig, namespace: str, *, source: bool) -> Values:
    """Values of linkerd2-multicluster without its own gateway, as the cluster has another.

    `source`: whether any link begins here; one service mirror serves all of them.
    """
    config = cluster.linkerd
    ours: Values = {
        "namespace": namespace,
        "installNamespace": False,
        "linkerdNamespace": config.namespace,
        "identityTrustDomain": cluster.trust_domain,
        "controllerImage": f"{config.registry}/controller",
        "gateway": False,
        "serviceMirror": source,
        # Each link has an account of its own, so that access of one can be revoked.
        "remoteMirrorServiceAccount": False,
    }
    return merged(ours, config.multicluster.values)


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
