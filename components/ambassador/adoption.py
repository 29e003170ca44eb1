"""An adopted Ambassador: another owner installed it, and the mesh and the gateway add their part.

Patches own single fields by server-side apply, and give them back when they are deleted. The
gateway's two ports are on a Service of its own, because a patch of the owner's ports would show a
difference in every preview.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.apiextensions import CustomResourcePatch
from pulumi_kubernetes.apps.v1 import DaemonSetPatch, DeploymentPatch
from pulumi_kubernetes.core.v1 import NamespacePatch, Service
from pulumi_kubernetes.meta.v1 import ObjectMetaPatchArgs

from components.ambassador.args import AmbassadorMeshArgs
from components.ambassador.gateway_service import gateway_service
from components.core.component import MeshComponent
from config.ambassador.adoption import FIELD_MANAGER, AdoptConfig
from config.ambassador.injection import namespace_annotations, pod_annotations
from vocabulary.ambassador import GROUP, MODULE_NAME
from vocabulary.kinds import MODULE
from vocabulary.kubernetes import PATCH_FIELD_MANAGER

INJECTION_CHANGED = "linkerd-ambassador-mesh/injection"
"""Pod annotation whose only purpose is that pods restart."""
# A random manager would own the fields again after every replacement.
PATCH = {PATCH_FIELD_MANAGER: FIELD_MANAGER}


def adopt(owner: MeshComponent, adopted: AdoptConfig, args: AmbassadorMeshArgs) -> Service | None:
    """Declare patches, and the gateway's Service where there is a gateway; returns the latter."""
    config, provider, name = args.config, args.provider, owner.logical_name
    meshed: list[pulumi.Resource] = [args.linkerd.control_plane]
    on_namespace = namespace_annotations(config)
    if on_namespace:
        meshed.append(
            NamespacePatch(
                f"{name}-namespace-patch",
                metadata=_patched(config.namespace, None, on_namespace),
                opts=owner.child(provider, depends_on=[args.linkerd.control_plane]),
            )
        )
    on_pods = pod_annotations(config, args.generation)
    if on_namespace and not on_pods:
        # Nothing else would restart the pods, and only new ones are injected.
        on_pods = {INJECTION_CHANGED: "namespace"}
    if on_pods:
        patch = DaemonSetPatch if adopted.kind == "DaemonSet" else DeploymentPatch
        patch(
            f"{name}-workload-patch",
            metadata=_patched(config.workload, config.namespace),
            spec={"template": {"metadata": {"annotations": on_pods}}},
            opts=owner.child(provider, depends_on=meshed),
        )
    if adopted.module == "patch":
        CustomResourcePatch(
            f"{name}-module-patch",
            api_version=f"{GROUP}/{config.objects_version}",
            kind=MODULE.name,
            metadata={
                "name": MODULE_NAME,
                "namespace": config.namespace,
                "annotations": PATCH,
            },
            spec={"config": {"add_linkerd_headers": config.linkerd_headers}},
            opts=owner.child(provider),
        )
    return gateway_service(owner, args.gateway, owner.child(provider))


def _patched(
    name: str, namespace: str | None, annotations: dict[str, str] | None = None
) -> ObjectMetaPatchArgs:
    return ObjectMetaPatchArgs(
        name=name,
        namespace=namespace,
        annotations={**(annotations or {}), **PATCH},
    )
