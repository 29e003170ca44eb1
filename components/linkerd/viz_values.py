"""Values of linkerd-viz. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

import pulumi

from components.core.values import Values, ha_resources, merged, pull_secret_names
from components.linkerd.webhook_values import webhook_values
from config.core.cluster import ClusterConfig
from config.linkerd.control_plane import Grafana, Viz
from config.trust.issuance import Issuance
from vocabulary.linkerd import EXTERNAL_PROMETHEUS, VIZ

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
    ours |= webhook_values(VIZ_WEBHOOKS, VIZ, bundle, issuance)
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
    if config.viz.prometheus_url is not None:
        ours["prometheus"] = {"enabled": False}
        ours["prometheusUrl"] = config.viz.prometheus_url
    if config.viz.grafana is not None:
        ours["grafana"] = _grafana(config.viz.grafana)
    hosts = enforced_hosts(config.viz, cluster.domain)
    if hosts is not None:
        ours = merged(ours, {"dashboard": {"enforcedHostRegexp": hosts}})
    return merged(ours, config.viz.values)


def viz_annotations(viz: Viz) -> dict[str, str]:
    """What the namespace of the extension tells `linkerd check` of an external Prometheus."""
    if viz.prometheus_url is None:
        return {}
    return {EXTERNAL_PROMETHEUS: viz.prometheus_url}


def enforced_hosts(viz: Viz, domain: str) -> str | None:
    """Host names that the dashboard answers to; None for the chart's own.

    These are its own within the cluster, and those under which Traefik and Ambassador hand
    requests on; ingress-nginx writes a name of the cluster over them (Linkerd docs, "Exposing the
    dashboard").
    """
    if viz.enforced_host_regexp is not None:
        return viz.enforced_host_regexp
    exposed = []
    if viz.ingress is not None and not viz.ingress.served_by.rewrites_host:
        exposed.append(viz.ingress.host)
    if viz.route is not None:
        exposed.append(viz.route.host)
    if not exposed:
        return None
    inside = ["localhost", "127.0.0.1", f"web.{VIZ}.svc.{domain}"]
    names = [*inside, f"web.{VIZ}.svc", *dict.fromkeys(exposed)]
    plain = "|".join(name.replace(".", r"\.") for name in names)
    return rf"^({plain}|\[::1\])(:\d+)?$"


def _grafana(config: Grafana) -> Values:
    given = {
        "url": config.url,
        "externalUrl": config.external_url,
        "uidPrefix": config.uid_prefix,
    }
    return {key: value for key, value in given.items() if value is not None}
