"""Which clients can connect to which port of Ambassador's pods.

Judged by effect: whom the policy controller authorizes, whatever the objects' names.

Facts: Linkerd docs, "Authorization Policy" and "Multi-cluster communication".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from checks.ambassador.front import FRONT, front
from checks.ambassador.policies import policies
from checks.cluster.ports import meshed_pods, ports_of, target
from checks.facts.case import ClusterCase
from checks.facts.check import WITH_POLICY, Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, warning
from checks.facts.view import View
from checks.linkerd.clients import ANY, EVERYWHERE, Allowed, Authorization, Mesh, Network, lacking
from checks.linkerd.control_plane import linkerd_values
from checks.linkerd.inbound_policy import ROUTES, PortPolicy, evaluate
from config.ambassador.ambassador import AmbassadorConfig
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import items
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    CONFIG_MAP,
    MESH_TLS,
    NETWORK_AUTHENTICATION,
    SERVER,
    SERVER_AUTHORIZATION,
    Kind,
    Object,
    annotations_of,
)
from vocabulary.linkerd import PROXY_ADMIN_PORT, PROXY_INBOUND_PORT, SKIP_INBOUND_PORTS

KINDS = (
    SERVER,
    AUTHORIZATION_POLICY,
    MESH_TLS,
    NETWORK_AUTHENTICATION,
    SERVER_AUTHORIZATION,
    *ROUTES,
)
"""Kinds that decide who may connect."""


class Judged(NamedTuple):
    """A port of Ambassador's pods, and what decides over it."""

    port: int
    policy: PortPolicy
    skipped: bool
    """Whether connections to it bypass the proxy."""
    versions: frozenset[int]
    """Versions of IP that its pod has an address of."""

    def refused(self, *, meshed: bool) -> list[Network]:
        """Networks from which clients without a certain name are refused."""
        if self.skipped:
            return []
        return [
            one
            for one in lacking(self.policy.authorizations, meshed=meshed)
            if one.version in self.versions
        ]


def elsewhere(view: View, namespace: str) -> Iterator[tuple[Kind, str]]:
    """Kinds and other namespaces of authentications that policies of a namespace refer to."""
    for policy in view.all(AUTHORIZATION_POLICY, namespace):
        for one in items(policy, "spec", "requiredAuthenticationRefs"):
            space = str(one.get("namespace") or namespace)
            for kind in (MESH_TLS, NETWORK_AUTHENTICATION):
                if space != namespace and str(one.get("kind")).lower() == kind.name.lower():
                    yield kind, space


def mesh_of(case: ClusterCase) -> Mesh:
    """The settings of this cluster's policy controller."""
    values, config = linkerd_values(case), case.config
    proxy = values.get("proxy")
    default = proxy.get("defaultInboundPolicy") if isinstance(proxy, dict) else None
    networks = str(values.get("clusterNetworks") or ",".join(config.networks))
    return Mesh(
        namespace=config.linkerd.namespace,
        trust_domain=str(values.get("identityTrustDomain") or config.trust_domain),
        networks=tuple(
            ipaddress.ip_network(one.strip(), strict=False) for one in networks.split(",")
        ),
        default=str(default or config.linkerd.proxy.default_inbound_policy),
    )


def judged(case: ClusterCase, ports: Iterable[int]) -> list[Judged]:
    """What decides over these ports, for each of Ambassador's pods where they differ.

    Empty where it is not meshed.

    Raises Unseen: what is needed could not be read.
    """
    config = case.config.ambassador
    if config is None or not case.config.linkerd.generation.policy:
        return []
    return judge(case, config.namespace, meshed_pods(case.view, config), ports)


def judge(
    case: ClusterCase, namespace: str, pods: Iterable[Object], ports: Iterable[int]
) -> list[Judged]:
    """What decides over these ports of pods of a namespace, for each pod where they differ.

    Raises Unseen: what is needed could not be read.
    """
    for kind in KINDS:
        case.view.all(kind, namespace)
    for kind, space in elsewhere(case.view, namespace):
        case.view.all(kind, space)
    objects = [one for one in case.view.objects if Kind.of(one) in KINDS]
    mesh, found, every = mesh_of(case), list[Judged](), list(pods)
    for port in ports:
        for pod in every:
            skipped = str(port) in annotations_of(pod).get(SKIP_INBOUND_PORTS, "").replace(
                " ", ""
            ).split(",")
            one = Judged(port, evaluate(mesh, objects, pod, port), skipped, _versions(pod))
            if one not in found:
                found.append(one)
    return found


def _versions(pod: Object) -> frozenset[int]:
    addresses = [str(one.get("ip")) for one in items(pod, "status", "podIPs")]
    return frozenset(6 if ":" in address else 4 for address in addresses) or frozenset({4})


def public_ports(case: ClusterCase) -> list[int]:
    """Ports of Ambassador's pods that its clients reach by its Service, the proxy's own aside."""
    config = case.config.ambassador
    service = front(case.view, config) if config is not None else None
    if config is None or service is None:
        return []
    pods = meshed_pods(case.view, config)
    found = (target(port, pods) for port in ports_of(service))
    return sorted({one for one in found if one not in (None, PROXY_INBOUND_PORT, PROXY_ADMIN_PORT)})


def inbound(case: ClusterCase) -> Iterator[Finding]:
    """Clients that are to reach a port of Ambassador's pods are let in, and no others."""
    config = case.config.ambassador
    if config is None:
        return
    for one in judged(case, public_ports(case)):
        yield _public(one, config)
    if config.gateway is None:
        return
    # Whom it admits otherwise, is another check's subject (`checks/ambassador/admission.py`).
    if config.gateway.admits == "everything":
        for one in judged(case, [PROXY_INBOUND_PORT]):
            yield _to_meshed("the gateway's port", one, config)
    if config.gateway.pod_probe_port == PROXY_ADMIN_PORT:
        for one in judged(case, [PROXY_ADMIN_PORT]):
            yield _to_meshed("the port of the gateway's probe,", one, config)
            yield _admin(one)


def public_objects(case: ClusterCase) -> Iterator[Finding]:
    """The Servers and policies that the program makes for Ambassador's public ports exist."""
    config = case.config.ambassador
    if config is None or not case.config.linkerd.generation.policy:
        return
    if not config.all_public_ports:
        return
    title = "the Servers and policies of Ambassador's public ports exist"
    name = config.public_policy
    ports = {f"{name}-{port}": port for port in config.all_public_ports}
    wanted = [(kind, one) for one in ports for kind in (SERVER, AUTHORIZATION_POLICY)]
    wanted.append((NETWORK_AUTHENTICATION, name))
    yield policies(case.view, config, title, wanted, ports)


def _public(one: Judged, config: AmbassadorConfig) -> Finding:
    title = f"clients outside the mesh can connect to port {one.port} of Ambassador"
    refused = shut_to_unmeshed(one)
    if refused is None:
        return ok(title, who(one))
    return failure(title, refused, _hint(one, config))


def shut_to_unmeshed(one: Judged) -> str | None:
    """Why clients outside the mesh are refused at a port; None where they are let in.

    A policy that is written for certain networks, or for routes, is taken to be intended.
    """
    refused = one.refused(meshed=False)
    if not refused:
        return None
    listed = [
        allowed
        for allowed in (*one.policy.authorizations, *_of_routes(one.policy))
        if allowed.identities is None and allowed.by.startswith(("Auth", "ServerAuth"))
    ]
    return None if listed else f"they are refused: {because(one)}"


def _of_routes(policy: PortPolicy) -> Iterator[Authorization]:
    for found in policy.routes.values():
        yield from found


def _to_meshed(what: str, one: Judged, config: AmbassadorConfig) -> Finding:
    title = f"meshed clients can connect to {what} {one.port}"
    if not one.refused(meshed=True) or any(_of_routes(one.policy)):
        return ok(title, who(one))
    named = any(allowed.identities for allowed in one.policy.authorizations)
    # The program's own policy lets every meshed client in, so a narrower one is not of the program.
    refused = (
        f"only {who(one)} can: {because(one)}" if named else f"they are refused: {because(one)}"
    )
    return failure(title, refused, _hint(one, config))


def _admin(one: Judged) -> Finding:
    title = f"the proxy's admin port {one.port} is not open to unmeshed clients"
    if one.refused(meshed=False):
        return ok(title, who(one))
    return warning(
        title,
        f"anyone may read its metrics, through the gateway's Service: {because(one)}",
        UPDATE,
    )


def who(one: Judged) -> str:
    """Who may connect to a port, in words."""
    if one.skipped:
        return "anyone, as it bypasses the proxy"
    parts = list(dict.fromkeys(_clients(one.policy.authorizations, one.versions)))
    for route, found in one.policy.routes.items():
        inside = list(dict.fromkeys(_clients(found, one.versions))) or ["no one else"]
        parts.append(f"for {route} {' and '.join(inside)}")
    return " and ".join(parts) or "no one"


def _clients(found: Iterable[Authorization], versions: frozenset[int]) -> Iterator[str]:
    for allowed in found:
        nets = [one for one in allowed.networks if one.network.version in versions]
        whole = {one.network.version for one in nets if one in map(Allowed, EVERYWHERE)}
        listed = some([str(one.network) for one in nets], 3)
        place = "" if whole >= versions else f" from {listed or 'nowhere'}"
        if allowed.identities is None:
            yield f"anyone{place}"
        elif ANY in allowed.identities:
            yield f"meshed clients{place}"
        else:
            yield f"{some(allowed.identities, 3)}{place}"


def because(one: Judged) -> str:
    """What decides over a port: the Server or default policy, and the policies beside it."""
    policy = one.policy
    if policy.server is None:
        return f"no Server selects port {one.port}, and the default policy is {policy.default}"
    parts = [f"Server {policy.server} selects port {one.port}"]
    by = [allowed.by for allowed in policy.authorizations]
    parts.append(f"lets in {who(one)} ({some(by)})" if by else "no policy lets anyone in")
    return "; ".join([" and ".join(parts), *policy.ignored])


def _hint(one: Judged, config: AmbassadorConfig) -> str:
    see = f"`kubectl -n {config.namespace} get servers,authorizationpolicies`"
    if one.policy.server is None:
        return f"{UPDATE}, which creates the Server and policy of this port again; see {see}"
    return (
        f"{UPDATE} if this stack manages Server {one.policy.server}; otherwise delete "
        f"it or give it an AuthorizationPolicy for these clients; see {see}"
    )


def _policies(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster]
    if config.ambassador is not None:
        yield from (Listing(kind, config.ambassador.namespace) for kind in KINDS)
        yield Listing(CONFIG_MAP, config.linkerd.namespace)


def reads_more(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
    """Authentications in other namespaces that policies refer to."""
    config = mesh.clusters[cluster].ambassador
    if config is not None:
        yield from referred(view, [config.namespace])


def referred(view: View, namespaces: Iterable[str]) -> Iterator[Listing]:
    """Authentications in other namespaces that policies of these refer to."""
    for namespace in namespaces:
        for kind, space in dict.fromkeys(elsewhere(view, namespace)):
            yield Listing(kind, space, complete=False)


POLICY = (*FRONT, _policies)
"""Ambassador's pods and Services, and what decides who can connect to them."""
CHECKS = (
    Check("policy", Phase.PARTS, public_objects, POLICY, only=WITH_POLICY, order=30),
    Check(
        "policy", Phase.PARTS, inbound, POLICY, reads_more=reads_more, only=WITH_POLICY, order=31
    ),
)
