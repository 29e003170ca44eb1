"""Linkerd policy for Ambassador's public ports, whatever the default inbound policy is.

Seen with real proxies: without these objects, ``defaultInboundPolicy: all-authenticated`` answers
403 on Ambassador's public port to every client outside the mesh.
"""

from __future__ import annotations

from components.core.policy import Manifest, Pods, authentication, server
from config.ambassador.ambassador import AmbassadorConfig
from vocabulary.kinds import NETWORK_AUTHENTICATION

ANY_NETWORK = ("0.0.0.0/0", "::/0")
"""Every IPv4 and IPv6 address."""


def public_policy(config: AmbassadorConfig) -> list[Manifest]:
    """Policy manifests that admit any client to Ambassador's public ports, and to no other.

    There is one Server per port, so that the admin port of the same pod keeps the default policy.
    """
    if not config.all_public_ports:
        return []
    name = config.public_policy
    networks = {"networks": [{"cidr": cidr} for cidr in ANY_NETWORK]}
    anyone, found = authentication(NETWORK_AUTHENTICATION.name, name, config.namespace, networks)
    pods = Pods(config.namespace, config.pod_labels)
    servers = [server(f"{name}-{port}", pods, port, anyone) for port in config.all_public_ports]
    return [found, *(item for pair in servers for item in pair)]
