"""What meshed pods may reach outside of the cluster.

Facts: Linkerd docs, "EgressNetwork" and "Managing egress traffic"; linkerd2 edge-26.8.3,
``policy-controller/k8s/index/src/outbound/index/egress_network.rs``: the EgressNetworks of the
client's namespace replace those of the namespace that applies to all; of several, the one with the
smallest network applies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from config.language.formats import DnsLabel, HostGlob, Network, Port
from config.language.model import Model, doubled
from config.language.problems import Problem
from vocabulary.kinds import EGRESS_NETWORK, HTTP_ROUTE, TLS_ROUTE, Kind
from vocabulary.linkerd import EGRESS, MULTICLUSTER

DEFAULT = "default"
"""Name of the EgressNetwork of everything outside of the cluster's networks."""
OWN = "links"
"""Name of the EgressNetworks that leave Linkerd's own pods their way to other API servers."""

Manifest = dict[str, Any]


class AllowedHosts(Model):
    """Hosts outside of the cluster that pods may call."""

    name: DnsLabel
    """Name of the route."""
    hosts: Annotated[tuple[HostGlob, ...], Field(min_length=1)]
    """Host names, or ``*.example.com`` for all below one."""
    protocol: Literal["tls", "http"] = "tls"
    """TLS is compared by its server name (SNI), cleartext HTTP by its Host header."""
    ports: Annotated[tuple[Port, ...], Field(min_length=1)] | None = None
    """Ports; 443 for tls and 80 for http by default."""

    @property
    def all_ports(self) -> tuple[int, ...]:
        """Its ports, or the usual one."""
        return self.ports or ((443,) if self.protocol == "tls" else (80,))

    @property
    def kind(self) -> Kind:
        """Kind of its route."""
        return TLS_ROUTE if self.protocol == "tls" else HTTP_ROUTE

    def inconsistencies(self) -> Iterator[Problem]:
        """Globs that routes do not accept."""
        for place, host in enumerate(self.hosts):
            if host == "*" or host.endswith(".*") or ":" in host or host != host.lower():
                yield Problem(
                    f"hosts[{place}]",
                    f"a route does not accept the host name '{host}'",
                    "write a lower-case name without a port, such as api.example.com or "
                    "'*.example.com'",
                )


class AllowedNetworks(Model):
    """Addresses outside of the cluster that pods may call, on every port and by every protocol."""

    name: DnsLabel
    """Name of the EgressNetwork."""
    networks: Annotated[tuple[Network, ...], Field(min_length=1)]
    """The networks."""


class Egress(Model):
    """What meshed pods of the cluster may reach outside of its `networks`.

    EgressNetworks in the namespace linkerd-egress; those that a namespace has of its own replace
    them for its pods. Proxies enforce it, so that a pod that bypasses its proxy is not held by it.
    """

    default: Literal["allow", "deny"]
    """What applies to all that `hosts` and `addresses` do not list."""
    hosts: tuple[AllowedHosts, ...] = ()
    """Hosts that may be called by TLS or HTTP."""
    addresses: tuple[AllowedNetworks, ...] = ()
    """Networks that may be called, databases for example."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Names that are listed twice, and lists without an effect."""
        yield from doubled(
            "route", ((f"hosts[{i}].name", item.name) for i, item in enumerate(self.hosts))
        )
        yield from doubled(
            EGRESS_NETWORK.name,
            ((f"addresses[{i}].name", item.name) for i, item in enumerate(self.addresses)),
        )
        for place, item in enumerate(self.addresses):
            if item.name == DEFAULT:
                yield Problem(
                    f"addresses[{place}].name",
                    f"'{DEFAULT}' is the name of the EgressNetwork of all other addresses",
                    "write another name",
                )
        for key, listed in (("hosts", self.hosts), ("addresses", self.addresses)):
            if listed and self.default == "allow":
                yield Problem(
                    key,
                    "with default: allow, everything may be called anyway",
                    f"write default: deny, or leave {key} out",
                    about=("default",),
                )

    def manifests(self, linkerd_namespace: str, *, source: bool) -> Iterator[Manifest]:
        """Its objects; with `source`, the cluster is the source of a link.

        The service mirrors and the destination controller of a source watch the API servers of its
        targets, which are outside of the cluster as well.
        """
        yield _network(EGRESS, DEFAULT, self.default.capitalize())
        for item in self.addresses:
            networks = [{"cidr": cidr} for cidr in item.networks]
            yield _network(EGRESS, item.name, "Allow", networks)
        for host in self.hosts:
            yield _route(host)
        if source and self.default == "deny":
            for space in (MULTICLUSTER, linkerd_namespace):
                yield _network(space, OWN, "Allow")


def _network(
    space: str, name: str, policy: str, networks: list[Manifest] | None = None
) -> Manifest:
    spec: Manifest = {"trafficPolicy": policy}
    if networks is not None:
        spec["networks"] = networks
    return _manifest(EGRESS_NETWORK, space, name, spec)


def _route(allowed: AllowedHosts) -> Manifest:
    network = {"group": EGRESS_NETWORK.group, "kind": EGRESS_NETWORK.name, "name": DEFAULT}
    spec = {
        "parentRefs": [{**network, "port": port} for port in allowed.all_ports],
        "hostnames": list(allowed.hosts),
        "rules": [{"backendRefs": [dict(network)]}],
    }
    return _manifest(allowed.kind, EGRESS, allowed.name, spec)


def _manifest(kind: Kind, space: str, name: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, "spec": spec}
