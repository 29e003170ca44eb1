"""The components of a mesh that other components, or the stack's outputs, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.ambassador.ambassador_mesh import AmbassadorMesh
from components.core.releases import ReleaseSettings
from components.linkerd.control_plane import LinkerdControlPlane
from components.links.extension import MulticlusterExtension
from components.links.gateway import GatewayEnd
from components.links.link import MulticlusterLink
from components.platform.sample_service import SampleService
from components.trust.cert_manager import CertManager
from components.trust.trust_anchor import TrustAnchor
from config.core.mesh import MeshConfig
from config.inventory import Inventory
from config.links.selection import receivers
from preflight.cluster_names import OUTPUT
from preflight.guard import Reach


@dataclass
class Mesh:
    """The components of a mesh, by the names of clusters and links."""

    config: MeshConfig
    """The stack file."""
    reach: Mapping[str, Reach]
    """What the guard read of each cluster."""
    releases: ReleaseSettings
    """What all releases share."""
    made: Mapping[str, Inventory]
    """What the program makes in each cluster."""
    trust_anchor: TrustAnchor
    """The anchors, and what they sign."""
    providers: dict[str, pulumi.ProviderResource] = field(default_factory=dict)
    linkerd: dict[str, LinkerdControlPlane] = field(default_factory=dict)
    cert_managers: dict[str, CertManager] = field(default_factory=dict)
    ambassadors: dict[str, AmbassadorMesh] = field(default_factory=dict)
    samples: dict[str, SampleService] = field(default_factory=dict)
    extensions: dict[str, MulticlusterExtension] = field(default_factory=dict)
    links: dict[str, MulticlusterLink | None] = field(default_factory=dict)
    """None for a link of Linkerd 2.8, which has no Link."""

    @property
    def gateways(self) -> dict[str, GatewayEnd]:
        """The gateway of each cluster that has one, with its address."""
        found = {name: item.gateway for name, item in self.ambassadors.items()}
        return {name: gateway for name, gateway in found.items() if gateway is not None}

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """The outputs of the stack; nothing secret."""
        return {
            "trustAnchors": self.trust_anchor.bundle,
            "gateways": {
                name: {"address": item.address, "identity": item.view.identity}
                for name, item in self.gateways.items()
            },
            "links": sorted(self.links),
            OUTPUT: {name: item.uid for name, item in self.reach.items()},
            "exports": {name: self._exported(name) for name in self.config.clusters},
        }

    def _exported(self, cluster: str) -> dict[str, object]:
        """To which clusters a cluster's Services are exported, and whom its gateway admits."""
        links = self.config.links_to(cluster)
        clients = {
            one.service: list(one.clients)
            for found in self.made[cluster].admissions
            for one in found.exports
        }
        return {
            str(item.service): {"to": list(receivers(item.service, links))}
            | ({"clients": clients[item.service]} if item.service in clients else {})
            for item in self.config.exports_of(cluster)
        }
