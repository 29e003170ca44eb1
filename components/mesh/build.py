"""The mesh: anchors first, then cluster by cluster, then links, then what Services get."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_tls as tls

from charts.source import ChartSource
from components.core.cluster_provider import cluster_provider
from components.core.releases import ReleaseSettings
from components.mesh.clusters import declare_cluster, declare_observers
from components.mesh.links import declare_links
from components.mesh.services import declare_exports, declare_traffic
from components.mesh.state import Mesh
from components.trust.anchor_gate import anchor_gate
from components.trust.signatures import signatures
from components.trust.trust_anchor import TrustAnchor, TrustAnchorArgs
from config.core.mesh import MeshConfig
from config.inventory import inventory
from preflight.interrupted import Unlisted
from preflight.reach import Reach


def build_mesh(
    config: MeshConfig,
    reach: Mapping[str, Reach],
    charts: ChartSource,
    permitted: pulumi.Input[bool] = True,
) -> Mesh:
    """Declare everything that a stack file describes.

    `reach` is what the guard read of each cluster; `charts` is where charts come from. Nothing in
    any cluster changes before `permitted` is known.
    """
    made = {name: inventory(config, name) for name in config.clusters}
    anchors = TrustAnchor(
        "trust-anchor",
        TrustAnchorArgs(
            config=config.trust_anchor,
            clusters={name: signatures(config, item) for name, item in made.items()},
            provider=tls.Provider("certificates"),
            protect=config.protection.trust_anchor,
        ),
    )
    unlisted = Unlisted(
        config.clusters, {name: found.absent_releases for name, found in reach.items()}
    )
    releases = ReleaseSettings(charts, config.timeout_seconds, unlisted)
    mesh = Mesh(config, reach, releases, made, anchors)
    safe = pulumi.Output.all(permitted, anchor_gate(config, anchors, reach)).apply(all)
    for name in config.clusters:
        mesh.providers[name] = cluster_provider(name, reach[name], safe)
        declare_cluster(name, mesh)
    declare_links(mesh)
    for name in config.clusters:
        declare_observers(name, mesh)
    declare_exports(mesh)
    declare_traffic(mesh)
    return mesh
