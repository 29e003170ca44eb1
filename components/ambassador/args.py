"""The arguments of AmbassadorMesh, which installation and adoption read as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.core.releases import ReleaseSettings
from components.linkerd.control_plane import LinkerdControlPlane
from components.trust.trust_anchor import SignedCertificate
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import HostConfig, MappingConfig
from config.inventory import Inventory
from config.links.gateway_view import Gateway
from config.variants.linkerd import LinkerdGeneration


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
    releases: ReleaseSettings
    """What all releases share."""
    generation: LinkerdGeneration
    """Linkerd's generation in this cluster."""
    gateway: Gateway | None = None
    """The multicluster gateway that it is; None where it is none."""
    mappings: Sequence[MappingConfig] = ()
    """Routes that other parts of the mesh ask for."""
    hosts: Sequence[HostConfig] = ()
    """Hosts that other parts of the mesh ask for."""
    certificates: Mapping[str, SignedCertificate] = field(default_factory=dict)
    """Certificates that the trust anchor signed for Hosts, by the names of the Hosts."""
    drains: bool = False
    """Whether a hook of its container keeps the proxy, too, while a pod ends."""
    simulated: bool = False
    """Whether the cluster's pods run nothing, so that no route is ever accepted."""
    address: str | None = None
    """The gateway's address where the cluster is skipped."""
    after: Sequence[pulumi.Resource] = ()
    """CRDs that another Ambassador of the cluster makes."""
    protect_crds: bool = True
    """Whether CRDs are protected from deletion."""
