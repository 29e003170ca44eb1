"""Linkerd's control plane: namespace, configuration, pods, kinds, extensions.

Facts: what `linkerd check` checks (Linkerd docs, "Troubleshooting").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from checks.cluster.workloads import workload
from checks.facts.case import ClusterCase
from checks.facts.check import WITH_POLICY, Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import inner
from kube.linkerd_values import values_of
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    EXTERNAL_WORKLOAD,
    GRPC_ROUTE,
    HTTP_ROUTE,
    MESH_TLS,
    NAMESPACE,
    NETWORK_AUTHENTICATION,
    POLICY_HTTP_ROUTE,
    SERVER,
    SERVICE_PROFILE,
    Kind,
    labels_of,
    name_of,
)
from vocabulary.linkerd import (
    ADMISSION_WEBHOOKS,
    CNI,
    CONFIG,
    CONTROL_PLANE_NS,
    DESTINATION,
    EXTENSION,
    IDENTITY,
    IS_CONTROL_PLANE,
    MULTICLUSTER,
    PROXY_INJECTOR,
    VIZ,
)

DEPLOYMENTS = (IDENTITY, DESTINATION, PROXY_INJECTOR)

_KINDS = (
    (SERVER, "v1beta3"),
    (AUTHORIZATION_POLICY, "v1alpha1"),
    (MESH_TLS, "v1alpha1"),
    (NETWORK_AUTHENTICATION, "v1alpha1"),
    (POLICY_HTTP_ROUTE, "v1beta3"),
    (SERVICE_PROFILE, "v1alpha2"),
    (EXTERNAL_WORKLOAD, "v1beta1"),
)
_GATEWAY_API = (
    (HTTP_ROUTE, "v1"),
    (GRPC_ROUTE, "v1"),
)


def linkerd_values(case: ClusterCase) -> dict[str, Any]:
    """The Helm values that the control plane keeps in ConfigMap linkerd-config; empty without."""
    return values_of(case.view.get(CONFIG_MAP, case.config.linkerd.namespace, CONFIG))


def namespace(case: ClusterCase) -> Iterator[Finding]:
    """The control plane's namespace exists and has its labels."""
    name = case.config.linkerd.namespace
    title = f"namespace {name} exists"
    found = case.view.get(NAMESPACE, "", name)
    if found is None:
        yield failure(title, "it does not", UPDATE)
        return
    yield ok(title)
    title = f"namespace {name} has the control plane's labels"
    wanted = {
        IS_CONTROL_PLANE: "true",
        CONTROL_PLANE_NS: name,
        ADMISSION_WEBHOOKS: "disabled",
    }
    labels = labels_of(found)
    lacking = [f"{key}={value}" for key, value in wanted.items() if labels.get(key) != value]
    if lacking:
        detail = f"it lacks {some(lacking)}"
        yield warning(
            title,
            detail,
            f"{UPDATE}; without them, webhooks may block the control plane's own pods",
        )
    else:
        yield ok(title)


def configuration(case: ClusterCase) -> Iterator[Finding]:
    """ConfigMap linkerd-config exists and matches the stack file."""
    space = case.config.linkerd.namespace
    title = f"ConfigMap {space}/{CONFIG} exists"
    if case.view.get(CONFIG_MAP, space, CONFIG) is None:
        yield case.view.missing(title, CONFIG_MAP, space, CONFIG)
        return
    values = linkerd_values(case)
    if not values:
        yield failure(title, "its key 'values' cannot be read", UPDATE)
        return
    yield ok(title)
    yield _as_configured(case, values)


def _as_configured(case: ClusterCase, values: dict[str, Any]) -> Finding:
    title = f"{CONFIG} matches the stack file"
    config = case.config
    wanted = {
        "clusterDomain": config.domain,
        "identityTrustDomain": config.trust_domain,
        "clusterNetworks": ",".join(sorted(config.networks)),
        "cniEnabled": config.linkerd.cni,
    }
    if not case.view.releases:
        # Otherwise the checks of releases compare versions.
        wanted["linkerdVersion"] = config.linkerd.app_version
    differing = []
    for key, value in wanted.items():
        found = values.get(key)
        if key == "clusterNetworks":
            found = ",".join(sorted(str(found or "").split(",")))
        if found != value:
            differing.append(f"{key} is {found}, not {value}")
    return failure(title, "; ".join(differing), UPDATE) if differing else ok(title)


def deployments(case: ClusterCase) -> Iterator[Finding]:
    """The control plane's pods are available, and enough of them where HA is wanted."""
    yield from running(case, DEPLOYMENTS)


def running(case: ClusterCase, names: Sequence[str]) -> Iterator[Finding]:
    """Yields lines about these Deployments of a control plane, and the CNI plugin."""
    config = case.config.linkerd
    hint = f"see `kubectl -n {config.namespace} get pods,events`"
    for name in names:
        yield from workload(case.view, DEPLOYMENT, config.namespace, name, hint)
    if config.cni:
        yield from workload(case.view, DAEMON_SET, CNI, CNI, hint)
    if config.high_availability:
        yield from replicas(case, names)


def replicas(case: ClusterCase, names: Sequence[str]) -> Iterator[Finding]:
    """Whether each of these Deployments of the control plane has more than one pod."""
    title = "every control plane Deployment has more than one replica"
    few = []
    for name in names:
        found = case.view.get(DEPLOYMENT, case.config.linkerd.namespace, name)
        if found is None:
            yield skipped(title, f"Deployment {name} does not exist")
            return
        available = int(inner(found, "status").get("availableReplicas") or 0)
        if available < 2:
            few.append(f"{name} has {available}")
    if few:
        hint = f"add nodes (see `./mesh check --pre`), then {UPDATE}"
        yield failure(title, "; ".join(few), hint)
    else:
        yield ok(title)


def kinds(case: ClusterCase) -> Iterator[Finding]:
    """The API server serves the kinds that Linkerd reads."""
    yield served(case, "the API server serves Linkerd's kinds", _KINDS, UPDATE)
    yield gateway_api(case)


def gateway_api(case: ClusterCase) -> Finding:
    """The API server serves the kinds of the Gateway API without which Linkerd does not start."""
    own = case.config.linkerd.gateway_api_crds
    hint = (
        UPDATE
        if own
        else "install the Gateway API's CRDs (v1.1.1 or later), "
        f"or write clusters.{case.name}.linkerd.gatewayApiCrds: true"
    )
    return served(case, "the API server serves the Gateway API's kinds", _GATEWAY_API, hint)


def served(
    case: ClusterCase, title: str, wanted: tuple[tuple[Kind, str], ...], hint: str
) -> Finding:
    """Whether the API server serves kinds in the versions that are read."""
    missing = [
        f"{kind} {version}" for kind, version in wanted if not case.view.serves(kind, version)
    ]
    return failure(title, f"not served: {some(missing)}", hint) if missing else ok(title)


def extensions(case: ClusterCase) -> Iterator[Finding]:
    """Each extension's label is on its own namespace and on no other."""
    wanted = {}
    if case.inventory.linked:
        wanted["multicluster"] = MULTICLUSTER
    if case.config.linkerd.viz.enabled:
        wanted["viz"] = VIZ
    for extension, space in wanted.items():
        title = f"the label linkerd.io/extension={extension} is only on {space}"
        labelled = case.view.all(NAMESPACE, labels={EXTENSION: extension})
        names = sorted(name_of(one) for one in labelled)
        if names == [space]:
            yield ok(title)
        else:
            hint = f"{UPDATE}, and remove the label from every other namespace"
            yield failure(title, f"it is on {some(names) or 'no namespace'}", hint)


def control_plane(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """The settings and workloads of a control plane, and the CNI plugin beside it."""
    config = mesh.clusters[cluster].linkerd
    yield Listing(CONFIG_MAP, config.namespace)
    yield Listing(DEPLOYMENT, config.namespace)
    if config.cni:
        yield Listing(DAEMON_SET, CNI)


CHECKS = (
    Check("control plane", Phase.CONTROL_PLANE, namespace, order=10),
    Check(
        "control plane",
        Phase.CONTROL_PLANE,
        configuration,
        control_plane,
        only=WITH_POLICY,
        order=11,
    ),
    Check(
        "control plane", Phase.CONTROL_PLANE, deployments, control_plane, only=WITH_POLICY, order=12
    ),
    Check("control plane", Phase.CONTROL_PLANE, kinds, only=WITH_POLICY, order=13),
    Check("control plane", Phase.CONTROL_PLANE, extensions, only=WITH_POLICY, order=14),
)
