"""Linkerd policy for Ambassador's pods: who may connect to which port, whatever the default is.

Facts: Linkerd docs, "Authorization policy": a Server takes its port out of the default inbound
policy, and only the AuthorizationPolicies that target it let clients in; kubelet probes of a port
stay allowed. Seen with real proxies: without these objects, ``defaultInboundPolicy:
all-authenticated`` answers 403 on Ambassador's public port to every client outside the mesh.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.gateway import GatewayConfig
from vocabulary.linkerd import PROXY_CONTAINER

Manifest = dict[str, object]

ANY_NETWORK = ("0.0.0.0/0", "::/0")
"""Every IPv4 and IPv6 address."""


def ambassador_policy(config: AmbassadorConfig) -> list[Manifest]:
    """Policy manifests for the public ports and, on a gateway, for its two ports."""
    found = public_policy(config)
    if config.gateway is not None:
        found += gateway_policy(config, config.gateway)
    return found


def public_policy(config: AmbassadorConfig) -> list[Manifest]:
    """Policy manifests that let any client connect to Ambassador's public ports, and to no other.

    There is one Server per port, so that the admin port of the same pod keeps the default policy.
    """
    if not config.all_public_ports:
        return []
    authentication = config.public_policy
    networks = [{"cidr": cidr} for cidr in ANY_NETWORK]
    manifests = [
        _policy(config, "v1alpha1", "NetworkAuthentication", authentication, {"networks": networks})
    ]
    for port in config.all_public_ports:
        manifests += _server(
            config,
            f"{authentication}-{port}",
            port=port,
            authentication={"kind": "NetworkAuthentication", "name": authentication},
        )
    return manifests


def gateway_policy(config: AmbassadorConfig, gateway: GatewayConfig) -> list[Manifest]:
    """Policy manifests that let meshed clients connect to the gateway's port of the proxy.

    Where the proxy's admin port is public for the probe, it is closed to clients outside the mesh.
    """
    name = config.gateway_policy
    meshed = {"kind": "MeshTLSAuthentication", "name": name}
    manifests = [
        _policy(config, "v1alpha1", "MeshTLSAuthentication", name, {"identities": ["*"]}),
        *_server(config, name, port=PROXY_CONTAINER, authentication=meshed),
    ]
    if gateway.probe == "proxy":
        manifests += _server(
            config,
            f"{name}-admin",
            port="linkerd-admin",
            authentication=meshed,
            protocol="HTTP/1",
        )
    return manifests


def _server(
    config: AmbassadorConfig,
    name: str,
    *,
    port: int | str,
    authentication: Mapping[str, str],
    protocol: str | None = None,
) -> list[Manifest]:
    """A Server for one port of the pods, and the AuthorizationPolicy that lets clients in."""
    server: Manifest = {"podSelector": {"matchLabels": config.pod_labels}, "port": port}
    if protocol is not None:
        server["proxyProtocol"] = protocol
    authorization: Manifest = {
        "targetRef": {"group": "policy.linkerd.io", "kind": "Server", "name": name},
        "requiredAuthenticationRefs": [{"group": "policy.linkerd.io", **authentication}],
    }
    return [
        _policy(config, "v1beta3", "Server", name, server),
        _policy(config, "v1alpha1", "AuthorizationPolicy", name, authorization),
    ]


def _policy(
    config: AmbassadorConfig, version: str, kind: str, name: str, spec: Manifest
) -> Manifest:
    return {
        "apiVersion": f"policy.linkerd.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": config.namespace},
        "spec": spec,
    }
