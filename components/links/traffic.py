"""LinkTraffic: requests to a Service of the source, shared with its mirror."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.core.component import MeshComponent
from config.links.link import Export, LinkConfig, Weights
from vocabulary.kinds import HTTP_ROUTE


@dataclass(frozen=True)
class LinkTrafficArgs:
    """Arguments of LinkTraffic."""

    link: LinkConfig
    """The link."""
    exports: Sequence[Export]
    """Exports with weights whose Service is in the source."""
    source_provider: pulumi.ProviderResource
    """Provider of the source cluster."""
    depends_on: Sequence[pulumi.Resource] = ()
    """Releases with the CRD of HTTPRoutes, and what makes mirrors and Services."""


class LinkTraffic(MeshComponent):
    """An HTTPRoute per exported Service, whose parent is the source's own Service.

    Proxies of the source share requests to that Service by its weights (Linkerd docs,
    "Dynamic request routing"; Gateway API docs, HTTPRoute).
    """

    def __init__(
        self, name: str, args: LinkTrafficArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        made: list[str] = []
        for export in args.exports:
            if export.weights is None:
                continue
            mirror = args.link.mirror_of(export)
            made.append(f"{export.namespace}/{mirror}")
            CustomResource(
                f"{name}-{export.namespace}.{export.service}",
                api_version=HTTP_ROUTE.api_version,
                kind=HTTP_ROUTE.name,
                metadata={"name": mirror, "namespace": export.namespace},
                spec=_shared(export, mirror, export.weights),
                opts=self.child(args.source_provider, depends_on=args.depends_on),
            )
        self.register_outputs({"routes": made})


def _shared(export: Export, mirror: str, weights: Weights) -> dict[str, Any]:
    return {
        "parentRefs": [
            {"group": "core", "kind": "Service", "name": export.service, "port": export.port}
        ],
        "rules": [
            {
                "backendRefs": [
                    {"name": name, "port": export.port, "weight": weight}
                    for name, weight in (
                        (export.service, weights.local),
                        (mirror, weights.mirrored),
                    )
                ]
            }
        ],
    }
