"""Derived values of the extensions viz, jaeger and multicluster.

Facts: the values files of the charts linkerd-viz and linkerd-multicluster 2026.8.3, and
linkerd-jaeger 2025.9.4 and 30.12.11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.inventory.values.derived import Derived, Entry, derived, passing
from config.inventory.values.linkerd import names, webhook_values
from config.inventory.webhooks import Webhook
from config.linkerd.control_plane import Viz
from config.links.link import LinkConfig
from config.links.selection import WAYS, own_members
from config.trust.issuance import Issuance
from vocabulary.linkerd import VIZ

CREDENTIALS_ANNOTATION = "linkerd-ambassador-mesh/credentials"
"""Pod annotation, followed by the link's name, that restarts a controller on new credentials."""


def viz(
    cluster: ClusterConfig, servers: Iterable[Webhook], issuance: Issuance | None, at: str
) -> Iterator[Derived]:
    """Values of linkerd-viz; `servers` are its webhooks, `at` is the key path of the cluster."""
    config, key = cluster.linkerd.viz, f"{at}.linkerd.viz"
    yield derived("clusterDomain", cluster.domain, f"{at}.domain")
    yield from names(cluster, at)
    # The program labels the namespace.
    yield derived("createNamespaceMetadataJob", False, "")
    yield from webhook_values(servers, issuance)
    url = config.prometheus_url
    source = passing(url is not None)
    yield derived("prometheus.enabled", url is None, f"{key}.prometheusUrl", source)
    yield derived("prometheusUrl", url, f"{key}.prometheusUrl", source)
    if config.grafana is not None:
        for name in ("url", "externalUrl", "uidPrefix"):
            given = config.grafana.model_dump(by_alias=True)[name]
            where = f"{key}.grafana.{name}"
            yield derived(f"grafana.{name}", given, where, passing(given is not None))
    hosts = enforced_hosts(config, cluster.domain)
    if hosts is not None:
        yield derived("dashboard.enforcedHostRegexp", hosts, f"{key}.enforcedHostRegexp")


def jaeger(cluster: ClusterConfig, servers: Iterable[Webhook], at: str) -> Iterator[Derived]:
    """Values of linkerd-jaeger, without its own collector and Jaeger."""
    config, key = cluster.linkerd, f"{at}.linkerd.tracing"
    tracing = config.tracing
    yield derived("linkerdNamespace", config.namespace, f"{at}.linkerd.namespace")
    # Its injector uses it for identities alone, which end in the trust domain.
    yield derived("clusterDomain", cluster.trust_domain, f"{at}.linkerd.trustDomain")
    # The program labels the namespace.
    yield derived("createNamespaceMetadataJob", False, "")
    yield derived("collector.enabled", False, f"{key}.collector")
    yield derived("jaeger.enabled", False, f"{key}.collector")
    yield from webhook_values(servers, None)
    if tracing is None:
        return
    yield derived("webhook.collectorSvcAddr", tracing.collector, f"{key}.collector")
    yield derived("webhook.collectorSvcAccount", tracing.service_account, f"{key}.serviceAccount")
    if config.jaeger_has_protocol:
        # Their default protocol changed with 2025.2.2.
        protocol = "opencensus" if tracing.speaks_open_census else "opentelemetry"
        yield derived("webhook.collectorTraceProtocol", protocol, f"{key}.collector")


def multicluster(mesh: MeshConfig, name: str, at: str) -> Iterator[Derived]:
    """Values of linkerd-multicluster without its own gateway, as the cluster has another."""
    cluster = mesh.clusters[name]
    create = cluster.linkerd.multicluster.create_namespaces
    key = f"{at}.linkerd.multicluster.createNamespaces"
    yield derived("gateway.enabled", False, f"{at}.ambassador.gateway")
    # Each link has an account of its own, so that access of one can be revoked.
    yield derived("remoteMirrorServiceAccount", False, "")
    yield derived("createNamespaceMetadataJob", False, "")
    yield derived("enableNamespaceCreation", create, key)
    yield from names(cluster, at)
    yield from _local_mirror(mesh.links_from(name))
    for link in mesh.links_from(name):
        if link.target not in mesh.clusters:
            continue
        mirror = ("controllers", Entry(link.target))
        gateway = mesh.gateway_of(link)
        where = "links" if gateway is None else f"{gateway.key}.probePort"
        if gateway is not None:
            # The chart's must equal the Link's.
            yield derived((*mirror, "gateway", "probe", "port"), gateway.probe.port.number, where)
        enabled, headless = gateway is not None, link.headless_services
        yield derived((*mirror, "gateway", "enabled"), enabled, "links", passing(not enabled))
        yield derived((*mirror, "enableHeadlessServices"), headless, "links", passing(headless))
        # A controller keeps its watch after a token is revoked, and never reads its Secret again.
        annotation = f"{CREDENTIALS_ANNOTATION}.{link.target}"
        yield derived(("podAnnotations", annotation), None, "", "placed")


def _local_mirror(links: Sequence[LinkConfig]) -> Iterator[Derived]:
    """Values of the controller of a cluster's own members of federated Services.

    It is one for all of the `links` that begin there.
    """
    query, way = next((own.query for own in own_members(links)), None), WAYS[-1]
    every = {
        "federatedServiceSelector": query or f"{way.label}={way.value}",
        "excludedLabels": _listed(link.excluded_labels for link in links),
        "excludedAnnotations": _listed(link.excluded_annotations for link in links),
    }
    passed = {**every, "federatedServiceSelector": query}
    for name, value in every.items():
        yield derived(f"localServiceMirror.{name}", value, "links", passing(bool(passed[name])))


def _listed(every: Iterable[Iterable[str]]) -> str:
    return ",".join(dict.fromkeys(key for keys in every for key in keys))


def enforced_hosts(config: Viz, domain: str) -> str | None:
    """Regular expression of the host names that the dashboard answers; None for the chart's own.

    These are its own within the cluster, and those that Traefik and Ambassador keep in requests;
    ingress-nginx replaces them by a name of the cluster (Linkerd docs, "Exposing the dashboard").
    """
    if config.enforced_host_regexp is not None:
        return config.enforced_host_regexp
    exposed = []
    if config.ingress is not None and not config.ingress.served_by.rewrites_host:
        exposed.append(config.ingress.host)
    if config.route is not None:
        exposed.append(config.route.host)
    if not exposed:
        return None
    inside = ["localhost", "127.0.0.1", f"web.{VIZ}.svc.{domain}"]
    every = [*inside, f"web.{VIZ}.svc", *dict.fromkeys(exposed)]
    plain = "|".join(name.replace(".", r"\.") for name in every)
    return rf"^({plain}|\[::1\])(:\d+)?$"
