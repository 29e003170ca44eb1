"""An installed Ambassador: namespaces, CRDs, licence and release."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret, Service
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from charts.source import PublishedManifest
from components.ambassador.args import AmbassadorMeshArgs
from components.ambassador.gateway_service import gateway_service, read_service
from components.ambassador.values import ambassador_values, crds_values
from components.core import manifests
from components.core.component import MeshComponent
from components.core.releases import helm_release
from components.core.secrets import encoded, pull_secrets
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.injection import namespace_annotations
from config.links.gateway_view import Gateway
from config.variants.ambassadors import CrdsChart, CrdsWithin


@dataclass(frozen=True)
class Foundation:
    """What Hosts, Mappings and the gateway's address wait for."""

    ready: list[pulumi.Resource]
    """What objects of getambassador.io wait for: their CRDs and the conversion webhook."""
    space: list[pulumi.Resource]
    """What other objects in the namespace wait for."""
    service: Service | None
    """The Service with the gateway's ports; None where its address is not needed."""


def install(owner: MeshComponent, args: AmbassadorMeshArgs) -> Foundation:
    """Declare the installation as children of `owner`.

    The conversion webhook is installed with the CRDs, and both are awaited before any object that
    it converts: the chart's own Module is one.
    """
    config, name, provider = args.config, owner.logical_name, args.provider
    space = _namespace(owner, config.namespace, provider, namespace_annotations(config))
    crds = _crds(owner, args)
    before = [*crds, *args.after, args.linkerd.control_plane]
    before += pull_secrets(
        name, {"ambassador": space}, config.image_pull_secrets, owner.child(provider)
    )
    before += _edge_stack_secrets(owner, config, space, provider)
    release = helm_release(
        f"{name}-release",
        args.made,
        config.line.chart,
        args.releases,
        namespace=space.metadata.name,
        values=ambassador_values(config, drains=args.drains),
        opts=owner.child(provider, depends_on=before),
    )
    within = isinstance(config.line.crds, CrdsWithin)
    return Foundation(
        [release] if within else [*crds, *args.after, space],
        [space],
        _service(owner, args.gateway, release, provider),
    )


def _crds(owner: MeshComponent, args: AmbassadorMeshArgs) -> list[pulumi.Resource]:
    config, name, provider = args.config, f"{owner.logical_name}-crds", args.provider
    crds = config.line.crds
    if isinstance(crds, CrdsChart) and config.install_crds:
        space = _namespace(owner, config.crds_namespace, provider)
        return [
            helm_release(
                name,
                args.made,
                crds.name,
                args.releases,
                namespace=space.metadata.name,
                values=crds_values(config),
                opts=owner.child(provider, protect=args.protect_crds or None),
            )
        ]
    found: list[pulumi.Resource] = []
    for item in args.made.manifests:
        package = PublishedManifest(item.name, item.version, item.url)
        text = args.releases.charts.text(package)
        objects = manifests.objects_of(text, f"the manifest {package.package}")
        found += manifests.declare(owner, name, objects, provider, protect_crds=args.protect_crds)
    return found


def _edge_stack_secrets(
    owner: MeshComponent,
    config: AmbassadorConfig,
    space: Namespace,
    provider: pulumi.ProviderResource,
) -> list[pulumi.Resource]:
    """Secrets with licence and token, which would be readable as Helm values."""
    settings = config.edge_stack
    if settings is None:
        return []
    parts = (
        ("license", "license-key", settings.license_key),
        ("cloud-token", "CLOUD_CONNECT_TOKEN", settings.cloud_connect_token),
    )
    given = [(part, key, value) for part, key, value in parts if value is not None]
    return [
        Secret(
            f"{owner.logical_name}-{part}",
            metadata=ObjectMetaArgs(name=secret, namespace=space.metadata.name),
            type="Opaque",
            data={key: encoded(value.get_secret_value())},
            opts=owner.child(provider),
        )
        for secret, (part, key, value) in zip(settings.secrets(config.name), given, strict=True)
    ]


def _service(
    owner: MeshComponent,
    gateway: Gateway | None,
    release: Release,
    provider: pulumi.ProviderResource,
) -> Service | None:
    """The Service with the gateway's ports: its own, or that of the release, read for its address.

    None where nothing needs that address.
    """
    # The engine waits for endpoints, which are the pods of the release.
    own = gateway_service(owner, gateway, owner.child(provider, depends_on=[release]))
    if own is not None or gateway is None or gateway.addresses:
        return own
    if gateway.service_type != "LoadBalancer":
        return None
    where = f"{gateway.namespace}/{gateway.service}"
    return read_service(owner, release.status.apply(lambda _: where), owner.child(provider))


def _namespace(
    owner: MeshComponent,
    name: str,
    provider: pulumi.ProviderResource,
    annotations: dict[str, str] | None = None,
) -> Namespace:
    return Namespace(
        f"{owner.logical_name}-{name}-namespace",
        metadata=ObjectMetaArgs(name=name, annotations=annotations or None),
        opts=owner.child(provider),
    )
