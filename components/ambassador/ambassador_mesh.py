"""AmbassadorMesh: Ambassador in one cluster, meshed, and its multicluster gateway on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Service

from components.ambassador.adoption import adopt
from components.ambassador.args import AmbassadorMeshArgs
from components.ambassador.host_certificates import host_certificates
from components.ambassador.installation import install
from components.ambassador.objects import ambassador_objects
from components.ambassador.policy import public_policy
from components.core.component import MeshComponent
from components.core.manifests import custom_resource
from components.links.admission import export_policy, gateway_policy
from components.links.gateway import GatewayEnd, gateway_end
from config.inventory import Admission
from vocabulary.kinds import POLICY_HTTP_ROUTE, Kind
from vocabulary.kubernetes import WAIT_FOR

ACCEPTED = 'jsonpath={.status.parents[0].conditions[?@.type=="Accepted"].status}=True'  # RFC 9535
"""What the engine waits for of a route: the policy controller's word, by ``pulumi.com/waitFor``."""


class AmbassadorMesh(MeshComponent):
    """Ambassador, installed or adopted, in the mesh, with its routes; a gateway on request.

    Facts: the Linkerd 2 integration pages of Ambassador, Edge Stack and Emissary-ingress.
    """

    gateway: GatewayEnd | None
    """The multicluster gateway with its address; None where it is none."""
    admitting: list[pulumi.Resource]
    """What admits clients to exported Services."""
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
        self.admitting = []
        if args.generation.policy:
            before = [args.linkerd.control_plane, *space]
            self._objects(public_policy(config), before)
            for found in args.made.admissions:
                self._admission(found, before)
        self.gateway = (
            gateway_end(args.gateway, service, args.address) if args.gateway is not None else None
        )
        self.register_outputs({"gatewayAddress": self.gateway.address if self.gateway else None})

    def _admission(self, found: Admission, before: list[pulumi.Resource]) -> None:
        """Declare a gateway's policy: that of each export one by one, after that of all."""
        gateway = self._objects(gateway_policy(found), before)
        for export in found.exports:
            made = [*before, *gateway]
            for manifest in export_policy(found.gateway, export):
                made = self._objects([manifest], made)
            self.admitting += made

    def _objects(
        self, manifests: Iterable[Mapping[str, Any]], depends_on: list[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        made: list[pulumi.Resource] = []
        for manifest in manifests:
            metadata = dict(manifest["metadata"])
            if Kind.of(manifest) == POLICY_HTTP_ROUTE and not self._args.simulated:
                # Until it is accepted, a route admits no client.
                metadata["annotations"] = {WAIT_FOR: ACCEPTED}
            opts = self.child(self._args.provider, depends_on=depends_on)
            item = {**manifest, "metadata": metadata}
            made.append(custom_resource(self, str(metadata["name"]), item, opts))
        return made
