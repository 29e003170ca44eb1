"""Helm values from models: pure functions, one per chart.

Facts: the values files of the charts 2026.8.3 and 4.1.0, and Linkerd's HA profile, which a
release cannot refer to because it lies inside the chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from config.ambassador import AmbassadorConfig, GatewayConfig
from config.base import PullSecret, Resources
from config.cluster import ClusterConfig
from config.linkerd import LinkerdConfig

Values = dict[str, Any]

WEBHOOKS = {
    "proxyInjector": "linkerd-proxy-injector",
    "profileValidator": "linkerd-sp-validator",
    "policyValidator": "linkerd-policy-validator",
}
"""Control-plane webhooks: key of the values, and the Service that answers."""

VIZ_WEBHOOKS = {"tap": "tap", "tapInjector": "tap-injector"}
"""The same for the viz extension."""


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Values:
    """`ours` with `theirs` laid over it: mappings are merged, all else is replaced."""
    result = dict(ours)
    for key, value in theirs.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merged(mine, value)
        else:
            result[key] = value
    return result


def linkerd_crds_values(config: LinkerdConfig) -> Values:
    """Values of linkerd-crds."""
    return merged({"installGatewayAPI": config.gateway_api_crds}, config.crds_values)


def cni_values(config: LinkerdConfig) -> Values:
    """Values of linkerd2-cni."""
    ours: Values = {
        "image": {"name": f"{config.image_registry}/cni-plugin"},
        "imagePullSecrets": _pull_secrets(config.image_pull_secrets),
    }
    return merged(ours, config.cni_values)


def control_plane_values(cluster: ClusterConfig, bundle: pulumi.Input[str]) -> Values:
    """Values of linkerd-control-plane; `bundle` is the PEM of all anchors.

    No private key is among them: issuer and webhook keys are Secrets of their own.
    """
    config = cluster.linkerd
    registry = config.image_registry
    ours: Values = {
        "clusterDomain": cluster.domain,
        "clusterNetworks": ",".join(cluster.networks),
        "identityTrustDomain": cluster.trust_domain,
        "identityTrustAnchorsPEM": bundle,
        "identity": {"issuer": {"scheme": "kubernetes.io/tls"}},
        "controllerImage": f"{registry}/controller",
        "debugContainer": {"image": {"name": f"{registry}/debug"}},
        "imagePullSecrets": _pull_secrets(config.image_pull_secrets),
        "cniEnabled": config.cni,
        "disableHeartBeat": not config.heartbeat,
        "proxy": {
            "image": {"name": f"{registry}/proxy"},
            "defaultInboundPolicy": config.proxy.default_inbound_policy,
        },
    }
    if config.heartbeat:
        # The chart's own default is the minute of rendering, so no two previews would agree.
        ours["heartbeatSchedule"] = "17 4 * * *"
    for key in WEBHOOKS:
        ours[key] = {"externalSecret": True, "caBundle": bundle}
    if config.high_availability:
        ours = merged(ours, _control_plane_ha())
    ours = merged(ours, {"proxy": {"resources": _linkerd_resources(config.proxy.resources)}})
    return merged(ours, config.values)


def viz_values(cluster: ClusterConfig, bundle: pulumi.Input[str]) -> Values:
    """Values of linkerd-viz."""
    config = cluster.linkerd
    ours: Values = {
        "clusterDomain": cluster.domain,
        "identityTrustDomain": cluster.trust_domain,
        "linkerdNamespace": config.namespace,
        "defaultRegistry": config.image_registry,
        "imagePullSecrets": _pull_secrets(config.image_pull_secrets),
        # We label the namespace ourselves.
        "createNamespaceMetadataJob": False,
    }
    for key in VIZ_WEBHOOKS:
        ours[key] = {"externalSecret": True, "caBundle": bundle}
    if config.high_availability:
        resources = _ha_resources("100m", "250Mi", "50Mi")
        ha: Values = {
            "enablePodAntiAffinity": True,
            "enablePodDisruptionBudget": True,
            "tap": {"replicas": 3, "resources": resources},
            "dashboard": {"resources": resources},
            "prometheus": {"resources": _ha_resources("300m", "8192Mi", "300Mi")},
        }
        ours = merged(ours, ha)
    return merged(ours, config.viz.values)


@dataclass(frozen=True)
class ServiceMirror:
    """What the multicluster chart has to know of one link's controller."""

    link: str
    """Name of the Link, which is that of the target cluster."""
    probe_port: int
    """Port of the target's gateway that is probed; the chart's must equal the Link's."""
    credentials_digest: pulumi.Input[str]
    """Changes with the credentials."""


def multicluster_values(cluster: ClusterConfig, mirrors: Sequence[ServiceMirror]) -> Values:
    """Values of linkerd-multicluster without its own gateway, which Ambassador is."""
    config = cluster.linkerd
    image = {"name": f"{config.image_registry}/controller"}
    ours: Values = {
        "gateway": {"enabled": False},
        # Each link has an account of its own, so that one can be withdrawn without the others.
        "remoteMirrorServiceAccount": False,
        "createNamespaceMetadataJob": False,
        "linkerdNamespace": config.namespace,
        "identityTrustDomain": cluster.trust_domain,
        "imagePullSecrets": _pull_secrets(config.image_pull_secrets),
        "enableNamespaceCreation": config.multicluster.create_namespaces,
        "localServiceMirror": {"image": image},
        "controllerDefaults": {"image": image},
        "controllers": [
            {"link": {"ref": {"name": m.link}}, "gateway": {"probe": {"port": m.probe_port}}}
            for m in mirrors
        ],
    }
    if mirrors:
        # A controller keeps its watch on a revoked token and never reads its Secret again.
        ours["podAnnotations"] = {
            f"{CREDENTIALS_ANNOTATION}.{m.link}": m.credentials_digest for m in mirrors
        }
    if config.high_availability:
        ours["enablePodAntiAffinity"] = True
        ours["localServiceMirror"] = {**ours["localServiceMirror"], "replicas": 3}
        ours["controllerDefaults"] = {
            **ours["controllerDefaults"],
            "replicas": 3,
            "enablePodAntiAffinity": True,
        }
    return merged(ours, config.multicluster.values)


CREDENTIALS_ANNOTATION = "linkerd-ambassador-mesh/credentials"
"""Pod annotation, followed by the link's name, that restarts a controller on new credentials."""


def emissary_crds_values(config: AmbassadorConfig) -> Values:
    """Values of emissary-crds-chart: v3alpha1 only, so that no conversion webhook is needed."""
    return merged({"enableLegacyVersions": False}, config.crds_values)


def emissary_values(
    config: AmbassadorConfig, service_account: str, gateway_annotations: Mapping[str, str]
) -> Values:
    """Values of emissary-ingress.

    `gateway_annotations` are those of the Service when Ambassador is the multicluster gateway.
    """
    pod_annotations = {"linkerd.io/inject": "enabled"}
    ports = [_service_port("http", 80, 8080), _service_port("https", 443, 8443)]
    if config.gateway is not None:
        pod_annotations["config.linkerd.io/enable-gateway"] = "true"
        ports = _gateway_ports(ports, config.gateway)
    service: Values = {
        "type": config.service.type,
        "ports": ports,
        "annotations": {**config.service.annotations, **gateway_annotations},
    }
    if config.service.source_ranges:
        service["loadBalancerSourceRanges"] = list(config.service.source_ranges)
    if config.service.load_balancer_class:
        service["loadBalancerClass"] = config.service.load_balancer_class
    if config.service.external_traffic_policy:
        service["externalTrafficPolicy"] = config.service.external_traffic_policy
    ours: Values = {
        "fullnameOverride": config.name,
        "replicaCount": config.replica_count,
        "serviceAccount": {"name": service_account},
        "podAnnotations": pod_annotations,
        "service": service,
        "module": {"add_linkerd_headers": config.linkerd_headers},
        # Ours are objects of their own, so that a stack file can say which.
        "createDefaultListeners": False,
    }
    resources = _kubernetes_resources(config.resources)
    if resources:
        ours["resources"] = resources
    if config.image:
        ours["image"] = {"repository": config.image}
    if config.image_pull_secrets:
        ours["imagePullSecrets"] = _pull_secrets(config.image_pull_secrets)
    if config.high_availability:
        ours["podDisruptionBudget"] = {"maxUnavailable": 1}
        ours["topologySpreadConstraints"] = _spread(config.name)
    return merged(ours, config.values)


def _service_port(name: str, port: int, target: int) -> Values:
    return {"name": name, "port": port, "targetPort": target}


def _gateway_ports(ports: list[Values], gateway: GatewayConfig) -> list[Values]:
    probe = _service_port("mc-probe", gateway.service_probe_port, gateway.pod_probe_port)
    # Where Ambassador itself is probed on its own port, that port takes the probe's name.
    others = [port for port in ports if port["port"] != gateway.service_probe_port]
    return [*others, _service_port("mc-gateway", gateway.port, 4143), probe]


def _spread(name: str) -> list[Values]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _control_plane_ha() -> Values:
    resources = _ha_resources("100m", "250Mi", "50Mi")
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
        "identityResources": _ha_resources("100m", "250Mi", "10Mi"),
        "proxyInjectorResources": resources,
        "spValidatorResources": resources,
        "proxy": {
            "resources": {
                "cpu": {"request": "100m"},
                "memory": {"limit": "250Mi", "request": "20Mi"},
            }
        },
    }


def _ha_resources(cpu: str, memory_limit: str, memory_request: str) -> Values:
    return {
        "cpu": {"limit": "", "request": cpu},
        "memory": {"limit": memory_limit, "request": memory_request},
    }


def _linkerd_resources(resources: Resources) -> Values:
    """Linkerd's charts sort by resource, then by request and limit; what is not given stays."""
    result: Values = {}
    for kind, key, value in (
        ("cpu", "request", resources.cpu_request),
        ("cpu", "limit", resources.cpu_limit),
        ("memory", "request", resources.memory_request),
        ("memory", "limit", resources.memory_limit),
    ):
        if value is not None:
            result.setdefault(kind, {})[key] = value
    return result


def _kubernetes_resources(resources: Resources) -> Values:
    result: Values = {}
    for key, kind, value in (
        ("requests", "cpu", resources.cpu_request),
        ("limits", "cpu", resources.cpu_limit),
        ("requests", "memory", resources.memory_request),
        ("limits", "memory", resources.memory_limit),
    ):
        if value is not None:
            result.setdefault(key, {})[kind] = value
    return result


def _pull_secrets(secrets: Sequence[PullSecret]) -> list[Values]:
    return [{"name": secret.name} for secret in secrets]
