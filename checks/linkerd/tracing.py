"""Tracing: the collector is ready and meshed, and proxies and Ambassador send their spans to it."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import proxies
from checks.cluster.workloads import workload
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named
from checks.facts.objects import addresses, template_of
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.linkerd.control_plane import LinkerdConfig
from config.linkerd.tracing import TracingConfig, port_of
from kube.answers import inner, items
from kube.pods import proxy_of
from vocabulary.kinds import DEPLOYMENT, ENDPOINTS, POD, SERVICE, Object, name_of
from vocabulary.linkerd import JAEGER, JAEGER_INJECTOR

ADDRESS = "LINKERD2_PROXY_TRACE_COLLECTOR_SVC_ADDR"
"""Environment variable of a proxy with the collector's address."""
IDENTITY = "LINKERD2_PROXY_TRACE_COLLECTOR_SVC_NAME"
"""Environment variable of a proxy with the collector's identity."""


def tracing(case: ClusterCase) -> Iterator[Finding]:
    """The collector, the proxies of the control plane."""
    linkerd = case.config.linkerd
    if linkerd.tracing is not None:
        yield from _collector(case, linkerd.tracing)
        if linkerd.traces_by_extension:
            hint = f"see `kubectl -n {JAEGER} get pods,events`"
            yield from workload(case.view, DEPLOYMENT, JAEGER, JAEGER_INJECTOR, hint)
        else:
            yield _configured(case, linkerd, linkerd.tracing)


def _collector(case: ClusterCase, config: TracingConfig) -> Iterator[Finding]:
    where = f"{config.namespace}/{config.service}"
    title = f"the collector {where} has ready pods"
    service = case.view.get(SERVICE, config.namespace, config.service)
    meshed = "the collector is meshed"
    owner = f"install the collector, or correct clusters.{case.name}.linkerd.tracing.collector"
    if service is None:
        yield failure(title, f"there is no Service {where}", owner)
        yield skipped(meshed, "it does not exist")
        return
    spec = inner(service, "spec")
    port = port_of(config.collector)
    ports = [int(item.get("port") or 0) for item in items(spec, "ports")]
    ready = list(addresses(case.view.get(ENDPOINTS, config.namespace, config.service)))
    if port not in ports:
        listed = some(map(str, ports)) or "none"
        yield failure(title, f"Service {where} has the ports {listed}, not {port}", owner)
    elif not ready:
        hint = f"see `kubectl -n {config.namespace} get pods,events`"
        yield failure(title, f"Service {where} has no ready pod", hint)
    else:
        yield ok(title, f"{len(ready)} pods behind port {port}")
    selector = {str(key): str(value) for key, value in inner(spec, "selector").items()}
    if not selector:
        yield skipped(meshed, f"Service {where} has no selector")
        return
    yield proxies(case.view, meshed, config.namespace, selector)
    yield _account(case, config, selector)


def _account(case: ClusterCase, config: TracingConfig, selector: dict[str, str]) -> Finding:
    title = f"the collector runs as ServiceAccount {config.service_account}"
    found = {
        str(inner(pod, "spec").get("serviceAccountName") or "default")
        for pod in case.view.all(POD, config.namespace, selector)
    }
    if not found:
        return skipped(title, "it has no pod")
    if found == {config.service_account}:
        return ok(title)
    return failure(
        title,
        f"it runs as {some(sorted(found))}, and proxies send spans to the configured identity only",
        f"correct clusters.{case.name}.linkerd.tracing.serviceAccount",
    )


def _configured(case: ClusterCase, linkerd: LinkerdConfig, config: TracingConfig) -> Finding:
    """The control plane's own proxies have the environment that all others get."""
    title = f"proxies send their spans to {config.collector}"
    account = f"{config.service_account}.{config.namespace}.serviceaccount.identity."
    identity = f"{account}{linkerd.namespace}.{case.config.trust_domain}"
    seen = 0
    for item in case.view.all(DEPLOYMENT, linkerd.namespace):
        environment = _environment(item)
        if environment is None:
            continue
        seen += 1
        for key, wanted in ((ADDRESS, config.collector), (IDENTITY, identity)):
            found = environment.get(key, "")
            # Some charts leave it to Kubernetes to put namespace and domain in.
            if found != wanted and not (key == IDENTITY and "$(" in found):
                what = found or "no such address" if key == ADDRESS else found or "no identity"
                return failure(title, f"those of {name_of(item)} send them to {what}", UPDATE)
    if not seen:
        return skipped(title, "no pod of the control plane has a proxy")
    return ok(title, "other pods get it when they restart")


def _environment(item: Object) -> dict[str, str] | None:
    """Environment of the proxy of a Deployment; None where it has none of its own."""
    proxy = proxy_of(template_of(item))
    if proxy is None:
        return None
    return {str(one.get("name")): str(one.get("value") or "") for one in items(proxy, "env")}


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster]
    tracing = config.linkerd.tracing
    if tracing is not None:
        yield Listing(SERVICE)
        yield named(ENDPOINTS, tracing.namespace, tracing.service)
        yield Listing(POD, tracing.namespace)
        space = JAEGER if config.linkerd.traces_by_extension else config.linkerd.namespace
        yield Listing(DEPLOYMENT, space)


CHECKS = (Check("tracing", Phase.PARTS, tracing, _reads, order=40),)
