"""Ambassador in one cluster: which one, installed or adopted, and what it answers for.

Facts: the Linkerd 2 integration pages of Ambassador and Emissary-ingress; the flavours' charts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from config.ambassador.adoption import AdoptConfig
from config.ambassador.edge_stack import EdgeStackConfig
from config.ambassador.gateway import GatewayConfig
from config.ambassador.routes import HEALTH_MAPPING, HostConfig, Listener, MappingConfig
from config.language.formats import (
    Annotations,
    BalancerClass,
    ChartVersion,
    DnsLabel,
    Flag,
    HelmValues,
    Image,
    Network,
    Port,
    ServiceName,
)
from config.language.model import Model, PullSecret, Resources, contradictions, doubled, value_at
from config.language.problems import Problem, quoted, wrong
from config.linkerd.sidecar import PROXY_PORTS, SidecarConfig
from config.linkerd.tracing import AmbassadorTracing
from config.variants.ambassadors import FLAVOURS, ApiVersion, CrdsChart, Flavour, ReleaseLine
from vocabulary.ambassador import DIAGNOSTICS_PORT
from vocabulary.kubernetes import APP_INSTANCE, APP_NAME

LONGEST_RELEASE = 53
"""Characters that Helm allows in the name of a release."""


class ServiceConfig(Model):
    """The Service that clients, and other clusters' proxies, reach Ambassador by.

    Of an adopted Ambassador, it is the gateway's alone.
    """

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


def _flavour(value: str) -> str:
    if value not in FLAVOURS:
        raise wrong(
            f"{quoted(value)} is no Ambassador that is known here",
            f"write one of {', '.join(FLAVOURS)}",
        )
    return value


FlavourName = Annotated[
    str, AfterValidator(_flavour), WithJsonSchema({"type": "string", "enum": list(FLAVOURS)})
]
"""The name of a flavour."""

OF_AN_INSTALLATION = (
    "replicas",
    "high_availability",
    "resources",
    "image",
    "image_pull_secrets",
    "values",
    "crds_values",
    "install_crds",
    "crds_namespace",
    "edge_stack",
)
"""Fields that describe what is installed, so that an adopted Ambassador has none of them."""


class AmbassadorConfig(Model):
    """Ambassador in one cluster."""

    flavour: FlavourName = "emissary"
    """Which Ambassador it is: Emissary-ingress, an Edge Stack, or legacy Ambassador 1.14."""
    version: ChartVersion | None = None
    """Version of the chart, whose first number decides how it is installed; the newest that is
    known here by default."""
    api_version: ApiVersion | None = None
    """Version of getambassador.io that Hosts and Mappings are written in; the newest that the
    installation serves by default. v1 has no Host: Emissary gets those of v2, Ambassador 1.14
    TLSContexts."""
    adopt: AdoptConfig | None = None
    """Set (``{}`` is enough) where this Ambassador is installed already and stays its owner's."""
    namespace: DnsLabel = "ambassador"
    """Namespace of the installation."""
    crds_namespace: DnsLabel = "emissary-system"
    """Namespace of the release that holds the CRDs, where they come as a chart of their own."""
    install_crds: Flag = True
    """Install the CRDs; false where another tool owns them."""
    name: ServiceName = "ambassador"
    """Name of the release, the Deployment and the Service."""
    service_account: DnsLabel | None = None
    """ServiceAccount; ``<name>-<cluster>`` by default, so that gateways differ in identity. Of an
    adopted Ambassador it is `name`, as its charts have it."""
    replicas: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Replicas; 3 with `highAvailability`, else 1."""
    high_availability: Flag = False
    """Replicas spread over zones and nodes, and a disruption budget."""
    resources: Resources = Resources()
    """Requests and limits of Ambassador's container."""
    service: ServiceConfig = ServiceConfig()
    """The Service in front."""
    sidecar: SidecarConfig = SidecarConfig()
    """Linkerd's proxy in its pods."""
    linkerd_headers: Flag = True
    """The Module's ``add_linkerd_headers``."""
    listeners: tuple[Listener, ...] | None = None
    """Listeners; those of ports 8080 and 8443 by default, none where Ambassador is adopted or has
    no such thing. Without any, Emissary serves no route."""
    public_ports: tuple[Port, ...] | None = None
    """Ports of the pod that any client may connect to, whatever Linkerd's inbound policy is: those
    of the Listeners by default, 8080 and 8443 where none are known. No other port is opened."""
    hosts: tuple[HostConfig, ...] | None = None
    """Hosts; one that answers for every name, cleartext routed, by default; none by default where
    Ambassador is adopted."""
    mappings: tuple[MappingConfig, ...] = ()
    """Routes to Services; none by default."""
    gateway: GatewayConfig | None = None
    """Set (``{}`` is enough) to make this Ambassador the cluster's multicluster gateway."""
    tracing: AmbassadorTracing | None = None
    """Where its own spans go, so that traces begin at the edge; nowhere when left out."""
    edge_stack: EdgeStackConfig | None = None
    """Licence and services of an Edge Stack."""
    image: Image | None = None
    """Image repository, where it is not the published one."""
    image_pull_secrets: tuple[PullSecret, ...] = ()
    """Logins for the image registry."""
    values: HelmValues = {}
    """Extra values for Ambassador's chart; they win over ours."""
    crds_values: HelmValues = {}
    """Extra values for the chart of the CRDs; they win over ours."""

    @property
    def serves_nothing(self) -> str | None:
        """Key of the empty list that keeps an installed Ambassador from serving any route."""
        if not self.installed:
            return None
        if self.kind.listeners and not self.all_listeners:
            return "listeners"
        return None if self.all_hosts or not self.has_hosts else "hosts"

    @property
    def has_hosts(self) -> bool:
        """Whether Hosts are written: where objects of v1 are converted, Hosts are of v2."""
        return self.objects_version != "v1" or "v1" in self.line.converted

    @property
    def kind(self) -> Flavour:
        """What is known of its flavour."""
        return FLAVOURS[self.flavour]

    @property
    def line(self) -> ReleaseLine:
        """How its releases are installed; the newest line for a version that is refused."""
        return self.kind.line(self.version) or self.kind.lines[0]

    @property
    def chart_version(self) -> str:
        """Version of its chart."""
        return self.version or self.line.newest

    @property
    def objects_version(self) -> ApiVersion:
        """Version of getambassador.io that its objects are written in."""
        return self.api_version or self.line.api_versions[0]

    @property
    def installed(self) -> bool:
        """Whether a release of ours installs it."""
        return self.adopt is None

    @property
    def all_listeners(self) -> tuple[Listener, ...]:
        """Listeners, the default ones where none are written."""
        if self.listeners is not None:
            return self.listeners
        if not self.installed or not self.kind.listeners:
            return ()
        return (Listener(name="http", port=8080), Listener(name="https", port=8443))

    @property
    def all_public_ports(self) -> tuple[int, ...]:
        """Ports of the pod that any client may connect to, each once, in ascending order."""
        found = self.public_ports
        if found is None:
            found = tuple(item.port for item in self.all_listeners) or (8080, 8443)
        bypassing = self.sidecar.skip_inbound_ports
        return tuple(sorted({port for port in found if port not in bypassing}))

    @property
    def public_policy(self) -> str:
        """Name of the NetworkAuthentication for its public ports; its Servers' names begin so."""
        return f"{self.name}-public"

    @property
    def gateway_policy(self) -> str:
        """Name of the gateway's Server, AuthorizationPolicy and MeshTLSAuthentication."""
        return f"{self.name}-gateway"

    @property
    def all_hosts(self) -> tuple[HostConfig, ...]:
        """Hosts, the default one where none are written."""
        if self.hosts is not None:
            return self.hosts
        return (HostConfig(name="wildcard", hostname="*"),) if self.installed else ()

    @property
    def replica_count(self) -> int:
        """Replicas of the Deployment."""
        return self.replicas or (3 if self.high_availability else 1)

    @property
    def workload(self) -> str:
        """Name of the Deployment or DaemonSet."""
        return (self.adopt.workload if self.adopt else None) or self.name

    @property
    def pod_labels(self) -> dict[str, str]:
        """Labels that select its pods."""
        if self.adopt is not None and self.adopt.pod_labels:
            return dict(self.adopt.pod_labels)
        own = any(part in self.name for part in self.line.named_after)
        return {
            APP_NAME: self.name if own else self.kind.pod_name,
            APP_INSTANCE: self.name,
        }

    @property
    def gateway_service(self) -> str:
        """Name of the Service with the gateway's ports and annotations."""
        return self.name if self.installed else f"{self.name}-linkerd-gateway"

    def inconsistencies(self) -> Iterator[Problem]:
        """What stands twice or meets, and what the gateway or the routes would lack."""
        yield from self._flavoured()
        yield from self._adopted()
        yield from self._doubled()
        yield from self._reserved()
        yield from self._unserved()
        yield from self._meshed()
        if self.installed and len(self.name) > LONGEST_RELEASE:
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

    def _flavoured(self) -> Iterator[Problem]:
        """What this flavour, or its API version, does not have."""
        kind, line = self.kind, self.line
        if kind.line(self.version) is None:
            known = ", ".join(f'"{item.newest}"' for item in kind.lines)
            yield Problem(
                "version",
                f"the chart {self.version} is none of {kind.title} that is known here",
                f"write {known} or another version with the same first number",
                about=("flavour",),
            )
            return
        if self.objects_version not in line.api_versions:
            yield Problem(
                "apiVersion",
                f"{kind.title} (version {line.application}) does not serve "
                f"getambassador.io/{self.objects_version}",
                f"write one of {', '.join(line.api_versions)}, or leave it out",
                about=("flavour", "version"),
            )
        if self.listeners and not kind.listeners:
            yield Problem(
                "listeners",
                f"{kind.title} has no Listener; it listens on 8080 and 8443",
                "leave listeners out",
                about=("flavour",),
            )
        if kind.licensed and self.edge_stack is None and self.installed:
            yield Problem(
                "edgeStack",
                f"{kind.title} starts only with a licence or a token",
                "set edgeStack.licenseKey or edgeStack.cloudConnectToken with "
                "`pulumi config set --secret --path`, or name an existing Secret under "
                "edgeStack.licenseSecret",
                about=("flavour",),
            )
        if self.edge_stack is not None and not kind.licensed:
            yield Problem(
                "edgeStack",
                f"{kind.title} has no such settings",
                "leave it out, or write flavour: edge-stack",
                about=("flavour",),
            )
        if self.installed and self.service.load_balancer_class and not line.balancer_class:
            yield Problem(
                "service.loadBalancerClass",
                f"the chart {line.chart} {self.chart_version} does not hand it to the Service",
                "leave it out, or choose the load balancer by annotations",
                about=("flavour", "version"),
            )
        yield from self._crds()
        for place, host in enumerate(self.all_hosts):
            if host.acme is not None and not kind.acme:
                yield Problem(
                    f"hosts[{place}].acme",
                    f"{kind.title} does not fetch certificates by ACME",
                    "leave it out, and have cert-manager fetch one under tls.certManager",
                    about=("flavour",),
                )
            if not self.has_hosts:
                yield from self._without_hosts(place, host)

    def _crds(self) -> Iterator[Problem]:
        """Settings of a chart of CRDs that there is not."""
        for name in ("crds_namespace", "crds_values"):
            if name not in self.model_fields_set or not self.installed:
                continue
            key = str(type(self).model_fields[name].alias)
            if not isinstance(self.line.crds, CrdsChart):
                yield Problem(
                    key,
                    f"the CRDs of {self.kind.title} are no chart of their own",
                    f"leave {key} out",
                    about=("flavour", "version"),
                )
            elif name == "crds_values" and not self.install_crds:
                yield Problem(
                    key,
                    "with installCrds: false there is no chart of CRDs that could take them",
                    f"leave {key} or installCrds out",
                    about=("installCrds",),
                )

    def _without_hosts(self, place: int, host: HostConfig) -> Iterator[Problem]:
        """getambassador.io/v1 has no Host: TLSContexts stand for what they can."""
        if host.insecure == "Reject":
            yield Problem(
                f"hosts[{place}].insecure",
                "getambassador.io/v1 has no Host, and nothing else that rejects cleartext",
                "write Route or Redirect, or apiVersion: v2",
                about=("apiVersion",),
            )
        if host.insecure == "Route" and host.tls is not None:
            yield Problem(
                f"hosts[{place}].insecure",
                "with a TLSContext, Ambassador 1.14 opens its TLS port alone, so that cleartext is "
                "not answered at all",
                "write insecure: Redirect, or apiVersion: v2",
                about=("apiVersion", f"hosts[{place}].tls"),
            )
        if host.tls is not None and self.gateway is not None and self.gateway.probe == "ambassador":
            yield Problem(
                f"hosts[{place}].tls",
                "with a TLSContext, Ambassador 1.14 routes no cleartext, and the probe of other "
                "clusters arrives as cleartext behind the sidecar",
                "write apiVersion: v2, or leave tls out",
                about=("apiVersion", "gateway.probe"),
            )
        if host.insecure == "Redirect" and host.tls is None:
            yield Problem(
                f"hosts[{place}].insecure",
                "getambassador.io/v1 redirects cleartext by a TLSContext, and without tls there "
                "is none",
                "write tls: {}, insecure: Route, or apiVersion: v2",
                about=("apiVersion", f"hosts[{place}].tls"),
            )

    def _adopted(self) -> Iterator[Problem]:
        if self.adopt is None:
            return
        for name in OF_AN_INSTALLATION:
            if name in self.model_fields_set:
                key = str(type(self).model_fields[name].alias)
                yield Problem(
                    key,
                    "the adopted Ambassador is installed by its owner, and nothing of this is ours",
                    f"leave {key} out, or leave adopt out to have it installed",
                    about=("adopt",),
                )
        if self.gateway is None and "service" in self.model_fields_set:
            yield Problem(
                "service",
                "the adopted Ambassador keeps its own Service, and only a gateway has one of ours",
                "leave service out, or write gateway: {}",
                about=("adopt", "gateway"),
            )
        if self.adopt.module == "leave" and self.sidecar.mode == "ingress":
            yield Problem(
                "adopt.module",
                "in ingress mode the proxy routes by the header l5d-dst-override, and the Module "
                "that has Ambassador send it is left alone",
                "write adopt.module: patch, or sidecar.mode: enabled",
                about=("sidecar.mode",),
            )
        if self.adopt.module == "leave" and "linkerd_headers" in self.model_fields_set:
            yield Problem(
                "linkerdHeaders",
                "the adopted Ambassador's Module is left alone, so that this has no effect",
                "leave it out, or write adopt.module: patch",
                about=("adopt.module",),
            )
        if self.gateway is not None and len(self.gateway_service) > 63:
            yield Problem(
                "name",
                f"the gateway's Service would be named {self.gateway_service}, which is longer "
                "than 63 characters",
                "write a shorter name, and what is named otherwise under adopt.workload, "
                "adopt.podLabels and serviceAccount",
            )

    def _doubled(self) -> Iterator[Problem]:
        listeners, hosts = self.all_listeners, self.all_hosts
        for what, key, names in (
            ("Listener name", "listeners[{}].name", [item.name for item in listeners]),
            ("Listener port", "listeners[{}].port", [str(item.port) for item in listeners]),
            ("Host name", "hosts[{}].name", [item.name for item in hosts]),
            ("hostname", "hosts[{}].hostname", [item.hostname.lower() for item in hosts]),
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
        routes: dict[tuple[str, str], int] = {}
        for place, mapping in enumerate(self.mappings):
            other = routes.setdefault(mapping.route, place)
            if other != place:
                yield Problem(
                    f"mappings[{place}].prefix",
                    f"mappings[{other}] routes {mapping.prefix} of the same host names already, "
                    "and half of the requests would go to each",
                    "write another prefix or hostname",
                    about=(f"mappings[{other}].prefix", f"mappings[{place}].hostname"),
                )
        logins = {item.name: place for place, item in enumerate(self.image_pull_secrets)}
        made: dict[str, int] = {}
        for place, host in enumerate(hosts):
            if host.tls is None or host.tls_secret is None:
                continue
            if not host.tls.trial and host.tls.cert_manager is None:
                continue
            if host.tls_secret in logins:
                yield Problem(
                    f"hosts[{place}].tls.secret",
                    f"the Secret {host.tls_secret} is that of "
                    f"imagePullSecrets[{logins[host.tls_secret]}]",
                    "write a secret of its own",
                    about=(f"hosts[{place}].name",),
                )
            other = made.setdefault(host.tls_secret, place)
            if other != place:
                yield Problem(
                    f"hosts[{place}].tls.secret",
                    f"the Secret {host.tls_secret} is made for hosts[{other}] already",
                    "write a secret of its own",
                    about=(f"hosts[{other}].tls.secret",),
                )

    def _reserved(self) -> Iterator[Problem]:
        for place, listener in enumerate(self.all_listeners):
            owner = _owner_of(listener.port)
            if owner is not None:
                yield Problem(
                    f"listeners[{place}].port",
                    f"port {listener.port} of the pod is taken by {owner}",
                    "write another port, for example 8080",
                )
        for place, port in enumerate(self.public_ports or ()):
            owner = _owner_of(port)
            if owner is not None:
                yield Problem(
                    f"publicPorts[{place}]",
                    f"port {port} of the pod belongs to {owner} and must not be open to any client",
                    "leave it out",
                )
        for key, port in self.gateway.public_ports if self.gateway and self.installed else ():
            yield Problem(
                f"gateway.{key}",
                f"port {port} of the Service serves Ambassador's own traffic already",
                "write another port",
                about=("gateway.probe",),
            )
        if self.installed and self.gateway is not None and self.gateway.doubles_http:
            yield Problem(
                "gateway.probePort",
                f"ports 80 and {self.gateway.service_probe_port} of the Service would lead to one "
                "port of the pod, which the chart would then list twice",
                "leave it out, or write gateway.probe: proxy",
                about=("gateway.probe",),
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
        key = self.serves_nothing
        if self.mappings and key is not None:
            yield Problem(
                key,
                "without an entry here, Ambassador serves none of the mappings",
                f"add one, or leave {key} out to have the default",
            )
        if self.gateway is None or self.gateway.probe != "ambassador":
            return
        if 8080 in self.sidecar.skip_inbound_ports:
            place = self.sidecar.skip_inbound_ports.index(8080)
            yield Problem(
                f"sidecar.skipInboundPorts[{place}]",
                "other clusters probe the gateway on port 8080 by mTLS, which only the proxy ends",
                "leave 8080 out, or write gateway.probe: proxy",
                about=("gateway.probe",),
            )
        if self.hosts is None and not self.installed:
            # Its owner's Hosts are his, and the guard cannot tell whether one answers.
            return
        if self.has_hosts and not any(h.hostname == "*" for h in self.all_hosts):
            yield Problem(
                "hosts",
                "the probe goes through Ambassador, its Host header is the probe Service's name, "
                "and no Host has the hostname '*'",
                "add a Host with hostname: '*', or write gateway.probe: proxy",
                about=("hosts", "gateway.probe"),
            )
        for place, host in enumerate(self.all_hosts):
            if host.hostname == "*" and host.insecure != "Route":
                yield Problem(
                    f"hosts[{place}].insecure",
                    "the probe arrives as cleartext behind the sidecar, and this Host answers "
                    f"cleartext with {host.insecure}",
                    "write insecure: Route, or gateway.probe: proxy",
                    about=(f"hosts[{place}].insecure", "gateway.probe"),
                )
        if (
            self.installed
            and self.kind.listeners
            and not any(item.port == 8080 for item in self.all_listeners)
        ):
            yield Problem(
                "listeners",
                "the probe goes through Ambassador's port 8080, and no Listener has it",
                "add a Listener with port: 8080, or write gateway.probe: proxy",
                about=("listeners", "gateway.probe"),
            )

    def _meshed(self) -> Iterator[Problem]:
        """What the sidecar's mode does to gateway and routes."""
        if self.sidecar.mode != "ingress":
            return
        if self.gateway is not None:
            yield Problem(
                "sidecar.mode",
                "a gateway's proxy routes for other clusters, which ingress mode does not",
                "write mode: enabled, or leave gateway out",
                about=("gateway",),
            )
        if not self.linkerd_headers:
            yield Problem(
                "linkerdHeaders",
                "in ingress mode the proxy routes by the header l5d-dst-override, and Ambassador "
                "would send none",
                "leave it out, or write sidecar.mode: enabled",
                about=("sidecar.mode",),
            )
        for place, mapping in enumerate(self.mappings):
            if not mapping.in_full:
                yield Problem(
                    f"mappings[{place}].service",
                    "in ingress mode the proxy knows Services by their full names only, and "
                    f"{quoted(mapping.service)} is none",
                    "write for example http://web.shop.svc.cluster.local:80",
                    about=("sidecar.mode",),
                )
            if mapping.linkerd_headers is False:
                yield Problem(
                    f"mappings[{place}].linkerdHeaders",
                    "in ingress mode the proxy routes by the header l5d-dst-override, and this "
                    "route would have none",
                    "leave it out, or write sidecar.mode: enabled",
                    about=("sidecar.mode",),
                )

    def _overruled(self) -> Iterator[Problem]:
        """Values of the chart that would change names from which others are derived."""
        front = "".join(f"{key}." for key in self.kind.emissary_values)
        for path, key, ours in (
            ("fullnameOverride", "name", self.name),
            (f"{front}fullnameOverride", "name", self.name),
            (f"{front}serviceAccount.name", "serviceAccount", self.service_account),
        ):
            yield from contradictions("values", self.values, path, key, ours)
        for path, key in (
            ("licenseKey.value", "edgeStack.licenseKey"),
            (f"{front}agent.cloudConnectToken", "edgeStack.cloudConnectToken"),
        ):
            if value_at(self.values, path):
                yield Problem(
                    f"values.{path}",
                    "a secret among Helm values would be shown to whoever may read the release",
                    f"leave it out, and set {key} with `pulumi config set --secret --path`"
                    if self.kind.licensed
                    else "leave it out, and keep it in a Kubernetes Secret",
                )


def _owner_of(port: int) -> str | None:
    """Whose port of the pod it is, where it is not one for Ambassador's clients."""
    if port in PROXY_PORTS:
        return "Linkerd's proxy"
    return "Ambassador's health check" if port == DIAGNOSTICS_PORT else None
