"""One link: services of the target become callable in the source.

Facts: Linkerd docs, "Multi-cluster communication", "Federated services", the Link resource
(v1alpha3); Gateway API docs, HTTPRoute.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.ambassador.route_settings import RouteSettings
from config.language.formats import (
    Account,
    Address,
    DnsLabel,
    DnsName,
    Flag,
    HostGlob,
    MetadataGlob,
    Port,
    ServiceName,
    UrlPath,
)
from config.language.model import Model, doubled
from config.language.problems import Problem
from config.links.credentials import Credentials
from config.links.selectors import Selectors
from config.links.traffic_policy import TrafficPolicy
from vocabulary.linkerd import REMOTE_ACCESS_PREFIX

ExportMode = Literal["gateway", "remote-discovery", "none"]


class Weights(Model):
    """How requests to a Service of the source are split between it and its mirror."""

    local: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    """Weight of the source's own Service."""
    mirrored: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    """Weight of the mirrored Service, which is the target's."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Two weights of 0."""
        if self.local == self.mirrored == 0:
            yield Problem(
                "local", "both weights are 0, so no request is answered", "write a weight above 0"
            )


class MirrorMapping(RouteSettings):
    """A route of the source's Ambassador to the mirrored Service."""

    prefix: UrlPath
    """Prefix of the request's path."""
    name: DnsName | None = None
    """Name of the Mapping; that of the mirrored Service by default."""
    hostname: HostGlob = "*"
    """Host names the route is for."""


class Export(Model):
    """A Service of the target that the source may call."""

    namespace: DnsLabel
    """Its namespace; it has to exist in the source as well."""
    service: ServiceName
    """Its name; the source sees it as ``<service>-<target>``."""
    mode: ExportMode | None = None
    """Through the gateway, or by ``remote-discovery``: pods are called directly, on a flat network.
    ``gateway`` by default, ``remote-discovery`` on a link with `flatNetwork`; ``none`` for a
    Service that is only federated."""
    federated: Flag = False
    """Whether it joins the Services of the same name in other clusters under
    ``<service>-federated``; needs a flat network."""
    port: Port = 80
    """Port of the Service that `weights` and `mapping` use."""
    weights: Weights | None = None
    """Split requests to the source's own Service of that name between it and the mirrored
    Service."""
    mapping: MirrorMapping | None = None
    """Make the mirrored Service reachable through the source's Ambassador."""
    clients: Annotated[tuple[Account, ...], Field(min_length=1)] | None = None
    """ServiceAccounts of the source whose pods may call it through the gateway, each
    ``<namespace>/<name>``, or ``<namespace>/*``; all by default. The source's own Ambassador is
    one where it has a route to the mirror."""
    opaque: Flag = False
    """Whether connections to it are no HTTP, or have to be treated as such. They show the gateway
    no name of a Service, so that it admits its clients to every meshed Service."""
    traffic: TrafficPolicy | None = None
    """How clients treat requests to it; as Linkerd does by default when left out."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}"

    def inconsistencies(self) -> Iterator[Problem]:
        """An export that exports nothing, and routes to a mirror that will not exist."""
        if self.mode != "none":
            return
        if not self.federated:
            yield Problem(
                "mode",
                "this Service is neither mirrored nor federated",
                "write federated: true, or another mode",
                about=("federated",),
            )
        for key in ("weights", "mapping"):
            if getattr(self, key) is not None:
                yield Problem(
                    key,
                    "with mode: none there is no mirrored Service",
                    "leave it out, or write mode: gateway or remote-discovery",
                    about=("mode",),
                )


class LinkGateway(Model):
    """Which gateway of the target this link goes through, and how its source reaches it."""

    name: ServiceName | None = None
    """Name of the Ambassador that is the gateway; needed where the target has several gateways."""
    address: Annotated[tuple[Address, ...], Field(min_length=1)] | None = None
    """IP addresses or DNS names, in place of those of the gateway's Service."""
    port: Port | None = None
    """Port of that address, where it differs from the gateway's own: with NAT, a port mapping, or
    another load balancer in front."""
    probe_port: Port | None = None
    """Port of that address that is probed, where it differs from the gateway's own."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Neither a name nor an address, or ports of no address."""
        if self.address is not None:
            return
        ports = [key for key in ("port", "probe_port") if getattr(self, key) is not None]
        if ports or self.name is None:
            yield Problem(
                "address",
                "the ports of a link are those of its own address"
                if ports
                else "neither a gateway nor an address is given",
                "for example address: [192.0.2.7]",
                about=("port", "probePort", "name"),
            )


class Probe(Model):
    """How the source's service mirror probes the gateway."""

    period_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] | None = None
    """Seconds between two probes; those of the gateway by default."""
    timeout_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] = 30
    """Seconds until a probe counts as failed."""
    failure_threshold: Annotated[int, Field(ge=1, le=100, strict=True)] = 3
    """Failures in a row after which the gateway counts as dead."""


class LinkConfig(Model):
    """One link from a source cluster to a target cluster."""

    source: DnsLabel
    """Name of the cluster that calls."""
    target: DnsLabel
    """Name of the cluster that is called; also the name of the Link."""
    flat_network: Flag = False
    """Pods of the source reach pods of the target directly: no gateway is used or needed."""
    gateway: LinkGateway | None = None
    """Set if the target has several gateways, or if this source reaches the gateway at another
    address than that of its Service."""
    exports: tuple[Export, ...] = ()
    """Services of the target to export, by name."""
    selectors: Selectors = Selectors()
    """Services of the target to export, by labels that they have."""
    headless_services: Flag = False
    """Mirror headless Services as such, with a name for every pod."""
    excluded_labels: tuple[MetadataGlob, ...] = ()
    """Labels of exported Services that are not copied to their mirrors; ``example.com/*`` for all
    with this prefix."""
    excluded_annotations: tuple[MetadataGlob, ...] = ()
    """Annotations of exported Services that are not copied to their mirrors, likewise."""
    probe: Probe = Probe()
    """Probing of the gateway."""
    credentials: Credentials = Credentials()
    """How the source logs in to the target's API server."""

    @property
    def name(self) -> str:
        """Name of the link within the mesh."""
        return f"{self.source}-{self.target}"

    @property
    def own_address(self) -> tuple[str, ...]:
        """IP addresses or DNS names of the gateway for this link alone."""
        return self.gateway.address or () if self.gateway is not None else ()

    @property
    def service_account(self) -> str:
        """ServiceAccount on the target that the source's service mirror logs in with."""
        return f"{REMOTE_ACCESS_PREFIX}{self.source}"

    @property
    def token_secret(self) -> str:
        """Secret on the target that the token is in, or that a requested one is bound to.

        Without it, the target accepts the token no longer.
        """
        wanted = self.credentials
        if wanted.requested:
            return f"{self.service_account}-request-{wanted.generation}"
        more = "" if wanted.generation == 1 else f"-{wanted.generation}"
        return f"{self.service_account}-token{more}"

    def mirror_of(self, export: Export) -> str:
        """Name of an exported Service in the source."""
        return f"{export.service}-{self.target}"

    def mode_of(self, export: Export) -> ExportMode:
        """The mode of an export; by default that of the link."""
        return export.mode or ("remote-discovery" if self.flat_network else "gateway")

    def inconsistencies(self) -> Iterator[Problem]:
        """A link to itself, duplicate exports, and names of mirrors that are too long."""
        if self.source == self.target:
            yield Problem(
                "target",
                f"cluster '{self.source}' is linked to itself",
                "name another cluster as source or as target",
                about=("source",),
            )
        yield from doubled(
            "exported Service",
            ((f"exports[{place}]", str(export)) for place, export in enumerate(self.exports)),
        )
        for place, export in enumerate(self.exports):
            mirror, federated = self.mirror_of(export), f"{export.service}-federated"
            if self.mode_of(export) != "none" and len(mirror) > 63:
                yield Problem(
                    f"exports[{place}].service",
                    f"its mirror would be named {mirror}, which has {len(mirror)} characters; the "
                    "limit is 63",
                    "shorten the name of the target cluster or of the Service",
                    about=("target",),
                )
            if export.federated and len(federated) > 63:
                yield Problem(
                    f"exports[{place}].federated",
                    f"the federated Service would be named {federated}, which has {len(federated)} "
                    "characters; the limit is 63",
                    "shorten the name of the Service, or leave federated out",
                    about=(f"exports[{place}].service",),
                )
        yield from self._flat()
        yield from self._selected()

    def _flat(self) -> Iterator[Problem]:
        """What needs a gateway, on a link without a gateway."""
        if not self.flat_network:
            return
        for place, export in enumerate(self.exports):
            if export.mode == "gateway":
                yield Problem(
                    f"exports[{place}].mode",
                    "this link uses no gateway, because flatNetwork is true",
                    "write mode: remote-discovery, or leave flatNetwork out",
                    about=("flatNetwork",),
                )
        for key, given in (
            ("gateway", self.gateway is not None),
            ("selectors.gateway", self.selectors.gateway is not None),
            ("probe", "probe" in self.model_fields_set),
        ):
            if given:
                yield Problem(
                    key,
                    "this link uses no gateway, because flatNetwork is true",
                    "leave it out, or leave flatNetwork out",
                    about=("flatNetwork",),
                )

    def _selected(self) -> Iterator[Problem]:
        """Exports by name whose label a configured selector replaces."""
        for place, export in enumerate(self.exports):
            for key, selector, wanted in (
                ("gateway", self.selectors.gateway, self.mode_of(export) == "gateway"),
                (
                    "remoteDiscovery",
                    self.selectors.remote_discovery,
                    self.mode_of(export) == "remote-discovery",
                ),
                ("federated", self.selectors.federated, export.federated),
            ):
                if wanted and selector is not None:
                    yield Problem(
                        f"exports[{place}]",
                        f"selectors.{key} replaces the label by which this Service would be "
                        "exported",
                        f"leave it out and have the selector match it, or leave selectors.{key} "
                        "out",
                        about=(f"selectors.{key}",),
                    )
