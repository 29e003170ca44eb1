"""An Ambassador of our own: namespaces, CRDs, licence and release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret, Service
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from charts.source import Chart, ambassador_chart, ambassador_crds
from components.ambassador.injection import namespace_annotations
from components.ambassador.values import ambassador_values, crds_values, license_secret
from components.core import manifests
from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings, helm_release
from components.core.secrets import encoded, pull_secrets
from config.ambassador.ambassador import AmbassadorConfig
from config.links.gateway_view import Gateway
from config.variants.ambassadors import CrdsWithin


@dataclass(frozen=True)
class Foundation:
    """What stands before Hosts, Mappings and the gateway's address."""

    ready: list[pulumi.Resource]
    """What objects of getambassador.io wait for: their CRDs, and what converts them."""
    space: list[pulumi.Resource]
    """What other objects in the namespace wait for."""
    service: Service | None
    """The Service with the gateway's ports; None where nobody asks for its address."""


@dataclass(frozen=True)
class InstallationSettings:
    """What an installation needs beside the stack file."""

    provider: pulumi.ProviderResource
    """The cluster's provider."""
    control_plane: pulumi.Resource
    """The control plane, whose injector has to be there before the pods."""
    service_account: str
    """Name of Ambassador's ServiceAccount."""
    pod_annotations: dict[str, str]
    """Annotations of its pods."""
    gateway: Gateway | None
    """The gateway that it is; None where it is none."""
    releases: ReleaseSettings
    """What all releases share."""
    protect_crds: bool
    """Whether CRDs are protected from deletion."""


def install(
    owner: MeshComponent, config: AmbassadorConfig, settings: InstallationSettings
) -> Foundation:
    """Declare the installation as children of `owner`.

    The conversion webhook comes with the CRDs, and both are awaited before anything that it
    converts: the chart's own Module, too, is such an object.
    """
    name, provider = owner.logical_name, settings.provider
    space = _namespace(owner, config.namespace, provider, namespace_annotations(config))
    crds = _crds(owner, config, settings)
    before = [*crds, settings.control_plane]
    before += pull_secrets(
        name, {"ambassador": space}, config.image_pull_secrets, owner.child(provider)
    )
    before += _edge_stack_secrets(owner, config, space, provider)
    release = helm_release(
        f"{name}-release",
        ambassador_chart(config),
        settings.releases,
        name=config.name,
        namespace=space.metadata.name,
        values=ambassador_values(
            config,
            settings.service_account,
            settings.pod_annotations,
            settings.gateway,
        ),
        opts=owner.child(provider, depends_on=before),
    )
    within = isinstance(config.line.crds, CrdsWithin)
    return Foundation(
        [release] if within else [*crds, space],
        [space],
        _service(owner, settings.gateway, release, provider),
    )


def _crds(
    owner: MeshComponent, config: AmbassadorConfig, settings: InstallationSettings
) -> list[pulumi.Resource]:
    package = ambassador_crds(config) if config.install_crds else None
    if package is None:
        return []
    name, provider = f"{owner.logical_name}-crds", settings.provider
    if isinstance(package, Chart):
        space = _namespace(owner, config.crds_namespace, provider)
        return [
            helm_release(
                name,
                package,
                settings.releases,
                name="emissary-crds",
                namespace=space.metadata.name,
                values=crds_values(config),
                opts=owner.child(provider, protect=settings.protect_crds or None),
            )
        ]
    text = settings.releases.charts.text(package)
    objects = manifests.objects_of(text, f"the manifest {package.package}")
    return manifests.declare(owner, name, objects, provider, protect_crds=settings.protect_crds)


def _edge_stack_secrets(
    owner: MeshComponent,
    config: AmbassadorConfig,
    space: Namespace,
    provider: pulumi.ProviderResource,
) -> list[pulumi.Resource]:
    """Licence and token, which would be readable as Helm values."""
    settings = config.edge_stack
    if settings is None:
        return []
    found: list[tuple[str, str, str, Any]] = []
    if settings.license_key is not None:
        found.append(("license", str(license_secret(config)), "license-key", settings.license_key))
    if settings.cloud_connect_token is not None:
        # The agent looks for it by this name.
        token = f"{config.name}-agent-cloud-token"
        found.append(("cloud-token", token, "CLOUD_CONNECT_TOKEN", settings.cloud_connect_token))
    return [
        Secret(
            f"{owner.logical_name}-{part}",
            metadata=ObjectMetaArgs(name=secret, namespace=space.metadata.name),
            type="Opaque",
            data={key: encoded(value.get_secret_value())},
            opts=owner.child(provider),
        )
        for part, secret, key, value in found
    ]


def _service(
    owner: MeshComponent,
    gateway: Gateway | None,
    release: Release,
    provider: pulumi.ProviderResource,
) -> Service | None:
    """The Service of the release, read for its address; None where nothing needs it."""
    if gateway is None or gateway.addresses:
        return None
    where = f"{gateway.namespace}/{gateway.service}"
    # An id that is known beforehand would be read, and missed, in the first preview.
    return Service.get(
        f"{owner.logical_name}-service",
        release.status.apply(lambda _: where),
        opts=owner.child(provider),
    )


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
