"""ServiceExports: labels on Services that someone else owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ServicePatch
from pulumi_kubernetes.meta.v1 import ObjectMetaPatchArgs

from components.component import MeshComponent
from components.multicluster_link import EXPORTED
from config.link import Export

FIELD_MANAGER = "linkerd-ambassador-mesh"


@dataclass(frozen=True)
class ServiceExportsArgs:
    """Arguments of ServiceExports."""

    exports: Sequence[Export]
    """The Services, each once."""
    provider: pulumi.ProviderResource
    """Provider of the cluster that has them."""
    depends_on: Sequence[pulumi.Resource] = ()
    """What makes these Services, where it is ours."""


class ServiceExports(MeshComponent):
    """The export label on Services of one target cluster, for all links that end there.

    A server-side-apply patch owns the label and nothing else; deleting it gives the label back
    (Linkerd docs, "Exporting services").
    """

    def __init__(
        self, name: str, args: ServiceExportsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        for export in args.exports:
            ServicePatch(
                f"{name}-{export.namespace}.{export.service}",
                metadata=ObjectMetaPatchArgs(
                    name=export.service,
                    namespace=export.namespace,
                    labels={EXPORTED: "true"},
                    annotations={
                        # A random manager would own the label anew after every replacement.
                        "pulumi.com/patchFieldManager": FIELD_MANAGER,
                        # Whether the Service has endpoints is its owner's business.
                        "pulumi.com/skipAwait": "true",
                    },
                ),
                opts=self.child(args.provider, depends_on=args.depends_on),
            )
        self.register_outputs(
            {"services": [f"{item.namespace}/{item.service}" for item in args.exports]}
        )
