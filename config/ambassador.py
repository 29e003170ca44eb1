"""Ambassador in one cluster: installation, routes, and the role of multicluster gateway.

Facts: the Linkerd 2 integration pages of Ambassador and Emissary-ingress; Emissary's CRDs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.base import Model, PullSecret, Resources, contradictions, doubled
from config.formats import (
    Address,
    Annotations,
    BalancerClass,
    ChartVersion,
    DnsLabel,
    DnsName,
    Flag,
    HelmValues,
    HostGlob,
    Image,
    Network,
    Port,
    ServiceName,
    UrlPath,
    url_complaint,
)
from config.problems import Problem, quoted, wrong

HEALTH_MAPPING = "public-health-check"
"""Name of the gateway's own Mapping."""

PROXY_PORTS = {4140: "outbound", 4143: "inbound", 4190: "control", 4191: "admin"}
"""Ports of the pod that Linkerd's proxy takes (Linkerd docs, proxy configuration)."""

DIAGNOSTICS_PORT = 8877
"""Port of the pod that Ambassador answers health checks on."""


class ServiceConfig(Model):
    """The Service that clients, and other clusters' proxies, reach Ambassador by."""

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """Type of the Service."""
    annotations: Annotations = {}
    """Annotations for the cloud's load balancer."""
    source_ranges: tuple[Network, ...] = ()
    """Networks that may reach the load balancer; all when empty."""
    load_balancer_class: BalancerClass | None = None
    """The controller that is to serve the load balancer, where there are several."""
    external_traffic_policy: Literal["Cluster", "Local"] | None = None
    """Local keeps the client's address and skips nodes without a pod."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Fields that the API server refuses for this type of Service, and names of ours."""
        fitting = {
            "sourceRanges": (self.source_ranges, ("LoadBalancer",)),
            "loadBalancerClass": (self.load_balancer_class, ("LoadBalancer",)),
            "externalTrafficPolicy": (self.external_traffic_policy, ("LoadBalancer", "NodePort")),
        }
        for key, (value, types) in fitting.items():
            if value and self.type not in types:
                yield Problem(
                    key,
                    f"a Service of type {self.type} cannot have it",
                    f"leave it out, or write type: {types[0]}",
                    about=("type",),
                )
        for key in self.annotations:
            if key.startswith("mirror.linkerd.io/"):
                yield Problem(
                    f'annotations["{key}"]',
                    "Linkerd's multicluster annotations are written by the program",
                    "leave it out, and describe the gateway under ambassador.gateway",
                )


def _destination(value: str) -> str:
    _, separator, rest = value.rpartition("://")
    complaint = url_complaint(value if separator else f"http://{value}", ("http", "https"))
    if complaint is not None or "/" in rest:
        raise wrong(
            f"{quoted(value)} is not a Service",
            "write its name, its namespace and, where needed, its port, "
            "for example http://web.shop.svc.cluster.local:80",
        )
    return value


def _rewriting(value: str) -> str:
    if value and (not value.startswith("/") or re.search(r"\s", value)):
        raise wrong(
            f"{quoted(value)} cannot take the place of a prefix",
            "write a path that begins with '/', or \"\" to keep the prefix",
        )
    return value


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
    service: Annotated[str, AfterValidator(_destination)]
    """The Service: ``name``, ``name.namespace`` or a full name, with an optional port."""
    hostname: HostGlob = "*"
    """Host names the route is for; without one, Emissary drops a Mapping silently."""
    rewrite: Annotated[str, AfterValidator(_rewriting)] | None = None
    """What the prefix becomes; ``/`` by default, an empty text keeps it."""
    linkerd_headers: Flag | None = None
    """Whether ``l5d-dst-override`` is added; the setting of the whole Ambassador by default."""
    bypass_auth: Flag | None = None
    """Whether the route goes past an AuthService."""
    timeout_ms: Annotated[int, Field(ge=1, strict=True)] | None = None
    """Milliseconds until a request is given up."""

    @property
    def service_host(self) -> str:
        """Host name of the Service, without scheme and port."""
        return self.service.rpartition("://")[2].partition(":")[0].lower()


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

    def inconsistencies(self) -> Iterator[Problem]:
        """Ports that meet, and a health route that would take every request."""
        if self.health_path == "/":
            yield Problem(
                "healthPath",
                "the health route would answer every request",
                "write a path of its own, for example /-/ambassador/ready",
            )
        if self.service_probe_port == self.port:
            yield Problem(
                "probePort" if self.probe_port else "port",
                f"mc-gateway and mc-probe would share port {self.port}",
                "write a port and a probePort that differ",
                about=("port", "probePort", "probe"),
            )
        public = {443} if self.probe == "ambassador" else {80, 443}
        for key, port in (("port", self.port), ("probePort", self.service_probe_port)):
            if port in public or (key == "port" and port == 80):
                yield Problem(
                    key,
                    f"port {port} of the Service serves Ambassador's own traffic already",
                    "write another port",
                    about=("probe",),
                )


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
    name: ServiceName = "ambassador"
    """Name of the release, the Deployment and the Service."""
    service_account: DnsLabel | None = None
    """ServiceAccount; ``<name>-<cluster>`` by default, so that gateways differ in identity."""
    replicas: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Replicas; 3 with `highAvailability`, else 1."""
    high_availability: Flag = False
    """Replicas spread over zones and nodes, and a disruption budget."""
    resources: Resources = Resources()
    """Requests and limits of Ambassador's container."""
    service: ServiceConfig = ServiceConfig()
    """The Service in front."""
    linkerd_headers: Flag = True
    """The Module's ``add_linkerd_headers``."""
    listeners: tuple[Listener, ...] = (
        Listener(name="http", port=8080),
        Listener(name="https", port=8443),
    )
    """Listeners; those of the usual ports by default. Without any, no route is served."""
    hosts: tuple[HostConfig, ...] = (HostConfig(name="wildcard", hostname="*"),)
    """Hosts; one that answers for every name, cleartext routed, by default."""
    mappings: tuple[MappingConfig, ...] = ()
    """Routes to Services; none by default."""
    gateway: GatewayConfig | None = None
    """Set (``{}`` is enough) to make this Ambassador the cluster's multicluster gateway."""
    image: Image | None = None
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

    def inconsistencies(self) -> Iterator[Problem]:
        """What stands twice or meets, and what the gateway or the routes would lack."""
        yield from self._doubled()
        yield from self._reserved()
        yield from self._unserved()
        major = self.version.removeprefix("v").partition(".")[0]
        if major != "4":
            yield Problem(
                "version",
                f"the charts {self.version} are not those of Emissary-ingress 4",
                'write "4.1.0" or another version 4',
            )
        if len(self.name) > LONGEST_RELEASE:
            yield Problem(
                "name",
                f"it has {len(self.name)} characters, and Helm takes {LONGEST_RELEASE} for the "
                "name of a release",
                f"write at most {LONGEST_RELEASE} characters",
            )
        if self.high_availability and self.replica_count < 2:
            yield Problem(
                "replicas",
                "highAvailability with one replica is none",
                "write replicas: 3, or leave it out",
                about=("highAvailability",),
            )
        yield from self._overruled()

    def _doubled(self) -> Iterator[Problem]:
        for what, key, names in (
            ("Listener name", "listeners[{}].name", [item.name for item in self.listeners]),
            ("Listener port", "listeners[{}].port", [str(item.port) for item in self.listeners]),
            ("Host name", "hosts[{}].name", [item.name for item in self.hosts]),
            ("hostname", "hosts[{}].hostname", [item.hostname.lower() for item in self.hosts]),
            ("Mapping name", "mappings[{}].name", [item.name for item in self.mappings]),
            (
                "pull secret",
                "imagePullSecrets[{}].name",
                [item.name for item in self.image_pull_secrets],
            ),
        ):
            yield from doubled(
                what, ((key.format(place), name) for place, name in enumerate(names))
            )

    def _reserved(self) -> Iterator[Problem]:
        for place, listener in enumerate(self.listeners):
            owner = (
                "Linkerd's proxy"
                if listener.port in PROXY_PORTS
                else "Ambassador's health check"
                if listener.port == DIAGNOSTICS_PORT
                else None
            )
            if owner is not None:
                yield Problem(
                    f"listeners[{place}].port",
                    f"port {listener.port} of the pod is taken by {owner}",
                    "write another port, for example 8080",
                )
        for place, mapping in enumerate(self.mappings):
            if mapping.name == HEALTH_MAPPING:
                yield Problem(
                    f"mappings[{place}].name",
                    f"the Mapping name '{HEALTH_MAPPING}' is the gateway's own",
                    "give your Mapping another name",
                )
            if (
                self.gateway is not None
                and mapping.prefix == self.gateway.health_path
                and mapping.hostname == "*"
            ):
                yield Problem(
                    f"mappings[{place}].prefix",
                    f"the gateway's health route has the prefix {mapping.prefix} too",
                    "write another prefix, or another gateway.healthPath",
                    about=("gateway.healthPath", f"mappings[{place}].hostname"),
                )

    def _unserved(self) -> Iterator[Problem]:
        if self.mappings:
            for key, items in (("listeners", self.listeners), ("hosts", self.hosts)):
                if not items:
                    yield Problem(
                        key,
                        "without an entry here, Ambassador serves none of the mappings",
                        f"add one, or leave {key} out to have the default",
                    )
        if self.gateway is None or self.gateway.probe != "ambassador":
            return
        if not any(item.hostname == "*" for item in self.hosts):
            yield Problem(
                "hosts",
                "the probe goes through Ambassador, its Host header is the probe Service's name, "
                "and no Host has the hostname '*'",
                "add a Host with hostname: '*', or write gateway.probe: proxy",
                about=("hosts", "gateway.probe"),
            )
        for place, host in enumerate(self.hosts):
            if host.hostname == "*" and host.insecure != "Route":
                yield Problem(
                    f"hosts[{place}].insecure",
                    "the probe arrives as cleartext behind the sidecar, and this Host answers "
                    f"cleartext with {host.insecure}",
                    "write insecure: Route, or gateway.probe: proxy",
                    about=(f"hosts[{place}].insecure", "gateway.probe"),
                )
        if not any(item.port == 8080 for item in self.listeners):
            yield Problem(
                "listeners",
                "the probe goes through Ambassador's port 8080, and no Listener has it",
                "add a Listener with port: 8080, or write gateway.probe: proxy",
                about=("listeners", "gateway.probe"),
            )

    def _overruled(self) -> Iterator[Problem]:
        """Values of the chart that would change names from which others are derived."""
        for path, key, ours in (
            ("fullnameOverride", "name", self.name),
            ("serviceAccount.name", "serviceAccount", self.service_account),
        ):
            yield from contradictions("values", self.values, path, key, ours)


LONGEST_RELEASE = 53
"""Characters that Helm allows in the name of a release."""
