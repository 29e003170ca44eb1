"""Ambassador in the role of Linkerd's multicluster gateway: identity and annotations.

The gateway is the sidecar of Ambassador's pod: other clusters' proxies speak mTLS to its port
4143 and name the Service that they want (Linkerd docs, "Multi-cluster communication").
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.gateway import GatewayConfig
from config.variants.generation import Generation
from vocabulary.linkerd import (
    ENABLE_GATEWAY,
    GATEWAY_IDENTITY,
    INJECT,
    MULTICLUSTER_GATEWAY,
    PROBE_PATH,
    PROBE_PERIOD,
    PROXY_INBOUND_PORT,
    REQUIRE_IDENTITY_PORTS,
    SKIP_INBOUND_PORTS,
)


@dataclass(frozen=True)
class Gateway:
    """What a link has to know of its target's gateway."""

    identity: str
    """mTLS identity of the gateway's proxy."""
    address: pulumi.Output[str]
    """Comma-separated IP addresses or DNS names."""
    config: GatewayConfig
    """Ports and probe."""


def gateway_annotations(
    gateway: GatewayConfig, identity: str, generation: Generation
) -> dict[str, str]:
    """Annotations of the Service by which Linkerd knows a gateway."""
    path = gateway.probe_path
    return {
        GATEWAY_IDENTITY: identity,
        MULTICLUSTER_GATEWAY: "true",
        # The service mirror of 2.8 puts a slash before it; later ones want it here.
        PROBE_PATH: path.lstrip("/") if generation is Generation.V2_8 else path,
        PROBE_PERIOD: str(gateway.probe_period_seconds),
    }


def pod_annotations(config: AmbassadorConfig, generation: Generation) -> dict[str, str]:
    """Annotations of Ambassador's pods by which the injector knows how to mesh them."""
    sidecar = config.sidecar
    found: dict[str, str] = {}
    if sidecar.injection == "pod":
        found[INJECT] = sidecar.mode
    if config.gateway is not None:
        found[ENABLE_GATEWAY] = "true"
    if sidecar.skip_inbound_ports:
        found[SKIP_INBOUND_PORTS] = _joined(sidecar.skip_inbound_ports)
    ports = sidecar.require_identity_on_inbound_ports
    if ports is None and config.gateway is not None and generation is Generation.V2_8:
        ports = (PROXY_INBOUND_PORT,)
    if ports:
        # The name that all generations read; proxies of today no longer need it.
        found[REQUIRE_IDENTITY_PORTS] = _joined(ports)
    return found


def namespace_annotations(config: AmbassadorConfig) -> dict[str, str]:
    """Annotations of Ambassador's namespace, where injection is asked for there."""
    return {INJECT: config.sidecar.mode} if config.sidecar.injection == "namespace" else {}


def _joined(ports: tuple[int, ...]) -> str:
    return ",".join(str(port) for port in ports)
