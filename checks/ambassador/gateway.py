"""Ambassador as a multicluster gateway, in its own cluster.

Facts: Linkerd docs, "Multi-cluster communication"; the annotations and port names are those that
``linkerd multicluster link-gen`` reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import absent, kind_of, pod_annotations, workload_of
from checks.ambassador.inbound import POLICY
from checks.ambassador.policies import policies
from checks.ambassador.routes import hostname_of, objects
from checks.cluster.ports import meshed_pods, ports_of, target
from checks.cluster.workloads import has_pods
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.objects import addresses, balancer_addresses
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.gateway import GatewayConfig
from config.ambassador.load_balancer import changing
from config.ambassador.routes import HEALTH_MAPPING
from config.core.api_server import misleading
from config.core.mesh import MeshConfig, gateway_identity
from config.inventory import Admission
from config.inventory.objects.links import gateway_objects
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import (
    ENDPOINTS,
    HTTP_LOCAL_RATE_LIMIT,
    MAPPING,
    SERVICE,
    Object,
    annotations_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import (
    ENABLE_GATEWAY,
    GATEWAY_IDENTITY,
    GATEWAY_PORT_NAME,
    MULTICLUSTER_GATEWAY,
    PROBE_PATH,
    PROBE_PERIOD,
    PROBE_PORT_NAME,
)


def gateway(case: ClusterCase) -> Iterator[Finding]:
    """Ambassador has what makes it the cluster's multicluster gateway."""
    ambassador = case.config.ambassador
    if ambassador is None or ambassador.gateway is None:
        return
    yield _enabled(case.view, ambassador)
    name = ambassador.gateway_service
    service = case.view.get(SERVICE, ambassador.namespace, name)
    if service is None:
        title = f"Service {ambassador.namespace}/{name} is the gateway"
        yield case.view.missing(title, SERVICE, ambassador.namespace, name)
    else:
        yield _ports(case, service, ambassador)
        yield _passed_on(case, service)
        yield from _by_nodes(case, service)
        yield from _endpoints(case.view, service, ambassador)
        yield _identity(case, service)
        yield from _annotations(case, service, ambassador.gateway)
        yield _address(case, service, ambassador)
    yield _health(case.view, ambassador, ambassador.gateway)
    if case.config.linkerd.generation.policy:
        for found in case.inventory.admissions:
            yield _policy(case.view, ambassador, found)


def _enabled(view: View, config: AmbassadorConfig) -> Finding:
    title = "Ambassador's proxies are configured as a gateway"
    workload = workload_of(view, config)
    if workload is None:
        return skipped(title, absent(config))
    if pod_annotations(workload).get(ENABLE_GATEWAY) != "true":
        return failure(title, f'its pods lack the annotation {ENABLE_GATEWAY}: "true"', UPDATE)
    old = [
        name_of(pod)
        for pod in meshed_pods(view, config)
        if annotations_of(pod).get(ENABLE_GATEWAY, "true") != "true"
    ]
    if old:
        kind = kind_of(config).name.lower()
        hint = f"`kubectl -n {config.namespace} rollout restart {kind}/{config.workload}`"
        return failure(title, f'{some(old)} has {ENABLE_GATEWAY} other than "true"', hint)
    return ok(title)


def _ports(case: ClusterCase, service: Object, ambassador: AmbassadorConfig) -> Finding:
    title = "the gateway Service has ports mc-gateway and mc-probe"
    wanted = case.inventory.gateways[0].ports
    ports = {port.get("name"): port for port in ports_of(service)}
    pods = meshed_pods(case.view, ambassador)
    wrong = []
    for one in wanted:
        name, port = one.name, ports.get(one.name)
        if port is None or port.get("port") != one.number:
            wrong.append(f"{name} is {port.get('port') if port else 'missing'}, not {one.number}")
        elif "targetPort" in port and pods and target(port, pods) != one.target:
            wrong.append(f"{name} targets port {port['targetPort']} of the pods, not {one.target}")
        elif one.node is not None and port.get("nodePort") != one.node:
            wrong.append(f"{name} has node port {port.get('nodePort', 'none')}, not {one.node}")
    if wrong:
        return failure(title, "; ".join(wrong), UPDATE)
    return ok(title, ", ".join(str(one.number) for one in wanted))


def _passed_on(case: ClusterCase, service: Object) -> Finding:
    title = "the gateway's load balancer changes no bytes"
    ports = {str(port.get("name")): int(port.get("port") or 0) for port in ports_of(service)}
    gateway = {name: ports[name] for name in (GATEWAY_PORT_NAME, PROBE_PORT_NAME) if name in ports}
    found = changing(annotations_of(service), gateway)
    if not found or inner(service, "spec").get("type") != "LoadBalancer":
        return ok(title)
    return failure(
        title,
        f"{some(found)} of Service {name_of(service)} breaks the mutual TLS of these ports",
        f"remove it, or write {case.ambassador_key}.gateway.ownService: true",
    )


def _by_nodes(case: ClusterCase, service: Object) -> Iterator[Finding]:
    """Whether links connect to the node ports of a Service of type NodePort."""
    if inner(service, "spec").get("type") != "NodePort":
        return
    nodes = {str(port.get("name")): port.get("nodePort") for port in ports_of(service)}
    for link in case.mesh.links_to(case.name):
        gateway = case.mesh.gateway_of(link)
        if gateway is None:
            continue
        title = f"link {link.name} connects to the node ports of the gateway Service"
        differing = [
            f"it connects to port {port.number}, and the node port of {port.name} is "
            f"{nodes.get(port.name, 'missing')}"
            for port in gateway.ports
            if port.number != nodes.get(port.name)
        ]
        if differing:
            hint = (
                f"write {gateway.service_key}.nodePorts, unless a load balancer or NAT in front of "
                "the nodes has that port"
            )
            yield warning(title, "; ".join(differing), hint)
        else:
            yield ok(title)


def _endpoints(view: View, service: Object, ambassador: AmbassadorConfig) -> Iterator[Finding]:
    """Whether the gateway's Service has a ready endpoint; nothing without an Endpoints object."""
    title = "the gateway Service has a ready endpoint"
    found = view.get(ENDPOINTS, namespace_of(service), name_of(service))
    if found is None:
        return
    ready = list(addresses(found))
    if ready:
        yield ok(title, some(ready, 3))
    elif not has_pods(view, kind_of(ambassador), ambassador.namespace, ambassador.workload):
        yield skipped(title, "Ambassador has no available pod")
    else:
        yield failure(
            title,
            "it has none",
            f"check whether its selector is that of {ambassador.workload}'s pods, then {UPDATE}",
        )


def _identity(case: ClusterCase, service: Object) -> Finding:
    title = "the gateway Service has the identity of Ambassador's proxies"
    wanted = gateway_identity(case.name, case.config)
    found = annotations_of(service).get(GATEWAY_IDENTITY)
    if found == wanted:
        return ok(title, str(wanted))
    return failure(title, f"its annotation is {found or 'missing'}, not {wanted}", UPDATE)


def _annotations(case: ClusterCase, service: Object, config: GatewayConfig) -> Iterator[Finding]:
    title = "the gateway Service has annotation mirror.linkerd.io/multicluster-gateway"
    found = annotations_of(service)
    if found.get(MULTICLUSTER_GATEWAY) == "true":
        yield ok(title)
    else:
        yield failure(title, f'it lacks the annotation {MULTICLUSTER_GATEWAY}: "true"', UPDATE)
    title = "the gateway Service has the configured probe"
    wanted = case.config.linkerd.generation.probe_path(config.probe_path)
    path = found.get(PROBE_PATH)
    period, seconds = found.get(PROBE_PERIOD), str(config.probe_period_seconds)
    if path != wanted:
        yield failure(title, f"its path is {path or 'missing'}, not {wanted}", UPDATE)
    elif period != seconds:
        yield failure(title, f"its period is {period or 'missing'}, not {seconds} seconds", UPDATE)
    else:
        yield ok(title, path)


def _address(case: ClusterCase, service: Object, config: AmbassadorConfig) -> Finding:
    title = "the gateway has an address"
    assert config.gateway is not None
    write = f"write {case.ambassador_key}.gateway.address"
    found = list(config.gateway.address) or balancer_addresses(service)
    api = case.config.api_server
    for one in found:
        why = misleading(one, one, same_machine=api is not None and api.same_machine)
        if why is not None:
            return failure(title, why[0], write)
    if found:
        return ok(title, ",".join(found))
    links = [link for link in case.mesh.links_to(case.name) if case.mesh.gateway_of(link)]
    if links and all(link.own_address for link in links):
        return ok(title, "every link has its own")
    kind = inner(service, "spec").get("type")
    if kind != "LoadBalancer":
        detail = f"its Service is of type {kind}, and the stack file gives none"
        return failure(title, detail, write)
    return failure(
        title,
        "its load balancer has no address yet",
        f"see `kubectl -n {config.namespace} describe service {config.gateway_service}`",
    )


def _health(view: View, ambassador: AmbassadorConfig, config: GatewayConfig) -> Finding:
    title = f"Mapping {HEALTH_MAPPING} routes to Ambassador's health check"
    mapping = view.get(MAPPING, ambassador.namespace, HEALTH_MAPPING)
    if mapping is None:
        return failure(title, f"it does not exist in {ambassador.namespace}", UPDATE)
    spec = inner(mapping, "spec")
    hostname = hostname_of(mapping) or "missing"
    wrong = [] if hostname == "*" else [f"hostname is {hostname}, not *"]
    wanted = {
        "prefix": config.health_path,
        "rewrite": "/ambassador/v0/check_ready",
        "bypass_auth": True,
        "add_linkerd_headers": False,
    }
    wrong += [
        f"{key} is {spec.get(key, 'missing')}, not {value}"
        for key, value in wanted.items()
        if spec.get(key) != value
    ]
    return failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title, config.health_path)


def _policy(view: View, ambassador: AmbassadorConfig, found: Admission) -> Finding:
    # Whom they authorize, the checks of policies report.
    title = "the gateway's Servers and policies exist"
    return policies(view, ambassador, title, gateway_objects(found), found.gateway.servers)


def _limits(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    for gateway in mesh.gateways(cluster):
        if gateway.rate_limit is not None:
            yield Listing(HTTP_LOCAL_RATE_LIMIT, gateway.namespace)


CHECKS = (Check("gateway", Phase.PARTS, gateway, (*POLICY, objects(MAPPING), _limits), order=20),)
