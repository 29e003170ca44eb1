"""Ports of meshed workloads that clients without a proxy call, and who may connect to them.

Facts: Linkerd docs, "Authorization Policy"; Kubernetes docs, "Dynamic Admission Control" (the API
server calls a webhook at its Service, without a proxy); linkerd2 edge-26.8.3,
``policy-controller/k8s/index/src/inbound/workload.rs`` (of probes, those by HTTP are admitted).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from checks.ambassador.inbound import (
    KINDS,
    Judged,
    because,
    judge,
    referred,
    shut_to_unmeshed,
    who,
)
from checks.cluster.ports import ports_of, proxied_pods, target
from checks.cluster.unready import proxied
from checks.facts.case import ClusterCase
from checks.facts.check import WITH_POLICY, Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, warning
from checks.facts.view import View
from checks.linkerd.clients import EVERYWHERE, Network, lacking
from checks.linkerd.inbound_policy import named_ports
from checks.platform.meshed import patched
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.platform.policy import OpenPort
from config.platform.recipes import Patch
from kube.answers import inner, items
from kube.pods import containers
from vocabulary.kinds import (
    CONFIG_MAP,
    KIBANA,
    MUTATING_WEBHOOK,
    NAMESPACE,
    PATCHED,
    POD,
    SERVICE,
    VALIDATING_WEBHOOK,
    Object,
    labels_of,
    name_of,
)
from vocabulary.kubernetes import KIBANA_NAME

_WEBHOOKS = (MUTATING_WEBHOOK, VALIDATING_WEBHOOK)


def open_ports(case: ClusterCase) -> Iterator[Finding]:
    """The ports that the program opens are open, and to whom."""
    for entry, port in case.config.open_ports:
        if any(case.view.get(PATCHED[one.kind], one.namespace, one.name) for one in entry.patches):
            yield from _open_port(case, port)


def entrances(case: ClusterCase) -> Iterator[Finding]:
    """Other ports of meshed workloads that clients without a proxy call, as far as is known."""
    opened = {port.namespace: set[object]() for _, port in case.config.open_ports}
    for _, port in case.config.open_ports:
        opened[port.namespace].add(port.port)
    for path, patch in case.config.patches:
        space = patch.ref.pods_in
        pods = _pods(case.view, patch) if path.startswith("meshed") else []
        for callers, behind, number in dict.fromkeys(_called(case.view, space, pods)):
            if not opened.get(space, set()) & _names(pods, number):
                own = [pod for pod in pods if name_of(pod) in behind]
                for judged in judge(case, space, own, [number]):
                    yield _entrance(judged, callers, patch, f"clusters.{case.name}.{path}")


def _called(
    view: View, space: str, pods: list[Object]
) -> Iterator[tuple[str, frozenset[str], int]]:
    """Clients without a proxy, names of the pods that they call, and the port."""
    for service in view.all(SERVICE, space) if pods else ():
        selector = inner(service, "spec").get("selector") or {}
        behind = [pod for pod in pods if selector and selector.items() <= labels_of(pod).items()]
        callers = _callers(view, service) if behind else ""
        for one in ports_of(service) if callers else ():
            number = target(one, behind)
            if number is not None:
                yield callers, frozenset(map(name_of, behind)), number
    for pod in pods:
        for number in _probed(pod):
            yield "the kubelet", frozenset({name_of(pod)}), number


def _probed(pod: Object) -> Iterator[int]:
    """Ports that the kubelet probes in a form that policy does not admit by itself."""
    for container in containers(pod):
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            http, grpc = inner(container, probe, "httpGet"), inner(container, probe, "grpc")
            port = http.get("port") if http.get("scheme") == "HTTPS" else grpc.get("port")
            if isinstance(port, int):
                yield port
            elif port is not None:
                yield from named_ports(pod).get(str(port), ())


def _open_port(case: ClusterCase, port: OpenPort) -> Iterator[Finding]:
    lost = [one for one in port.objects if case.view.get(one[0], port.namespace, one[1]) is None]
    if lost:
        names = some([f"{kind.name} {name}" for kind, name in lost])
        title = f"the policy of Server {port.namespace}/{port.server} exists"
        yield failure(title, f"missing in {port.namespace}: {names}", UPDATE)
    (clients,), labels = port.clients, (port.selector or {}).get("matchLabels")
    pods = proxied(case.view.all(POD, port.namespace, labels))
    number = port.port
    numbers = {one for pod in pods for one in named_ports(pod).get(str(number), ())}
    ports = {number} if isinstance(number, int) else numbers
    whom = "any client"
    networks: Sequence[Network] = EVERYWHERE
    if clients.name != "anyone":
        whom = "any client in the cluster's networks"
        networks = tuple(ipaddress.ip_network(one, strict=False) for one in clients.networks)
    for one in judge(case, port.namespace, pods, sorted(ports)):
        title = f"{whom} can connect to port {one.port} of the pods of Server {port.server}"
        if one.skipped or not lacking(one.policy.authorizations, meshed=False, networks=networks):
            yield ok(title, who(one))
        else:
            yield failure(title, f"it is refused: {because(one)}", UPDATE)


def _entrance(one: Judged, callers: str, patch: Patch, path: str) -> Finding:
    title = f"{callers} can connect to port {one.port} of {patch}"
    refused = shut_to_unmeshed(one)
    if refused is None:
        return ok(title, who(one))
    return warning(
        title,
        refused,
        f"if clients without a proxy call it, add {one.port} to {path}.publicPorts, with podLabels "
        "where no recipe has them",
    )


def _callers(view: View, service: Object) -> str:
    """Clients without a proxy that call a Service; empty where no such client is known."""
    space, name = service["metadata"].get("namespace"), name_of(service)
    for kind in _WEBHOOKS:
        for configuration in view.all(kind):
            for webhook in items(configuration, "webhooks"):
                found = inner(webhook, "clientConfig", "service")
                if (found.get("namespace"), found.get("name")) == (space, name):
                    return "the API server"
    of = inner(service, "spec").get("type")
    return "clients outside the mesh" if of in ("LoadBalancer", "NodePort") else ""


def _names(pods: list[Object], number: int) -> set[object]:
    """A port by its number and its names."""
    return {number} | {
        name for pod in pods for name, numbers in named_ports(pod).items() if number in numbers
    }


def _pods(view: View, patch: Patch) -> list[Object]:
    """The pods of what is patched that have a proxy."""
    thing = view.get(PATCHED[patch.kind], patch.namespace, patch.name)
    if thing is None:
        return []
    if patch.kind not in (NAMESPACE.name, KIBANA.name):
        return proxied_pods(view, thing, patch.namespace)
    labels = {KIBANA_NAME: patch.name} if patch.kind == KIBANA.name else None
    return proxied(view.all(POD, patch.ref.pods_in, labels))


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster]
    if not config.meshed:
        return
    yield from patched(mesh, cluster)
    yield Listing(CONFIG_MAP, config.linkerd.namespace)
    yield from map(Listing, (SERVICE, *_WEBHOOKS))
    for space in {patch.ref.pods_in for _, patch in config.patches}:
        yield from (Listing(kind, space) for kind in KINDS)


def _reads_more(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
    config = mesh.clusters[cluster]
    yield from referred(view, {patch.ref.pods_in for _, patch in config.patches})


CHECKS = tuple(
    Check("policy", Phase.PARTS, run, _reads, _reads_more, only=WITH_POLICY, order=order)
    for run, order in ((open_ports, 32), (entrances, 33))
)
