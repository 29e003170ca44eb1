"""Linkerd's sidecar in Ambassador's pods. Facts: Linkerd docs, "Proxy configuration"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from config.language.formats import Annotations, Port
from config.language.model import Model
from config.language.problems import Problem
from vocabulary.linkerd import (
    ENABLE_GATEWAY,
    INJECT,
    PROXY_ADMIN_PORT,
    PROXY_CONTROL_PORT,
    PROXY_INBOUND_PORT,
    PROXY_OUTBOUND_PORT,
    PROXY_PORT_ANNOTATIONS,
    REQUIRE_IDENTITY_PORTS,
    SKIP_INBOUND_PORTS,
    SKIP_OUTBOUND_PORTS,
)

PROXY_PORTS = {
    PROXY_OUTBOUND_PORT: "outbound",
    PROXY_INBOUND_PORT: "inbound",
    PROXY_CONTROL_PORT: "control",
    PROXY_ADMIN_PORT: "admin",
}
"""Ports of the pod that Linkerd's proxy uses (Linkerd docs, proxy configuration)."""

_FIXED = "keep the port: links, probes and policies of the program name the usual one"
WRITTEN = {
    INJECT: "write sidecar.mode",
    ENABLE_GATEWAY: "write gateway: {} for a gateway",
    SKIP_INBOUND_PORTS: "write sidecar.skipInboundPorts",
    SKIP_OUTBOUND_PORTS: "write sidecar.skipOutboundPorts",
    REQUIRE_IDENTITY_PORTS: "write sidecar.requireIdentityOnInboundPorts",
    **dict.fromkeys(PROXY_PORT_ANNOTATIONS, _FIXED),
}
"""Annotations that follow from other keys, each with what to write instead."""


class SidecarConfig(Model):
    """How the proxy is injected into Ambassador's pods, and which ports bypass it."""

    injection: Literal["pod", "namespace"] = "pod"
    """Where injection is requested: by an annotation of the pods or of their namespace."""
    mode: Literal["enabled", "ingress"] = "enabled"
    """``ingress`` routes each request by its header ``l5d-dst-override``, which Ambassador then
    removes from what clients send; every Mapping has to name its Service in full."""
    skip_inbound_ports: tuple[Port, ...] = ()
    """Ports of the pod that bypass the proxy. The documents' 80 and 443 are ports of the Service;
    the pods listen on 8080 and 8443."""
    skip_outbound_ports: tuple[Port, ...] = ()
    """Ports to which Ambassador connects past the proxy, and so without mTLS and without the mesh:
    ports of Services that are not meshed, for example 8500 of Consul."""
    require_identity_on_inbound_ports: tuple[Port, ...] | None = None
    """Ports of the pod that accept mTLS only. For a gateway of Linkerd 2.8, the default is 4143,
    where traffic from other clusters arrives; later proxies always require mTLS on 4143, and the
    default is empty. The 4183 of the documents is a typing error for 4143; nothing listens
    there."""
    annotations: Annotations = {}
    """Further annotations of the pods, for example ``config.linkerd.io/proxy-cpu-request``."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Ports that bypass the proxy although only the proxy serves them; annotations of keys."""
        for place, port in enumerate(self.skip_inbound_ports):
            if port in PROXY_PORTS:
                yield Problem(
                    f"skipInboundPorts[{place}]",
                    f"port {port} is the proxy's {PROXY_PORTS[port]} port",
                    "leave it out: nothing behind the proxy listens there",
                )
            if port in (self.require_identity_on_inbound_ports or ()):
                yield Problem(
                    f"skipInboundPorts[{place}]",
                    f"port {port} would bypass the proxy, which requires identity on it",
                    "leave it out here, or under requireIdentityOnInboundPorts",
                    about=("requireIdentityOnInboundPorts",),
                )
        for key in self.annotations:
            if key in WRITTEN:
                yield Problem(
                    f'annotations["{key}"]',
                    "the program writes this annotation",
                    f"leave it out, and {WRITTEN[key]}",
                )
        for place, port in enumerate(self.require_identity_on_inbound_ports or ()):
            if port == 4183:
                yield Problem(
                    f"requireIdentityOnInboundPorts[{place}]",
                    "nothing listens on port 4183, a typing error of the documents for the "
                    "proxy's inbound port",
                    "write 4143",
                )
