"""What cannot be tried, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks.facts.view import EVERYTHING, View
from config.core.cluster import ClusterConfig
from config.language.problems import some
from kube.access import Access
from vocabulary.kinds import AUTHORIZATION_POLICY, MAPPING, MESH_TLS, POLICY_HTTP_ROUTE

ADMITTING = (MESH_TLS, AUTHORIZATION_POLICY, POLICY_HTTP_ROUTE)
"""Kinds that a run creates for a gateway, in this order."""
NOTHING_TRIED = 3
"""Exit code where nothing could be tried, or a whole cluster could not."""
ALWAYS = (
    "that the gateway refuses a client whose requests name one Service and are sent to another: "
    "it would need a proxy that is not Linkerd's",
    "UDP, and Services of type ExternalName",
)
"""What no run of verify tries."""


def simulated(clusters: Iterable[str]) -> str:
    """The sentence on clusters whose pods are simulated."""
    names = sorted(clusters)
    one = len(names) == 1
    return (
        f"pods of {'cluster' if one else 'clusters'} {' and '.join(names)} are simulated (kwok): "
        "nothing runs in them, so no request was made and nothing is proven"
    )


def needed(
    cluster: ClusterConfig, namespace: str, workload_namespace: str | None = None
) -> Iterator[Access]:
    """What a run does in a cluster, in its own namespace and in that of ``--from``."""
    for verb in ("create", "delete", "list"):
        yield Access(verb, "", "namespaces")
    for space in (namespace, *([workload_namespace] if workload_namespace else [])):
        yield Access("create", "", "configmaps", space)
        yield Access("create", "", "pods", space)
        yield Access("get", "", "pods", space)
        yield Access("get", "", "pods/log", space)
    if workload_namespace:
        for kind in ("configmaps", "pods"):
            yield Access("delete", "", kind, workload_namespace)
    for kind in ("secrets", "services"):
        yield Access("create", "", kind, namespace)
    yield Access("get", "", "services", namespace)
    if cluster.ambassador is not None:
        yield Access("create", MAPPING.group, MAPPING.plural, namespace)
    for ambassador in cluster.every_ambassador:
        if ambassador.gateway is not None and ambassador.gateway.admits == "exports":
            for one in ADMITTING:
                for verb in ("create", "delete"):
                    yield Access(verb, one.group, one.plural, ambassador.namespace)


def denied(cluster: str, answers: Mapping[Access, bool]) -> str | None:
    """A sentence on what is not allowed in a cluster; None where everything is."""
    if answers.get(EVERYTHING):
        return None
    verbs: dict[str, list[str]] = {}
    for access, allowed in answers.items():
        if not allowed and access != EVERYTHING:
            name = f"{access.resource}.{access.group}" if access.group else access.resource
            known = verbs.setdefault(name, [])
            if access.verb not in known:
                known.append(access.verb)
    if not verbs:
        return None
    listed = some([f"{name} ({', '.join(words)})" for name, words in verbs.items()], 8)
    return f"the operator lacks permissions in cluster {cluster}: {listed}"


def hindrance(config: ClusterConfig, view: View) -> str | None:
    """Why no pod can be asked in a cluster; None where one can."""
    if view.simulated:
        return simulated([view.cluster])
    return denied(view.cluster, view.access)


def of_generation(source: ClusterConfig, target: ClusterConfig) -> str | None:
    """Why a link between clusters of these generations is not tried."""
    if not (source.linkerd.generation.links and target.linkerd.generation.links):
        return (
            "Linkerd 2.8 mirrors Services through annotations and has other identities on the "
            "way; requests over such links are not tried"
        )
    return None
