"""Checks of workloads to mesh that need the whole cluster.

Facts: the chart linkerd-control-plane 2026.8.3 (``proxyInjector.namespaceSelector``); the release
notes of Linkerd 2.9, which brought the proxy's ``/shutdown``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.core.namespaces import made_namespaces
from config.language.problems import Problem
from config.platform.recipes import WorkloadRef


def meshed_by_others(clusters: Mapping[str, ClusterConfig]) -> Iterator[Problem]:
    """Patches that are duplicate, of the program's own objects, without effect, or needless."""
    for name, cluster in clusters.items():
        for check in (_doubled, _same_server, _ours, _passed_over, _jobs):
            for problem in check(cluster):
                yield problem.below(f"clusters.{name}")


def _doubled(cluster: ClusterConfig) -> Iterator[Problem]:
    first: dict[WorkloadRef, str] = {}
    for path, patch in cluster.patches:
        other = first.setdefault(patch.ref, path)
        if other != path:
            yield Problem(
                path,
                f"{other} already patches the {patch}, and an object can have only one patch",
                "remove one of the two, or write both in one entry by kind and name",
                about=(other,),
            )


def _same_server(cluster: ClusterConfig) -> Iterator[Problem]:
    """Ports that two entries, or an entry and Ambassador, open by Servers of the same name."""
    first: dict[tuple[str, str], str] = {}
    for ambassador in cluster.every_ambassador:
        for number in ambassador.all_public_ports:
            name = f"{ambassador.public_policy}-{number}"
            first[ambassador.namespace, name] = f"Ambassador {ambassador.name}"
    for place, entry in enumerate(cluster.meshed):
        path = f"meshed[{place}]"
        for port in entry.open_ports(cluster.networks):
            other = first.setdefault((port.namespace, port.server), path)
            alone = entry.public_ports == (port.port,) and entry.recipe is None
            if other != path:
                yield Problem(
                    f"{path}.publicPorts",
                    f"{other} already opens port {port.port} by the Server {port.server} in the "
                    f"namespace {port.namespace}",
                    ("leave publicPorts and podLabels" if alone else f"leave port {port.port}")
                    + " out here, and select the pods of both by the labels there",
                    about=(other,),
                )


def _ours(cluster: ClusterConfig) -> Iterator[Problem]:
    # Later links may bring the namespace of the multicluster extension.
    made = {item.name: item.part for item in made_namespaces(cluster, linked=True)}
    adopted: set[WorkloadRef] = set()
    for view in cluster.each_ambassador:
        ambassador = view.ambassador
        if ambassador is None or ambassador.adopt is None:
            continue
        kind, space = ambassador.adopt.kind, ambassador.namespace
        adopted.add(WorkloadRef(kind, space, ambassador.workload))
        if ambassador.sidecar.injection == "namespace":
            adopted.add(WorkloadRef("Namespace", "", space))
    for path, patch in cluster.patches:
        if patch.ref in adopted:
            yield Problem(
                path,
                f"the {patch} is already meshed as the adopted Ambassador",
                "leave this entry out",
                about=("ambassador",),
            )
        elif patch.ref.pods_in in made:
            owner = made[patch.ref.pods_in]
            yield Problem(
                path,
                f"the program manages the namespace {patch.ref.pods_in} and its workloads "
                f"({owner})",
                f"leave this entry out; {owner} configures its workloads",
                about=(owner,),
            )


def _passed_over(cluster: ClusterConfig) -> Iterator[Problem]:
    linkerd = cluster.linkerd
    given = linkerd.values.get("proxyInjector")
    if isinstance(given, dict) and "namespaceSelector" in given:
        return
    for path, patch in cluster.patches:
        if path.startswith("meshed") and patch.ref.pods_in in linkerd.generation.injector_skips:
            yield Problem(
                path,
                f"Linkerd's injector skips the namespace {patch.ref.pods_in}, so the pods of the "
                f"{patch} would get no proxy",
                "install it in another namespace, or write "
                "linkerd.values.proxyInjector.namespaceSelector",
                about=("linkerd.values",),
            )


def _jobs(cluster: ClusterConfig) -> Iterator[Problem]:
    linkerd = cluster.linkerd
    for place, job in enumerate(cluster.jobs):
        if linkerd.native_sidecars:
            yield Problem(
                f"jobs[{place}]",
                f"Linkerd {linkerd.version} needs no entry: its proxies are native sidecars and "
                "end with the Job",
                "leave it out",
                about=("linkerd.version", "linkerd.values"),
            )
        elif job.treatment == "await" and not linkerd.generation.proxy_shutdown:
            yield Problem(
                f"jobs[{place}].treatment",
                f"linkerd-await cannot end the proxies of {linkerd.generation.title}",
                "leave treatment, container and command out",
                about=("linkerd.version",),
            )
