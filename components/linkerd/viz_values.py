"""Values of linkerd-viz. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import Values, ha_resources, merged, pull_secret_names
from components.linkerd.webhook_values import webhook_values
from config.core.cluster import ClusterConfig
from config.inventory import Webhook
from config.linkerd.control_plane import Grafana, Viz
from config.trust.issuance import Issuance
from vocabulary.linkerd import EXTERNAL_PROMETHEUS, VIZ


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
        "clusterDomain": cluster.domain,
        "identityTrustDomain": cluster.trust_domain,
        "linkerdNamespace": config.namespace,
        "defaultRegistry": config.registry,
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        # The program labels the namespace.
        "createNamespaceMetadataJob": False,
    }
    ours |= webhook_values(webhooks, bundle, issuance)
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
    """Annotations by which `linkerd check` learns of an external Prometheus."""
    if viz.prometheus_url is None:
        return {}
    return {EXTERNAL_PROMETHEUS: viz.prometheus_url}


def enforced_hosts(viz: Viz, domain: str) -> str | None:
    """Regular expression of the host names that the dashboard answers; None for the chart's own.

    These are its own within the cluster, and those that Traefik and Ambassador keep in requests;
    ingress-nginx replaces them by a name of the cluster (Linkerd docs, "Exposing the dashboard").
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
