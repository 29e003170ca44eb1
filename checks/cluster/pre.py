"""What can be known before anything is installed, besides a cluster's surroundings."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import served
from checks.cluster.releases import state_trouble
from checks.facts.case import ClusterCase, LinkCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, warning
from checks.linkerd.control_plane import gateway_api
from config.ambassador.ambassador import AmbassadorConfig
from config.inventory import Inventory, Release
from config.language.problems import some
from config.links.link import Export
from config.platform.sample import SampleConfig
from config.variants.ambassadors import CrdsManifest
from kube.answers import inner, items
from vocabulary.ambassador import CRDS_RELEASE
from vocabulary.kinds import (
    AUTH_SERVICE,
    AUTHORIZATION_POLICY,
    CRD,
    EGRESS_NETWORK,
    EXTERNAL_WORKLOAD,
    GRPC_ROUTE,
    HOST,
    HTTP_LOCAL_RATE_LIMIT,
    HTTP_ROUTE,
    LINK,
    LISTENER,
    MAPPING,
    MESH_TLS,
    MODULE,
    MUTATING_WEBHOOK,
    NAMESPACE,
    NETWORK_AUTHENTICATION,
    POLICY_HTTP_ROUTE,
    SERVER,
    SERVER_AUTHORIZATION,
    SERVICE,
    SERVICE_PROFILE,
    TCP_MAPPING,
    TCP_ROUTE,
    TLS_CONTEXT,
    TLS_ROUTE,
    TRAFFIC_SPLIT,
    VALIDATING_WEBHOOK,
    Kind,
    Object,
    annotations_of,
    labels_of,
)
from vocabulary.kubernetes import HELM_RELEASE_NAME, HELM_RELEASE_NAMESPACE
from vocabulary.linkerd import CLUSTER_NAME, CONTROL_PLANE_RELEASE, LINKERD_2_8_CHART, MULTICLUSTER
from vocabulary.linkerd import CRDS_RELEASE as CRDS_CHART

_LINKERD_CRDS = (
    AUTHORIZATION_POLICY.crd,
    EGRESS_NETWORK.crd,
    EXTERNAL_WORKLOAD.crd,
    HTTP_LOCAL_RATE_LIMIT.crd,
    POLICY_HTTP_ROUTE.crd,
    MESH_TLS.crd,
    NETWORK_AUTHENTICATION.crd,
    SERVER_AUTHORIZATION.crd,
    SERVER.crd,
    SERVICE_PROFILE.crd,
)
_GATEWAY_API_CRDS = (GRPC_ROUTE.crd, HTTP_ROUTE.crd, TCP_ROUTE.crd, TLS_ROUTE.crd)
_EMISSARY_CRDS = (
    AUTH_SERVICE.crd,
    HOST.crd,
    LISTENER.crd,
    MAPPING.crd,
    MODULE.crd,
    TCP_MAPPING.crd,
    TLS_CONTEXT.crd,
)
_OLD_LINKERD_CRDS = (SERVICE_PROFILE.crd, TRAFFIC_SPLIT.crd)
_CRDS_CHARTS = (CRDS_CHART, LINKERD_2_8_CHART)
_CONTROL_PLANE_CHARTS = (CONTROL_PLANE_RELEASE, LINKERD_2_8_CHART)


def helm_releases(case: ClusterCase) -> Iterator[Finding]:
    """No release of another chart has a name of this stack, and none of this stack is stuck."""
    for expected in case.inventory.releases:
        title = f"release name {expected} is unused or managed by this stack"
        history = case.view.releases.get(expected.key)
        if history is None:
            case.view.require_release_records(expected.namespace)
            yield ok(title, "unused")
            continue
        newest = history.newest
        if newest.chart and newest.chart != expected.chart:
            hint = "uninstall it, or write another namespace or name in the stack file"
            yield failure(title, f"it is a release of {newest.chart} {newest.version}", hint)
            continue
        trouble = state_trouble(history)
        if trouble is not None:
            yield failure(title, *trouble)
        else:
            hint = "if this stack did not create it, import it with `pulumi import`"
            yield ok(title, f"{newest.chart} {newest.version} is deployed; {hint}")


def clashes(case: ClusterCase) -> Iterator[Finding]:
    """Cluster-wide objects with the names of this stack's were created by its releases."""
    for what, kind, listed, owner in _wanted(case):
        yield _owned(case, what, kind, listed, owner)
    if case.config.linkerd.generation.gateway_api and not case.config.linkerd.gateway_api_crds:
        yield gateway_api(case)
    ambassador = case.config.ambassador
    if ambassador is not None:
        yield from _ambassador_crds(case, ambassador)


_Names = tuple[str, Kind, tuple[str, ...], Release]


def _wanted(case: ClusterCase) -> Iterator[_Names]:
    """What is made in the whole cluster under which names, by which release."""
    made, linkerd = case.inventory, case.config.linkerd
    crds, control_plane = _first(made, _CRDS_CHARTS), _first(made, _CONTROL_PLANE_CHARTS)
    names = _LINKERD_CRDS if linkerd.generation.policy else _OLD_LINKERD_CRDS
    yield "Linkerd's CRDs", CRD, names, crds
    if linkerd.generation.gateway_api and linkerd.gateway_api_crds:
        yield "the Gateway API's CRDs", CRD, _GATEWAY_API_CRDS, crds
    multicluster = made.release_of(MULTICLUSTER)
    if linkerd.generation.links and multicluster is not None:
        yield "the Link CRD", CRD, (LINK.crd,), multicluster
    for what, kind in (
        ("Linkerd's injector", MUTATING_WEBHOOK),
        ("Linkerd's validators", VALIDATING_WEBHOOK),
    ):
        own = [one for one in made.webhooks if one.namespace == linkerd.namespace]
        registered = tuple(one.configuration for one in own if one.kind == kind)
        yield what, kind, registered, control_plane


def _first(made: Inventory, charts: tuple[str, ...]) -> Release:
    return next(one for one in made.releases if one.chart in charts)


def _ambassador_crds(case: ClusterCase, config: AmbassadorConfig) -> Iterator[Finding]:
    """Ambassador's CRDs are this stack's, or exist where another owner brings them."""
    names = tuple(
        name
        for name in _EMISSARY_CRDS
        if config.kind.listeners or not name.startswith("listeners.")
    )
    release = next((one for one in case.inventory.releases if one.name == CRDS_RELEASE), None)
    if release is not None:
        yield _owned(case, "Ambassador's CRDs", CRD, names, release)
        return
    if not config.installed or not config.install_crds:
        yield served(case, config)
        return
    if not isinstance(config.line.crds, CrdsManifest):
        # Helm leaves CRDs that a chart has in crds/ as they are, and does not record their owner.
        return
    title = "Ambassador's CRDs: absent, or created by Pulumi"
    strange = [
        name
        for name in names
        if (found := case.view.get(CRD, "", name)) is not None and not _by_pulumi(found)
    ]
    if strange:
        yield failure(
            title,
            f"created by something else: {some(strange, 3)}",
            f"write {case.ambassador_key}.installCrds: false, and they stay as they are",
        )
    else:
        yield ok(title)


def _owned(
    case: ClusterCase, what: str, kind: Kind, names: tuple[str, ...], owner: Release
) -> Finding:
    title = f"{what}: absent, or created by release {owner}"
    strange: dict[str, list[str]] = {}
    for name in names:
        found = case.view.get(kind, "", name)
        maker = None if found is None else _maker(found)
        if found is not None and maker != str(owner):
            strange.setdefault(maker or "something other than a Helm release", []).append(name)
    if not strange:
        return ok(title)
    listed = "; ".join(f"{some(found, 3)} by {maker}" for maker, found in strange.items())
    hint = "uninstall their owner, or give them to the release with Helm's annotations"
    if what.startswith("the Gateway API"):
        hint = (
            f"write clusters.{case.name}.linkerd.gatewayApiCrds: false, and they stay as they are"
        )
    return failure(title, f"created: {listed}", hint)


def _maker(thing: Object) -> str | None:
    notes = annotations_of(thing)
    name = notes.get(HELM_RELEASE_NAME)
    return f"{notes.get(HELM_RELEASE_NAMESPACE, '')}/{name}" if name else None


def mirrors(case: LinkCase) -> Iterator[Finding]:
    """Exported Services exist in the target, and their mirrors' names are unused in the source."""
    for export in case.link.exports:
        title = f"the target has the exported Service {export}"
        service = case.target.get(SERVICE, export.namespace, export.service)
        if service is not None:
            yield _exportable(title, service, headless=case.link.headless_services)
        elif _is_sample(case.target_config.sample, export):
            yield ok(title, "the stack's sample brings it")
        else:
            yield failure(
                title, "it does not exist", "create it, or remove it from links[].exports"
            )
        if case.link.mode_of(export) != "none":
            yield _room(case, export.namespace, case.link.mirror_of(export))
        if export.weights is not None:
            yield _shares(case, export)


def _is_sample(sample: SampleConfig | None, export: Export) -> bool:
    return sample is not None and (sample.namespace, sample.service) == (
        export.namespace,
        export.service,
    )


def _shares(case: LinkCase, export: Export) -> Finding:
    title = f"the source has its own Service {export}, which shares requests with the mirror"
    if case.source.get(SERVICE, export.namespace, export.service) is not None:
        return ok(title)
    if _is_sample(case.source_config.sample, export):
        return ok(title, "the stack's sample brings it")
    return failure(title, "it does not exist", "create it, or remove the export's weights")


def _exportable(title: str, service: Object, *, headless: bool) -> Finding:
    spec = inner(service, "spec")
    if spec.get("type") == "ExternalName":
        return failure(title, "it is of type ExternalName, which has no endpoints to mirror")
    if spec.get("clusterIP") == "None" and not headless:
        return warning(
            title,
            "it is headless, and service mirrors skip headless Services",
            "write headlessServices: true for this link",
        )
    return ok(title)


def _room(case: LinkCase, namespace: str, name: str) -> Finding:
    title = f"the name of its mirror is unused in the source: {namespace}/{name}"
    taken = case.source.get(SERVICE, namespace, name)
    if taken is not None and labels_of(taken).get(CLUSTER_NAME) != case.link.target:
        hint = "rename that Service, or the target cluster in the stack file"
        return failure(title, "another Service has this name", hint)
    if case.source.get(NAMESPACE, "", namespace) is not None:
        return ok(title)
    linkerd = case.source_config.linkerd
    if linkerd.multicluster.create_namespaces or linkerd.generation.mirror_makes_namespaces:
        return ok(title, "the service mirror creates the namespace")
    return failure(
        title,
        f"there is no namespace {namespace}",
        f"create it, or write clusters.{case.link.source}.linkerd.multicluster.createNamespaces: "
        "true",
    )


def namespaces(case: ClusterCase) -> Iterator[Finding]:
    """The namespaces of this stack are absent or Pulumi's, which does not take over others."""
    title = "the namespaces do not exist yet, or Pulumi created them"
    strange = [
        name
        for name in case.inventory.namespaces
        if (found := case.view.get(NAMESPACE, "", name)) is not None and not _by_pulumi(found)
    ]
    if strange:
        hint = f"import them with `pulumi import`, or delete them if they are empty, then {UPDATE}"
        yield warning(title, f"created by something else: {some(strange)}", hint)
    else:
        yield ok(title)


def _by_pulumi(thing: Object) -> bool:
    managers = items(thing, "metadata", "managedFields")
    return any("pulumi" in str(entry.get("manager", "")) for entry in managers)


CHECKS = (
    Check("names", Phase.BEFORE, helm_releases, order=30),
    Check(
        "names",
        Phase.BEFORE,
        clashes,
        tuple(
            Listing(kind, metadata_only=True)
            for kind in (CRD, MUTATING_WEBHOOK, VALIDATING_WEBHOOK)
        ),
        order=31,
    ),
    Check("names", Phase.BEFORE, namespaces, order=32),
    Check("exports", Phase.LINK_BEFORE, mirrors, (Listing(SERVICE),)),
)
