"""AmbassadorMesh: Ambassador in one cluster, meshed, and its multicluster gateway on request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace, Service
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.ambassador_objects import ambassador_objects
from components.charts import Chart
from components.component import MeshComponent
from components.gateway import Gateway, gateway_annotations, gateway_policy
from components.linkerd_control_plane import LinkerdControlPlane
from components.releases import ReleaseSettings, helm_release
from components.secrets import pull_secrets
from components.values import emissary_crds_values, emissary_values
from config.ambassador import AmbassadorConfig, GatewayConfig


@dataclass(frozen=True)
class AmbassadorMeshArgs:
    """Arguments of an AmbassadorMesh."""

    config: AmbassadorConfig
    """Ambassador's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane, whose injector has to be there before Ambassador's pods."""
    service_account: str
    """Name of Ambassador's ServiceAccount."""
    identity: str
    """mTLS identity that follows from it."""
    releases: ReleaseSettings
    """What all releases share."""
    protect_crds: bool = True
    """Whether the release of the CRDs is protected from deletion."""


class AmbassadorMesh(MeshComponent):
    """Namespace, CRDs, release, Listeners, Hosts and Mappings; gateway and policy on request.

    Facts: the Linkerd 2 integration pages of Ambassador and Emissary-ingress.
    """

    gateway: Gateway | None
    """What links have to know, where this Ambassador is the multicluster gateway."""
    release: Release
    """The release of Ambassador."""

    def __init__(
        self, name: str, args: AmbassadorMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        config = args.config
        space = self._namespace(config.namespace)
        crds_space = self._namespace(config.crds_namespace)
        crds = helm_release(
            f"{name}-crds",
            Chart("emissary-crds-chart", config.version),
            args.releases,
            name="emissary-crds",
            namespace=crds_space.metadata.name,
            values=emissary_crds_values(config),
            opts=self.child(args.provider, protect=args.protect_crds or None),
        )
        secrets = pull_secrets(
            name, {"ambassador": space}, config.image_pull_secrets, self.child(args.provider)
        )
        annotations = gateway_annotations(config.gateway, args.identity) if config.gateway else {}
        self.release = helm_release(
            f"{name}-release",
            Chart("emissary-ingress", config.version),
            args.releases,
            name=config.name,
            namespace=space.metadata.name,
            values=emissary_values(config, args.service_account, annotations),
            opts=self.child(args.provider, depends_on=[crds, args.linkerd.control_plane, *secrets]),
        )
        self._objects(ambassador_objects(config), [crds, space])
        self.gateway = None
        if config.gateway is not None:
            self.gateway = self._gateway(config.gateway, space)
        self.register_outputs({"gatewayAddress": self.gateway.address if self.gateway else None})

    def _gateway(self, gateway: GatewayConfig, space: Namespace) -> Gateway:
        args = self._args
        name = args.config.name
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}
        policy = gateway_policy(name, args.config.namespace, labels, gateway)
        self._objects(policy, [args.linkerd.control_plane, space])
        if gateway.address:
            address = pulumi.Output.from_input(",".join(gateway.address))
        else:
            address = self._address()
        return Gateway(args.identity, address, gateway)

    def _address(self) -> pulumi.Output[str]:
        args = self._args
        where = f"{args.config.namespace}/{args.config.name}"
        # An id that is known beforehand would be read, and missed, in the first preview.
        service = Service.get(
            f"{self.logical_name}-service",
            self.release.status.apply(lambda _: where),
            opts=self.child(args.provider),
        )
        return service.status.apply(lambda status: _first_addresses(where, status))

    def _objects(
        self, manifests: Iterable[dict[str, Any]], depends_on: list[pulumi.Resource]
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

    def _namespace(self, name: str) -> Namespace:
        return Namespace(
            f"{self.logical_name}-{name}-namespace",
            metadata=ObjectMetaArgs(name=name),
            opts=self.child(self._args.provider),
        )


def _first_addresses(where: str, status: Any) -> str:
    """The load balancer's addresses, comma-separated.

    Raises pulumi.RunError where there is none: it may be lost after it was there.
    """
    balancer = getattr(status, "load_balancer", None)
    ingress = getattr(balancer, "ingress", None) or []
    found = [entry.ip or entry.hostname for entry in ingress if entry.ip or entry.hostname]
    if not found:
        raise pulumi.RunError(
            f"the gateway's Service {where} has no load-balancer address; "
            "find out why its load balancer lost it, or write the address under "
            "ambassador.gateway.address in the stack file"
        )
    return ",".join(found)
