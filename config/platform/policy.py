"""Ports that Linkerd's policy opens to certain clients, whatever the inbound policy is.

Facts: Linkerd docs, "Authorization Policy" (a Server removes its port from the default inbound
policy; its ``accessPolicy`` admits clients besides those that AuthorizationPolicies name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    MESH_TLS,
    NETWORK_AUTHENTICATION,
    SERVER,
    Kind,
)

ANY_NETWORK = ("0.0.0.0/0", "::/0")
"""Every IPv4 and IPv6 address."""


@dataclass(frozen=True)
class Clients:
    """Clients that a port admits: the pods of a ServiceAccount, or networks."""

    name: str
    """What the names of their policies end with."""
    networks: tuple[str, ...] = ()
    """Networks that they connect from, meshed or not; empty for a ServiceAccount."""
    namespace: str = ""
    """Namespace of their ServiceAccount."""
    account: str = ""
    """Name of their ServiceAccount."""
    identity: str = ""
    """mTLS identity of their proxies."""

    @property
    def kind(self) -> Kind:
        """Kind of the object that describes them."""
        return NETWORK_AUTHENTICATION if self.networks else MESH_TLS


@dataclass(frozen=True)
class OpenPort:
    """A port of certain pods, and the clients that it admits."""

    namespace: str
    """Namespace of the pods."""
    server: str
    """Name of its Server."""
    clients: tuple[Clients, ...]
    """Who is admitted."""
    port: int | str | None = None
    """Number of the port, or its name in the pods; None where a chart makes the Server."""
    selector: Mapping[str, Any] | None = None
    """Which pods, as a label selector; None where a chart makes the Server."""

    def policy(self, clients: Clients) -> str:
        """Name of the AuthorizationPolicy for these clients, and of their authentication."""
        return f"{self.server}-{clients.name}"

    @property
    def objects(self) -> Iterator[tuple[Kind, str]]:
        """Kinds and names of its objects."""
        if self.port is not None:
            yield SERVER, self.server
        for clients in self.clients:
            yield clients.kind, self.policy(clients)
            yield AUTHORIZATION_POLICY, self.policy(clients)
