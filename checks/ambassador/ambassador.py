"""Ambassador: its kinds, its pods, its place in the mesh."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.routes import LISTENER_VERSION
from checks.cluster.workloads import workload
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.objects import is_running, template_of
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.core.mesh import MeshConfig, service_account
from config.language.problems import some
from kube.answers import inner
from kube.pods import proxy_of
from vocabulary.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINTS,
    HOST,
    LISTENER,
    MAPPING,
    MODULE,
    NAMESPACE,
    POD,
    SERVICE,
    TLS_CONTEXT,
    Kind,
    Object,
    annotations_of,
    name_of,
)
from vocabulary.linkerd import (
    INJECT,
    REQUIRE_IDENTITY_PORTS,
    SKIP_INBOUND_PORTS,
    SKIP_OUTBOUND_PORTS,
)


def installation(case: ClusterCase) -> Iterator[Finding]:
    """The API server serves Ambassador's kinds, and its pods are available and configured."""
    config = case.config.ambassador
    if config is None:
        return
    yield served(case, config)
    hint = f"see `kubectl -n {config.namespace} get pods,events`"
    if not config.installed:
        hint = f"correct {case.ambassador_key}.adopt if it has another name, or {hint}"
    yield from workload(case.view, kind_of(config), config.namespace, config.workload, hint)
    yield _account(case, config)
    yield from _meshed_ambassador(case, config)
    yield from _ports(case, config)


def served(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    """The API server serves Ambassador's kinds in the version that the stack file writes."""
    title = "the API server serves Ambassador's kinds"
    version = config.objects_version
    wanted: list[tuple[Kind, str]] = [(MODULE, version), (MAPPING, version)]
    if config.has_hosts:
        wanted.append((HOST, "v2" if version == "v1" else version))
    elif any(host.tls is not None for host in case.inventory.hosts):
        wanted.append((TLS_CONTEXT, version))
    if config.all_listeners:
        wanted.append((LISTENER, LISTENER_VERSION))
    missing = [
        f"{kind} {wanted_in}" for kind, wanted_in in wanted if not case.view.serves(kind, wanted_in)
    ]
    if not missing:
        return ok(title, version)
    hint = UPDATE
    if not config.installed or not config.install_crds:
        there = sorted(case.view.served[MAPPING].versions) if MAPPING in case.view.served else []
        hint = "install its CRDs" + (
            f", or write {case.ambassador_key}.apiVersion: {there[-1]}" if there else ""
        )
    return failure(title, f"not served: {some(missing)}", hint)


def kind_of(config: AmbassadorConfig) -> Kind:
    """What runs Ambassador's pods."""
    daemons = config.adopt is not None and config.adopt.kind == DAEMON_SET.name
    return DAEMON_SET if daemons else DEPLOYMENT


def workload_of(view: View, config: AmbassadorConfig) -> Object | None:
    """Ambassador's Deployment or DaemonSet."""
    return view.get(kind_of(config), config.namespace, config.workload)


def pod_annotations(workload: Object) -> dict[str, str]:
    """Annotations that a workload gives its pods."""
    return annotations_of(template_of(workload))


def absent(config: AmbassadorConfig) -> str:
    """The detail of a line where Ambassador's workload does not exist."""
    return f"there is no {kind_of(config).name} of it"


def _account(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    wanted = service_account(case.name, case.config)
    title = f"Ambassador runs as ServiceAccount {wanted}"
    found_in = workload_of(case.view, config)
    if found_in is None:
        return skipped(title, absent(config))
    found = inner(template_of(found_in), "spec").get("serviceAccountName") or "default"
    if found == wanted:
        return _account_of_pods(case.view, title, config, wanted)
    hint = UPDATE
    if not config.installed:
        hint = f"write {case.ambassador_key}.serviceAccount: {found}"
    return failure(title, f"it runs as {found}, which gives it another identity", hint)


def _account_of_pods(view: View, title: str, config: AmbassadorConfig, wanted: str) -> Finding:
    """Whether the pods that run have the account that their workload gives to new ones."""
    other = [
        f"pod {name_of(pod)} runs as {account}"
        for pod in view.all(POD, config.namespace, config.pod_labels)
        if is_running(pod)
        and (account := inner(pod, "spec").get("serviceAccountName", wanted)) != wanted
    ]
    if not other:
        return ok(title)
    kind = kind_of(config).name.lower()
    hint = f"`kubectl -n {config.namespace} rollout restart {kind}/{config.workload}`"
    return failure(title, f"{some(other)}, which gives it another identity", hint)


def _meshed_ambassador(case: ClusterCase, config: AmbassadorConfig) -> Iterator[Finding]:
    title = "Ambassador is meshed"
    found = workload_of(case.view, config)
    if found is None:
        yield skipped(title, absent(config))
        return
    asked, wanted = injection(case.view, found, config.namespace), config.sidecar.mode
    if asked not in ("enabled", "ingress"):
        where = "namespace lacks" if config.sidecar.injection == "namespace" else "pods lack"
        yield failure(title, f"its {where} the annotation {INJECT}: {wanted}", UPDATE)
        return
    yield proxies(case.view, title, config.namespace, config.pod_labels, kind_of(config).name)
    title = f"Ambassador's proxies are in the mode '{wanted}'"
    if asked == wanted:
        yield ok(title)
    else:
        reason = (
            "they then route by a header that clients may send"
            if wanted == "enabled"
            else "the header l5d-dst-override then has no effect"
        )
        yield failure(title, f"they are in '{asked}': {reason}", UPDATE)


def injection(view: View, workload: Object, namespace: str) -> str | None:
    """What the injector is asked for, by the pods or else by their namespace."""
    asked = pod_annotations(workload).get(INJECT)
    if asked is None:
        asked = annotations_of(inner(view.get(NAMESPACE, "", namespace))).get(INJECT)
    return asked


def asks_for_proxy(view: View, workload: Object, namespace: str) -> bool:
    """Whether the injector is asked for a proxy, by the pods or by their namespace."""
    return injection(view, workload, namespace) in ("enabled", "ingress")


def proxies(
    view: View, title: str, namespace: str, labels: dict[str, str], kind: str = "Deployment"
) -> Finding:
    """Whether every running pod with these labels has Linkerd's proxy."""
    pods = [pod for pod in view.all(POD, namespace, labels) if is_running(pod)]
    bare = [name_of(pod) for pod in pods if not proxy_of(pod)]
    if not pods:
        return skipped(title, "it has no running pod")
    if not bare:
        return ok(title, f"{len(pods)} pods with a proxy")
    if view.simulated:
        return warning(
            title,
            f"{len(bare)} of {len(pods)} pods are without a proxy, as pods of this cluster are "
            "simulated (kwok) and nothing runs in them",
        )
    return failure(
        title,
        f"without a proxy: {some(bare)}",
        "they were created before the injector ran: "
        f"`kubectl -n {namespace} rollout restart {kind.lower()}`",
    )


def _ports(case: ClusterCase, config: AmbassadorConfig) -> Iterator[Finding]:
    """The sidecar's ports are those of the stack file; yields nothing where it has none."""
    required = config.sidecar.require_identity_on_inbound_ports
    if required is None and config.gateway is not None:
        required = case.config.linkerd.generation.gateway_identity_ports or None
    found_in = workload_of(case.view, config)
    if found_in is None:
        return
    notes = pod_annotations(found_in)
    for key, ports, what in (
        (
            SKIP_INBOUND_PORTS,
            config.sidecar.skip_inbound_ports,
            "ports bypass Ambassador's proxies",
        ),
        (
            SKIP_OUTBOUND_PORTS,
            config.sidecar.skip_outbound_ports,
            "connections of Ambassador bypass the proxy",
        ),
        (REQUIRE_IDENTITY_PORTS, required or (), "ports of Ambassador's pods require mTLS"),
    ):
        if not ports:
            continue
        listed = ",".join(map(str, sorted(ports)))
        title = f"{what}: {listed}"
        found = notes.get(key, "")
        if {part.strip() for part in found.split(",")} >= set(map(str, ports)):
            yield ok(title)
        else:
            yield failure(title, f"the annotation {key} is {found or 'missing'}", UPDATE)


def pods(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Ambassador's workload and pods, the Services, and the endpoints in its namespace."""
    config = mesh.clusters[cluster].ambassador
    if config is not None:
        yield Listing(kind_of(config), config.namespace)
        yield Listing(POD, config.namespace)
        yield Listing(ENDPOINTS, config.namespace)
        yield Listing(SERVICE)


CHECKS = (Check("ambassador", Phase.PARTS, installation, pods, order=10),)
