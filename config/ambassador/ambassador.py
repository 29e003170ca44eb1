"""Ambassador in one cluster: its flavour, installed or adopted, and what it serves.

Facts: the Linkerd 2 integration pages of Ambassador and Emissary-ingress; the flavours' charts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PrivateAttr, WithJsonSchema

from config.ambassador.adoption import AdoptConfig
from config.ambassador.edge_stack import EdgeStackConfig
from config.ambassador.gateway import GatewayConfig
from config.ambassador.listeners import Listener
from config.ambassador.load_balancer import changing, kept
from config.ambassador.routes import HostConfig, MappingConfig
from config.ambassador.service import NodePorts, ServiceConfig
from config.language.formats import (
    ChartVersion,
    DnsLabel,
    Flag,
    HelmValues,
    Image,
    Port,
    ServiceName,
    chart_version,
    matching,
)
from config.language.model import Model, PullSecret, Resources, value_at
from config.language.problems import Problem, quoted, wrong
from config.linkerd.sidecar import SidecarConfig
from config.linkerd.tracing import AmbassadorTracing
from config.rules.ambassador.adoption import adoption_rules
from config.rules.ambassador.flavour import flavour_rules
from config.rules.ambassador.gateway import served_rules
from config.rules.ambassador.gateway_service import gateway_service_rules
from config.rules.ambassador.names import name_rules
from config.rules.ambassador.ports import reserved_rules
from config.rules.ambassador.sidecar import sidecar_rules
from config.rules.ambassador.specs import spec_rules
from config.rules.ambassador.values import value_rules
from config.variants.ambassadors import FLAVOURS, ApiVersion, Flavour, ReleaseLine
from vocabulary.ambassador import DEFAULT_ID
from vocabulary.kubernetes import APP_INSTANCE, APP_NAME

LONGEST_RELEASE = 53
"""Characters that Helm allows in the name of a release."""


def _flavour(value: str) -> str:
    if value not in FLAVOURS:
        raise wrong(
            f"unknown flavour {quoted(value)}",
            f"write one of {', '.join(FLAVOURS)}",
        )
    return value


FlavourName = Annotated[
    str, AfterValidator(_flavour), WithJsonSchema({"type": "string", "enum": list(FLAVOURS)})
]
"""The name of a flavour."""
AmbassadorVersion = Annotated[ChartVersion, chart_version(FLAVOURS["emissary"].lines[0].newest)]
"""Version of an Ambassador's chart."""


_ID = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
AmbassadorId = Annotated[
    str,
    matching(
        _ID,
        "an AMBASSADOR_ID",
        "write at most 63 letters, digits, '-', '_' and '.', beginning with a letter or digit",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID}$"}),
]
"""What distinguishes the Ambassadors of a cluster (Emissary docs, "Running Ambassador")."""


class AmbassadorConfig(Model):
    """Ambassador in one cluster."""

    decided_by = ("adopt", "flavour")

    flavour: FlavourName = "emissary"
    """Emissary-ingress, Ambassador Edge Stack, or legacy Ambassador 1.14."""
    version: AmbassadorVersion | None = None
    """Version of the chart (docs/versions.md), whose first number decides how it is installed; by
    default the newest version that the program knows. An adopted one may be older."""
    api_version: ApiVersion | None = None
    """Version of getambassador.io that Hosts and Mappings are written in; the newest that the
    installation serves by default. v1 has no Host: Emissary gets Hosts of v2, Ambassador 1.14 gets
    TLSContexts."""
    adopt: AdoptConfig | None = None
    """Set (``{}`` is enough) to use an existing Ambassador, which its owner keeps managing."""
    namespace: DnsLabel = "ambassador"
    """Namespace of the installation."""
    crds_namespace: DnsLabel = "emissary-system"
    """Namespace of the release of the CRDs, if the flavour has a separate chart for them."""
    install_crds: Flag = True
    """Install the CRDs; false where another tool owns them."""
    name: ServiceName = "ambassador"
    """Name of the release, the Deployment and the Service."""
    ambassador_id: AmbassadorId | None = None
    """Its ``AMBASSADOR_ID``, which all its objects name, so that Ambassadors of one cluster do not
    read each other's; ``default`` when left out. Of an adopted Ambassador: the id that it has."""
    service_account: DnsLabel | None = None
    """ServiceAccount; ``<name>-<cluster>`` by default, so that gateways differ in identity. For an
    adopted Ambassador, the default is `name`, as in its charts."""
    replicas: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Replicas; by default 3 with `highAvailability`, else 1."""
    high_availability: Flag = False
    """Replicas spread over zones and nodes, and a disruption budget."""
    resources: Resources = Resources()
    """Requests and limits of Ambassador's container."""
    service: ServiceConfig = ServiceConfig()
    """The Service in front of Ambassador."""
    sidecar: SidecarConfig = SidecarConfig()
    """Linkerd's proxy in its pods."""
    linkerd_headers: Flag = True
    """The Module's ``add_linkerd_headers``."""
    listeners: tuple[Listener, ...] | None = None
    """Listeners; by default those of ports 8080 and 8443, or none if Ambassador is adopted or its
    flavour has no Listeners. Without a Listener, Emissary serves no route."""
    public_ports: tuple[Port, ...] | None = None
    """Ports of the pod to which any client may connect, whatever Linkerd's inbound policy is; by
    default those of the Listeners, or 8080 and 8443 without Listeners. No other port is opened."""
    hosts: tuple[HostConfig, ...] | None = None
    """Hosts; by default one Host for every name, which routes cleartext, or none if Ambassador is
    adopted."""
    mappings: tuple[MappingConfig, ...] = ()
    """Routes to Services; none by default."""
    gateway: GatewayConfig | None = None
    """Set (``{}`` is enough) to make this Ambassador the cluster's multicluster gateway."""
    tracing: AmbassadorTracing | None = None
    """Where Ambassador sends its own spans, so that traces begin at the edge; nowhere when left
    out."""
    edge_stack: EdgeStackConfig | None = None
    """Licence and services of an Edge Stack."""
    image: Image | None = None
    """Image repository; the published one by default."""
    image_pull_secrets: tuple[PullSecret, ...] = ()
    """Logins for the image registry."""
    values: HelmValues = {}
    """Extra values for Ambassador's chart; they override the program's defaults."""
    crds_values: HelmValues = {}
    """Extra values for the chart of the CRDs; they override the program's defaults."""

    _further: bool = PrivateAttr(default=False)

    @property
    def main(self) -> bool:
        """Whether it is the main one of its cluster, as `ClusterConfig.each_ambassador` says."""
        return not self._further

    def beside(self, main: Self) -> Self:
        """The same as a further Ambassador of a cluster, with the CRDs of the main one."""
        shared = {"install_crds": False, "crds_namespace": main.crds_namespace}
        found = self.model_copy(update=shared)
        found._further = True
        return found

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
        """Its flavour."""
        return FLAVOURS[self.flavour]

    @property
    def line(self) -> ReleaseLine:
        """How its releases are installed; the newest line for a version that is refused."""
        return self.kind.line(self.version, adopted=not self.installed) or self.kind.lines[0]

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
        """Whether the program installs it."""
        return self.adopt is None

    @property
    def all_listeners(self) -> tuple[Listener, ...]:
        """Its Listeners, or the default Listeners."""
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
    def all_hosts(self) -> tuple[HostConfig, ...]:
        """Its Hosts, or the default Host."""
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
    def own_id(self) -> str:
        """Its ``AMBASSADOR_ID``."""
        return self.ambassador_id or DEFAULT_ID

    def account(self, cluster: str) -> str:
        """Name of its ServiceAccount in the cluster of this name."""
        if self.service_account is not None:
            return self.service_account
        return f"{self.name}-{cluster}" if self.installed else self.name

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
    def own_gateway_service(self) -> ServiceConfig | None:
        """The Service that only the gateway has; None without one."""
        gateway, public = self.gateway, self.service
        if gateway is None or not self.installed:
            return public if gateway is not None else None
        if gateway.service is not None:
            return gateway.service
        by_values = value_at(
            self.values, ".".join((*self.kind.emissary_values, "service", "annotations"))
        )
        annotations = {**public.annotations, **(by_values if isinstance(by_values, dict) else {})}
        changed = public.type == "LoadBalancer" and changing(annotations, gateway.service_ports)
        if gateway.own_service is False or not (gateway.own_service or changed):
            return None
        ports = public.node_ports
        return public.model_copy(
            update={
                "annotations": kept(annotations),
                "load_balancer_ip": None,
                "node_ports": NodePorts(gateway=ports.gateway, probe=ports.probe),
            }
        )

    @property
    def gateway_service(self) -> str:
        """Name of the Service with the gateway's ports and annotations."""
        own = not self.installed or self.own_gateway_service is not None
        return f"{self.name}-linkerd-gateway" if own else self.name

    def inconsistencies(self) -> Iterator[Problem]:
        """Duplicates and conflicts, and what the gateway or the routes lack."""
        yield from flavour_rules(self)
        yield from adoption_rules(self)
        yield from name_rules(self)
        yield from reserved_rules(self)
        yield from served_rules(self)
        yield from gateway_service_rules(self)
        yield from sidecar_rules(self)
        yield from spec_rules(self)
        if self.installed and len(self.name) > LONGEST_RELEASE:
            yield Problem(
                "name",
                f"this name has {len(self.name)} characters; the limit for a Helm release is "
                f"{LONGEST_RELEASE}",
                f"write at most {LONGEST_RELEASE} characters",
            )
        if self.high_availability and self.replica_count < 2:
            yield Problem(
                "replicas",
                "highAvailability needs at least 2 replicas",
                "write replicas: 3, or leave it out",
                about=("highAvailability",),
            )
        yield from value_rules(self)
