"""Links: credentials first, then the extension of each end, then each Link."""

from __future__ import annotations

import pulumi

from components.links.credentials import LinkCredentials, LinkCredentialsArgs
from components.links.extension import MulticlusterExtension, MulticlusterExtensionArgs
from components.links.link import MulticlusterLink, MulticlusterLinkArgs
from components.links.mirrors import mirrors_provider
from components.links.remote_access import RemoteAccess
from components.links.remote_secrets import RemoteSecrets
from components.mesh.state import Mesh
from config.links.link import LinkConfig


def declare_links(mesh: Mesh) -> None:
    """Declare every link, and the multicluster extension of the clusters that have links."""
    credentials = {link.name: _credentials(link, mesh) for link in mesh.config.links}
    linked = sorted(mesh.config.linked_clusters())
    mirrors = mirrors_provider() if linked else None
    for name in linked:
        _extension(name, mesh, credentials, mirrors)
    for link in mesh.config.links:
        mesh.links[link.name] = _link(link, mesh, credentials[link.name])


def _credentials(link: LinkConfig, mesh: Mesh) -> LinkCredentials:
    source, target = mesh.linkerd[link.source], mesh.linkerd[link.target]
    if source.multicluster_namespace is None or target.multicluster_namespace is None:
        raise ValueError("both ends of a link need the multicluster namespace")
    config, provider = mesh.config.clusters[link.target], mesh.providers[link.target]
    kept = mesh.reach[link.source].tokens.get(link.name)
    access = RemoteAccess(link, config, provider, target.multicluster_namespace, kept)
    secrets = RemoteSecrets(
        link, config, mesh.providers[link.source], source.multicluster_namespace, source.namespace
    )
    return LinkCredentials(
        f"{link.name}-credentials",
        LinkCredentialsArgs(mesh.reach[link.target].endpoint, access, secrets),
    )


def _extension(
    name: str,
    mesh: Mesh,
    credentials: dict[str, LinkCredentials],
    mirrors: pulumi.ProviderResource | None,
) -> None:
    outgoing = mesh.config.links_from(name)
    mesh.extensions[name] = MulticlusterExtension(
        f"{name}-multicluster",
        MulticlusterExtensionArgs(
            cluster=mesh.config.clusters[name],
            made=mesh.made[name],
            provider=mesh.providers[name],
            linkerd=mesh.linkerd[name],
            mirrors_provider=mirrors,
            name=name,
            reach=mesh.reach[name],
            mirrors={link.target: credentials[link.name].digest for link in outgoing},
            credentials=[secret for link in outgoing for secret in credentials[link.name].secrets],
            releases=mesh.releases,
        ),
    )


def _link(link: LinkConfig, mesh: Mesh, credentials: LinkCredentials) -> MulticlusterLink | None:
    source = mesh.config.clusters[link.source]
    if not source.linkerd.generation.links:
        # Its service mirror reads all of this from the credentials and from the target.
        return None
    return MulticlusterLink(
        link.name,
        MulticlusterLinkArgs(
            link=link,
            source=source,
            source_provider=mesh.providers[link.source],
            target=mesh.config.clusters[link.target],
            gateway=mesh.gateway_of(link),
            selectors=mesh.config.selectors_of(link),
            credentials=credentials,
            extension=mesh.extensions[link.source],
        ),
    )
