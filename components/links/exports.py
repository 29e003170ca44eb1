"""ServiceExports: labels, or annotations, on Services of other owners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ServicePatch
from pulumi_kubernetes.meta.v1 import ObjectMetaPatchArgs

from components.core.component import MeshComponent
from config.ambassador.adoption import FIELD_MANAGER
from config.links.exports import ExportedService
from vocabulary.kubernetes import PATCH_FIELD_MANAGER, SKIP_AWAIT


@dataclass(frozen=True)
class ServiceExportsArgs:
    """Arguments of ServiceExports."""

    exports: Sequence[ExportedService]
    """The Services, each once."""
    provider: pulumi.ProviderResource
    """Provider of the cluster that has them."""
    depends_on: Sequence[pulumi.Resource] = ()
    """Services that the program makes."""


class ServiceExports(MeshComponent):
    """The mark of exported Services of one target cluster, for all links that end there.

    Labels for service mirrors of today (Linkerd docs, "Exporting services"), annotations for those
    of Linkerd 2.8. A server-side-apply patch owns these and nothing else; deleting it gives them
    back.
    """

    def __init__(
        self, name: str, args: ServiceExportsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        for export in args.exports:
            service = export.service
            ServicePatch(
                f"{name}-{service.namespace}.{service.name}",
                metadata=ObjectMetaPatchArgs(
                    name=service.name,
                    namespace=service.namespace,
                    labels=export.labels or None,
                    annotations={
                        **export.annotations,
                        # A random manager would own the label again after every replacement.
                        PATCH_FIELD_MANAGER: FIELD_MANAGER,
                        # Whether the Service has endpoints is its owner's business.
                        SKIP_AWAIT: "true",
                    },
                ),
                opts=self.child(args.provider, depends_on=args.depends_on),
            )
        self.register_outputs({"services": [str(item.service) for item in args.exports]})
