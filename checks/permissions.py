"""Whether the operator may do what the program does."""

from __future__ import annotations

from collections.abc import Iterator

from checks.case import ClusterCase
from checks.results import Finding, failure, ok, warning
from checks.view import Access, some

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
"""What the program, Helm and these checks do, in all namespaces."""

EVERYTHING = Access("*", "*", "*")
"""Whoever may do this may do all of it."""


def permissions(case: ClusterCase) -> Iterator[Finding]:
    """The operator may write every kind of object that the program makes."""
    title = "the operator may make what the stack file describes"
    answers = case.view.access
    denied: dict[str, list[str]] = {}
    for access in NEEDED:
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
    elif any(access not in answers for access in NEEDED):
        yield warning(title, "the API server does not tell", "check that it is healthy")
    else:
        yield ok(title)
