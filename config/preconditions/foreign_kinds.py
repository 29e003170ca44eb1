"""Which kinds of other products have to be served, because objects of these kinds are made."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.cluster import ClusterConfig
from config.preconditions.expected import Needed
from vocabulary.kinds import BUNDLE, CERTIFICATE, CLUSTER_ISSUER, ISSUER, POD_MONITOR


def foreign_kinds(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of other owners' products that have to be served in a cluster."""
    yield from _issuing(name, cluster)
    yield from _platform(name, cluster)
    yield from _egress(name, cluster)


def _issuing(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of an existing cert-manager and an existing trust-manager."""
    config = cluster.cert_manager
    if config is None:
        return
    path = f"clusters.{name}.certManager"
    if not config.install:
        yield Needed(
            CERTIFICATE.api_version,
            (CERTIFICATE.name, CLUSTER_ISSUER.name, ISSUER.name),
            "cert-manager",
            f"install cert-manager first, or write {path}.install: true",
        )
    if config.trust_manager is not None and not config.trust_manager.install:
        yield Needed(
            BUNDLE.api_version,
            (BUNDLE.name,),
            "trust-manager",
            f"install trust-manager first, or write {path}.trustManager.install: true",
        )


def _platform(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of the Prometheus operator and of Traefik, if the stack file uses these products."""
    if cluster.monitoring.pod_monitors is not None:
        yield Needed(
            POD_MONITOR.api_version,
            (POD_MONITOR.name,),
            "the Prometheus operator",
            f"install it first, or leave clusters.{name}.monitoring.podMonitors out",
        )
    for served_by in dict.fromkeys(item.served_by for item in cluster.every_ingress):
        served = (item for item in cluster.every_ingress if item.served_by is served_by)
        kinds = tuple(dict.fromkeys(kind for item in served for kind in item.needed))
        if kinds:
            yield Needed(
                kinds[0].api_version,
                tuple(kind.name for kind in kinds),
                served_by.title,
                f"install {served_by.requirement} first, or name another controller",
            )


def _egress(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of the routes to allowed hosts, where another owner installs the Gateway API."""
    egress = cluster.linkerd.egress
    if egress is None or cluster.linkerd.gateway_api_crds:
        return
    for kind in dict.fromkeys(host.kind for host in egress.hosts):
        yield Needed(
            kind.api_version,
            (kind.name,),
            "the Gateway API (its experimental channel has TLSRoutes)",
            f"install its CRDs first, or leave clusters.{name}.linkerd.egress.hosts out",
        )
