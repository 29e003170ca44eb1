"""Who may connect to a port of a meshed pod, by Linkerd's inbound policy.

A pure evaluation of objects, as the policy controller makes it and the pod's proxy applies it: the
oldest Server that selects pod and port decides, else the default policy; a Server lets in whom a
policy that targets it, or its namespace, or its accessPolicy lets in, and no one else.

Facts: Linkerd docs, "Authorization Policy"; linkerd2 edge-26.8.3,
``policy-controller/k8s/index/src/inbound`` (index.rs: reindex_servers, client_authzs,
policy_client_authz, default_inbound_server; workload.rs; server_authorization.rs) and
``defaults.rs``; ``policy-controller/grpc/src/inbound.rs``, to_authz; linkerd2-proxy,
``app/inbound/src/policy.rs``, is_authorized.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from checks.facts.objects import containers
from checks.facts.selectors import selects
from kube.answers import inner, items
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    GRPC_ROUTE,
    HTTP_ROUTE,
    MESH_TLS,
    NAMESPACE,
    NETWORK_AUTHENTICATION,
    POLICY_HTTP_ROUTE,
    SERVER,
    SERVER_AUTHORIZATION,
    SERVICE_ACCOUNT,
    Kind,
    Object,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import DEFAULT_INBOUND_POLICY, REQUIRE_IDENTITY_PORTS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
ROUTES = (POLICY_HTTP_ROUTE, HTTP_ROUTE, GRPC_ROUTE)

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
class PortPolicy:
    """What decides over one port of a pod."""

    server: str | None
    """Name of the Server; None where no Server selects the port."""
    default: str
    """Where there is no Server the default policy, else the Server's accessPolicy."""
    authorizations: tuple[Authorization, ...]
    """Whom it lets in."""
    routes: Mapping[str, tuple[Authorization, ...]] = field(default_factory=dict)
    """Whom routes of the Server let in beside them, by the routes' names."""
    ignored: tuple[str, ...] = ()
    """Policies that would matter and that the policy controller ignores, with the reason."""

    def lets_in(self, address: str, identity: str | None) -> bool:
        """Whether a client with this address, meshed as `identity` or unmeshed, may connect."""
        return _let_in(self.authorizations, address, identity)


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


def evaluate(mesh: Mesh, objects: Iterable[Object], pod: Object, port: int) -> PortPolicy:
    """What decides over a port of a pod.

    `objects` are the Servers, policies, authentications and routes of the cluster, as far as they
    may matter. `pod` has labels, annotations and containers.
    """
    space = namespace_of(pod)
    known = _Index(objects)
    server = _server(known.all(SERVER, space), pod, port)
    if server is None:
        return _by_default(mesh, pod, port)
    name = name_of(server)
    access = str(inner(server, "spec").get("accessPolicy") or "deny")
    ignored: list[str] = []
    found = [
        *_server_authorizations(mesh, known, server, ignored),
        *_policies(mesh, known, space, (SERVER, name), ignored),
        *_defaults(mesh, access, f"accessPolicy {access} of Server {name}"),
    ]
    routes = {
        f"{kind.name} {name_of(route)}": tuple(
            _policies(mesh, known, space, (kind, name_of(route)), ignored)
        )
        for kind, route in _routes(known, space, name)
    }
    return PortPolicy(name, access, tuple(found), routes, tuple(ignored))


class _Index:
    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects: dict[tuple[Kind, str], dict[str, Object]] = {}
        for one in objects:
            space = self._objects.setdefault((Kind.of(one), namespace_of(one)), {})
            space[name_of(one)] = one

    def all(self, kind: Kind, namespace: str) -> list[Object]:
        return list(self._objects.get((kind, namespace), {}).values())

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._objects.get((kind, namespace), {}).get(name)


def _server(servers: list[Object], pod: Object, port: int) -> Object | None:
    named = named_ports(pod)
    fitting = [
        one
        for one in servers
        if (selector := inner(one, "spec").get("podSelector")) is not None
        and selects(selector, labels_of(pod))
        and port in _numbers(inner(one, "spec").get("port"), named)
    ]
    return min(fitting, key=_age, default=None)


def _age(thing: Object) -> tuple[str, str]:
    return str(inner(thing, "metadata").get("creationTimestamp") or ""), name_of(thing)


def named_ports(pod: Object) -> Mapping[str, tuple[int, ...]]:
    """The TCP ports of a pod's containers by their names; several may share one."""
    found: dict[str, tuple[int, ...]] = {}
    for container in containers(pod):
        for port in items(container, "ports"):
            if port.get("name") and str(port.get("protocol") or "TCP").upper() == "TCP":
                name = str(port["name"])
                found[name] = (*found.get(name, ()), int(port.get("containerPort") or 0))
    return found


def _numbers(port: object, named: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    return (port,) if isinstance(port, int) else named.get(str(port), ())


def default_of(mesh: Mesh, pod: Object) -> tuple[str, str]:
    """The default policy of a pod's ports, and whose word it is."""
    own = annotations_of(pod).get(DEFAULT_INBOUND_POLICY)
    if own in POLICIES:
        return str(own), f"the pod's annotation {DEFAULT_INBOUND_POLICY}"
    return mesh.default, "the control plane's proxy.defaultInboundPolicy"


def _by_default(mesh: Mesh, pod: Object, port: int) -> PortPolicy:
    policy, whose = default_of(mesh, pod)
    required = _ports(annotations_of(pod).get(REQUIRE_IDENTITY_PORTS, ""))
    if port in required and policy in ("all-unauthenticated", "cluster-unauthenticated"):
        policy = policy.replace("unauthenticated", "authenticated")
        whose = f"the pod's annotation {REQUIRE_IDENTITY_PORTS}"
    found = _defaults(mesh, policy, f"default policy {policy} ({whose})")
    return PortPolicy(None, f"{policy} ({whose})", tuple(found))


def _ports(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and (last.isdigit() or not last):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


POLICIES: Mapping[str, tuple[bool, bool]] = {
    "all-unauthenticated": (False, False),
    "all-authenticated": (True, False),
    "cluster-unauthenticated": (False, True),
    "cluster-authenticated": (True, True),
    "deny": (True, True),
    "audit": (False, False),
}
"""Default policies: whether clients have to be meshed, and to be of the cluster's networks."""


def _defaults(mesh: Mesh, policy: str, by: str) -> Iterator[Authorization]:
    if policy not in POLICIES or policy == "deny":
        return
    meshed, inside = POLICIES[policy]
    networks = mesh.networks if inside else EVERYWHERE
    yield Authorization(by, tuple(map(Allowed, networks)), (ANY,) if meshed else None)


def _policies(
    mesh: Mesh, known: _Index, namespace: str, target: tuple[Kind, str], ignored: list[str]
) -> Iterator[Authorization]:
    """What the AuthorizationPolicies that target a Server (or its namespace) or a route allow."""
    for one in known.all(AUTHORIZATION_POLICY, namespace):
        spec = inner(one, "spec")
        reference = inner(spec, "targetRef")
        kind = _kind(reference)
        whole = target[0] == SERVER and kind == _lower(NAMESPACE)
        if not whole and (kind, reference.get("name")) != (_lower(target[0]), target[1]):
            continue
        try:
            yield _policy(mesh, known, one, spec)
        except _Illegal as error:
            ignored.append(f"AuthorizationPolicy {name_of(one)} is ignored: {error}")


class _Illegal(Exception):
    pass


def _kind(reference: Object) -> Kind:
    group = str(reference.get("group") or "").lower()
    return Kind("" if group == "core" else group, str(reference.get("kind") or "").lower())


def _lower(kind: Kind) -> Kind:
    return Kind(kind.group, kind.name.lower())


def _policy(mesh: Mesh, known: _Index, policy: Object, spec: Object) -> Authorization:
    identities: tuple[str, ...] | None = None
    networks: tuple[Allowed, ...] | None = None
    for reference in items(spec, "requiredAuthenticationRefs"):
        kind, name = _kind(reference), str(reference.get("name"))
        space = str(reference.get("namespace") or namespace_of(policy))
        if kind == _lower(NETWORK_AUTHENTICATION):
            if networks is not None:
                raise _Illegal("it names several NetworkAuthentications")
            networks = _networks_of(known, space, name)
            continue
        if kind == _lower(MESH_TLS):
            found = _identities_of(mesh, known, space, name)
        elif kind == _lower(SERVICE_ACCOUNT):
            found = (mesh.identity(space, name),)
        else:
            raise _Illegal(f"it asks for a {reference.get('kind')}, which is no authentication")
        if identities is not None:
            raise _Illegal("it names several identities' authentications")
        identities = found
    by = f"AuthorizationPolicy {name_of(policy)}"
    return Authorization(by, networks or tuple(map(Allowed, EVERYWHERE)), identities)


def _networks_of(known: _Index, namespace: str, name: str) -> tuple[Allowed, ...]:
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


def _identities_of(mesh: Mesh, known: _Index, namespace: str, name: str) -> tuple[str, ...]:
    found = known.get(MESH_TLS, namespace, name)
    spec = inner(found, "spec")
    identities = [str(one) for one in spec.get("identities") or []]
    for reference in items(spec, "identityRefs"):
        kind, of = _kind(reference), str(reference.get("name"))
        if kind == _lower(SERVICE_ACCOUNT):
            identities.append(mesh.identity(str(reference.get("namespace") or namespace), of))
        elif kind == _lower(NAMESPACE):
            identities.append(mesh.identity(of, ANY))
    if not identities:
        raise _Illegal(f"there is no MeshTLSAuthentication {name} in {namespace}")
    return tuple(identities)


def _server_authorizations(
    mesh: Mesh, known: _Index, server: Object, ignored: list[str]
) -> Iterator[Authorization]:
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


def _routes(known: _Index, namespace: str, server: str) -> Iterator[tuple[Kind, Object]]:
    """The routes of a Server that the policy controller has accepted."""
    for kind in ROUTES:
        for route in known.all(kind, namespace):
            parents = items(route, "status", "parents")
            if any(_is(inner(one, "parentRef"), server) and _accepted(one) for one in parents):
                yield kind, route


def _is(reference: Object, server: str) -> bool:
    return _kind(reference) == _lower(SERVER) and reference.get("name") == server


def _accepted(parent: Object) -> bool:
    return any(
        one.get("type") == "Accepted" and one.get("status") == "True"
        for one in items(parent, "conditions")
    )


def _let_in(authorizations: Iterable[Authorization], address: str, identity: str | None) -> bool:
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
