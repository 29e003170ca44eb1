"""Which workloads of a plan have no ready pod for a while, however they are restarted."""

from __future__ import annotations

from dataclasses import replace

from config.core.mesh import MeshConfig
from kube.kubeconfig import api_client
from lifecycle.restarts.act import RESTARTED
from lifecycle.restarts.disruption import Budget, leaves_a_gap
from lifecycle.restarts.plan import Plan, Restart
from verify.cluster import Cluster, ClusterRefusedError
from vocabulary.kinds import POD_DISRUPTION_BUDGET, Object, name_of


def marked_in(mesh: MeshConfig, plan: Plan) -> Plan:
    """A plan whose workloads are compared with what its cluster has; see `marked`."""
    if not plan.all:
        return plan
    with api_client(mesh.clusters[plan.cluster]) as api:
        return marked(Cluster(plan.cluster, api), plan)


def marked(cluster: Cluster, plan: Plan) -> Plan:
    """The same plan, with `gap` of each workload, or with the reason why these are unknown."""
    found: dict[tuple[str, str, str], Object] = {}
    budgets: dict[str, list[Budget]] = {}
    try:
        for space, kind in sorted({(one.namespace, one.kind) for one in plan.all}):
            for item in cluster.list(RESTARTED[kind], space, "") if kind in RESTARTED else ():
                # Entries of a list come without their kind.
                found[space, kind, name_of(item)] = {**item, "kind": RESTARTED[kind].name}
            if space not in budgets:
                listed = cluster.list(POD_DISRUPTION_BUDGET, space, "")
                budgets[space] = [Budget.of(one) for one in listed]
    except ClusterRefusedError as error:
        return replace(plan, unread=str(error))

    def mark(one: Restart) -> Restart:
        workload = found.get((one.namespace, one.kind, one.name))
        gap = workload is not None and leaves_a_gap(workload, budgets[one.namespace])
        return replace(one, gap=gap)

    return replace(plan, restarts=tuple(map(mark, plan.restarts)), left=tuple(map(mark, plan.left)))
