"""Annotations by which Linkerd's injector adds its proxy to Ambassador's pods."""

from __future__ import annotations

from config.ambassador.ambassador import AmbassadorConfig
from config.variants.linkerd import LinkerdGeneration
from vocabulary.linkerd import (
    ENABLE_GATEWAY,
    INJECT,
    REQUIRE_IDENTITY_PORTS,
    SKIP_INBOUND_PORTS,
    SKIP_OUTBOUND_PORTS,
)


def pod_annotations(config: AmbassadorConfig, generation: LinkerdGeneration) -> dict[str, str]:
    """Annotations of Ambassador's pods."""
    sidecar = config.sidecar
    found: dict[str, str] = dict(sidecar.annotations)
    if sidecar.injection == "pod":
        found[INJECT] = sidecar.mode
    if config.gateway is not None:
        found[ENABLE_GATEWAY] = "true"
    if sidecar.skip_inbound_ports:
        found[SKIP_INBOUND_PORTS] = _joined(sidecar.skip_inbound_ports)
    if sidecar.skip_outbound_ports:
        found[SKIP_OUTBOUND_PORTS] = _joined(sidecar.skip_outbound_ports)
    ports = sidecar.require_identity_on_inbound_ports
    if ports is None and config.gateway is not None:
        ports = generation.gateway_identity_ports
    if ports:
        # The name that all generations read; today's proxies no longer need it.
        found[REQUIRE_IDENTITY_PORTS] = _joined(ports)
    return found


def namespace_annotations(config: AmbassadorConfig) -> dict[str, str]:
    """Annotations of Ambassador's namespace; none where its pods carry them."""
    return {INJECT: config.sidecar.mode} if config.sidecar.injection == "namespace" else {}


def _joined(ports: tuple[int, ...]) -> str:
    return ",".join(str(port) for port in ports)
