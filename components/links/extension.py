"""MulticlusterExtension: the Link CRD and the service mirrors of one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings, helm_release
from components.linkerd import values_2_8
from components.linkerd.control_plane import LinkerdControlPlane
from components.links.mirrors import MirroredServices
from components.links.values import multicluster_values
from config.core.cluster import ClusterConfig
from config.inventory import Inventory
from preflight.reach import Reach
from vocabulary.linkerd import MULTICLUSTER, MULTICLUSTER_2_8_CHART


@dataclass(frozen=True)
class MulticlusterExtensionArgs:
    """Arguments of a MulticlusterExtension."""

    cluster: ClusterConfig
    """The cluster's settings."""
    made: Inventory
    """What the program makes in the cluster."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    mirrors_provider: pulumi.ProviderResource | None
    """Provider of what service mirrors write."""
    name: str
    """The cluster's name."""
    reach: Reach
    """What the guard read of the cluster."""
    mirrors: Mapping[str, pulumi.Input[str]]
    """For each link that begins in this cluster, by its name: what changes with its credentials."""
    credentials: Sequence[pulumi.Resource]
    """The Secrets that the mirrors read when they start."""
    releases: ReleaseSettings
    """What all releases share."""


class MulticlusterExtension(MeshComponent):
    """The release of linkerd-multicluster, without a gateway of its own.

    In Linkerd 2.8, linkerd2-multicluster: one service mirror for all links, and no Link CRD. It is
    a component of its own because one release holds the controllers of all links, and every Link
    needs the CRD of that release (Linkerd docs, "Installing multi-cluster components").
    """

    release: Release
    """The release; Links depend on it."""
    mirrored: dict[str, MirroredServices]
    """What the service mirrors write, by target; of the one without a target by an empty name."""

    def __init__(
        self,
        name: str,
        args: MulticlusterExtensionArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        space = args.linkerd.multicluster_namespace
        if space is None:
            raise ValueError("a cluster without links has no multicluster namespace")
        config = args.cluster.linkerd
        if config.generation.links:
            chart, values = MULTICLUSTER, multicluster_values(config, args.mirrors)
        else:
            chart, values = MULTICLUSTER_2_8_CHART, values_2_8.multicluster_values(config)
        self.mirrored = {
            target: MirroredServices(
                f"{name}-mirrors-{target}" if target else f"{name}-mirrors",
                args.name,
                target,
                args.reach,
                self.child(args.mirrors_provider),
            )
            for target in ("", *args.mirrors)
        }
        self.release = helm_release(
            f"{name}-release",
            args.made,
            chart,
            args.releases,
            namespace=space.metadata.name,
            values=values,
            opts=self.child(
                args.provider,
                depends_on=[
                    args.linkerd.control_plane,
                    *args.credentials,
                    *self.mirrored.values(),
                ],
            ),
        )
        self.register_outputs({"links": list(args.mirrors)})
