"""Ambassador in the role of Linkerd's multicluster gateway: identity, annotations, policy.

The gateway is the sidecar of Ambassador's pod: other clusters' proxies speak mTLS to its port
4143 and name the Service that they want (Linkerd docs, "Multi-cluster communication").
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from config.ambassador import GatewayConfig

PROBE_PERIOD_SECONDS = 3


@dataclass(frozen=True)
class Gateway:
    """What a link has to know of its target's gateway."""

    identity: str
    """mTLS identity of the gateway's proxy."""
    address: pulumi.Output[str]
    """Comma-separated IP addresses or DNS names."""
    config: GatewayConfig
    """Ports and probe."""


def gateway_annotations(gateway: GatewayConfig, identity: str) -> dict[str, str]:
    """Annotations of the Service by which Linkerd knows a gateway."""
    return {
        "mirror.linkerd.io/gateway-identity": identity,
        "mirror.linkerd.io/multicluster-gateway": "true",
        "mirror.linkerd.io/probe-path": gateway.probe_path,
        "mirror.linkerd.io/probe-period": str(PROBE_PERIOD_SECONDS),
    }


def gateway_policy(
    name: str, namespace: str, pod_labels: dict[str, str], gateway: GatewayConfig
) -> list[dict[str, object]]:
    """Policy manifests that let meshed clients in, whatever the default inbound policy is.

    They do not touch Ambassador's public ports. Where the proxy's admin port is public for the
    probe, it is closed to clients outside the mesh (Linkerd docs, "Authorization policy").
    """
    authentication = f"{name}-gateway"
    manifests: list[dict[str, object]] = [
        _policy(
            "v1alpha1", "MeshTLSAuthentication", authentication, namespace, {"identities": ["*"]}
        ),
        *_server(
            authentication,
            namespace,
            pod_labels,
            port="linkerd-proxy",
            protocol=None,
            authentication=authentication,
        ),
    ]
    if gateway.probe == "proxy":
        manifests += _server(
            f"{name}-gateway-admin",
            namespace,
            pod_labels,
            port="linkerd-admin",
            protocol="HTTP/1",
            authentication=authentication,
        )
    return manifests


def _server(
    name: str,
    namespace: str,
    pod_labels: dict[str, str],
    *,
    port: str,
    protocol: str | None,
    authentication: str,
) -> list[dict[str, object]]:
    server: dict[str, object] = {"podSelector": {"matchLabels": pod_labels}, "port": port}
    if protocol is not None:
        server["proxyProtocol"] = protocol
    authorization: dict[str, object] = {
        "targetRef": {"group": "policy.linkerd.io", "kind": "Server", "name": name},
        "requiredAuthenticationRefs": [
            {
                "group": "policy.linkerd.io",
                "kind": "MeshTLSAuthentication",
                "name": authentication,
            }
        ],
    }
    return [
        _policy("v1beta3", "Server", name, namespace, server),
        _policy("v1alpha1", "AuthorizationPolicy", name, namespace, authorization),
    ]


def _policy(
    version: str, kind: str, name: str, namespace: str, spec: dict[str, object]
) -> dict[str, object]:
    return {
        "apiVersion": f"policy.linkerd.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
