"""Derived values of the charts of the control plane, of the CNI plugin, and of cert-manager.

Facts: the values files of the charts 2026.8.3 and of the charts 2.8.1; cert-manager v1.21.2 and
trust-manager v0.25.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from config.core.cluster import ClusterConfig
from config.inventory.values.derived import Derived, all_derived, derived, passing
from config.inventory.webhooks import Webhook
from config.linkerd.control_plane import LinkerdConfig
from config.trust.issuance import Issuance
from config.variants.edge_releases import GATEWAY_API
from vocabulary.kubernetes import SECRET_TLS
from vocabulary.linkerd import CNI, EGRESS, MULTICLUSTER

TRUST = "trustAnchor"
ISSUANCE = "trustAnchor.certManager"


def crds(config: LinkerdConfig, at: str) -> Iterator[Derived]:
    """Values of linkerd-crds; older charts have one per route of the Gateway API.

    `at` is the key path of the cluster.
    """
    older = ("enableHttpRoutes", "enableTlsRoutes", "enableTcpRoutes")
    for name in older if config.lacks(GATEWAY_API) else ("installGatewayAPI",):
        yield derived(name, config.gateway_api_crds, f"{at}.linkerd.gatewayApiCrds")


def names(cluster: ClusterConfig, at: str) -> Iterator[Derived]:
    """The trust domain and Linkerd's namespace, by which extensions find the control plane."""
    yield derived("identityTrustDomain", cluster.trust_domain, f"{at}.linkerd.trustDomain")
    yield derived("linkerdNamespace", cluster.linkerd.namespace, f"{at}.linkerd.namespace")


def control_plane(
    cluster: ClusterConfig, servers: Iterable[Webhook], issuance: Issuance | None, at: str
) -> Iterator[Derived]:
    """Values of linkerd-control-plane; `servers` are its webhooks.

    `issuance` is how cert-manager issues certificates; None where it does not.
    """
    config, linkerd = cluster.linkerd, f"{at}.linkerd"
    policy = config.proxy.default_inbound_policy
    yield derived("clusterDomain", cluster.domain, f"{at}.domain")
    yield derived("clusterNetworks", ",".join(cluster.networks), f"{at}.networks")
    yield derived("identityTrustDomain", cluster.trust_domain, f"{linkerd}.trustDomain")
    yield derived("cniEnabled", config.cni, f"{linkerd}.cni")
    yield derived("disableHeartBeat", not config.heartbeat, f"{linkerd}.heartbeat")
    key = f"{linkerd}.proxy.defaultInboundPolicy"
    yield derived("proxy.defaultInboundPolicy", policy, key)
    if config.egress is not None:
        yield derived("egress.globalEgressNetworkNamespace", EGRESS, f"{linkerd}.egress")
    yield from all_derived(_tracing(config), f"{linkerd}.tracing")
    yield from _trust("identityTrustAnchorsPEM")
    # The PEM stays: `linkerd multicluster check` reads it, and pods restart when it changes.
    external = issuance is not None and issuance.trust_roots == "trust-manager"
    yield derived("identity.externalCA", external, f"{ISSUANCE}.trustRoots", passing(external))
    yield from webhook_values(servers, issuance)


def linkerd2(cluster: ClusterConfig, servers: Iterable[Webhook], at: str) -> Iterator[Derived]:
    """Values of linkerd2, the chart of Linkerd 2.8."""
    config, linkerd = cluster.linkerd, f"{at}.linkerd"
    networks = ",".join(cluster.networks)
    yield derived("global.namespace", config.namespace, f"{linkerd}.namespace")
    yield derived("global.clusterDomain", cluster.domain, f"{at}.domain")
    yield derived("global.identityTrustDomain", cluster.trust_domain, f"{linkerd}.trustDomain")
    yield derived("global.cniEnabled", config.cni, f"{linkerd}.cni")
    yield derived("global.proxy.destinationGetNetworks", networks, f"{at}.networks")
    # The program makes the namespace, so that the Secrets in it come before the pods.
    yield derived("installNamespace", False, "")
    yield derived("disableHeartBeat", not config.heartbeat, f"{linkerd}.heartbeat")
    yield from _trust("global.identityTrustAnchorsPEM")
    yield from webhook_values(servers, None)


def cni(config: LinkerdConfig) -> Iterator[Derived]:
    """Values of linkerd2-cni, which makes its namespace itself where it is of Linkerd 2.8."""
    if config.generation.layout == "linkerd2":
        yield derived("namespace", CNI, "")


def multicluster_2_8(cluster: ClusterConfig, at: str, *, source: bool) -> Iterator[Derived]:
    """Values of linkerd2-multicluster; `source`: whether any link begins in the cluster."""
    yield derived("namespace", MULTICLUSTER, "")
    yield derived("installNamespace", False, "")
    yield derived("gateway", False, f"{at}.ambassador.gateway")
    # One service mirror serves all links.
    yield derived("serviceMirror", source, "links")
    # Each link has an account of its own, so that access of one can be revoked.
    yield derived("remoteMirrorServiceAccount", False, "")
    yield from names(cluster, at)


def webhook_values(servers: Iterable[Webhook], issuance: Issuance | None) -> Iterator[Derived]:
    """Values of webhooks by their keys; Secrets outside of the release hold the certificates.

    The API server trusts the anchors, or the CA that cert-manager injects.
    """
    injected = issuance is not None and issuance.webhooks
    key = f"{ISSUANCE}.webhooks"
    for item in servers:
        front = item.values_key
        yield derived(f"{front}.externalSecret", True, key)
        for unset in ("crtPEM", "keyPEM", "injectCaFromSecret"):
            yield derived(f"{front}.{unset}", None, key, "default")
        if injected:
            yield derived(f"{front}.injectCaFrom", f"{item.namespace}/{item.service}", key)
            yield derived(f"{front}.caBundle", None, key, "default")
        else:
            yield derived(f"{front}.injectCaFrom", None, key, "default")
            yield derived(f"{front}.caBundle", None, f"{TRUST}.anchors", "placed")


def trust_manager(namespace: str, at: str) -> Iterator[Derived]:
    """Values of trust-manager, which reads Secrets of cert-manager's `namespace`."""
    yield derived("app.trust.namespace", namespace, f"{at}.certManager.namespace")


def cert_manager(namespace: str, at: str) -> Iterator[Derived]:
    """Values of cert-manager: a ClusterIssuer reads Secrets of its `namespace`."""
    key = f"{at}.certManager.namespace"
    yield derived("clusterResourceNamespace", namespace, key, "default")


def _trust(anchors: str) -> Iterator[Derived]:
    yield derived(anchors, None, f"{TRUST}.anchors", "placed")
    yield derived("identity.issuer.scheme", SECRET_TLS, TRUST)
    for unset in ("crtPEM", "keyPEM"):
        yield derived(f"identity.issuer.tls.{unset}", None, TRUST, "default")


def _tracing(config: LinkerdConfig) -> Mapping[str, Any]:
    """Values of linkerd-control-plane about the collector; empty where there is none."""
    tracing = config.tracing
    if tracing is None or config.traces_by_extension:
        return {}
    identity = {"serviceAccountName": tracing.service_account, "namespace": tracing.namespace}
    collector = {"endpoint": tracing.collector, "meshIdentity": identity}
    found: dict[str, Any] = {"proxy": {"tracing": {"enabled": True, "collector": collector}}}
    if tracing.controller_collector is not None:
        # Left out, the chart would have controllers speak OpenCensus to the proxies' OTLP port.
        endpoint = {"endpoint": tracing.controller_collector}
        found["controller"] = {"tracing": {"enabled": True, "collector": endpoint}}
    return found
