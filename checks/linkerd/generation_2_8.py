"""Linkerd 2.8, where it differs: its control plane, and links that are annotations.

Facts: the charts linkerd2 2.8.1 and linkerd2-multicluster 2.8.1. There is no Link, no lease and no
authorization policy; one service mirror serves all links of a source.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster.workloads import availability, workload
from checks.facts.case import ClusterCase, LinkCase
from checks.facts.check import Check, Phase, without_links
from checks.facts.listing import Listing
from checks.facts.objects import addresses
from checks.facts.results import UPDATE, Finding, Status, failure, ok, skipped, warning
from checks.facts.view import View
from checks.linkerd.control_plane import control_plane, running, served
from checks.links.access import (
    judge_address,
    judge_login,
    judge_secret,
    link_access,
    mirror_login,
)
from checks.links.gateways import alive
from checks.links.service_mirror import judge_gateway_alive, mirrors
from checks.links.tokens import judge_token
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.links.link import Export
from kube.answers import inner, items
from preflight.proxy_trust import settings_2_8
from vocabulary.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    ENDPOINTS,
    POD,
    SECRET,
    SERVICE,
    SERVICE_PROFILE,
    TRAFFIC_SPLIT,
    Object,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import (
    CLUSTER_NAME,
    CONFIG,
    DESTINATION,
    IDENTITY,
    MIRRORED_GATEWAY,
    MULTICLUSTER,
    PROXY_INJECTOR,
    REMOTE_CLUSTER_DOMAIN,
    REMOTE_LINKERD_NAMESPACE,
    SP_VALIDATOR,
    TAP_2_8,
    credentials_secret,
)

DEPLOYMENTS = (
    "linkerd-controller",
    DESTINATION,
    IDENTITY,
    PROXY_INJECTOR,
    SP_VALIDATOR,
    TAP_2_8,
)
MIRROR = "linkerd-service-mirror"
"""The Deployment that mirrors for all links of a source."""

_KINDS = (
    (SERVICE_PROFILE, "v1alpha2"),
    (TRAFFIC_SPLIT, "v1alpha1"),
)


def configuration(case: ClusterCase) -> Iterator[Finding]:
    """ConfigMap linkerd-config exists and matches the stack file."""
    config = case.config
    space = config.linkerd.namespace
    title = f"ConfigMap {space}/{CONFIG} exists"
    if case.view.get(CONFIG_MAP, space, CONFIG) is None:
        yield case.view.missing(title, CONFIG_MAP, space, CONFIG)
        return
    content = settings_2_8(case.view.get(CONFIG_MAP, space, CONFIG))
    if not content:
        yield failure(title, "its key 'global' cannot be read", UPDATE)
        return
    yield ok(title)
    title = f"{CONFIG} matches the stack file"
    identity = inner(content, "identityContext")
    wanted = {
        "linkerdNamespace": (content, space),
        "clusterDomain": (content, config.domain),
        "cniEnabled": (content, config.linkerd.cni),
        "trustDomain": (identity, config.trust_domain),
    }
    if not case.view.releases:
        # Otherwise the checks of releases compare versions.
        wanted["version"] = (content, config.linkerd.app_version)
    wrong = [
        f"{key} is {found.get(key)}, not {value}"
        for key, (found, value) in wanted.items()
        if found.get(key) != value
    ]
    yield failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title)


def deployments(case: ClusterCase) -> Iterator[Finding]:
    """The control plane's pods are available, and enough of them where HA is wanted."""
    yield from running(case, DEPLOYMENTS)


def kinds(case: ClusterCase) -> Iterator[Finding]:
    """The API server serves the kinds that Linkerd reads."""
    yield served(case, "the API server serves Linkerd's kinds", _KINDS, UPDATE)


def credentials(case: LinkCase) -> Iterator[Finding]:
    """The link's Secret has the target's settings, is the only one, and works."""
    target = case.target_config
    name = credentials_secret(case.link.target)
    secret = case.source.get(SECRET, MULTICLUSTER, name)
    wanted = {
        CLUSTER_NAME: case.link.target,
        REMOTE_CLUSTER_DOMAIN: target.domain,
        REMOTE_LINKERD_NAMESPACE: target.linkerd.namespace,
    }
    yield judge_secret(f"{MULTICLUSTER}/{name}", secret, {}, wanted)
    yield _alone(case.source, case.link.target)
    login = mirror_login(case.source, case.link.target)
    yield judge_token(case, login)
    yield judge_address(case, login)
    yield judge_login(case)


def _alone(source: View, target: str) -> Finding:
    title = f"only one Secret has credentials for cluster {target}"
    found = [
        name_of(one)
        for one in source.all(SECRET, MULTICLUSTER)
        if annotations_of(one).get(CLUSTER_NAME) == target
    ]
    if len(found) > 1:
        hint = (
            "delete the one that this stack does not manage: the service mirror refuses the second"
        )
        return failure(title, f"there are {some(sorted(found))}", hint)
    return ok(title)


def service_mirror(case: LinkCase) -> Iterator[Finding]:
    """The source's one service mirror is available and has the target's gateway."""
    logs = f"see `kubectl -n {MULTICLUSTER} logs deploy/{MIRROR} -c service-mirror`"
    yield from workload(case.source, DEPLOYMENT, MULTICLUSTER, MIRROR, logs)
    yield _gateway(case, logs)
    yield judge_gateway_alive(alive(case.source, case.link.target, case.metric))


def _runs(source: View) -> bool:
    """Whether there is a service mirror that runs; one that is simulated does not."""
    found = source.get(DEPLOYMENT, MULTICLUSTER, MIRROR)
    return found is not None and availability(found)[0] is not Status.FAILURE


def _gateway(case: LinkCase, hint: str) -> Finding:
    target = case.link.target
    title = "the service mirror has a Service for the target's gateway"
    found = case.source.all(SERVICE, labels={CLUSTER_NAME: target, MIRRORED_GATEWAY: "true"})
    if not found:
        if case.source.simulated:
            return warning(
                title,
                "pods of this cluster are simulated (kwok), so that nothing is mirrored",
            )
        if not _runs(case.source):
            return skipped(title, "no service mirror is running")
        return failure(title, "the Service does not exist", hint)
    listed = some(f"{namespace_of(one)}/{name_of(one)}" for one in found)
    ports = {port.get("port") for one in found for port in items(one, "spec", "ports")}
    wanted = case.gateway.probe.port.number
    if wanted not in ports:
        return failure(title, f"its port is {some(map(str, ports))}, not {wanted}", UPDATE)
    return ok(title, listed)


def exports(case: LinkCase) -> Iterator[Finding]:
    """Exported Services are annotated with their gateway; their mirrors exist in the source."""
    wanted = case.gateway.export_annotations
    for export in case.link.exports:
        title = f"Service {export} is exported"
        service = case.target.get(SERVICE, export.namespace, export.service)
        yield _annotated(title, service, wanted)
        exported = service is not None and wanted.items() <= annotations_of(service).items()
        yield _mirror(case, export, exported)


def _annotated(title: str, service: Object | None, wanted: dict[str, str]) -> Finding:
    if service is None:
        return failure(title, "it does not exist", "create it, or remove it from links[].exports")
    found = annotations_of(service)
    lacking = [f"{key}={value}" for key, value in wanted.items() if found.get(key) != value]
    if lacking:
        hint = f"{UPDATE}, which restores the annotations"
        return failure(title, f"it lacks {some(lacking)}", hint)
    return ok(title)


def _mirror(case: LinkCase, export: Export, exported: bool) -> Finding:
    target, name = case.link.target, case.link.mirror_of(export)
    title = f"Service {export.namespace}/{name} mirrors it in the source"
    mirror = case.source.get(SERVICE, export.namespace, name)
    if mirror is not None and labels_of(mirror).get(CLUSTER_NAME) != target:
        hint = "rename that Service, or the target cluster in the stack file"
        return failure(title, "another Service has this name", hint)
    if mirror is None:
        if not exported:
            return skipped(title, "it is not exported")
        if case.source.simulated or not _runs(case.source):
            return skipped(title, "the service mirror is not running")
        logs = f"see `kubectl -n {MULTICLUSTER} logs deploy/{MIRROR} -c service-mirror`"
        return failure(title, "it does not exist", logs)
    endpoints = case.source.get(ENDPOINTS, export.namespace, name)
    if any(addresses(endpoints)):
        return ok(title, some(addresses(endpoints)))
    if not exported:
        return skipped(title, "it is not exported")
    return failure(
        title,
        "it has no endpoints",
        "check whether the gateway's Service in the target has an address and all its annotations",
    )


def _mirror_pods(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield from mirrors(mesh, cluster)
    if cluster in mesh.linked_clusters():
        yield Listing(DEPLOYMENT, MULTICLUSTER)
        yield Listing(POD, MULTICLUSTER)


CHECKS = (
    Check(
        "control plane",
        Phase.CONTROL_PLANE,
        configuration,
        control_plane,
        only=without_links,
        order=11,
    ),
    Check(
        "control plane",
        Phase.CONTROL_PLANE,
        deployments,
        control_plane,
        only=without_links,
        order=12,
    ),
    Check("control plane", Phase.CONTROL_PLANE, kinds, only=without_links, order=13),
    Check("credentials", Phase.LINK, credentials, link_access, only=without_links, order=21),
    Check("service mirror", Phase.LINK, service_mirror, _mirror_pods, only=without_links, order=40),
    Check("exports", Phase.LINK, exports, _mirror_pods, only=without_links, order=50),
)
