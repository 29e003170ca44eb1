"""MeshedWorkloads: patches that mesh the workloads and CronJobs of other owners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResourcePatch
from pulumi_kubernetes.apps.v1 import DaemonSetPatch, DeploymentPatch, StatefulSetPatch
from pulumi_kubernetes.batch.v1 import CronJobPatch
from pulumi_kubernetes.core.v1 import NamespacePatch
from pulumi_kubernetes.meta.v1 import ObjectMetaPatchArgs

from components.core.component import MeshComponent
from components.platform.policy import declare_open_port
from config.ambassador.adoption import FIELD_MANAGER
from config.core.cluster import ClusterConfig
from config.platform.recipes import Patch, WorkloadRef
from vocabulary.kinds import KIBANA
from vocabulary.kubernetes import PATCH_FIELD_MANAGER, SKIP_AWAIT

NOTES = {
    # A random manager would own the fields again after every replacement.
    PATCH_FIELD_MANAGER: FIELD_MANAGER,
    # Its owner decides how its pods roll out, which may take hours.
    SKIP_AWAIT: "true",
}
KINDS = {
    "Deployment": DeploymentPatch,
    "DaemonSet": DaemonSetPatch,
    "StatefulSet": StatefulSetPatch,
    "CronJob": CronJobPatch,
}
# The engine compares lists entry by entry, and would show a difference in every preview between
# these and the cluster's, which have the owner's entries too.
_CONTAINERS = (
    "spec.template.spec.containers",
    "spec.jobTemplate.spec.template.spec.containers",
)


@dataclass(frozen=True)
class MeshedWorkloadsArgs:
    """Arguments of MeshedWorkloads."""

    cluster_name: str
    """Name of the cluster in the stack file."""
    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    control_plane: pulumi.Resource
    """The release of the control plane."""
    missing: frozenset[WorkloadRef] = frozenset()
    """Workloads that do not exist yet, and are left out."""
    settled: frozenset[WorkloadRef] = frozenset()
    """Workloads whose containers already have everything of their patches."""


class MeshedWorkloads(MeshComponent):
    """Patches that mesh the workloads and CronJobs of other owners.

    Each owns its fields alone, by server-side apply, and gives them back when it is deleted. They
    wait for the control plane, whose injector has to run before pods restart.
    """

    def __init__(
        self, name: str, args: MeshedWorkloadsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        ready = list(_ready(args))
        for patch in ready:
            self._declare(args, patch)
        self._open(args, {patch.ref for patch in ready})
        self.register_outputs({"workloads": [str(patch) for patch in ready]})

    def _open(self, args: MeshedWorkloadsArgs, existing: set[WorkloadRef]) -> None:
        """Policy of ports that clients without a proxy call; the namespace exists with a pod."""
        for entry, port in args.cluster.open_ports:
            if existing & {patch.ref for patch in entry.patches}:
                policy = args.cluster.linkerd.proxy.default_inbound_policy
                declare_open_port(self, port, policy, args.provider, [args.control_plane])

    def _declare(self, args: MeshedWorkloadsArgs, patch: Patch) -> None:
        ref = patch.ref
        place = f"{ref.namespace}." if ref.namespace else ""
        name = f"{self.logical_name}-{ref.kind.lower()}-{place}{ref.name}"
        opts = self.child(args.provider, depends_on=[args.control_plane])
        added = patch.annotations if ref.kind == "Namespace" else {}
        metadata = ObjectMetaPatchArgs(
            name=ref.name, namespace=ref.namespace or None, annotations={**added, **NOTES}
        )
        if ref.kind == "Namespace":
            NamespacePatch(name, metadata=metadata, opts=opts)
        elif ref.kind == KIBANA.name:
            pods = {**_pods(patch), "spec": {"automountServiceAccountToken": True}}
            CustomResourcePatch(
                name,
                api_version=KIBANA.api_version,
                kind=KIBANA.name,
                metadata={"name": ref.name, "namespace": ref.namespace, "annotations": NOTES},
                spec={"podTemplate": pods},
                opts=opts,
            )
        else:
            spec: dict[str, Any] = {"template": _pods(patch)}
            if ref.kind == "CronJob":
                spec = {"jobTemplate": {"spec": spec}}
            if ref in args.settled:
                opts.ignore_changes = [_CONTAINERS[ref.kind == "CronJob"]]
            KINDS[ref.kind](name, metadata=metadata, spec=spec, opts=opts)


def _ready(args: MeshedWorkloadsArgs) -> Iterator[Patch]:
    """Patches of what exists; of the rest, a patch would make a workload without a container."""
    for path, patch in args.cluster.patches:
        if patch.ref in args.missing:
            pulumi.log.warn(
                f"cluster '{args.cluster_name}' has no {patch} (clusters.{args.cluster_name}."
                f"{path}); it is patched by the first update that finds it"
            )
        else:
            yield patch


def _pods(patch: Patch) -> dict[str, Any]:
    """The fields of a patch in a pod template."""
    template: dict[str, Any] = {"metadata": {"annotations": dict(patch.annotations)}}
    if patch.container is not None:
        container: dict[str, Any] = {"name": patch.container}
        if patch.env:
            container["env"] = [{"name": key, "value": patch.env[key]} for key in sorted(patch.env)]
        if patch.command:
            container["command"] = list(patch.command)
        template["spec"] = {"containers": [container]}
    return template
