"""Ambassador in the role of Linkerd's multicluster gateway: ports, probe, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.ambassador.service import ServiceConfig
from config.language.formats import Address, Flag, Port, UrlPath
from config.language.model import Model
from config.language.problems import Problem
from vocabulary.linkerd import GATEWAY_PORT_NAME, PROBE_PORT_NAME

PROBE_SECONDS = Annotated[int, Field(ge=1, le=3600, strict=True)]


Rate = Annotated[int, Field(ge=1, le=4_294_967_295, strict=True)]


class RateLimit(Model):
    """Limits of HTTP requests through a pod of the gateway, to all Services together.

    Linkerd limits what reaches a Server, not what reaches one of its routes (Linkerd docs, "Rate
    limiting").
    """

    total: Rate | None = None
    """Requests a second of all clients together."""
    per_client: Rate | None = None
    """Requests a second of each identity."""

    def inconsistencies(self) -> Iterator[Problem]:
        """No limit, or one that the other makes idle."""
        if self.total is None and self.per_client is None:
            yield Problem("", "it limits nothing", "write total or perClient", about=("total",))
        elif (self.per_client or 0) > (self.total or self.per_client or 0):
            yield Problem(
                "perClient",
                f"a client can never reach it, as all together reach {self.total} before",
                f"write at most {self.total}",
                about=("total",),
            )


class GatewayConfig(Model):
    """The role of Linkerd's multicluster gateway.

    Traffic from other clusters goes to the sidecar of Ambassador's pod, never through Envoy.
    """

    port: Port = 4143
    """Port ``mc-gateway`` of the Service; the proxy in the pod always listens on 4143."""
    probe: Literal["proxy", "ambassador"] = "proxy"
    """What other clusters probe: the sidecar (port 4191, /ready) or, as the Ambassador documents
    have it, Ambassador's health route (port 80, /-/ambassador/ready). A gateway of Linkerd 2.8
    supports only the latter."""
    probe_port: Port | None = None
    """Port ``mc-probe`` of the Service; by default 4191 with probe `proxy`, 80 with probe
    `ambassador`. An installed Ambassador with probe `ambassador` allows only 80."""
    probe_period_seconds: PROBE_SECONDS = 3
    """Seconds between two probes."""
    health_path: UrlPath = "/-/ambassador/ready"
    """Prefix of the Mapping `public-health-check`; with its leading slash in every version of
    Linkerd."""
    address: tuple[Address, ...] = ()
    """Addresses by which other clusters reach the gateway, if its Service has none."""
    own_service: Flag | None = None
    """Whether the gateway's ports are on a Service of their own, ``<name>-linkerd-gateway``, and
    not on Ambassador's; by default only where annotations of Ambassador's Service change the bytes
    that its load balancer forwards (PROXY protocol, TLS, HTTP), which breaks mutual TLS."""
    service: ServiceConfig | None = None
    """That Service; by default like `ambassador.service`, without annotations about the public
    ports and about the name or address of its load balancer. For an adopted Ambassador, it is
    `ambassador.service`."""

    admits: Literal["exports", "everything"] = "exports"
    """Which Services other clusters can call through it: those that links list under `exports`,
    each for its `clients`; or every meshed Service, for every meshed client. Linkerd 2.8 has only
    the latter."""
    rate_limit: RateLimit | None = None
    """Limits of HTTP requests through it; none when left out."""

    @property
    def service_probe_port(self) -> int:
        """Port of the Service that is probed."""
        return self.probe_port or (4191 if self.probe == "proxy" else 80)

    @property
    def pod_probe_port(self) -> int:
        """Port of the pod that answers the probe."""
        return 4191 if self.probe == "proxy" else 8080

    @property
    def probe_path(self) -> str:
        """Path that is probed."""
        return "/ready" if self.probe == "proxy" else self.health_path

    @property
    def service_ports(self) -> dict[str, int]:
        """Ports of the Service, by their names."""
        return {GATEWAY_PORT_NAME: self.port, PROBE_PORT_NAME: self.service_probe_port}

    @property
    def public_ports(self) -> Iterator[tuple[str, int]]:
        """Ports, with their keys, on which a Service of Ambassador itself serves its clients."""
        if self.port in (80, 443):
            yield "port", self.port
        if self.service_probe_port == 443 or (
            self.service_probe_port == 80 and self.probe == "proxy"
        ):
            yield "probePort", self.service_probe_port

    @property
    def doubles_http(self) -> bool:
        """Whether the probe has a port besides 80 that has the same target port."""
        return self.probe == "ambassador" and self.service_probe_port not in (80, 443)

    def inconsistencies(self) -> Iterator[Problem]:
        """Conflicting ports, a health route that would match every request, a Service unused."""
        if self.own_service is False and self.service is not None:
            yield Problem(
                "service",
                "with ownService: false, the gateway's ports are on Ambassador's Service",
                "leave service or ownService out",
                about=("ownService",),
            )
        if self.health_path == "/":
            yield Problem(
                "healthPath",
                "the health route would match every request",
                "write a longer path, for example /-/ambassador/ready",
            )
        if self.service_probe_port == self.port:
            yield Problem(
                "probePort" if self.probe_port else "port",
                f"mc-gateway and mc-probe would share port {self.port}",
                "write a port and a probePort that differ",
                about=("port", "probePort", "probe"),
            )
