"""MulticlusterExtension: the Link CRD and the service mirrors of one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.charts import Chart
from components.component import MeshComponent
from components.linkerd_control_plane import LinkerdControlPlane
from components.releases import ReleaseSettings, helm_release
from components.values import ServiceMirror, multicluster_values
from config.cluster import ClusterConfig


@dataclass(frozen=True)
class MulticlusterExtensionArgs:
    """Arguments of a MulticlusterExtension."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane, made with `multicluster`."""
    mirrors: Sequence[ServiceMirror]
    """One service mirror for each link that begins in this cluster."""
    credentials: Sequence[pulumi.Resource]
    """The Secrets that the mirrors read when they start."""
    releases: ReleaseSettings
    """What all releases share."""


class MulticlusterExtension(MeshComponent):
    """The release of linkerd-multicluster, without a gateway of its own.

    It is apart from the links because one release holds the controllers of all of them, and
    every Link needs the CRD that it brings (Linkerd docs, "Installing multi-cluster components").
    """

    release: Release
    """The release; Links depend on it."""

    def __init__(
        self,
        name: str,
        args: MulticlusterExtensionArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        space = args.linkerd.multicluster_namespace
        if space is None:
            raise ValueError("the control plane was made without the multicluster namespace")
        self.release = helm_release(
            f"{name}-release",
            Chart("linkerd-multicluster", args.cluster.linkerd.version),
            args.releases,
            name="linkerd-multicluster",
            namespace=space.metadata.name,
            values=multicluster_values(args.cluster, args.mirrors),
            opts=self.child(
                args.provider,
                depends_on=[args.linkerd.control_plane, *args.credentials],
            ),
        )
        self.register_outputs({"links": [mirror.link for mirror in args.mirrors]})
