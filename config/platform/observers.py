"""Who reads Linkerd's metrics and dashboard, and the ports that Linkerd's policy opens to them.

Facts: the charts linkerd-viz and linkerd-multicluster, whose Servers admit viz's own Prometheus
alone; Linkerd docs, "Authorization Policy"; what ``linkerd viz allow-scrapes`` creates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from config.core.namespaces import made_namespaces
from config.links.gateway_view import Gateway
from config.platform.ingress import VIZ_PORT, VIZ_SERVICE
from config.platform.policy import Clients, OpenPort
from config.platform.recipes import WorkloadRef
from config.variants.edge_releases import MIRROR_SERVERS, VIZ_ADMIN
from vocabulary.linkerd import (
    CONTROL_PLANE_NS,
    EXTENSION,
    MULTICLUSTER,
    PROXY_ADMIN_PORT_NAME,
    VIZ,
    identity,
)

if TYPE_CHECKING:
    from config.core.cluster import ClusterConfig

METRICS = "linkerd-metrics"
"""Name of the Servers for the metrics of proxies."""
_CHART_SERVERS = (PROXY_ADMIN_PORT_NAME, "controller", "local-service-mirror")
"""Servers of the chart linkerd-multicluster since `MIRROR_SERVERS`."""
_MIRROR_PORT = 9999
"""Metrics of service mirrors, whatever the name of the port."""


def scrapers(cluster: ClusterConfig) -> tuple[Clients, ...]:
    """The Prometheuses that the policies of a cluster have to admit."""
    if not cluster.linkerd.generation.policy:
        return ()
    found, named, viz = [], cluster.monitoring.prometheus, cluster.linkerd.viz
    if named is not None and named.networks:
        found.append(Clients("prometheus", named.networks))
    elif named is not None:
        account = named.service_account or ""
        found.append(_account("prometheus", cluster, named.namespace or "", account))
    # Every other default policy admits it: it is meshed, and of the cluster's networks.
    denied = cluster.linkerd.proxy.default_inbound_policy == "deny"
    if viz.enabled and viz.prometheus_url is None and denied:
        found.append(_account("viz", cluster, VIZ, "prometheus"))
    return tuple(found)


def _account(name: str, cluster: ClusterConfig, namespace: str, account: str) -> Clients:
    own = identity(account, namespace, cluster.linkerd.namespace, cluster.trust_domain)
    return Clients(name, (), namespace, account, own)


def observed_ports(
    name: str,
    cluster: ClusterConfig,
    gateways: tuple[Gateway, ...],
    linked: bool,
    missing: Collection[WorkloadRef] = (),
) -> Iterator[OpenPort]:
    """Ports of the cluster called `name` that a Prometheus or the dashboard's clients reach.

    `linked` is whether it is an end of a link; `missing` are workloads that do not exist, whose
    namespaces may not exist either.
    """
    clients = scrapers(cluster)
    if clients:
        yield from _proxies(cluster, clients, gateways, missing)
        yield from _extensions(cluster, clients, linked=linked)
    yield from _dashboard(name, cluster)


def scraped_namespaces(
    cluster: ClusterConfig, missing: Collection[WorkloadRef] = ()
) -> tuple[str, ...]:
    """Namespaces whose proxies are read, each once: without those that have the charts' Servers."""
    closed = {cluster.linkerd.namespace, MULTICLUSTER}
    # The pods of Linkerd's CNI plugin and of cert-manager are not meshed.
    made = [
        item.name
        for item in made_namespaces(cluster, linked=False)
        if item.part in ("linkerd.viz", "linkerd.tracing", "sample")
    ]
    spaces = [
        *made,
        *(one.namespace for one in cluster.every_ambassador),
        *(patch.ref.pods_in for _, patch in cluster.patches if patch.ref not in missing),
        *cluster.monitoring.namespaces,
    ]
    return tuple(dict.fromkeys(space for space in spaces if space not in closed))


def _proxies(
    cluster: ClusterConfig,
    clients: tuple[Clients, ...],
    gateways: tuple[Gateway, ...],
    missing: Collection[WorkloadRef],
) -> Iterator[OpenPort]:
    for space in scraped_namespaces(cluster, missing):
        others: list[dict[str, object]] = [{"key": CONTROL_PLANE_NS, "operator": "Exists"}]
        for gateway in gateways:
            for server, port in gateway.servers.items():
                if gateway.namespace == space and port == PROXY_ADMIN_PORT_NAME:
                    yield OpenPort(space, server, clients)
                    key, value = list(gateway.pod_labels.items())[-1]
                    others.append({"key": key, "operator": "NotIn", "values": [value]})
        selector = {"matchExpressions": others}
        yield OpenPort(space, METRICS, clients, PROXY_ADMIN_PORT_NAME, selector)


def _extensions(
    cluster: ClusterConfig, clients: tuple[Clients, ...], *, linked: bool
) -> Iterator[OpenPort]:
    linkerd = cluster.linkerd
    named = tuple(one for one in clients if one.namespace != VIZ)
    if linkerd.viz.enabled:
        admin = "admin-http" if linkerd.lacks(VIZ_ADMIN) else "admin"
        own = [{"key": "component", "operator": "NotIn", "values": ["prometheus"]}]
        selector = {"matchLabels": {EXTENSION: "viz"}, "matchExpressions": own}
        yield OpenPort(VIZ, "linkerd-viz-admin", clients, admin, selector)
        if linkerd.viz.prometheus_url is None and named:
            yield OpenPort(VIZ, "prometheus-admin", named)
    if not linked:
        return
    # viz's own Prometheus is admitted by the chart.
    if not linkerd.lacks(MIRROR_SERVERS):
        for server in _CHART_SERVERS if named else ():
            yield OpenPort(MULTICLUSTER, server, named)
        return
    every = {"matchLabels": {EXTENSION: "multicluster"}}
    yield OpenPort(MULTICLUSTER, METRICS, clients, PROXY_ADMIN_PORT_NAME, every)
    yield OpenPort(MULTICLUSTER, "linkerd-mirrors", clients, _MIRROR_PORT, every)
    if named:
        yield OpenPort(MULTICLUSTER, "service-mirror", named)


def _dashboard(name: str, cluster: ClusterConfig) -> Iterator[OpenPort]:
    """The dashboard, where its route or its Ingress would be refused."""
    viz, policy, ambassador = (
        cluster.linkerd.viz,
        cluster.linkerd.proxy.default_inbound_policy,
        cluster.ambassador,
    )
    clients = []
    if viz.route is not None and ambassador is not None and policy == "deny":
        account = ambassador.account(name)
        clients.append(_account("ambassador", cluster, ambassador.namespace, account))
    if viz.ingress is not None and policy in ("deny", "all-authenticated", "cluster-authenticated"):
        # An ingress controller may have no proxy.
        clients.append(Clients("ingress", cluster.networks))
    if viz.enabled and clients:
        selector = {"matchLabels": {EXTENSION: "viz", "component": VIZ_SERVICE}}
        yield OpenPort(VIZ, "linkerd-dashboard", tuple(clients), VIZ_PORT, selector)
