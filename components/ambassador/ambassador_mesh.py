"""AmbassadorMesh: Ambassador in one cluster, meshed, and its multicluster gateway on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Service

from components.ambassador.adoption import AdoptionSettings, adopt
from components.ambassador.host_certificates import host_certificates
from components.ambassador.injection import pod_annotations
from components.ambassador.installation import InstallationSettings, install
from components.ambassador.objects import ambassador_objects
from components.ambassador.policy import public_policy
from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings
from components.linkerd.control_plane import LinkerdControlPlane
from components.links.gateway import GatewayEnd, gateway_end, gateway_policy
from components.trust.trust_anchor import SignedCertificate
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import HostConfig, MappingConfig
from config.inventory import Inventory
from config.links.gateway_view import Gateway
from config.variants.generation import Generation


@dataclass(frozen=True)
class AmbassadorMeshArgs:
    """Arguments of an AmbassadorMesh."""

    config: AmbassadorConfig
    """Ambassador's settings."""
    made: Inventory
    """What the program makes in the cluster."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane, whose injector has to run before Ambassador's pods start."""
    service_account: str
    """Name of Ambassador's ServiceAccount."""
    releases: ReleaseSettings
    """What all releases share."""
    gateway: Gateway | None = None
    """The multicluster gateway that it is; None where it is none."""
    generation: Generation = Generation.MODERN
    """Linkerd's generation in this cluster."""
    mappings: Sequence[MappingConfig] = ()
    """Routes that other parts of the mesh ask for."""
    hosts: Sequence[HostConfig] = ()
    """Hosts that other parts of the mesh ask for."""
    certificates: Mapping[str, SignedCertificate] = field(default_factory=dict)
    """Certificates that the trust anchor signed for Hosts, by the names of the Hosts."""
    protect_crds: bool = True
    """Whether CRDs are protected from deletion."""


class AmbassadorMesh(MeshComponent):
    """Ambassador, installed or adopted, in the mesh, with its routes; a gateway on request.

    Facts: the Linkerd 2 integration pages of Ambassador, Edge Stack and Emissary-ingress.
    """

    gateway: GatewayEnd | None
    """The multicluster gateway with its address; None where it is none."""

    def __init__(
        self, name: str, args: AmbassadorMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        config = args.config
        on_pods = pod_annotations(config, args.generation)
        ready: list[pulumi.Resource] = []
        space: list[pulumi.Resource] = []
        service: Service | None
        if config.adopt is not None:
            service = adopt(
                self,
                config,
                config.adopt,
                AdoptionSettings(args.provider, args.linkerd.control_plane, on_pods, args.gateway),
            )
        else:
            foundation = install(
                self,
                config,
                InstallationSettings(
                    args.made,
                    args.provider,
                    args.linkerd.control_plane,
                    args.service_account,
                    on_pods,
                    args.gateway,
                    args.releases,
                    args.protect_crds,
                ),
            )
            ready, space, service = foundation.ready, foundation.space, foundation.service
        host_certificates(
            self,
            args.made.hosts,
            config.namespace,
            args.certificates,
            self.child(args.provider, depends_on=space),
        )
        self._objects(ambassador_objects(config, args.mappings, args.hosts), ready)
        if args.generation is Generation.MODERN:
            # Linkerd 2.8 has no policy.
            policy = public_policy(config)
            policy += gateway_policy(args.gateway) if args.gateway is not None else ()
            self._objects(policy, [args.linkerd.control_plane, *space])
        self.gateway = gateway_end(args.gateway, service) if args.gateway is not None else None
        self.register_outputs({"gatewayAddress": self.gateway.address if self.gateway else None})

    def _objects(
        self, manifests: Iterable[Mapping[str, Any]], depends_on: list[pulumi.Resource]
    ) -> None:
        for manifest in manifests:
            kind, name = str(manifest["kind"]), str(manifest["metadata"]["name"])
            CustomResource(
                f"{self.logical_name}-{kind.lower()}-{name}",
                api_version=manifest["apiVersion"],
                kind=kind,
                metadata=manifest["metadata"],
                spec=manifest["spec"],
                opts=self.child(self._args.provider, depends_on=depends_on),
            )
