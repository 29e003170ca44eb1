"""Values of the charts of every flavour of Ambassador, and of the chart of its CRDs.

Facts: the values files of emissary-ingress 4.1.0 and 3.10.0, edge-stack 8.10.2 and ambassador
6.9.5. One block of values fits all of them; an Edge Stack has it under a key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from components.core.values import Values, kubernetes_resources, merged, nested, pull_secret_names
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.edge_stack import EdgeStackConfig
from config.ambassador.service import ServiceConfig
from config.links.gateway_view import Gateway, GatewayPort
from config.variants.ambassadors import CrdsChart, CrdsManifest
from vocabulary.ambassador import CONVERSION_WEBHOOK, HTTP_PORT, HTTPS_PORT, ID_VARIABLE
from vocabulary.kubernetes import HOSTNAME, ZONE

PUBLIC_PORTS = (GatewayPort("http", 80, HTTP_PORT), GatewayPort("https", 443, HTTPS_PORT))
"""Ports by which clients reach an installed Ambassador."""


def crds_values(config: AmbassadorConfig) -> Values:
    """Values of the chart of the CRDs: the API versions that the stack file's objects need."""
    crds = config.line.crds
    ours = dict(crds.values[config.objects_version]) if isinstance(crds, CrdsChart) else {}
    return merged(ours, config.crds_values)


def ambassador_values(
    config: AmbassadorConfig,
    service_account: str,
    pod_annotations: Mapping[str, str],
    gateway: Gateway | None,
) -> Values:
    """Values of Ambassador's chart; `gateway` is what its Service is to other clusters."""
    ours = nested(
        _emissary(config, service_account, pod_annotations, gateway),
        config.kind.emissary_values,
    )
    ours = merged(config.kind.values, ours)
    if config.kind.licensed and config.edge_stack is not None:
        ours = merged(ours, _edge_stack(config, config.edge_stack))
    return merged(ours, config.values)


def _emissary(
    config: AmbassadorConfig,
    service_account: str,
    pod_annotations: Mapping[str, str],
    gateway: Gateway | None,
) -> Values:
    # A gateway's own Service has its ports and its annotations.
    shared = gateway if gateway is not None and gateway.own_service is None else None
    ports = shared.ports if shared is not None else ()
    taken = {port.number for port in ports}
    # Where Ambassador itself is probed on its own port, that port has the probe's name.
    own = [
        replace(port, node=getattr(config.service.node_ports, port.name))
        for port in PUBLIC_PORTS
        if port.number not in taken
    ]
    annotations = shared.annotations if shared is not None else {}
    ours: Values = {
        "fullnameOverride": config.name,
        "replicaCount": config.replica_count,
        "serviceAccount": {"name": service_account},
        "podAnnotations": dict(pod_annotations),
        "service": {
            "type": config.service.type,
            # Without a target, the charts would make a container port 0.
            "ports": [
                {"name": port.name, "port": port.number, "targetPort": port.target}
                | ({"nodePort": port.node} if port.node is not None else {})
                for port in (*own, *ports)
            ],
            "annotations": {**config.service.annotations, **annotations},
            **_service_settings(config.service),
        },
        "module": {"add_linkerd_headers": config.linkerd_headers},
        "test": {"enabled": False},
    }
    ours |= _env(config)
    if config.kind.listeners:
        # Listeners are objects of their own, so that a stack file can name them.
        ours["createDefaultListeners"] = False
    if config.objects_version in config.line.converted:
        crds = config.line.crds
        ours["waitForApiext"] = {
            "enabled": True,
            "deploymentNamespace": (
                crds.namespace if isinstance(crds, CrdsManifest) else config.crds_namespace
            ),
        }
    ours |= _rbac(config)
    resources = kubernetes_resources(config.resources)
    if resources:
        ours["resources"] = resources
    if config.image:
        ours["image"] = {config.kind.image_key: config.image}
    if config.image_pull_secrets:
        ours["imagePullSecrets"] = pull_secret_names(config.image_pull_secrets)
    if config.high_availability:
        ours["podDisruptionBudget"] = {"maxUnavailable": 1}
        ours["topologySpreadConstraints"] = _spread(config.pod_labels)
    return ours


def _edge_stack(config: AmbassadorConfig, settings: EdgeStackConfig) -> Values:
    """Values of both levels of the chart edge-stack."""
    inner: Values = {"agent": {"enabled": settings.cloud_connect_token is not None}}
    outer: Values = {
        # The outer level names Redis and the Secret, the inner one what reads them.
        "fullnameOverride": config.name,
        # The licence is a Secret of its own, never a Helm value.
        "licenseKey": {"createSecret": False},
        "createDevPortalMappings": settings.dev_portal,
        "authService": {"create": settings.auth_service},
        "rateLimit": {"create": settings.rate_limit},
    }
    outer |= _rbac(config) | _env(config)
    if settings.licensed:
        secret = settings.license_secret or settings.secrets(config.name)[0]
        outer["licenseKey"] = {"createSecret": False, "secretName": secret}
        inner["licenseKey"] = {"secretName": secret}
    if settings.auth_service_linkerd_headers:
        outer["authService"] = {
            "create": settings.auth_service,
            "optional_configurations": {"add_linkerd_headers": True},
        }
    if settings.redis_url is not None:
        outer["redis"] = {"create": False}
        inner["redisURL"] = settings.redis_url
    return merged(outer, nested(inner, config.kind.emissary_values))


def _env(config: AmbassadorConfig) -> Values:
    """Variables of the pods; the charts give the objects that they make the id in it."""
    return {"env": {ID_VARIABLE: config.ambassador_id}} if config.ambassador_id else {}


def _rbac(config: AmbassadorConfig) -> Values:
    """Another name for Roles where that of the pods' Role would be the conversion webhook's.

    Helm refuses to install an object that does not belong to its release.
    """
    same = (
        f"{config.name}-apiext" == CONVERSION_WEBHOOK
        and config.objects_version in config.line.converted
    )
    return {"rbac": {"nameOverride": f"{config.name}-ingress"}} if same else {}


def _service_settings(service: ServiceConfig) -> Values:
    found: Values = {}
    if service.load_balancer_ip:
        found["loadBalancerIP"] = service.load_balancer_ip
    if service.source_ranges:
        found["loadBalancerSourceRanges"] = list(service.source_ranges)
    if service.load_balancer_class:
        found["loadBalancerClass"] = service.load_balancer_class
    if service.external_traffic_policy:
        found["externalTrafficPolicy"] = service.external_traffic_policy
    return found


def _spread(labels: Mapping[str, str]) -> list[Values]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in (ZONE, HOSTNAME)
    ]
