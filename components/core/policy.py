"""Linkerd policy: which clients a port of certain pods accepts.

Facts: Linkerd docs, "Authorization policy": a Server removes its port from the default inbound
policy, and only the AuthorizationPolicies that target it admit clients; kubelet probes of a port
stay allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vocabulary.kinds import AUTHORIZATION_POLICY, SERVER, Kind

Manifest = dict[str, object]
GROUP = SERVER.group


@dataclass(frozen=True)
class Pods:
    """Pods that policy is about."""

    namespace: str
    """Their namespace, which is that of the policy objects."""
    labels: Mapping[str, str]
    """Labels that select them."""


def authentication(
    kind: str, name: str, namespace: str, spec: Mapping[str, object]
) -> tuple[dict[str, str], Manifest]:
    """A reference to a set of clients, and the object of `kind` that describes the set."""
    return {"kind": kind, "name": name}, _object("v1alpha1", kind, name, namespace, spec)


def server(
    name: str,
    pods: Pods,
    port: int | str,
    clients: Mapping[str, str],
    protocol: str | None = None,
) -> list[Manifest]:
    """A Server for one port of the pods, and the AuthorizationPolicy that admits its clients.

    `port` is a number or the name of a container port; `clients` is a reference to a set of
    clients.
    """
    return [
        server_alone(name, pods, port, protocol),
        authorization(name, pods.namespace, (SERVER, name), clients),
    ]


def server_alone(name: str, pods: Pods, port: int | str, protocol: str | None = None) -> Manifest:
    """A Server for one port of the pods; arguments as those of `server`."""
    spec: Manifest = {"podSelector": {"matchLabels": dict(pods.labels)}, "port": port}
    if protocol is not None:
        spec["proxyProtocol"] = protocol
    return _object("v1beta3", SERVER.name, name, pods.namespace, spec)


def authorization(
    name: str, namespace: str, target: tuple[Kind, str], clients: Mapping[str, str]
) -> Manifest:
    """An AuthorizationPolicy that admits clients to a Server or route of its namespace."""
    kind, of = target
    spec: Manifest = {
        "targetRef": {"group": GROUP, "kind": kind.name, "name": of},
        "requiredAuthenticationRefs": [{"group": GROUP, **clients}],
    }
    return _object("v1alpha1", AUTHORIZATION_POLICY.name, name, namespace, spec)


def _object(
    version: str, kind: str, name: str, namespace: str, spec: Mapping[str, object]
) -> Manifest:
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": dict(spec),
    }
