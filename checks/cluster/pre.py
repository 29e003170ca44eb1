"""What can be known before anything is installed, besides a cluster's surroundings."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import served
from checks.cluster.releases import state_trouble
from checks.facts.case import ClusterCase, LinkCase
from checks.facts.expected import (
    UPDATE,
    ExpectedRelease,
    ambassador_crds,
    releases,
)
from checks.facts.expected import namespaces as own_namespaces
from checks.facts.results import Finding, failure, ok, warning
from checks.facts.view import some
from checks.linkerd.control_plane import gateway_api
from config.ambassador.ambassador import AmbassadorConfig
from config.links.link import Export
from config.platform.sample import SampleConfig
from config.variants.ambassadors import CrdsManifest
from config.variants.generation import Generation
from vocabulary.kinds import (
    CRD,
    MUTATING_WEBHOOK,
    NAMESPACE,
    SERVICE,
    VALIDATING_WEBHOOK,
    Kind,
    Object,
    annotations_of,
    labels_of,
)
from vocabulary.linkerd import CLUSTER_NAME, MULTICLUSTER

_LINKERD_CRDS = (
    "authorizationpolicies.policy.linkerd.io",
    "egressnetworks.policy.linkerd.io",
    "externalworkloads.workload.linkerd.io",
    "httplocalratelimitpolicies.policy.linkerd.io",
    "httproutes.policy.linkerd.io",
    "meshtlsauthentications.policy.linkerd.io",
    "networkauthentications.policy.linkerd.io",
    "serverauthorizations.policy.linkerd.io",
    "servers.policy.linkerd.io",
    "serviceprofiles.linkerd.io",
)
_GATEWAY_API_CRDS = (
    "grpcroutes.gateway.networking.k8s.io",
    "httproutes.gateway.networking.k8s.io",
    "tcproutes.gateway.networking.k8s.io",
    "tlsroutes.gateway.networking.k8s.io",
)
_EMISSARY_CRDS = (
    "authservices.getambassador.io",
    "hosts.getambassador.io",
    "listeners.getambassador.io",
    "mappings.getambassador.io",
    "modules.getambassador.io",
    "tcpmappings.getambassador.io",
    "tlscontexts.getambassador.io",
)
_OLD_LINKERD_CRDS = ("serviceprofiles.linkerd.io", "trafficsplits.split.smi-spec.io")
_INJECTORS = ("linkerd-proxy-injector-webhook-config",)
_VALIDATORS = ("linkerd-sp-validator-webhook-config", "linkerd-policy-validator-webhook-config")


def helm_releases(case: ClusterCase) -> Iterator[Finding]:
    """No release of another chart has one of our names, and none of ours is stuck."""
    for expected in releases(case.mesh, case.name):
        title = f"the release name {expected} is free or ours"
        history = case.view.releases.get(expected.key)
        if history is None:
            case.view.require_release_records(expected.namespace)
            yield ok(title, "free")
            continue
        newest = history.newest
        if newest.chart and newest.chart != expected.chart:
            hint = "uninstall it, or give ours another namespace or name in the stack file"
            yield failure(title, f"it is a release of {newest.chart} {newest.version}", hint)
            continue
        trouble = state_trouble(history)
        if trouble is not None:
            yield failure(title, *trouble)
        else:
            hint = "if this stack did not make it, bring it in with `pulumi import`"
            yield ok(title, f"{newest.chart} {newest.version} is deployed; {hint}")


def clashes(case: ClusterCase) -> Iterator[Finding]:
    """What stands in the whole cluster under our names was made by a release of ours."""
    for what, kind, listed, owner in _wanted(case):
        yield _owned(case, what, kind, listed, owner)
    modern = case.config.linkerd.generation is Generation.MODERN
    if modern and not case.config.linkerd.gateway_api_crds:
        yield gateway_api(case)
    ambassador = case.config.ambassador
    if ambassador is not None:
        yield from _ambassador_crds(case, ambassador)


_Names = tuple[str, Kind, tuple[str, ...], ExpectedRelease]


def _wanted(case: ClusterCase) -> Iterator[_Names]:
    """What is made under which names, by which release."""
    owners = {expected.chart: expected for expected in releases(case.mesh, case.name)}
    if case.config.linkerd.generation is Generation.V2_8:
        linkerd = control_plane = owners["linkerd2"]
        yield "Linkerd's CRDs", CRD, _OLD_LINKERD_CRDS, linkerd
        validators: tuple[str, ...] = _VALIDATORS[:1]
    else:
        linkerd, control_plane = owners["linkerd-crds"], owners["linkerd-control-plane"]
        yield "Linkerd's CRDs", CRD, _LINKERD_CRDS, linkerd
        if case.config.linkerd.gateway_api_crds:
            yield "the Gateway API's CRDs", CRD, _GATEWAY_API_CRDS, linkerd
        if MULTICLUSTER in owners:
            yield "the Link CRD", CRD, ("links.multicluster.linkerd.io",), owners[MULTICLUSTER]
        validators = _VALIDATORS
    yield "Linkerd's injector", MUTATING_WEBHOOK, _INJECTORS, control_plane
    yield "Linkerd's validators", VALIDATING_WEBHOOK, validators, control_plane


def _ambassador_crds(case: ClusterCase, config: AmbassadorConfig) -> Iterator[Finding]:
    """Ambassador's CRDs are ours, or are there already where they are someone else's."""
    names = tuple(
        name
        for name in _EMISSARY_CRDS
        if config.kind.listeners or not name.startswith("listeners.")
    )
    release = ambassador_crds(case.mesh, case.name)
    if release is not None:
        yield _owned(case, "Ambassador's CRDs", CRD, names, release)
        return
    if not config.installed or not config.install_crds:
        yield served(case, config)
        return
    if not isinstance(config.line.crds, CrdsManifest):
        # Helm leaves CRDs that a chart has in crds/ as they are, and does not say whose they are.
        return
    title = "Ambassador's CRDs: absent, or made by Pulumi"
    strange = [
        name
        for name in names
        if (found := case.view.get(CRD, "", name)) is not None and not _by_pulumi(found)
    ]
    if strange:
        yield failure(
            title,
            f"made by something else: {some(strange, 3)}",
            f"write clusters.{case.name}.ambassador.installCrds: false, and they stay as they are",
        )
    else:
        yield ok(title)


def _owned(
    case: ClusterCase, what: str, kind: Kind, names: tuple[str, ...], owner: ExpectedRelease
) -> Finding:
    title = f"{what}: absent, or made by release {owner}"
    strange: dict[str, list[str]] = {}
    for name in names:
        found = case.view.get(kind, "", name)
        maker = None if found is None else _maker(found)
        if found is not None and maker != str(owner):
            strange.setdefault(maker or "something other than Helm", []).append(name)
    if not strange:
        return ok(title)
    listed = "; ".join(f"{some(found, 3)} by {maker}" for maker, found in strange.items())
    hint = "uninstall what made them, or hand them over to the release with Helm's annotations"
    if what.startswith("the Gateway API"):
        hint = (
            f"write clusters.{case.name}.linkerd.gatewayApiCrds: false, and they stay as they are"
        )
    return failure(title, f"made: {listed}", hint)


def _maker(thing: Object) -> str | None:
    notes = annotations_of(thing)
    name = notes.get("meta.helm.sh/release-name")
    return f"{notes.get('meta.helm.sh/release-namespace', '')}/{name}" if name else None


def mirrors(case: LinkCase) -> Iterator[Finding]:
    """Exported Services exist in the target, and the source has room for their mirrors."""
    for export in case.link.exports:
        title = f"the target has Service {export} to export"
        service = case.target.get(SERVICE, export.namespace, export.service)
        if service is not None:
            yield _exportable(title, service, headless=case.link.headless_services)
        elif _is_sample(case.target_config.sample, export):
            yield ok(title, "it comes with the stack's own sample")
        else:
            yield failure(title, "it does not exist", "make it, or take it off links[].exports")
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
    title = f"the source has a Service {export} of its own that shares requests with the mirror"
    if case.source.get(SERVICE, export.namespace, export.service) is not None:
        return ok(title)
    if _is_sample(case.source_config.sample, export):
        return ok(title, "it comes with the stack's own sample")
    return failure(title, "it does not exist", "make it, or leave the export's weights out")


def _exportable(title: str, service: Object, *, headless: bool) -> Finding:
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return failure(title, "it is of type ExternalName, which has no endpoints to mirror")
    if spec.get("clusterIP") == "None" and not headless:
        return warning(
            title,
            "it is headless, and service mirrors pass these over",
            "write headlessServices: true for this link",
        )
    return ok(title)


def _room(case: LinkCase, namespace: str, name: str) -> Finding:
    title = f"the source has room for its mirror {namespace}/{name}"
    taken = case.source.get(SERVICE, namespace, name)
    if taken is not None and labels_of(taken).get(CLUSTER_NAME) != case.link.target:
        hint = "rename that Service, or the target cluster in the stack file"
        return failure(title, "there is another Service of that name", hint)
    if case.source.get(NAMESPACE, "", namespace) is not None:
        return ok(title)
    linkerd = case.source_config.linkerd
    if linkerd.multicluster.create_namespaces or linkerd.generation is Generation.V2_8:
        return ok(title, "the service mirror makes the namespace")
    return failure(
        title,
        f"there is no namespace {namespace}",
        f"make it, or write clusters.{case.link.source}.linkerd.multicluster.createNamespaces: "
        "true",
    )


def namespaces(case: ClusterCase) -> Iterator[Finding]:
    """Namespaces of ours are absent, or made by Pulumi: it would refuse to take over others."""
    title = "the namespaces are absent or made by Pulumi"
    strange = [
        name
        for name in own_namespaces(case.mesh, case.name)
        if (found := case.view.get(NAMESPACE, "", name)) is not None and not _by_pulumi(found)
    ]
    if strange:
        hint = (
            f"bring them in with `pulumi import`, or delete them if they are empty, then {UPDATE}"
        )
        yield warning(title, f"made by something else: {some(strange)}", hint)
    else:
        yield ok(title)


def _by_pulumi(thing: Object) -> bool:
    managers = (thing.get("metadata") or {}).get("managedFields") or []
    return any("pulumi" in str(entry.get("manager", "")) for entry in managers)
