"""AmbassadorMesh: Ambassador in one cluster, meshed, and its multicluster gateway on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Service

from components.ambassador.adoption import adopt
from components.ambassador.args import AmbassadorMeshArgs
from components.ambassador.host_certificates import host_certificates
from components.ambassador.installation import install
from components.ambassador.objects import ambassador_objects
from components.ambassador.policy import public_policy
from components.core.component import MeshComponent
from components.links.gateway import GatewayEnd, gateway_end, gateway_policy


class AmbassadorMesh(MeshComponent):
    """Ambassador, installed or adopted, in the mesh, with its routes; a gateway on request.

    Facts: the Linkerd 2 integration pages of Ambassador, Edge Stack and Emissary-ingress.
    """

    gateway: GatewayEnd | None
    """The multicluster gateway with its address; None where it is none."""
    ready: list[pulumi.Resource]
    """What objects of getambassador.io wait for."""

    def __init__(
        self, name: str, args: AmbassadorMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        config = args.config
        ready: list[pulumi.Resource] = []
        space: list[pulumi.Resource] = []
        service: Service | None
        if config.adopt is not None:
            service = adopt(self, config.adopt, args)
        else:
            foundation = install(self, args)
            ready, space, service = foundation.ready, foundation.space, foundation.service
        self.ready = ready
        host_certificates(
            self,
            args.made.hosts,
            config.namespace,
            args.certificates,
            self.child(args.provider, depends_on=space),
        )
        self._objects(ambassador_objects(config, args.mappings, args.hosts), ready)
        if args.generation.policy:
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
