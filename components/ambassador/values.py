"""Default values of the charts of every flavour of Ambassador, and of the chart of its CRDs.

Facts: the values files of emissary-ingress 4.1.0 and 3.10.0, edge-stack 8.10.2 and ambassador
6.9.5. One block of values fits all of them; an Edge Stack has it under a key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.core.draining import SECONDS
from components.core.values import kubernetes_resources, pull_secret_names
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.service import ServiceConfig
from config.inventory.values.merging import Values, merged, nested
from config.variants.ambassadors import CrdsChart
from vocabulary.kubernetes import HOSTNAME, ZONE


def crds_values(config: AmbassadorConfig) -> Values:
    """Values of the chart of the CRDs: the API versions that the stack file's objects need."""
    crds = config.line.crds
    return dict(crds.values[config.objects_version]) if isinstance(crds, CrdsChart) else {}


def ambassador_values(config: AmbassadorConfig, *, drains: bool = False) -> Values:
    """Values of Ambassador's chart.

    `drains` says whether a hook of its container keeps the proxy, too, while a pod ends.
    """
    values = _emissary(config)
    # The chart of legacy Ambassador has no hooks.
    if drains and config.gateway is not None and config.line.newest_kubernetes is None:
        values["lifecycle"] = {"preStop": {"sleep": {"seconds": SECONDS}}}
    return merged(config.kind.values, nested(values, config.kind.emissary_values))


def _emissary(config: AmbassadorConfig) -> Values:
    ours: Values = {
        "replicaCount": config.replica_count,
        "podAnnotations": {},
        "service": {
            "annotations": dict(config.service.annotations),
            **_service_settings(config.service),
        },
        "test": {"enabled": False},
    }
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
