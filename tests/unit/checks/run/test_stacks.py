"""What the program declares is what the checks look for, in every stack file of the project.

The objects of a stack, rendered with the stand-in charts, are given to the checks as if they were
in clusters whose nodes are simulated, beside what other people and controllers bring along.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import pytest

from checks.ambassador.backends import backends_of
from checks.facts.case import ClusterCase, LinkCase, MeshCase
from checks.facts.check import Phase, all_checks
from checks.facts.results import Result, Status
from checks.facts.view import ServedKind, View
from checks.platform.ingresses import ingresses_of
from checks.platform.ingresses import secrets_of as ingress_secrets
from checks.run.report import of_cluster, run_phases
from config import MeshConfig
from config.core.mesh import service_account
from config.inventory import inventory
from config.linkerd.tracing import port_of
from config.links.exports import ServiceRef
from config.links.link import LinkConfig
from render import RenderedObject
from render.recorder import RELEASE
from tests import foreign_workloads
from tests.link_tokens import issued
from tests.stack_files import STACK_FILES
from tests.unit.checks.builders import (
    certified,
    deployment,
    endpoints,
    node,
    secret,
    service,
    thing,
    view,
)
from tests.unit.checks.issuing import issue
from tests.unit.conftest import Rendered
from vocabulary.kinds import (
    CRD,
    NAMESPACE,
    NODE,
    POLICY_HTTP_ROUTE,
    SECRET,
    SERVICE,
    WORKLOADS,
    Kind,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import MULTICLUSTER, credentials_secret

# Later than any certificate that a long run renders.
NOW = datetime.now(UTC) + timedelta(days=1)
CLUSTERWIDE = {"Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
BROUGHT = {
    Kind("gateway.networking.k8s.io", kind): ServedKind({"v1": "x"}, True)
    for kind in ("HTTPRoute", "GRPCRoute")
} | {
    Kind("cert-manager.io", kind): ServedKind({"v1": "x"}, True)
    for kind in ("Certificate", "Issuer", "ClusterIssuer")
}
Objects = dict[tuple[Kind, str, str], dict[str, Any]]


def brought(config: MeshConfig, cluster: str) -> Iterator[dict[str, Any]]:
    """What other people have in a cluster: Services, certificates, adopted Ambassadors."""
    own = config.clusters[cluster]
    backends = [backends_of(one, cluster) for one in config.each_ambassador(cluster)]
    services = dict.fromkeys([*config.services_wanted(cluster), *chain(*backends)])
    for ref in services:
        if own.sample is None or ref != ServiceRef(own.sample.namespace, own.sample.service):
            yield service(ref.name, ref.namespace)
        yield endpoints(ref.name, ref.namespace)
    tracing = own.linkerd.tracing
    if tracing is not None:
        labels = {"app": tracing.service}
        port = {"traces": port_of(tracing.collector)}
        yield service(tracing.service, tracing.namespace, ports=port, selector=labels)
        yield endpoints(tracing.service, tracing.namespace)
    for space, name, ingress in ingresses_of(own):
        yield from (secret(one, where, {}) for where, one in ingress_secrets(space, name, ingress))
    url = own.linkerd.viz.prometheus_url
    if url is not None:
        name, space, *_ = str(urlsplit(url).hostname).split(".")
        yield service(name, space)
    exported = [export for link in config.links_from(cluster) for export in link.exports]
    for space in {*(ref.namespace for ref in services), *(one.namespace for one in exported)}:
        yield thing("v1", "Namespace", space)
    ambassador = own.ambassador
    for alone in config.each_ambassador(cluster):
        front = alone.clusters[cluster].ambassador
        for host in inventory(alone, cluster).hosts:
            if front is not None and host.tls is not None and not host.tls.trial:
                assert host.tls_secret is not None
                leaf = certified("leaf", authority=False, host=host.hostname, begins=NOW)
                data = {"tls.crt": leaf.pem, "tls.key": leaf.key_pem}
                space = host.tls.namespace or front.namespace
                yield secret(host.tls_secret, space, data, type="kubernetes.io/tls")
    if ambassador is not None and ambassador.adopt is not None:
        yield thing("v1", "Namespace", ambassador.namespace)
        if ambassador.adopt.module == "patch":
            version = f"getambassador.io/{ambassador.objects_version}"
            yield thing(version, "Module", "ambassador", ambassador.namespace, spec={})
        yield {
            **deployment(
                ambassador.workload,
                ambassador.namespace,
                pod_labels=ambassador.pod_labels,
                pod_spec={"serviceAccountName": service_account(cluster, own)},
            ),
            "kind": ambassador.adopt.kind,
        }
    wanted = {patch.ref for _, patch in own.patches}
    for one in foreign_workloads.WORKLOADS:
        found = foreign_workloads.ref(one)
        if found in wanted or found.name in {patch.pods_in for patch in wanted}:
            yield one


def adopted_kinds(config: MeshConfig, cluster: str) -> dict[Kind, ServedKind]:
    """Kinds that an adopted Ambassador brought along."""
    ambassador = config.clusters[cluster].ambassador
    if ambassador is None or ambassador.installed:
        return {}
    served = ServedKind({ambassador.objects_version: "x", "v3alpha1": "x"}, True)
    return {
        Kind("getambassador.io", kind): served for kind in ("Module", "Host", "Mapping", "Listener")
    }


def merged(base: Any, other: Any) -> Any:
    """One object with the fields of another on top, as a server-side apply would have it."""
    if isinstance(base, dict) and isinstance(other, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in other.items()}}
    return other


def standing(cluster: str, manifests: Iterable[tuple[dict[str, Any], bool]]) -> Objects:
    """Objects of a cluster, patches applied to what there is, and what controllers say of them."""
    found: Objects = {}
    for one, patch in manifests:
        key = (Kind.of(one), namespace_of(one), name_of(one))
        if not patch or key in found:
            found[key] = merged(found.get(key, {}), one)
    for (kind, space, name), one in found.items():
        spec = one.get("spec") or {}
        if kind in WORKLOADS:
            one["status"] = {
                "availableReplicas": spec.get("replicas") or 1,
                "desiredNumberScheduled": 1,
                "numberAvailable": 1,
            }
        if kind == SERVICE and spec.get("type") == "LoadBalancer":
            # As the recording of the program has it.
            address = f"{name}.{space}.{cluster}.example"
            one["status"] = {"loadBalancer": {"ingress": [{"hostname": address}]}}
        if kind == POLICY_HTTP_ROUTE:
            accepted = [{"type": "Accepted", "status": "True"}]
            parents = [{"parentRef": ref, "conditions": accepted} for ref in spec["parentRefs"]]
            one["status"] = {"parents": parents}
        if kind.name == "Certificate":
            one["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
        if one.get("type") == "kubernetes.io/service-account-token":
            token = f"token-of-{cluster}-{space}-{name}"
            one["data"] = {"token": base64.b64encode(token.encode()).decode()}
    issue(found, NOW)
    return found


def served(objects: Objects) -> Mapping[Kind, ServedKind]:
    """Kinds of these objects, and those that their CRDs bring."""
    kinds: dict[Kind, ServedKind] = {}
    for (kind, _, _), one in objects.items():
        version = str(one["apiVersion"]).rpartition("/")[2]
        kinds[kind] = ServedKind({version: "x"}, kind.name not in CLUSTERWIDE)
    for one in (one for (kind, _, _), one in objects.items() if kind == CRD):
        spec = one["spec"]
        versions = spec.get("versions") or [{"name": spec.get("version")}]
        kinds[Kind(spec["group"], spec["names"]["kind"])] = ServedKind(
            {item["name"]: "x" for item in versions if item.get("served", True)},
            spec.get("scope") == "Namespaced",
        )
    return kinds


def view_of(config: MeshConfig, cluster: str, rendered: Iterable[RenderedObject]) -> View:
    """A cluster of a stack as the checks would see it."""
    ours = [(one.object, one.patch) for one in rendered if one.hook is None]
    there = standing(cluster, [*((one, False) for one in brought(config, cluster)), *ours])
    for link in config.links_from(cluster):
        if link.credentials.requested:
            request_token(there, config, link)
    return view(
        *there.values(),
        node(kwok=True),
        cluster=cluster,
        served={**BROUGHT, **served(there), **adopted_kinds(config, cluster)},
        now=NOW,
    )


def request_token(there: Objects, config: MeshConfig, link: LinkConfig) -> None:
    """Put a token that ends into the credentials of a link, as an API server would issue it."""
    for space in (MULTICLUSTER, config.clusters[link.source].linkerd.namespace):
        one = there[SECRET, space, credentials_secret(link.target)]
        login = json.loads(base64.b64decode(one["data"]["kubeconfig"]))
        login["users"][0]["user"]["token"] = issued(link, NOW)
        one["data"] = {"kubeconfig": base64.b64encode(json.dumps(login).encode()).decode()}


def views_of(config: MeshConfig, rendered: Mapping[str, list[RenderedObject]]) -> dict[str, View]:
    """All clusters of a stack."""
    return {name: view_of(config, name, rendered[name]) for name in config.clusters}


def looked_at(config: MeshConfig, views: Mapping[str, View]) -> list[Result]:
    """What the checks find, but for releases and for surroundings."""
    results: list[Result] = []
    for cluster, seen in views.items():
        phases = (Phase.CAUSES, Phase.CONTROL_PLANE, Phase.PARTS, Phase.LAST)
        results += of_cluster(phases, config, cluster, seen)
    for link in config.links:
        link_case = LinkCase(config, link, views[link.source], views[link.target])
        generation = link_case.source_config.linkerd.generation
        results += run_phases((Phase.LINK,), link.name, link_case, generation)
    return [one for one in results if one.category != "releases"]


def failed(results: Iterable[Result]) -> list[str]:
    return [
        f"{one.cluster}: {one.title}: {one.detail}"
        for one in results
        if one.status is Status.FAILURE
    ]


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_checks_look_for_what_the_program_declares(
    name: str, rendered: Rendered, stack_config: Callable[[str], MeshConfig]
) -> None:
    config = stack_config(name)
    results = looked_at(config, views_of(config, rendered(name)[1]))
    assert failed(results) == []
    assert {one.cluster.partition("/")[0] for one in results} == {
        *config.clusters,
        *(link.name for link in config.links),
    }


@pytest.mark.parametrize(
    "name",
    ["adopted", "cert-manager", "exports", "legacy-ambassador", "linkerd-2.8", "meshed", "tls"],
)
def test_every_object_of_this_stack_that_is_missing_is_reported(
    name: str, rendered: Rendered, stack_config: Callable[[str], MeshConfig]
) -> None:
    """Releases report what they made; pods report namespaces and logins for registries."""
    config = stack_config(name)
    manifests = rendered(name)[1]
    views = views_of(config, manifests)
    untold = []
    for cluster, listed in manifests.items():
        for place, one in enumerate(listed):
            if one.owner.type == RELEASE or one.object["kind"] == "Namespace":
                continue
            left = [*listed[:place], *listed[place + 1 :]]
            seen = {**views, cluster: view_of(config, cluster, left)}
            if not failed(looked_at(config, seen)):
                untold.append(f"{cluster}: {one.object['kind']} {name_of(one.object)}")
    assert untold == []


@dataclass(frozen=True)
class Watched(View):
    """A view that notes the kinds that are read."""

    kinds: set[Kind] = field(default_factory=set)

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        self.kinds.add(kind)
        return super().get(kind, namespace, name)

    def all(
        self, kind: Kind, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        self.kinds.add(kind)
        return super().all(kind, namespace, labels)


def watched(seen: View) -> Watched:
    return Watched(**{one.name: getattr(seen, one.name) for one in fields(View)})


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_a_check_declares_every_kind_that_it_reads(
    name: str, rendered: Rendered, stack_config: Callable[[str], MeshConfig]
) -> None:
    config = stack_config(name)
    views = views_of(config, rendered(name)[1])
    undeclared: dict[str, set[str]] = {}
    for check in all_checks():
        cases: list[tuple[dict[str, Watched], Any]] = []
        if check.phase in (Phase.LINK, Phase.LINK_BEFORE):
            for link in config.links:
                ends = {end: watched(views[end]) for end in (link.source, link.target)}
                if check.is_for(config.clusters[link.source].linkerd.generation):
                    cases.append(
                        (ends, LinkCase(config, link, ends[link.source], ends[link.target]))
                    )
        elif check.phase in (Phase.ACROSS, Phase.ACROSS_INSTALLED):
            each = {cluster: watched(seen) for cluster, seen in views.items()}
            cases.append((each, MeshCase(config, each)))
        else:
            for cluster, seen in views.items():
                if check.is_for(config.clusters[cluster].linkerd.generation):
                    one = {cluster: watched(seen)}
                    cases.append((one, ClusterCase(config, cluster, one[cluster])))
        for looked, case in cases:
            list(check.run(case))
            for cluster, seen in looked.items():
                declared = {listing.kind for listing in check.listings(config, cluster)}
                if check.reads_more is not None:
                    more = check.reads_more(config, cluster, views[cluster])
                    declared |= {listing.kind for listing in more}
                missing = seen.kinds - declared - {NAMESPACE, NODE}
                if missing:
                    undeclared.setdefault(check.name, set()).update(map(str, missing))
    assert undeclared == {}
