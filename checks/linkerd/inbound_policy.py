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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from checks.facts.selectors import selects
from checks.linkerd.authorizations import (
    POLICIES,
    Index,
    defaults,
    kind_of,
    lower,
    policies,
    server_authorizations,
)
from checks.linkerd.clients import Authorization, Mesh
from kube.answers import inner, items
from kube.pods import containers
from vocabulary.kinds import (
    GRPC_ROUTE,
    HTTP_ROUTE,
    POLICY_HTTP_ROUTE,
    SERVER,
    Kind,
    Object,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import DEFAULT_INBOUND_POLICY, REQUIRE_IDENTITY_PORTS

ROUTES = (POLICY_HTTP_ROUTE, HTTP_ROUTE, GRPC_ROUTE)


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


def evaluate(mesh: Mesh, objects: Iterable[Object], pod: Object, port: int) -> PortPolicy:
    """What decides over a port of a pod.

    `objects` are the Servers, policies, authentications and routes of the cluster, as far as they
    may matter. `pod` has labels, annotations and containers.
    """
    space = namespace_of(pod)
    known = Index(objects)
    server = _server(known.all(SERVER, space), pod, port)
    if server is None:
        return _by_default(mesh, pod, port)
    name = name_of(server)
    access = str(inner(server, "spec").get("accessPolicy") or "deny")
    ignored: list[str] = []
    found = [
        *server_authorizations(mesh, known, server, ignored),
        *policies(mesh, known, space, (SERVER, name), ignored),
        *defaults(mesh, access, f"accessPolicy {access} of Server {name}"),
    ]
    routes = {
        f"{kind.name} {name_of(route)}": tuple(
            policies(mesh, known, space, (kind, name_of(route)), ignored)
        )
        for kind, route in _routes(known, space, name)
    }
    return PortPolicy(name, access, tuple(found), routes, tuple(ignored))


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
    required = ports_in(annotations_of(pod).get(REQUIRE_IDENTITY_PORTS, ""))
    if port in required and policy in ("all-unauthenticated", "cluster-unauthenticated"):
        policy = policy.replace("unauthenticated", "authenticated")
        whose = f"the pod's annotation {REQUIRE_IDENTITY_PORTS}"
    found = defaults(mesh, policy, f"default policy {policy} ({whose})")
    return PortPolicy(None, f"{policy} ({whose})", tuple(found))


def ports_in(text: str) -> frozenset[int]:
    """The ports of a list such as ``25,8000-8010``."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and (last.isdigit() or not last):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _routes(known: Index, namespace: str, server: str) -> Iterator[tuple[Kind, Object]]:
    """The routes of a Server that the policy controller has accepted."""
    for kind in ROUTES:
        for route in known.all(kind, namespace):
            parents = items(route, "status", "parents")
            if any(_is(inner(one, "parentRef"), server) and _accepted(one) for one in parents):
                yield kind, route


def _is(reference: Object, server: str) -> bool:
    return kind_of(reference) == lower(SERVER) and reference.get("name") == server


def _accepted(parent: Object) -> bool:
    return any(
        one.get("type") == "Accepted" and one.get("status") == "True"
        for one in items(parent, "conditions")
    )
