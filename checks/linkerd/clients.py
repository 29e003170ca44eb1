"""Clients that inbound policy authorizes: networks and identities."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from config.inventory.admission import any_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
ANY = "*"
"""The identity that every meshed client has."""


class Allowed(NamedTuple):
    """A network, and what of it is left out."""

    network: Network
    without: tuple[Network, ...] = ()


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


def lacking(
    authorizations: Iterable[Authorization],
    *,
    meshed: bool,
    networks: Sequence[Network] = EVERYWHERE,
    identity: str = "",
) -> list[Network]:
    """Of these networks, those from which clients are refused; empty where all may connect.

    `meshed` clients have some identity, others none. `identity` is theirs where it is known;
    without it, those with a certain identity may be let in from these networks as well.
    """
    left: list[Network] = list(networks)
    for one in authorizations:
        named = bool(identity) and any_of(one.identities or (), identity)
        if one.identities is None or named or (meshed and ANY in one.identities):
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
