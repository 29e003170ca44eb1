"""What is read of a cluster, and reading it: whole lists, several at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from checks.ambassador import inbound
from checks.ambassador.conversion import CRDS, service_of, webhook_of
from checks.ambassador.hosts import secrets_of
from checks.cluster.permissions import EVERYTHING, asked
from checks.facts import helm, pod_logs
from checks.facts.expected import linked, looked_into, releases
from checks.facts.reading import Reader, RefusedError
from checks.facts.view import Access, ServedKind, View
from checks.links.requests import backends_of
from checks.platform.ingresses import ingresses_of
from checks.platform.ingresses import secrets_of as ingress_secrets
from checks.platform.meshed import listed
from checks.trust import trust_roots
from checks.trust.webhooks import TAP
from config.ambassador.ambassador import AmbassadorConfig
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.linkerd.control_plane import LinkerdConfig
from config.linkerd.tracing import TracingConfig
from config.trust.issuance import Issuance
from config.variants.generation import Generation
from preflight.guard import Reach
from vocabulary.kinds import (
    API_SERVICE,
    AUTHORIZATION_POLICY,
    BUNDLE,
    CERTIFICATE,
    CLUSTER_ISSUER,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    CRD,
    DEPLOYMENT,
    ENDPOINTS,
    EVENT,
    HOST,
    HTTP_ROUTE,
    ISSUER,
    LEASE,
    LINK,
    LISTENER,
    MAPPING,
    MIDDLEWARE,
    MODULE,
    MUTATING_WEBHOOK,
    NAMESPACE,
    NODE,
    POD,
    POD_MONITOR,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    TLS_CONTEXT,
    TRACING_SERVICE,
    VALIDATING_WEBHOOK,
    WORKLOADS,
    Kind,
    Object,
    name_of,
    namespace_of,
)
from vocabulary.kubernetes import SECRET_HELM_RELEASE
from vocabulary.linkerd import CLUSTER_NAME, CONTROL_PLANE_NS, JAEGER, MULTICLUSTER, VIZ

THREADS = 8
"""Requests that one API server gets at a time."""


@dataclass(frozen=True)
class Listing:
    """One list to read."""

    kind: Kind
    namespace: str = ""
    """Namespace, or empty for all of them and for what stands in none."""
    selectors: Mapping[str, str] = field(default_factory=dict)
    """``labelSelector`` and ``fieldSelector``."""
    metadata_only: bool = False
    """Whether to leave the content where it is: large or none of our business."""
    complete: bool = True
    """Whether what it does not have can be said not to exist."""
    version: str = ""
    """The version to read it in, where that is served."""


def plan(mesh: MeshConfig, cluster: str, *, pre: bool) -> Iterator[Listing]:
    """Every list that checks of a cluster need, but for those that its releases tell of."""
    for kind in (NAMESPACE, NODE, SERVICE):
        yield Listing(kind)
    yield Listing(CRD, metadata_only=True)
    for space in dict.fromkeys(release.namespace for release in releases(mesh, cluster)):
        yield _helm_records(space)
    for kind in (MUTATING_WEBHOOK, VALIDATING_WEBHOOK):
        yield Listing(kind, metadata_only=pre)
    if not pre:
        yield from _installed(mesh, cluster)


def _helm_records(namespace: str) -> Listing:
    return Listing(
        SECRET,
        namespace,
        # Records of revisions that others came after may be large, and tell nothing any more.
        {"labelSelector": "owner=helm,status!=superseded"},
        complete=False,
    )


def _installed(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster]
    no_helm_records = {"fieldSelector": f"type!={SECRET_HELM_RELEASE}"}
    # Of all meshed pods, only what the injector wrote on them.
    meshed = {"labelSelector": f"{CONTROL_PLANE_NS}={config.linkerd.namespace}"}
    yield Listing(POD, "", meshed, metadata_only=True, complete=False)
    for space in looked_into(mesh, cluster):
        for kind in WORKLOADS:
            yield Listing(kind, space)
    yield Listing(SECRET, config.linkerd.namespace, no_helm_records)
    yield Listing(CONFIG_MAP, config.linkerd.namespace)
    old = config.linkerd.generation is Generation.V2_8
    if config.linkerd.viz.enabled:
        yield Listing(SECRET, VIZ, no_helm_records)
    if config.linkerd.viz.enabled or old:
        yield Listing(API_SERVICE, "", _named(TAP))
    if linked(mesh, cluster):
        yield Listing(SECRET, MULTICLUSTER, no_helm_records)
        yield Listing(SERVICE_ACCOUNT, MULTICLUSTER)
        if old:
            yield Listing(POD, MULTICLUSTER)
        else:
            yield Listing(LEASE, MULTICLUSTER)
            yield Listing(LINK)
        yield Listing(ENDPOINTS, "", {"labelSelector": CLUSTER_NAME}, complete=False)
        extension = {"labelSelector": "linkerd.io/extension=multicluster"}
        for kind in (CLUSTER_ROLE, CLUSTER_ROLE_BINDING):
            yield Listing(kind, "", extension, complete=False)
    if config.linkerd.tracing is not None:
        yield from _traced(config.linkerd, config.linkerd.tracing)
    yield from _observed(config)
    for space in _shared(mesh, cluster):
        yield Listing(HTTP_ROUTE, space, version="v1")
    for backend in backends_of(mesh, cluster):
        yield Listing(ENDPOINTS, backend.namespace, _named(backend.name), complete=False)
    if mesh.trust_anchor.cert_manager is not None:
        yield from _issued(config, mesh.trust_anchor.cert_manager)
    if config.ambassador is not None:
        yield from _of_ambassador(config.ambassador)
    if config.sample is not None:
        yield Listing(POD, config.sample.namespace)
    for kind, space in listed(config):
        yield Listing(kind, space)


def _traced(linkerd: LinkerdConfig, config: TracingConfig) -> Iterator[Listing]:
    yield Listing(ENDPOINTS, config.namespace, _named(config.service), complete=False)
    yield Listing(POD, config.namespace)
    if linkerd.traces_by_extension:
        yield Listing(SECRET, JAEGER, {"fieldSelector": f"type!={SECRET_HELM_RELEASE}"})


def _observed(config: ClusterConfig) -> Iterator[Listing]:
    """What checks of monitoring and of Ingresses look at; of Secrets, only whether they are."""
    monitors, boards = config.monitoring.pod_monitors, config.monitoring.dashboards
    if monitors is not None:
        yield Listing(POD_MONITOR, monitors.namespace, metadata_only=True)
    if boards is not None:
        yield Listing(CONFIG_MAP, boards.namespace, metadata_only=True)
    for space, name, ingress in ingresses_of(config):
        yield Listing(ingress.served_by.kind, space)
        if ingress.middlewares(name):
            yield Listing(MIDDLEWARE, space, metadata_only=True)
        for where, secret in ingress_secrets(space, name, ingress):
            yield Listing(SECRET, where, _named(secret), metadata_only=True, complete=False)


def _issued(config: ClusterConfig, issuance: Issuance) -> Iterator[Listing]:
    space = config.linkerd.namespace
    yield Listing(CERTIFICATE, space)
    if config.linkerd.viz.enabled and issuance.webhooks:
        yield Listing(CERTIFICATE, VIZ)
    if issuance.kind == "ClusterIssuer":
        yield Listing(CLUSTER_ISSUER, "", _named(issuance.issuer))
    else:
        yield Listing(ISSUER, space, _named(issuance.issuer))
    if issuance.trust_roots == "trust-manager":
        yield Listing(BUNDLE)


def _of_ambassador(config: AmbassadorConfig) -> Iterator[Listing]:
    space = config.namespace
    for kind in (*inbound.KINDS, POD):
        yield Listing(kind, space)
    yield Listing(ENDPOINTS, space, complete=False)
    traced = (TRACING_SERVICE,) if config.tracing is not None else ()
    for kind in (MODULE, LISTENER, HOST, TLS_CONTEXT, MAPPING, *traced):
        yield Listing(kind, space, version=config.objects_version)
    # Other people's Secrets are none of our business: only those that Hosts name.
    for name in secrets_of(config.all_hosts):
        yield Listing(SECRET, space, _named(name), complete=False)
    if any(host.tls is not None and host.tls.cert_manager for host in config.all_hosts):
        yield Listing(CERTIFICATE, space)
    for name in CRDS:
        yield Listing(CRD, "", _named(name), complete=False)


def _shared(mesh: MeshConfig, cluster: str) -> list[str]:
    """Namespaces of Services whose requests are shared with mirrors."""
    return list(
        dict.fromkeys(
            export.namespace
            for link in mesh.links_from(cluster)
            for export in link.exports
            if export.weights is not None
        )
    )


def _named(name: str) -> dict[str, str]:
    return {"fieldSelector": f"metadata.name={name}"}


def look(mesh: MeshConfig, cluster: str, reach: Reach, reader: Reader, *, pre: bool) -> View:
    """Read everything that checks of a cluster need.

    What cannot be read is written down in the view.

    Raises RefusedError: the server does not even tell what kinds it serves.
    """
    served = reader.served()
    objects: dict[tuple[Kind, str, str], Object] = {}
    unseen: dict[tuple[Kind, str], str] = {}
    with ThreadPoolExecutor(THREADS) as pool:

        def read(listings: Sequence[Listing]) -> None:
            answers = pool.map(lambda listing: _read(reader, served, listing), listings)
            for listing, answer in zip(listings, answers, strict=True):
                if isinstance(answer, str):
                    unseen[listing.kind, listing.namespace] = answer
                    continue
                for thing in answer:
                    key = (listing.kind, namespace_of(thing), name_of(thing))
                    if key not in objects or not listing.metadata_only:
                        objects[key] = thing

        first = list(plan(mesh, cluster, pre=pre))
        access = _access(asked(mesh, cluster), reader, pool) if pre else {}
        read(first)
        histories = helm.histories(
            thing for (kind, _, _), thing in objects.items() if kind == SECRET
        )
        second = list(_second(first, histories.values(), served, objects, pre=pre))
        read(second)

        def seen() -> View:
            return View(
                cluster=cluster,
                uid=reach.uid,
                version=reach.version or "",
                objects=tuple(objects.values()),
                unseen=unseen,
                served=served,
                releases=histories,
                access=access,
                endpoint=reach.endpoint,
                clock_offset=reader.clock_offset,
            )

        view = seen()
        if pre:
            return view
        third = list(_third(mesh, cluster, view, [*first, *second]))
        if third:
            read(third)
            view = seen()
        logs = pod_logs.wanted(mesh, cluster, view)
        return replace(view, logs=pod_logs.read_logs(reader, pool, logs)) if logs else view


def _third(
    mesh: MeshConfig, cluster: str, view: View, before: Iterable[Listing]
) -> Iterator[Listing]:
    """Lists that say why pods are not ready, and what stale pods trust, where there are such."""
    known = {(listing.kind, listing.namespace) for listing in before if listing.complete}
    for space, name in trust_roots.samples(view, mesh.clusters[cluster].linkerd.namespace):
        if (POD, space) not in known:
            yield Listing(POD, space, _named(name), complete=False)
    ambassador = mesh.clusters[cluster].ambassador
    if ambassador is not None and (AUTHORIZATION_POLICY, ambassador.namespace) not in view.unseen:
        for kind, space in dict.fromkeys(inbound.elsewhere(view, ambassador.namespace)):
            yield Listing(kind, space, complete=False)
    for kind, space in pod_logs.lists(mesh, cluster, view):
        if kind == EVENT:
            yield Listing(EVENT, space, {"fieldSelector": "type=Warning"}, complete=False)
        elif (kind, space) not in known:
            yield Listing(kind, space)


def _second(
    first: Iterable[Listing],
    histories: Iterable[helm.History],
    served: Mapping[Kind, ServedKind],
    objects: Mapping[tuple[Kind, str, str], Object],
    *,
    pre: bool,
) -> Iterator[Listing]:
    """Lists that the first ones show the need of."""
    if pre:
        nodes = [thing for (kind, _, _), thing in objects.items() if kind == NODE]
        if not any(node.get("spec", {}).get("podCIDR") for node in nodes):
            # Then only the pods tell which addresses pods get.
            yield Listing(POD)
        return
    known = {(listing.kind, listing.namespace) for listing in first if listing.complete}
    for crd in (thing for (kind, _, _), thing in objects.items() if kind == CRD):
        webhook = webhook_of(crd)
        space, _ = service_of(webhook) if webhook is not None else ("", "")
        if space and (DEPLOYMENT, space) not in known:
            known.add((DEPLOYMENT, space))
            yield Listing(DEPLOYMENT, space)
    for made in (made for history in histories for made in history.standing.objects):
        if made.kind not in served:
            continue
        space = made.namespace if served[made.kind].namespaced else ""
        if (made.kind, space) in known or (made.kind, "") in known:
            continue
        known.add((made.kind, space))
        yield Listing(made.kind, space, metadata_only=made.kind not in WORKLOADS)


def _read(
    reader: Reader, served: Mapping[Kind, ServedKind], listing: Listing
) -> list[Object] | str:
    if listing.kind not in served:
        return []
    try:
        return list(
            reader.list(
                listing.kind,
                served[listing.kind],
                listing.namespace,
                selectors=listing.selectors,
                metadata_only=listing.metadata_only,
                version=listing.version,
            )
        )
    except RefusedError as error:
        return str(error)


def _access(
    wanted: Sequence[Access], reader: Reader, pool: ThreadPoolExecutor
) -> dict[Access, bool]:
    if _may(reader, EVERYTHING):
        # One question in place of a hundred, for whoever may do anything.
        return dict.fromkeys(wanted, True)
    answers = zip(wanted, pool.map(lambda access: _may(reader, access), wanted), strict=True)
    return {access: answer for access, answer in answers if answer is not None}


def _may(reader: Reader, access: Access) -> bool | None:
    try:
        return reader.may(access)
    except RefusedError:
        return None
