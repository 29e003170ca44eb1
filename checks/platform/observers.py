"""Linkerd's policy lets Prometheus read metrics, and the dashboard's clients in.

Facts: those of `config.platform.observers`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from checks.ambassador.inbound import KINDS, Judged, because, judge, referred
from checks.cluster.unready import ought_to_run, proxied
from checks.facts.case import ClusterCase
from checks.facts.check import WITH_POLICY, Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, warning
from checks.facts.view import View
from checks.linkerd.clients import EVERYWHERE, lacking
from checks.linkerd.inbound_policy import named_ports
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.platform.observers import observed_ports, scraped_namespaces, scrapers
from config.platform.policy import Clients
from kube.pods import proxy_of
from vocabulary.kinds import CONFIG_MAP, NAMESPACE, POD, name_of
from vocabulary.linkerd import MULTICLUSTER, PROXY_ADMIN_PORT, VIZ


def observer_objects(case: ClusterCase) -> Iterator[Finding]:
    """The policy objects for Prometheus and the dashboard exist."""
    made = case.inventory
    ports = list(observed_ports(case.name, case.config, made.gateways, made.linked))
    missing = [
        f"{kind.name} {port.namespace}/{name}"
        for port in ports
        # The namespaces of workloads that do not exist may not exist either.
        if case.view.get(NAMESPACE, "", port.namespace) is not None
        for kind, name in port.objects
        if case.view.get(kind, port.namespace, name) is None
    ]
    title = "the policies for Prometheus and the dashboard exist"
    if missing:
        yield failure(title, f"missing: {some(missing)}", UPDATE)
    elif ports:
        yield ok(title)


def observers(case: ClusterCase) -> Iterator[Finding]:
    """Whether each Prometheus may read the metrics of pods, by their namespaces."""
    clients = scrapers(case.config)
    for one in clients:
        if one.account and one.namespace != VIZ:
            yield _meshed(case.view, one)
    for space in _spaces(case.mesh, case.name):
        ports = _judged(case, space)
        for one in clients if ports else ():
            yield _read(case, one, space, ports)
        if ports and _unknown(case.config):
            yield _unnamed(case, space, ports)


def _unknown(config: ClusterConfig) -> bool:
    """Whether a Prometheus reads metrics that the stack file does not name."""
    monitoring, viz = config.monitoring, config.linkerd.viz
    asked = monitoring.pod_monitors is not None or viz.prometheus_url is not None
    return asked and monitoring.prometheus is None


def _read(case: ClusterCase, clients: Clients, space: str, ports: list[Judged]) -> Finding:
    who, networks = f"Prometheus {clients.namespace}/{clients.account}", case.config.networks
    if clients.networks:
        who, networks = f"Prometheus in {some(list(clients.networks))}", clients.networks
    title = f"{who} can read the metrics of the pods in {space}"
    own = [ipaddress.ip_network(one, strict=False) for one in networks]
    for one in ports:
        allowed = one.policy.authorizations
        meshed = bool(clients.identity)
        if lacking(allowed, meshed=meshed, networks=own, identity=clients.identity):
            return failure(title, f"it is refused at port {one.port}: {because(one)}", UPDATE)
    return ok(title)


def _meshed(view: View, clients: Clients) -> Finding:
    """Whether a Prometheus that has an identity by its name has a proxy, which gives it one."""
    title = f"Prometheus {clients.namespace}/{clients.account} is meshed"
    pods = [
        pod
        for pod in view.all(POD, clients.namespace)
        if pod["spec"].get("serviceAccountName") == clients.account and ought_to_run(pod)
    ]
    bare = [name_of(pod) for pod in pods if not proxy_of(pod)]
    if not pods:
        account = f"no pod in {clients.namespace} has the ServiceAccount {clients.account}"
        return warning(title, account, "correct monitoring.prometheus.serviceAccount")
    if bare:
        hint = "mesh it, or write monitoring.prometheus.networks in place of its ServiceAccount"
        return failure(title, f"without a proxy: {some(bare)}", hint)
    return ok(title)


def _unnamed(case: ClusterCase, space: str, ports: list[Judged]) -> Finding:
    title = f"any Prometheus can read the metrics of the pods in {space}"
    for one in ports:
        if lacking(one.policy.authorizations, meshed=False, networks=EVERYWHERE):
            return warning(
                title,
                f"policy decides at port {one.port}: {because(one)}",
                f"name the Prometheus under clusters.{case.name}.monitoring.prometheus",
            )
    return ok(title)


def _judged(case: ClusterCase, space: str) -> list[Judged]:
    """What decides over the ports of pods in a namespace that have metrics."""
    pods = proxied(case.view.all(POD, space))
    found: list[Judged] = []
    for pod in pods:
        ports = {PROXY_ADMIN_PORT}
        if space in (VIZ, MULTICLUSTER):
            names = named_ports(pod).items()
            ports |= {one for name, numbers in names if "admin" in name for one in numbers}
        found += [one for one in judge(case, space, [pod], sorted(ports)) if one not in found]
    return found


def _spaces(mesh: MeshConfig, cluster: str) -> tuple[str, ...]:
    """Namespaces whose metrics a Prometheus of the stack file reads."""
    config = mesh.clusters[cluster]
    if not scrapers(config) and not _unknown(config):
        return ()
    linked = cluster in mesh.linked_clusters()
    return (*scraped_namespaces(config), *((MULTICLUSTER,) if linked else ()))


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    spaces = _spaces(mesh, cluster)
    viz = mesh.clusters[cluster].linkerd.viz.enabled
    for one in scrapers(mesh.clusters[cluster]):
        if one.account:
            yield Listing(POD, one.namespace)
    for space in dict.fromkeys((*spaces, *((VIZ,) if viz else ()))):
        yield from (Listing(kind, space) for kind in (POD, *KINDS))
        yield Listing(CONFIG_MAP, mesh.clusters[cluster].linkerd.namespace)


def _reads_more(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
    yield from referred(view, _spaces(mesh, cluster))


CHECKS = tuple(
    Check("policy", Phase.PARTS, run, _reads, _reads_more, only=WITH_POLICY, order=order)
    for run, order in ((observer_objects, 34), (observers, 35))
)
