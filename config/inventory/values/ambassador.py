"""Derived values of the charts of every flavour of Ambassador, and of the chart of its CRDs.

Facts: the values files of emissary-ingress 4.1.0 and 3.10.0, edge-stack 8.10.2 and ambassador
6.9.5. One block of values fits all of them; an Edge Stack has it under a key of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.cluster_objects import class_key, further_class, role_name
from config.ambassador.edge_stack import EdgeStackConfig
from config.ambassador.injection import pod_annotations
from config.ambassador.service import ServiceConfig
from config.inventory.values.derived import (
    Derived,
    Entry,
    Path,
    Source,
    below,
    derived,
    passing,
)
from config.links.gateway_view import Gateway
from config.variants.ambassadors import CrdsChart, CrdsManifest
from config.variants.linkerd import LinkerdGeneration
from vocabulary.ambassador import HTTP_PORT, HTTPS_PORT, ID_VARIABLE
from vocabulary.linkerd import (
    ENABLE_GATEWAY,
    GATEWAY_IDENTITY,
    INJECT,
    MULTICLUSTER_GATEWAY,
    PROBE_PATH,
    PROBE_PERIOD,
    PROXY_PORT_ANNOTATIONS,
    REQUIRE_IDENTITY_PORTS,
    SKIP_INBOUND_PORTS,
    SKIP_OUTBOUND_PORTS,
)

_POD_ANNOTATIONS = {
    INJECT: "sidecar.injection",
    ENABLE_GATEWAY: "gateway",
    SKIP_INBOUND_PORTS: "sidecar.skipInboundPorts",
    SKIP_OUTBOUND_PORTS: "sidecar.skipOutboundPorts",
    REQUIRE_IDENTITY_PORTS: "sidecar.requireIdentityOnInboundPorts",
}
"""Annotations of the pods, with the keys below `ambassador` that decide them."""
_PUBLIC_PORTS = (("http", 80, HTTP_PORT), ("https", 443, HTTPS_PORT))
"""Ports by which clients reach an installed Ambassador: name, port of the Service, of the pods."""
_GATEWAY_ANNOTATIONS = (GATEWAY_IDENTITY, MULTICLUSTER_GATEWAY, PROBE_PATH, PROBE_PERIOD)


def crds(config: AmbassadorConfig, at: str) -> Iterator[Derived]:
    """Values of the chart of the CRDs: the API versions that the stack file's objects need.

    `at` is the key path of Ambassador. A version that no object needs may be served all the same.
    """
    chart = config.line.crds
    values = chart.values[config.objects_version] if isinstance(chart, CrdsChart) else {}
    for name, value in values.items():
        if value:
            yield derived(name, value, f"{at}.apiVersion")


def ambassador(
    config: AmbassadorConfig,
    cluster: str,
    generation: LinkerdGeneration,
    gateway: Gateway | None,
    at: str,
) -> Iterator[Derived]:
    """Values of Ambassador's chart; `gateway` is what its Service is to other clusters."""
    rows = _emissary(config, cluster, generation, gateway, at)
    yield from below(config.kind.emissary_values, rows)
    name = further_class(config)
    if name is not None and not config.main:
        # Emissary reads an IngressClass of any name; two releases cannot make one.
        yield derived(class_key(config), name, f"{at}.name", "offered")
    if config.kind.licensed and config.edge_stack is not None:
        yield from _edge_stack(config, config.edge_stack, at)


def _emissary(
    config: AmbassadorConfig,
    cluster: str,
    generation: LinkerdGeneration,
    gateway: Gateway | None,
    at: str,
) -> Iterator[Derived]:
    yield derived("fullnameOverride", config.name, f"{at}.name")
    yield derived("serviceAccount.name", config.account(cluster), f"{at}.serviceAccount")
    yield from _env(config, at)
    asked = pod_annotations(config, generation)
    for name in dict.fromkeys((*_POD_ANNOTATIONS, *asked)):
        key = _POD_ANNOTATIONS.get(name, "sidecar.annotations")
        yield _optional(("podAnnotations", name), asked, f"{at}.{key}")
    for name in PROXY_PORT_ANNOTATIONS:
        yield _optional(("podAnnotations", name), asked, "")
    # A gateway's own Service has its ports and its annotations.
    shared = gateway if gateway is not None and gateway.own_service is None else None
    source: Source = "offered" if shared is None else "passed"
    yield derived("service.type", config.service.type, f"{at}.service.type", source)
    taken = {port.number for port in shared.ports} if shared is not None else set()
    for name, number, target in _PUBLIC_PORTS:
        # Where Ambassador itself is probed on its own port, that port has the probe's name.
        if number not in taken:
            yield from _port(name, number, target, "offered")
            yield from _node_port(name, name, config.service, at)
    yield from _gateway(shared, config.service, at)
    yield derived("module.add_linkerd_headers", config.linkerd_headers, f"{at}.linkerdHeaders")
    if config.kind.listeners:
        # Listeners are objects of their own, so that a stack file can name them.
        yield derived("createDefaultListeners", False, f"{at}.listeners")
    if config.objects_version in config.line.converted:
        chart = config.line.crds
        space = chart.namespace if isinstance(chart, CrdsManifest) else config.crds_namespace
        # The program orders the releases anyway, and the image of version 3 is on Docker Hub alone.
        yield derived("waitForApiext.enabled", True, f"{at}.apiVersion", "offered")
        yield derived("waitForApiext.deploymentNamespace", space, f"{at}.crdsNamespace")
    yield from _rbac(config, at)


def _gateway(gateway: Gateway | None, service: ServiceConfig, at: str) -> Iterator[Derived]:
    """What other clusters read of the Service; none of it where this is no gateway's."""
    annotations = gateway.annotations if gateway is not None else {}
    for name in dict.fromkeys((*_GATEWAY_ANNOTATIONS, *annotations)):
        yield _optional(("service", "annotations", name), annotations, f"{at}.gateway")
    if gateway is None:
        return
    for port, key, node in (
        (gateway.port, "port", "gateway"),
        (gateway.probe.port, "probePort", "probe"),
    ):
        yield from _port(port.name, port.number, port.target, "passed", f"{at}.gateway.{key}")
        yield from _node_port(port.name, node, service, at)


def _port(name: str, number: int, target: int, source: Source, key: str = "") -> Iterator[Derived]:
    entry: Path = ("service", "ports", Entry(name))
    yield derived((*entry, "port"), number, key, source)
    # Without a target, the charts would make a container port 0.
    yield derived((*entry, "targetPort"), target, key, source)


def _node_port(name: str, key: str, service: ServiceConfig, at: str) -> Iterator[Derived]:
    """The node port that the stack file gives under `key`; extra values may have one without."""
    given = service.node_ports.given().get(key)
    if given is not None:
        path: Path = ("service", "ports", Entry(name), "nodePort")
        yield derived(path, given, f"{at}.service.nodePorts.{key}")


def _env(config: AmbassadorConfig, at: str) -> Iterator[Derived]:
    """Variables of the pods; the charts give the objects that they make the id in it."""
    source = passing(config.ambassador_id is not None)
    yield derived(("env", ID_VARIABLE), config.own_id, f"{at}.ambassadorId", source)


def _optional(path: Path, found: Mapping[str, str], key: str) -> Derived:
    """An annotation that is written or not."""
    name = str(path[-1])
    return derived(path, found.get(name), key, "passed" if name in found else "default")


def _edge_stack(config: AmbassadorConfig, settings: EdgeStackConfig, at: str) -> Iterator[Derived]:
    """Values of both levels of the chart edge-stack."""
    key, inner = f"{at}.edgeStack", config.kind.emissary_values
    agent, licence = settings.cloud_connect_token is not None, f"{key}.licenseSecret"
    # The outer level names Redis and the Secret, the inner one what reads them.
    yield derived("fullnameOverride", config.name, f"{at}.name")
    # The licence is a Secret of its own, never a Helm value.
    yield derived("licenseKey.createSecret", False, licence)
    yield derived("createDevPortalMappings", settings.dev_portal, f"{key}.devPortal")
    yield derived("authService.create", settings.auth_service, f"{key}.authService")
    yield derived("rateLimit.create", settings.rate_limit, f"{key}.rateLimit")
    yield derived((*inner, "agent", "enabled"), agent, f"{key}.cloudConnectToken")
    yield from _rbac(config, at)
    yield from _env(config, at)
    if settings.licensed:
        secret = settings.license_secret or settings.secrets(config.name)[0]
        for front in ((), inner):
            yield derived((*front, "licenseKey", "secretName"), secret, licence)
    if settings.auth_service_linkerd_headers:
        path = "authService.optional_configurations.add_linkerd_headers"
        yield derived(path, True, f"{key}.authServiceLinkerdHeaders")
    if settings.redis_url is not None:
        yield derived("redis.create", False, f"{key}.redisUrl")
        yield derived((*inner, "redisURL"), settings.redis_url, f"{key}.redisUrl")


def _rbac(config: AmbassadorConfig, at: str) -> Iterator[Derived]:
    """Another name for Roles, where the conversion webhook has theirs."""
    if role_name(config) != config.name:
        yield derived("rbac.nameOverride", role_name(config), f"{at}.name")
