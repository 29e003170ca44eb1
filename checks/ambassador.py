"""Ambassador: its kinds, its pods, its place in the mesh, its own objects."""

from __future__ import annotations

from collections.abc import Iterator

from checks.case import ClusterCase
from checks.expected import UPDATE
from checks.kinds import (
    DEPLOYMENT,
    HOST,
    LISTENER,
    MAPPING,
    MODULE,
    NAMESPACE,
    POD,
    SECRET,
    Kind,
    Object,
    annotations_of,
    name_of,
)
from checks.results import Finding, failure, ok, skipped, warning
from checks.view import View, some
from checks.workloads import workload
from config.ambassador import AmbassadorConfig
from config.mesh import service_account

VERSION = "v3alpha1"
INJECT = "linkerd.io/inject"
PROXY = "linkerd-proxy"


def installation(case: ClusterCase) -> Iterator[Finding]:
    """Ambassador's kinds are served, its pods available, and they run as they should."""
    config = case.config.ambassador
    if config is None:
        return
    title = "Ambassador's kinds are served"
    missing = [
        str(kind)
        for kind in (MODULE, LISTENER, HOST, MAPPING)
        if not case.view.serves(kind, VERSION)
    ]
    if missing:
        yield failure(title, f"not served: {some(missing)} ({VERSION})", UPDATE)
    else:
        yield ok(title)
    hint = f"see `kubectl -n {config.namespace} get pods,events`"
    yield from workload(case.view, DEPLOYMENT, config.namespace, config.name, hint)
    yield _account(case, config)
    yield from _meshed_ambassador(case.view, config)


def deployment_of(view: View, config: AmbassadorConfig) -> Object | None:
    """Ambassador's Deployment."""
    return view.get(DEPLOYMENT, config.namespace, config.name)


def pod_annotations(deployment: Object) -> dict[str, str]:
    """Annotations that a Deployment gives its pods."""
    return annotations_of((deployment.get("spec") or {}).get("template") or {})


def _account(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    wanted = service_account(case.name, case.config)
    title = f"Ambassador runs as ServiceAccount {wanted}"
    deployment = deployment_of(case.view, config)
    if deployment is None:
        return skipped(title, "there is no Deployment of it")
    spec = deployment.get("spec", {}).get("template", {}).get("spec", {})
    found = spec.get("serviceAccountName") or "default"
    if found == wanted:
        return ok(title)
    return failure(title, f"it runs as {found}, which gives it another identity", UPDATE)


def _meshed_ambassador(view: View, config: AmbassadorConfig) -> Iterator[Finding]:
    title = "Ambassador is meshed"
    deployment = deployment_of(view, config)
    if deployment is None:
        yield skipped(title, "there is no Deployment of it")
        return
    if not asks_for_proxy(view, deployment, config.namespace):
        yield failure(title, f"its pods lack the annotation {INJECT}: enabled", UPDATE)
        return
    labels = {
        "app.kubernetes.io/name": config.name,
        "app.kubernetes.io/instance": config.name,
    }
    yield proxies(view, title, config.namespace, labels)


def asks_for_proxy(view: View, deployment: Object, namespace: str) -> bool:
    """Whether the injector is asked for a proxy, by the pods or by their namespace."""
    asked = pod_annotations(deployment).get(INJECT)
    if asked is None:
        space = view.get(NAMESPACE, "", namespace)
        asked = annotations_of(space or {}).get(INJECT)
    return asked in ("enabled", "ingress")


def proxies(view: View, title: str, namespace: str, labels: dict[str, str]) -> Finding:
    """Whether every running pod with these labels has Linkerd's proxy."""
    pods = [
        pod
        for pod in view.all(POD, namespace, labels)
        if (pod.get("status") or {}).get("phase") == "Running"
    ]
    bare = [name_of(pod) for pod in pods if not _has_proxy(pod)]
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
        f"they started before Linkerd's injector: `kubectl -n {namespace} rollout restart deploy`",
    )


def _has_proxy(pod: Object) -> bool:
    spec = pod.get("spec") or {}
    # A native sidecar stands among the init containers.
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return any(container.get("name") == PROXY for container in containers)


def routes(case: ClusterCase) -> Iterator[Finding]:
    """The Module, and every Listener, Host and Mapping of the stack file."""
    config = case.config.ambassador
    if config is None:
        return
    yield _module(case, config)
    for kind, names in (
        (LISTENER, [item.name for item in config.listeners]),
        (HOST, [item.name for item in config.hosts]),
        (MAPPING, [item.name for item in config.mappings]),
    ):
        if names:
            yield _all_there(case.view, kind, config.namespace, names)
    if not config.listeners:
        yield _any_listener(case.view, config.namespace)
    yield from _certificates(case.view, config)
    yield _hostnames(case.view, config.namespace)


def _module(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    title = f"the Module has add_linkerd_headers: {str(config.linkerd_headers).lower()}"
    module = case.view.get(MODULE, config.namespace, "ambassador")
    if module is None:
        missing = f"Module {config.namespace}/ambassador does not exist"
        if case.view.made_by_release(MODULE, config.namespace, "ambassador"):
            return skipped(title, f"{missing}; see its release")
        return failure(title, missing, UPDATE)
    found = ((module.get("spec") or {}).get("config") or {}).get("add_linkerd_headers")
    if bool(found) is config.linkerd_headers:
        return ok(title)
    return failure(title, f"it has {str(found).lower()}", UPDATE)


def _all_there(view: View, kind: Kind, namespace: str, names: list[str]) -> Finding:
    title = f"{kind.name}s of the stack file exist"
    missing = [name for name in names if view.get(kind, namespace, name) is None]
    if missing:
        return failure(title, f"missing in {namespace}: {some(missing)}", UPDATE)
    return ok(title, some(names))


def _any_listener(view: View, namespace: str) -> Finding:
    title = "there is a Listener"
    if view.all(LISTENER, namespace):
        return ok(title)
    hint = "write ambassador.listeners in the stack file, or make one"
    return failure(title, f"there is none in {namespace}, so no route is served", hint)


def _certificates(view: View, config: AmbassadorConfig) -> Iterator[Finding]:
    for host in config.hosts:
        if host.tls_secret is None:
            continue
        title = f"Host {host.name} has its certificate"
        if view.get(SECRET, config.namespace, host.tls_secret) is None:
            missing = f"Secret {config.namespace}/{host.tls_secret} (kubernetes.io/tls)"
            hint = "make it, or have cert-manager make it; until then the Host serves nothing"
            yield failure(title, f"{missing} does not exist", hint)
        else:
            yield ok(title)


def _hostnames(view: View, namespace: str) -> Finding:
    title = "every Mapping names the hosts that it is for"
    dropped = [
        name_of(mapping)
        for mapping in view.all(MAPPING, namespace)
        if not {"hostname", "host"} & (mapping.get("spec") or {}).keys()
    ]
    if dropped:
        detail = f"without hostname, and so dropped silently: {some(dropped)}"
        return warning(title, detail, "give each a hostname, '*' for all hosts")
    return ok(title)
