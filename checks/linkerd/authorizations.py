"""Whom policies and default policies authorize, as the policy controller reads them.

Facts: those of `checks.linkerd.inbound_policy`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from checks.facts.selectors import selects
from checks.linkerd.clients import ANY, EVERYWHERE, Allowed, Authorization, Mesh, Network
from kube.answers import inner, items
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    MESH_TLS,
    NAMESPACE,
    NETWORK_AUTHENTICATION,
    SERVER,
    SERVER_AUTHORIZATION,
    SERVICE_ACCOUNT,
    Kind,
    Object,
    labels_of,
    name_of,
    namespace_of,
)


class Index:
    """Objects by kind, namespace and name."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects: dict[tuple[Kind, str], dict[str, Object]] = {}
        for one in objects:
            space = self._objects.setdefault((Kind.of(one), namespace_of(one)), {})
            space[name_of(one)] = one

    def all(self, kind: Kind, namespace: str) -> list[Object]:
        """The objects of a kind in a namespace."""
        return list(self._objects.get((kind, namespace), {}).values())

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object; None without."""
        return self._objects.get((kind, namespace), {}).get(name)


POLICIES: Mapping[str, tuple[bool, bool]] = {
    "all-unauthenticated": (False, False),
    "all-authenticated": (True, False),
    "cluster-unauthenticated": (False, True),
    "cluster-authenticated": (True, True),
    "deny": (True, True),
    "audit": (False, False),
}
"""Default policies: whether clients have to be meshed, and to be of the cluster's networks."""


def defaults(mesh: Mesh, policy: str, by: str) -> Iterator[Authorization]:
    """Yields whom a default policy or accessPolicy authorizes; `by` names it for people."""
    if policy not in POLICIES or policy == "deny":
        return
    meshed, inside = POLICIES[policy]
    networks = mesh.networks if inside else EVERYWHERE
    yield Authorization(by, tuple(map(Allowed, networks)), (ANY,) if meshed else None)


def policies(
    mesh: Mesh, known: Index, namespace: str, target: tuple[Kind, str], ignored: list[str]
) -> Iterator[Authorization]:
    """What the AuthorizationPolicies that target a Server (or its namespace) or a route allow."""
    for one in known.all(AUTHORIZATION_POLICY, namespace):
        spec = inner(one, "spec")
        reference = inner(spec, "targetRef")
        kind = kind_of(reference)
        whole = target[0] == SERVER and kind == lower(NAMESPACE)
        if not whole and (kind, reference.get("name")) != (lower(target[0]), target[1]):
            continue
        try:
            yield _policy(mesh, known, one, spec)
        except _Illegal as error:
            ignored.append(f"AuthorizationPolicy {name_of(one)} is ignored: {error}")


class _Illegal(Exception):
    pass


def kind_of(reference: Object) -> Kind:
    """The kind that a reference names, in lower case."""
    group = str(reference.get("group") or "").lower()
    return Kind("" if group == "core" else group, str(reference.get("kind") or "").lower())


def lower(kind: Kind) -> Kind:
    """A kind as `kind_of` returns it."""
    return Kind(kind.group, kind.name.lower())


def _policy(mesh: Mesh, known: Index, policy: Object, spec: Object) -> Authorization:
    identities: tuple[str, ...] | None = None
    networks: tuple[Allowed, ...] | None = None
    for reference in items(spec, "requiredAuthenticationRefs"):
        kind, name = kind_of(reference), str(reference.get("name"))
        space = str(reference.get("namespace") or namespace_of(policy))
        if kind == lower(NETWORK_AUTHENTICATION):
            if networks is not None:
                raise _Illegal("it names several NetworkAuthentications")
            networks = _networks_of(known, space, name)
            continue
        if kind == lower(MESH_TLS):
            found = _identities_of(mesh, known, space, name)
        elif kind == lower(SERVICE_ACCOUNT):
            found = (mesh.identity(space, name),)
        else:
            raise _Illegal(f"it asks for a {reference.get('kind')}, which is no authentication")
        if identities is not None:
            raise _Illegal("it names several identities' authentications")
        identities = found
    by = f"AuthorizationPolicy {name_of(policy)}"
    return Authorization(by, networks or tuple(map(Allowed, EVERYWHERE)), identities)


def _networks_of(known: Index, namespace: str, name: str) -> tuple[Allowed, ...]:
    found = known.get(NETWORK_AUTHENTICATION, namespace, name)
    networks = _networks(items(found, "spec", "networks"))
    if not networks:
        raise _Illegal(f"there is no NetworkAuthentication {name} in {namespace}")
    return networks


def _networks(listed: Iterable[Object]) -> tuple[Allowed, ...]:
    found = []
    for one in listed:
        try:
            without = tuple(map(_network, one.get("except") or []))
            found.append(Allowed(_network(one.get("cidr")), without))
        except ValueError:
            continue
    return tuple(found)


def _network(text: object) -> Network:
    return ipaddress.ip_network(str(text), strict=False)


def _identities_of(mesh: Mesh, known: Index, namespace: str, name: str) -> tuple[str, ...]:
    found = known.get(MESH_TLS, namespace, name)
    spec = inner(found, "spec")
    identities = [str(one) for one in spec.get("identities") or []]
    for reference in items(spec, "identityRefs"):
        kind, of = kind_of(reference), str(reference.get("name"))
        if kind == lower(SERVICE_ACCOUNT):
            identities.append(mesh.identity(str(reference.get("namespace") or namespace), of))
        elif kind == lower(NAMESPACE):
            identities.append(mesh.identity(of, ANY))
    if not identities:
        raise _Illegal(f"there is no MeshTLSAuthentication {name} in {namespace}")
    return tuple(identities)


def server_authorizations(
    mesh: Mesh, known: Index, server: Object, ignored: list[str]
) -> Iterator[Authorization]:
    """Yields whom the ServerAuthorizations of a Server authorize; adds to `ignored`."""
    space, name = namespace_of(server), name_of(server)
    for one in known.all(SERVER_AUTHORIZATION, space):
        spec = inner(one, "spec")
        chosen = inner(spec, "server")
        if chosen.get("name"):
            fits = chosen["name"] == name
        else:
            fits = selects(inner(chosen, "selector"), labels_of(server))
        if not fits:
            continue
        client = inner(spec, "client")
        tls = inner(client, "meshTLS")
        networks = _networks(items(client, "networks")) or tuple(map(Allowed, mesh.networks))
        identities: tuple[str, ...] | None = None
        if not client.get("unauthenticated"):
            accounts = (
                mesh.identity(str(account.get("namespace") or space), str(account.get("name")))
                for account in items(tls, "serviceAccounts")
            )
            identities = (*map(str, tls.get("identities") or []), *accounts)
            # Without an identity they still have to come by the mesh's TLS.
            identities = (ANY,) if tls.get("unauthenticatedTLS") else identities
            if not identities:
                ignored.append(
                    f"ServerAuthorization {name_of(one)} is ignored: it names no clients"
                )
                continue
        yield Authorization(f"ServerAuthorization {name_of(one)}", networks, identities)
