"""MulticlusterLink: the Link that makes a target's exported Services callable in a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.core.component import MeshComponent
from components.links.credentials import LinkCredentials
from components.links.extension import MulticlusterExtension
from components.links.gateway import GatewayEnd
from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from config.links.selectors import Selector
from vocabulary.kinds import LINK
from vocabulary.linkerd import CREATED_BY, MULTICLUSTER, credentials_secret


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
    gateway: GatewayEnd | None
    """The gateway as the link reaches it; None on a flat network."""
    selectors: Mapping[str, Selector]
    """The Link's selectors of the target's Services, by their keys."""
    credentials: LinkCredentials
    """How the source logs in to the target."""
    extension: MulticlusterExtension
    """The source's multicluster extension, with the service mirror of this link."""


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
            api_version=LINK.api_version,
            kind=LINK.name,
            metadata={
                "name": args.link.target,
                "namespace": MULTICLUSTER,
                # `linkerd multicluster check` warns of a Link without it.
                "annotations": {CREATED_BY: f"linkerd/cli {args.source.linkerd.app_version}"},
            },
            spec=link_spec(args.link, args.target, args.gateway, args.selectors),
            opts=self.child(
                args.source_provider,
                depends_on=[
                    args.extension.release,
                    args.extension.mirrored[args.link.target],
                    *args.credentials.secrets,
                ],
            ),
        )
        self.register_outputs({"target": args.link.target})


def link_spec(
    link: LinkConfig,
    target: ClusterConfig,
    gateway: GatewayEnd | None,
    selectors: Mapping[str, Selector],
) -> dict[str, Any]:
    """The spec of the Link; ports and numbers are strings, as in the CRD.

    Without `gateway`, the fields about a gateway are left out. `selectors` are by their keys.
    """
    spec: dict[str, Any] = {
        "targetClusterName": link.target,
        "targetClusterDomain": target.domain,
        "targetClusterLinkerdNamespace": target.linkerd.namespace,
        "clusterCredentialsSecret": credentials_secret(link.target),
        **{key: _selector(selector) for key, selector in selectors.items()},
    }
    if link.excluded_annotations:
        spec["excludedAnnotations"] = list(link.excluded_annotations)
    if link.excluded_labels:
        spec["excludedLabels"] = list(link.excluded_labels)
    if gateway is not None:
        spec |= _through(gateway)
    return spec


def _through(gateway: GatewayEnd) -> dict[str, Any]:
    view = gateway.view
    return {
        "gatewayAddress": gateway.address,
        "gatewayPort": str(view.port.number),
        "gatewayIdentity": view.identity,
        "probeSpec": {
            "path": view.probe.path,
            "port": str(view.probe.port.number),
            "period": f"{view.probe.period_seconds}s",
            "timeout": f"{view.probe.timeout_seconds}s",
            "failureThreshold": str(view.probe.failure_threshold),
        },
    }


def _selector(selector: Selector) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if selector.match_labels:
        found["matchLabels"] = dict(selector.match_labels)
    if selector.match_expressions:
        found["matchExpressions"] = [
            {"key": item.key, "operator": item.operator}
            | ({"values": list(item.values)} if item.values else {})
            for item in selector.match_expressions
        ]
    return found
