"""Ambassador in one cluster: installation, routes, and the role of multicluster gateway.

Facts: the Linkerd 2 integration pages of Ambassador and Emissary-ingress; Emissary's CRDs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.base import (
    Address,
    ChartVersion,
    DnsLabel,
    DnsName,
    HelmValues,
    HostGlob,
    Model,
    Network,
    Port,
    PullSecret,
    Resources,
    UrlPath,
    wrong,
)


class ServiceConfig(Model):
    """The Service that clients, and other clusters' proxies, reach Ambassador by."""

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """Type of the Service."""
    annotations: dict[str, str] = {}
    """Annotations for the cloud's load balancer."""
    source_ranges: tuple[Network, ...] = ()
    """Networks that may reach the load balancer; all when empty."""
    load_balancer_class: str | None = None
    """The controller that is to serve the load balancer, where there are several."""
    external_traffic_policy: Literal["Cluster", "Local"] | None = None
    """Local keeps the client's address and skips nodes without a pod."""


class Listener(Model):
    """A port on which Ambassador takes requests (Emissary docs, Listener)."""

    name: DnsName
    """Name of the Listener."""
    port: Port
    """Port in the pod."""
    protocol: Literal["HTTP", "HTTPS", "HTTPPROXY", "HTTPSPROXY"] = "HTTPS"
    """Protocol stack; HTTPS takes cleartext too and lets the Host decide."""
    security_model: Literal["XFP", "SECURE", "INSECURE"] = "XFP"
    """How a request is told to be secure: by X-Forwarded-Proto, always, never."""


class HostConfig(Model):
    """A host name that Ambassador answers for (Emissary docs, Host)."""

    name: DnsName
    """Name of the Host."""
    hostname: HostGlob
    """The host name, a glob, or ``*``."""
    insecure: Literal["Route", "Redirect", "Reject"] = "Route"
    """What happens to cleartext requests."""
    tls_secret: DnsName | None = None
    """Name of the Secret (kubernetes.io/tls) that TLS is terminated with."""


class MappingConfig(Model):
    """A route to a Service (Emissary docs, Mapping)."""

    name: DnsName
    """Name of the Mapping."""
    prefix: UrlPath
    """Prefix of the request's path."""
    service: Annotated[str, Field(min_length=1, pattern=r"^(https?://)?[a-zA-Z0-9.\-]+(:\d+)?$")]
    """The Service: ``name``, ``name.namespace`` or a full name, with an optional port."""
    hostname: HostGlob = "*"
    """Host names the route is for; without one, Emissary drops a Mapping silently."""
    rewrite: str | None = None
    """What the prefix becomes; ``/`` by default, an empty text keeps it."""
    linkerd_headers: bool | None = None
    """Whether ``l5d-dst-override`` is added; the setting of the whole Ambassador by default."""
    bypass_auth: bool | None = None
    """Whether the route goes past an AuthService."""
    timeout_ms: Annotated[int, Field(ge=1, strict=True)] | None = None
    """Milliseconds until a request is given up."""


class GatewayConfig(Model):
    """The role of Linkerd's multicluster gateway.

    Traffic from other clusters goes to the sidecar of Ambassador's pod, never through Envoy.
    """

    port: Port = 4143
    """Port ``mc-gateway`` of the Service; the proxy in the pod always listens on 4143."""
    probe: Literal["proxy", "ambassador"] = "proxy"
    """Whom other clusters probe: the sidecar itself (port 4191, /ready) or, as the Ambassador
    documents have it, Ambassador's health route (port 80, /-/ambassador/ready)."""
    probe_port: Port | None = None
    """Port ``mc-probe`` of the Service; 4191 or 80 by default, as `probe` says."""
    health_path: UrlPath = "/-/ambassador/ready"
    """Prefix of the Mapping `public-health-check`."""
    address: tuple[Address, ...] = ()
    """Addresses that other clusters reach the gateway by, where the Service does not tell."""

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


def _unique(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise wrong(
                f"the {kind} name '{name}' stands more than once",
                f"give every {kind} a name of its own",
            )
        seen.add(name)


class AmbassadorConfig(Model):
    """Ambassador in one cluster."""

    flavour: Literal["emissary"] = "emissary"
    """Which Ambassador it is: Emissary-ingress 4."""
    version: ChartVersion = "4.1.0"
    """Version of the charts emissary-crds-chart and emissary-ingress."""
    namespace: DnsLabel = "ambassador"
    """Namespace of the installation."""
    crds_namespace: DnsLabel = "emissary-system"
    """Namespace of the release that holds the CRDs."""
    name: DnsLabel = "ambassador"
    """Name of the Deployment and the Service."""
    service_account: DnsLabel | None = None
    """ServiceAccount; ``<name>-<cluster>`` by default, so that gateways differ in identity."""
    replicas: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Replicas; 3 with `highAvailability`, else 1."""
    high_availability: bool = False
    """Replicas spread over zones and nodes, and a disruption budget."""
    resources: Resources = Resources()
    """Requests and limits of Ambassador's container."""
    service: ServiceConfig = ServiceConfig()
    """The Service in front."""
    linkerd_headers: bool = True
    """The Module's ``add_linkerd_headers``."""
    listeners: tuple[Listener, ...] = (
        Listener(name="http", port=8080),
        Listener(name="https", port=8443),
    )
    """Listeners; those of the usual ports by default. Without any, no route is served."""
    hosts: tuple[HostConfig, ...] = (HostConfig(name="wildcard", hostname="*"),)
    """Hosts; one that answers for every name, cleartext routed, by default."""
    mappings: tuple[MappingConfig, ...] = ()
    """Routes."""
    gateway: GatewayConfig | None = None
    """Set (``{}`` is enough) to make this Ambassador the cluster's multicluster gateway."""
    image: str | None = None
    """Image repository, where it is not the published one."""
    image_pull_secrets: tuple[PullSecret, ...] = ()
    """Logins for the image registry."""
    values: HelmValues = {}
    """Extra values for the chart emissary-ingress; they win over ours."""
    crds_values: HelmValues = {}
    """Extra values for the chart emissary-crds-chart; they win over ours."""

    @property
    def replica_count(self) -> int:
        """Replicas of the Deployment."""
        return self.replicas or (3 if self.high_availability else 1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _unique("Listener", (item.name for item in self.listeners))
        _unique("Host", (item.name for item in self.hosts))
        _unique("Mapping", (item.name for item in self.mappings))
        if any(item.name == "public-health-check" for item in self.mappings):
            raise wrong(
                "the Mapping name 'public-health-check' is the gateway's own",
                "give your Mapping another name",
            )
        ports = [item.port for item in self.listeners]
        if len(ports) != len(set(ports)):
            raise wrong("two Listeners share a port", "give every Listener a port of its own")
        if self.high_availability and self.replica_count < 2:
            raise wrong(
                "highAvailability with one replica is none", "write replicas: 3, or leave it out"
            )
        gateway = self.gateway
        if gateway is None:
            return self
        if gateway.probe == "ambassador" and not any(item.hostname == "*" for item in self.hosts):
            raise wrong(
                "the probe goes through Ambassador, but no Host has hostname '*', and the probe's "
                "Host header is the probe Service's name",
                "add a Host with hostname: '*', or write gateway.probe: proxy",
            )
        if gateway.probe == "ambassador" and not any(item.port == 8080 for item in self.listeners):
            raise wrong(
                "the probe goes through Ambassador's port 8080, but no Listener has it",
                "add a Listener with port: 8080, or write gateway.probe: proxy",
            )
        if gateway.service_probe_port == gateway.port:
            raise wrong(
                f"mc-gateway and mc-probe would share port {gateway.port}",
                "write a gateway.probePort of its own",
            )
        public = {443} if gateway.probe == "ambassador" else {80, 443}
        for port in (gateway.port, gateway.service_probe_port):
            if port in public:
                raise wrong(
                    f"port {port} of the Service already serves Ambassador's own traffic",
                    "write another gateway.port or gateway.probePort",
                )
        return self
