"""What links and exports that no longer exist left, as lines and as a list to delete."""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase, LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.listing import Listing, secrets
from checks.facts.results import Finding, ok, warning
from checks.facts.view import View
from checks.links.gateways import mirrored
from checks.links.leftovers import (
    Gone,
    Leftover,
    of_accounts,
    of_credentials,
    of_exports,
    of_mirrors,
)
from checks.links.service_mirror import link_reads
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.links.link import LinkConfig
from kube.answers import inner
from vocabulary.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ENDPOINTS,
    LEASE,
    LINK,
    NAMESPACE,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
)
from vocabulary.linkerd import CLUSTER_NAME, EXTENSION, MULTICLUSTER

SWEEP = "run `./mesh sweep STACK`, which lists them and asks before it deletes them"
_ROLES = (CLUSTER_ROLE, CLUSTER_ROLE_BINDING)


def gone(mesh: MeshConfig, cluster: str, view: View) -> Gone:
    """Whether neither the stack file nor the cluster has a link to a target.

    Raises Unseen where Links cannot be listed.
    """
    links = {link.target for link in mesh.links_from(cluster)}
    if mesh.clusters[cluster].linkerd.generation.links:
        links |= {str(inner(one, "spec").get("targetClusterName")) for one in view.all(LINK)}
    local = cluster in mesh.linked_clusters()
    return lambda target: target not in links if target else not local


def of_cluster(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Leftover]:
    """What is left over in one cluster, whatever the other clusters have. Raises Unseen."""
    lost, linkerd = gone(mesh, cluster, view), mesh.clusters[cluster].linkerd
    written = [one for kind in (SERVICE, ENDPOINTS, NAMESPACE) for one in view.all(kind)]
    yield from of_mirrors(written, lost)
    if linkerd.generation.links:
        yield from of_mirrors(view.all(LEASE, MULTICLUSTER), lost)
        # Before there were Links, the Secret was the link, and may be of another owner.
        for space in (MULTICLUSTER, linkerd.namespace):
            yield from of_credentials(view.all(SECRET, space), lost)
    sources = [link.source for link in mesh.links_to(cluster)]
    roles = [one for kind in _ROLES for one in view.all(kind)]
    yield from of_accounts([*view.all(SERVICE_ACCOUNT, MULTICLUSTER), *roles], sources)


def of_link(mesh: MeshConfig, link: LinkConfig, source: View, target: View) -> Iterator[Leftover]:
    """Mirrors in a link's source of Services that it no longer exports. Raises Unseen."""
    if mesh.clusters[link.source].linkerd.generation.links:
        services = source.all(SERVICE), target.all(SERVICE)
        yield from of_exports(*services, link.target, mesh.selectors_of(link))


def orphans(case: ClusterCase) -> Iterator[Finding]:
    """Nothing is left of links that do not exist."""
    left = [one for one in of_cluster(case.mesh, case.name, case.view) if one.kind != NAMESPACE]
    mirrors = [one for one in left if one.kind in (SERVICE, ENDPOINTS, LEASE)]
    if mirrors or case.mesh.links_from(case.name):
        count = sum(len(mirrored(case.view, link.target)) for link in case.mesh.links)
        yield _line("every mirrored Service belongs to a Link", mirrors, f"{count} mirrored")
    others = [one for one in left if one not in mirrors]
    if others or case.name in case.mesh.linked_clusters():
        yield _line("every account and every credentials Secret belongs to a link", others)


def unexported(case: LinkCase) -> Iterator[Finding]:
    """Every mirror has an exported Service."""
    left = list(of_link(case.mesh, case.link, case.source, case.target))
    yield _line("every mirrored Service is exported by the target", left)


def _line(title: str, left: list[Leftover], detail: str = "") -> Finding:
    if not left:
        return ok(title, detail)
    return warning(title, some(f"{one} ({one.reason})" for one in left), SWEEP)


def reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Everything that a link may have left in a cluster."""
    yield Listing(SERVICE)
    yield Listing(ENDPOINTS, labels=CLUSTER_NAME, complete=False)
    linkerd = mesh.clusters[cluster].linkerd
    if linkerd.generation.links:
        yield Listing(LEASE, MULTICLUSTER)
        yield Listing(LINK)
        yield secrets(MULTICLUSTER)
        yield secrets(linkerd.namespace)
    yield Listing(SERVICE_ACCOUNT, MULTICLUSTER)
    for kind in _ROLES:
        yield Listing(kind, labels=f"{EXTENSION}=multicluster", complete=False)


CHECKS = (
    Check("exports", Phase.LINK, unexported, link_reads, only=WITH_LINKS, order=51),
    Check("mirrors", Phase.LAST, orphans, reads, order=20),
)
