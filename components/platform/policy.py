"""Linkerd policy for open ports: Servers, and whom they admit.

Facts: those of `config.platform.policy`; the CRDs of linkerd-crds 2026.8.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi

from components.core.component import MeshComponent
from components.core.manifests import custom_resource
from components.core.policy import authentication, authorization
from config.platform.policy import OpenPort
from vocabulary.kinds import SERVER


def open_port_policy(port: OpenPort, default: str) -> Iterator[dict[str, Any]]:
    """Policy manifests that open a port to its clients, besides those that `default` admits.

    `default` is the default inbound policy of the cluster.
    """
    space = port.namespace
    if port.port is not None:
        yield {
            "apiVersion": SERVER.api_version,
            "kind": SERVER.name,
            "metadata": {"name": port.server, "namespace": space},
            "spec": {"podSelector": port.selector, "port": port.port, "accessPolicy": default},
        }
    for clients in port.clients:
        name = port.policy(clients)
        described = (
            {"networks": [{"cidr": cidr} for cidr in clients.networks]}
            if clients.networks
            else {"identities": [clients.identity]}
        )
        reference, found = authentication(clients.kind.name, name, space, described)
        yield found
        yield authorization(name, space, (SERVER, port.server), reference)


def declare_open_port(
    component: MeshComponent,
    port: OpenPort,
    default: str,
    provider: pulumi.ProviderResource,
    depends_on: list[pulumi.Resource],
) -> None:
    """Declare the policy of an open port as children of a component."""
    for manifest in open_port_policy(port, default):
        place = f"{port.namespace}.{manifest['metadata']['name']}"
        opts = component.child(provider, depends_on=depends_on)
        custom_resource(component, place, manifest, opts)
