"""MulticlusterLink: the Link that makes a target's exported Services callable in a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.component import MeshComponent
from components.gateway import Gateway
from components.link_credentials import LinkCredentials
from components.linkerd_control_plane import MULTICLUSTER_NAMESPACE
from components.multicluster_extension import MulticlusterExtension
from config.cluster import ClusterConfig
from config.link import LinkConfig

EXPORTED = "mirror.linkerd.io/exported"
"""Label of an exported Service: ``true`` through the gateway, ``remote-discovery`` without."""
FEDERATED = "mirror.linkerd.io/federated"


@dataclass(frozen=True)
class MulticlusterLinkArgs:
    """Arguments of a MulticlusterLink."""

    link: LinkConfig
    """The link."""
    source: ClusterConfig
    """Settings of the source cluster."""
    source_provider: pulumi.ProviderResource
    """Provider of the source cluster."""
    target: ClusterConfig
    """Settings of the target cluster."""
    gateway: Gateway
    """The target's gateway."""
    credentials: LinkCredentials
    """How the source logs in to the target."""
    extension: MulticlusterExtension
    """The source's multicluster extension, with the service mirror of this link."""
    namespace: str = MULTICLUSTER_NAMESPACE
    """Namespace of the Link."""


class MulticlusterLink(MeshComponent):
    """The Link (multicluster.linkerd.io/v1alpha3) on the source.

    Equal to what ``linkerd multicluster link-gen`` writes for the target's gateway.
    """

    link: CustomResource
    """The Link."""

    def __init__(
        self, name: str, args: MulticlusterLinkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.link = CustomResource(
            f"{name}-link",
            api_version="multicluster.linkerd.io/v1alpha3",
            kind="Link",
            metadata={
                "name": args.link.target,
                "namespace": args.namespace,
                # `linkerd multicluster check` warns of a Link that does not say who made it.
                "annotations": {
                    "linkerd.io/created-by": f"linkerd/cli {args.source.linkerd.app_version}"
                },
            },
            spec=link_spec(args.link, args.target, args.gateway),
            opts=self.child(
                args.source_provider,
                depends_on=[args.extension.release, *args.credentials.secrets],
            ),
        )
        self.register_outputs({"target": args.link.target})


def link_spec(link: LinkConfig, target: ClusterConfig, gateway: Gateway) -> dict[str, Any]:
    """The spec of the Link; every value is a text, as the CRD has it."""
    address: pulumi.Input[str] = gateway.address
    port = gateway.config.port
    if link.gateway is not None:
        address = ",".join(link.gateway.address)
        port = link.gateway.port or port
    return {
        "targetClusterName": link.target,
        "targetClusterDomain": target.domain,
        "targetClusterLinkerdNamespace": target.linkerd.namespace,
        "clusterCredentialsSecret": f"cluster-credentials-{link.target}",
        "gatewayAddress": address,
        "gatewayPort": str(port),
        "gatewayIdentity": gateway.identity,
        "probeSpec": {
            "path": gateway.config.probe_path,
            "port": str(gateway.config.service_probe_port),
            "period": f"{link.probe.period_seconds}s",
            "timeout": f"{link.probe.timeout_seconds}s",
            "failureThreshold": str(link.probe.failure_threshold),
        },
        "selector": {"matchLabels": {EXPORTED: "true"}},
        "remoteDiscoverySelector": {"matchLabels": {EXPORTED: "remote-discovery"}},
        "federatedServiceSelector": {"matchLabels": {FEDERATED: "member"}},
    }
