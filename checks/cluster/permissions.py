"""Whether the operator may do what the program does."""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.results import Finding, failure, ok, warning
from checks.facts.view import Access, some
from config import MeshConfig
from config.core.cluster import ClusterConfig

_WRITE = ("get", "list", "create", "patch", "delete")
_RESOURCES = (
    ("", "namespaces"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "services"),
    ("", "serviceaccounts"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("policy", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("policy.linkerd.io", "servers"),
    ("policy.linkerd.io", "authorizationpolicies"),
    ("policy.linkerd.io", "meshtlsauthentications"),
    ("multicluster.linkerd.io", "links"),
    ("getambassador.io", "mappings"),
    ("getambassador.io", "hosts"),
    ("getambassador.io", "listeners"),
    ("getambassador.io", "modules"),
)

NEEDED = (
    *(Access(verb, group, name) for group, name in _RESOURCES for verb in _WRITE),
    Access("list", "", "nodes"),
    Access("list", "", "pods"),
)
"""What the program, Helm and these checks do for every stack, in all namespaces."""

OPTIONAL = (
    Access("get", "", "pods/log"),
    Access("list", "", "events"),
)
"""What lets `./mesh check` say why a pod is not ready."""

_PLURALS = {
    "Namespace": ("", "namespaces"),
    "Deployment": ("apps", "deployments"),
    "DaemonSet": ("apps", "daemonsets"),
    "StatefulSet": ("apps", "statefulsets"),
    "CronJob": ("batch", "cronjobs"),
    "Kibana": ("kibana.k8s.elastic.co", "kibanas"),
}
"""Group and plural of what can be meshed."""


def needed(mesh: MeshConfig, name: str) -> tuple[Access, ...]:
    """What is done in the cluster `name`: that, and what its settings ask for beside it."""
    more = dict.fromkeys(_asked_for(mesh, mesh.clusters[name], name))
    written = (Access(verb, group, plural) for group, plural in more for verb in _WRITE)
    return tuple(dict.fromkeys((*NEEDED, *written)))


def asked(mesh: MeshConfig, name: str) -> tuple[Access, ...]:
    """Every right that is asked for in the cluster `name`, the optional ones last."""
    return (*needed(mesh, name), *OPTIONAL)


def _asked_for(mesh: MeshConfig, cluster: ClusterConfig, name: str) -> Iterator[tuple[str, str]]:
    """Group and plural of kinds that only some settings make."""
    weighed = (export.weights for link in mesh.links_from(name) for export in link.exports)
    if any(weights is not None for weights in weighed):
        yield "gateway.networking.k8s.io", "httproutes"
    hosts = cluster.ambassador.all_hosts if cluster.ambassador is not None else ()
    if mesh.trust_anchor.cert_manager is not None or any(
        host.tls is not None and host.tls.cert_manager is not None for host in hosts
    ):
        yield "cert-manager.io", "certificates"
    issuance = mesh.trust_anchor.cert_manager
    if issuance is not None and issuance.make_issuer:
        yield "cert-manager.io", "clusterissuers"
    if issuance is not None and issuance.trust_roots == "trust-manager":
        yield "trust.cert-manager.io", "bundles"
    if cluster.ambassador is not None and cluster.ambassador.tracing is not None:
        yield "getambassador.io", "tracingservices"
    if cluster.monitoring.pod_monitors is not None:
        yield "monitoring.coreos.com", "podmonitors"
    yield from _ingress_kinds(cluster)
    for entry in cluster.meshed:
        for patch in entry.patches:
            yield _PLURALS[patch.kind]
    if cluster.jobs:
        yield _PLURALS["CronJob"]


def _ingress_kinds(cluster: ClusterConfig) -> Iterator[tuple[str, str]]:
    for ingress in cluster.every_ingress:
        for kind in (*ingress.served_by.needed, ingress.served_by.kind):
            yield kind.group, kind.plural


EVERYTHING = Access("*", "*", "*")
"""Whoever may do this may do all of it."""


def permissions(case: ClusterCase) -> Iterator[Finding]:
    """The operator may write every kind of object that the program makes."""
    title = "the operator may make what the stack file describes"
    answers = case.view.access
    denied: dict[str, list[str]] = {}
    wanted = needed(case.mesh, case.name)
    for access in wanted:
        if answers.get(access) is False:
            name = f"{access.resource}.{access.group}" if access.group else access.resource
            denied.setdefault(name, []).append(access.verb)
    if denied:
        listed = some([f"{name} ({', '.join(verbs)})" for name, verbs in denied.items()], 8)
        yield failure(
            title,
            f"not allowed: {listed}",
            "use credentials with these rights; installing CRDs, webhooks and roles takes those "
            "of the ClusterRole cluster-admin",
        )
    elif any(access not in answers for access in wanted):
        yield warning(title, "the API server does not tell", "check that it is healthy")
    else:
        yield ok(title)
    yield _reading(case)


def _reading(case: ClusterCase) -> Finding:
    title = "the operator may read why a pod is not ready"
    answers = case.view.access
    lacking = [f"{one.resource} ({one.verb})" for one in OPTIONAL if answers.get(one) is False]
    if lacking:
        detail = f"not allowed: {some(lacking)}; `./mesh check` then says that it cannot read them"
        return warning(
            title, detail, "use credentials of the ClusterRole view, or with more rights"
        )
    if any(one not in answers for one in OPTIONAL):
        return warning(title, "the API server does not tell", "check that it is healthy")
    return ok(title)
