"""The preconditions that a stack file sets for one of its clusters."""

from __future__ import annotations

from collections.abc import Iterator

from config.ambassador.cluster_objects import class_key, ingress_class
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig, service_account
from config.core.namespaces import made_namespaces
from config.inventory.charts import releases
from config.inventory.webhooks import webhooks
from config.preconditions.expected import (
    AdoptedAmbassador,
    Expectations,
    TrustReads,
    Versions,
    WantedClass,
    WantedPatch,
)
from config.preconditions.foreign_kinds import foreign_kinds
from config.preconditions.foreign_namespaces import foreign_namespaces
from config.preconditions.kubernetes_versions import newest, oldest
from config.service_ports import named_ports


def expectations(mesh: MeshConfig, name: str) -> Expectations:
    """The preconditions that a stack file sets for the cluster `name`."""
    cluster = mesh.clusters[name]
    linked = name in mesh.linked_clusters()
    adopted = tuple(_adopted(name, view) for view in cluster.each_ambassador)
    return Expectations(
        mesh.services_wanted(name),
        tuple(newest(name, cluster)),
        tuple(one for one in adopted if one is not None),
        tuple(foreign_kinds(name, cluster)),
        tuple(foreign_namespaces(mesh, name)),
        tuple(WantedPatch(f"clusters.{name}.{path}", patch) for path, patch in cluster.patches),
        trust=_trust_reads(mesh, name),
        linked_as=f"clusters.{name}.apiServer" if mesh.links_to(name) else None,
        oldest=tuple(oldest(name, cluster)),
        ports=tuple(named_ports(mesh, name)),
        releases=releases(cluster, linked=linked),
        made_namespaces=tuple(item.name for item in made_namespaces(cluster, linked=linked)),
        versions=Versions(
            name, cluster.linkerd.namespace, cluster.linkerd.app_version, cluster.upgrade.allow
        ),
        kept=tuple(one for one in mesh.links_from(name) if one.credentials.requested),
        issues=any(one.credentials.requested for one in mesh.links_to(name)),
        classes=tuple(_classes(name, cluster)),
    )


def _trust_reads(mesh: MeshConfig, name: str) -> TrustReads:
    cluster, issuance = mesh.clusters[name], mesh.trust_anchor.cert_manager
    authority = None
    if issuance is not None and issuance.make_issuer and cluster.cert_manager is not None:
        authority = (cluster.cert_manager.namespace, issuance.issuer)
    signed = issuance is None or not issuance.webhooks
    return TrustReads(cluster.linkerd.namespace, webhooks(cluster) if signed else (), authority)


def _adopted(name: str, cluster: ClusterConfig) -> AdoptedAmbassador | None:
    """The adopted Ambassador of a cluster, which has only one here."""
    ambassador = cluster.ambassador
    if ambassador is None or ambassador.adopt is None:
        return None
    return AdoptedAmbassador(
        path=f"clusters.{name}.{cluster.ambassador_key}",
        kind=ambassador.adopt.kind,
        namespace=ambassador.namespace,
        workload=ambassador.workload,
        service_account=service_account(name, cluster),
        pod_labels=ambassador.pod_labels,
        inject=ambassador.sidecar.mode,
        module=ambassador.adopt.module,
        api_version=ambassador.objects_version,
        ambassador_id=ambassador.own_id,
    )


def _classes(name: str, cluster: ClusterConfig) -> Iterator[WantedClass]:
    """IngressClasses of installed Ambassadors; none where no other Ambassador is adopted."""
    if all(one.installed for one in cluster.every_ambassador):
        return
    for view in cluster.each_ambassador:
        config = view.ambassador
        found = ingress_class(config) if config is not None else None
        if config is not None and found is not None:
            path = f"clusters.{name}.{view.ambassador_key}.values.{class_key(config)}"
            yield WantedClass(found, path)
