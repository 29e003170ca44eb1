"""EgressNetworks: what meshed pods may reach outside of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.core.component import MeshComponent
from components.core.manifests import custom_resource
from config.linkerd.egress import Manifest
from vocabulary.linkerd import EGRESS


@dataclass(frozen=True)
class EgressNetworksArgs:
    """Arguments of EgressNetworks."""

    manifests: Sequence[Manifest]
    """The objects."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    before: Sequence[pulumi.Resource]
    """Releases with their CRDs, and namespaces of other components."""


class EgressNetworks(MeshComponent):
    """EgressNetworks and the routes to allowed hosts (Linkerd docs, "Managing egress traffic")."""

    def __init__(
        self, name: str, args: EgressNetworksArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        space = Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(name=EGRESS),
            opts=self.child(args.provider),
        )
        for made in args.manifests:
            metadata = made["metadata"]
            place = f"{metadata['namespace']}.{metadata['name']}"
            before = [space, *args.before]
            custom_resource(self, place, made, self.child(args.provider, depends_on=before))
        self.register_outputs({})
