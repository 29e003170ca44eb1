"""Clients that inbound policy authorizes: networks and identities.

Facts: Linkerd docs, "Authorization Policy"; linkerd2 edge-26.8.3,
``policy-controller/k8s/index/src/inbound`` (index.rs: reindex_servers, client_authzs,
policy_client_authz, default_inbound_server; workload.rs; server_authorization.rs) and
``defaults.rs``; ``policy-controller/grpc/src/inbound.rs``, to_authz; linkerd2-proxy,
``app/inbound/src/policy.rs``, is_authorized.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
ANY = "*"
"""The identity that every meshed client has."""


class Allowed(NamedTuple):
    """A network, and what of it is left out."""

    network: Network
    without: tuple[Network, ...] = ()

    def contains(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        """Whether an address is in it."""
        return address in self.network and not any(address in one for one in self.without)


@dataclass(frozen=True)
class Authorization:
    """Clients that are let in."""

    by: str
    """What lets them in, as people call it."""
    networks: tuple[Allowed, ...]
    """Where they come from."""
    identities: tuple[str, ...] | None
    """Who they have to be, as Linkerd writes it (``*`` is every meshed client); None where they
    need no identity."""


@dataclass(frozen=True)
class Mesh:
    """What the policy controller knows of its cluster."""

    namespace: str
    """The control plane's namespace."""
    trust_domain: str
    networks: tuple[Network, ...]
    """``clusterNetworks``."""
    default: str
    """``proxy.defaultInboundPolicy``."""

    def identity(self, namespace: str, account: str) -> str:
        """The identity of a ServiceAccount's pods."""
        return f"{account}.{namespace}.serviceaccount.identity.{self.namespace}.{self.trust_domain}"


def let_in(authorizations: Iterable[Authorization], address: str, identity: str | None) -> bool:
    """Whether a client with this address, meshed as `identity` or unmeshed, is authorized."""
    where = ipaddress.ip_address(address)
    return any(
        any(one.contains(where) for one in allowed.networks) and _is_one(allowed, identity)
        for allowed in authorizations
    )


def _is_one(allowed: Authorization, identity: str | None) -> bool:
    if allowed.identities is None:
        return True
    return identity is not None and any(fits(one, identity) for one in allowed.identities)


def fits(pattern: str, identity: str) -> bool:
    """Whether an identity is one of those that a pattern names."""
    if pattern == ANY:
        return True
    if pattern.startswith("*."):
        return identity.endswith(pattern[1:])
    return pattern == identity


def lacking(authorizations: Iterable[Authorization], *, meshed: bool) -> list[Network]:
    """Networks from which clients without a name are refused; empty where all may connect.

    `meshed` clients have some identity, others none. Those with a certain identity may be let in
    from these networks as well.
    """
    left: list[Network] = list(EVERYWHERE)
    for one in authorizations:
        if one.identities is None or (meshed and ANY in one.identities):
            for allowed in one.networks:
                for part in _parts(allowed):
                    left = [rest for whole in left for rest in _minus(whole, part)]
    return left


def _parts(allowed: Allowed) -> list[Network]:
    found: list[Network] = [allowed.network]
    for hole in allowed.without:
        found = [rest for whole in found for rest in _minus(whole, hole)]
    return found


def _minus(whole: Network, part: Network) -> Sequence[Network]:
    if isinstance(whole, ipaddress.IPv4Network):
        if not isinstance(part, ipaddress.IPv4Network) or not whole.overlaps(part):
            return [whole]
        return [] if whole.subnet_of(part) else list(whole.address_exclude(part))
    if not isinstance(part, ipaddress.IPv6Network) or not whole.overlaps(part):
        return [whole]
    return [] if whole.subnet_of(part) else list(whole.address_exclude(part))
