"""What the program checks in a cluster before it changes anything, besides its identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.cluster_objects import class_key, ingress_class
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig, service_account
from config.core.namespaces import made_namespaces
from config.inventory.charts import Release, releases
from config.inventory.webhooks import Webhook, webhooks
from config.links.exports import ServiceRef
from config.links.link import LinkConfig
from config.platform.recipes import Patch
from config.service_ports import NamedPort, named_ports
from config.variants.edge_releases import KUBERNETES
from config.variants.linkerds import DEFAULT
from vocabulary.kinds import BUNDLE, CERTIFICATE, CLUSTER_ISSUER, ISSUER, POD_MONITOR


@dataclass(frozen=True)
class Limit:
    """The newest, or the oldest, Kubernetes that a part of the stack supports."""

    version: tuple[int, int]
    """Major and minor version."""
    what: str
    """The part, for a sentence."""
    remedy: str
    """What to write instead."""


@dataclass(frozen=True)
class AdoptedAmbassador:
    """An existing Ambassador, as the stack file describes it."""

    path: str
    """Key path of the Ambassador in the stack file."""
    kind: str
    """Deployment or DaemonSet."""
    namespace: str
    """Its namespace."""
    workload: str
    """Its name."""
    service_account: str
    """The ServiceAccount that its pods run as."""
    pod_labels: dict[str, str]
    """Labels by which its pods are selected."""
    inject: str
    """Required value of its pods' annotation ``linkerd.io/inject``, if its owner has written
    one."""
    module: str
    """``patch``: the Module has to exist; ``make``: it must not exist; ``leave``: either."""
    api_version: str
    """Version of getambassador.io that has to be served."""
    ambassador_id: str
    """The ``AMBASSADOR_ID`` that it has to have."""


@dataclass(frozen=True)
class Needed:
    """Kinds of another product that the program's objects are of."""

    api_version: str
    """Their API version."""
    kinds: tuple[str, ...]
    """Their names."""
    owner: str
    """The product that installs them, for a sentence."""
    remedy: str
    """What to do if they are missing."""


@dataclass(frozen=True)
class NeededNamespace:
    """An existing namespace that the program puts objects into."""

    name: str
    """Its name."""
    path: str
    """Key path of the stack file that names it."""


@dataclass(frozen=True)
class WantedClass:
    """An IngressClass that the program installs beside an adopted Ambassador."""

    name: str
    """Its name."""
    path: str
    """Key path of the extra value that gives it another name."""


@dataclass(frozen=True)
class WantedPatch:
    """What the program adds to another owner's workload."""

    path: str
    """Key path of its entry in the stack file."""
    patch: Patch
    """What is added."""


@dataclass(frozen=True)
class TrustReads:
    """Where a cluster has what its proxies, and the callers of its webhooks, trust."""

    namespace: str
    """Namespace of the control plane."""
    webhooks: tuple[Webhook, ...] = ()
    """Webhooks whose certificates the trust anchor signs."""
    authority: tuple[str, str] | None = None
    """Namespace and name of the Secret with which cert-manager signs, where the program makes it.
    """


@dataclass(frozen=True)
class Versions:
    """What a change of versions is judged by."""

    cluster: str
    """Name of the cluster in the stack file."""
    namespace: str
    """Namespace of the control plane."""
    linkerd: str
    """Release of Linkerd, for example ``edge-26.8.3``."""
    allowed: str | None = None
    """Why an unsupported change is allowed; None where it is not."""


@dataclass(frozen=True)
class Expectations:
    """Preconditions of one cluster."""

    services: tuple[ServiceRef, ...] = ()
    """Services that links need; missing ones are reported, not refused."""
    limits: tuple[Limit, ...] = ()
    """Versions of Kubernetes that must not be exceeded."""
    adopted: tuple[AdoptedAmbassador, ...] = ()
    """Ambassadors that have to exist."""
    needed: tuple[Needed, ...] = ()
    """Kinds that have to be served."""
    namespaces: tuple[NeededNamespace, ...] = ()
    """Namespaces that have to exist."""
    workloads: tuple[WantedPatch, ...] = ()
    """Patches; a missing workload is reported, a patch that could not be undone is refused."""
    trust: TrustReads | None = None
    """What is compared with the anchors of the stack file; None where nothing is."""
    linked_as: str | None = None
    """Key path of its `apiServer`, if links end here and sources therefore have to reach it."""
    oldest: tuple[Limit, ...] = ()
    """Versions of Kubernetes that the cluster must have at least."""
    ports: tuple[NamedPort, ...] = ()
    """Ports that existing Services must have."""
    releases: tuple[Release, ...] = ()
    """Helm releases, none of which may be in an interrupted change."""
    made_namespaces: tuple[str, ...] = ()
    """Namespaces of the program, none of which may be in deletion."""
    versions: Versions | None = None
    """What the versions of the installed releases are compared with."""
    kept: tuple[LinkConfig, ...] = ()
    """Links from here whose present token stays where it is good."""
    issues: bool = False
    """Whether tokens for links are requested here."""
    classes: tuple[WantedClass, ...] = ()
    """IngressClasses that must not be those of adopted Ambassadors."""


def _trust_reads(mesh: MeshConfig, name: str) -> TrustReads:
    cluster, issuance = mesh.clusters[name], mesh.trust_anchor.cert_manager
    authority = None
    if issuance is not None and issuance.make_issuer and cluster.cert_manager is not None:
        authority = (cluster.cert_manager.namespace, issuance.issuer)
    signed = issuance is None or not issuance.webhooks
    return TrustReads(cluster.linkerd.namespace, webhooks(cluster) if signed else (), authority)


def expectations(mesh: MeshConfig, name: str) -> Expectations:
    """The preconditions that a stack file sets for the cluster `name`."""
    cluster = mesh.clusters[name]
    limits = []
    linked = name in mesh.linked_clusters()
    newest = cluster.linkerd.generation.newest_kubernetes
    if newest is not None:
        limits.append(
            Limit(
                newest,
                f"Linkerd {cluster.linkerd.version} (its CRDs and webhooks are of v1beta1 APIs)",
                f'write clusters.{name}.linkerd.version: "{DEFAULT.newest}"',
            )
        )
    adopted = tuple(_adopted(name, view) for view in cluster.each_ambassador)
    ambassador = _installed(cluster)
    if ambassador is not None and ambassador.line.newest_kubernetes is not None:
        limits.append(
            Limit(
                ambassador.line.newest_kubernetes,
                f"{ambassador.kind.title} (its CRDs and RBAC are of v1beta1 APIs)",
                f"write clusters.{name}.ambassador.flavour: emissary, or adopt an existing "
                "installation",
            )
        )
    return Expectations(
        mesh.services_wanted(name),
        tuple(limits),
        tuple(one for one in adopted if one is not None),
        (*_issuing(name, cluster), *_platform(name, cluster), *_egress(name, cluster)),
        tuple(_spaces(mesh, name)),
        tuple(WantedPatch(f"clusters.{name}.{path}", patch) for path, patch in cluster.patches),
        trust=_trust_reads(mesh, name),
        linked_as=f"clusters.{name}.apiServer" if mesh.links_to(name) else None,
        oldest=tuple(_oldest(name, cluster)),
        ports=tuple(named_ports(mesh, name)),
        releases=releases(cluster, linked=linked),
        made_namespaces=tuple(item.name for item in made_namespaces(cluster, linked=linked)),
        versions=Versions(
            name, cluster.linkerd.namespace, cluster.linkerd.app_version, cluster.upgrade.allow
        ),
        kept=tuple(one for one in mesh.links_from(name) if one.credentials.requested),
        issues=any(one.credentials.requested for one in mesh.links_to(name)),
        classes=tuple(_classes(name, cluster)),
    )


def _installed(cluster: ClusterConfig) -> AmbassadorConfig | None:
    """The first Ambassador that the program installs; all of a cluster have one version."""
    return next((one for one in cluster.every_ambassador if one.installed), None)


def _adopted(name: str, cluster: ClusterConfig) -> AdoptedAmbassador | None:
    """The adopted Ambassador of a cluster, which has only one here."""
    ambassador = cluster.ambassador
    if ambassador is None or ambassador.adopt is None:
        return None
    return AdoptedAmbassador(
        path=f"clusters.{name}.{cluster.ambassador_key}",
        kind=ambassador.adopt.kind,
        namespace=ambassador.namespace,
        workload=ambassador.workload,
        service_account=service_account(name, cluster),
        pod_labels=ambassador.pod_labels,
        inject=ambassador.sidecar.mode,
        module=ambassador.adopt.module,
        api_version=ambassador.objects_version,
        ambassador_id=ambassador.own_id,
    )


def _classes(name: str, cluster: ClusterConfig) -> Iterator[WantedClass]:
    """IngressClasses of installed Ambassadors; none where no other Ambassador is adopted."""
    if all(one.installed for one in cluster.every_ambassador):
        return
    for view in cluster.each_ambassador:
        config = view.ambassador
        found = ingress_class(config) if config is not None else None
        if config is not None and found is not None:
            path = f"clusters.{name}.{view.ambassador_key}.values.{class_key(config)}"
            yield WantedClass(found, path)


def _oldest(name: str, cluster: ClusterConfig) -> Iterator[Limit]:
    """What the charts need at least (``kubeVersion`` of each chart)."""
    linkerd = cluster.linkerd
    key = f"clusters.{name}.linkerd.version"
    older = [chart for chart, oldest in KUBERNETES if oldest < linkerd.oldest_kubernetes]
    remedy = "upgrade the cluster"
    if linkerd.generation is DEFAULT and older:
        before = ".".join(map(str, KUBERNETES[len(older)][0]))
        remedy += f", or write a version before {before} under {key}"
    yield Limit(linkerd.oldest_kubernetes, f"Linkerd {linkerd.version}", remedy)
    ambassador = _installed(cluster)
    if ambassador is not None and ambassador.line.oldest_kubernetes:
        yield Limit(
            ambassador.line.oldest_kubernetes,
            f"{ambassador.kind.title} {ambassador.chart_version}",
            "upgrade the cluster",
        )


def _issuing(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of an existing cert-manager and an existing trust-manager."""
    config = cluster.cert_manager
    if config is None:
        return
    path = f"clusters.{name}.certManager"
    if not config.install:
        yield Needed(
            CERTIFICATE.api_version,
            (CERTIFICATE.name, CLUSTER_ISSUER.name, ISSUER.name),
            "cert-manager",
            f"install cert-manager first, or write {path}.install: true",
        )
    if config.trust_manager is not None and not config.trust_manager.install:
        yield Needed(
            BUNDLE.api_version,
            (BUNDLE.name,),
            "trust-manager",
            f"install trust-manager first, or write {path}.trustManager.install: true",
        )


def _platform(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of the Prometheus operator and of Traefik, if the stack file uses these products."""
    if cluster.monitoring.pod_monitors is not None:
        yield Needed(
            POD_MONITOR.api_version,
            (POD_MONITOR.name,),
            "the Prometheus operator",
            f"install it first, or leave clusters.{name}.monitoring.podMonitors out",
        )
    for served_by in dict.fromkeys(item.served_by for item in cluster.every_ingress):
        served = (item for item in cluster.every_ingress if item.served_by is served_by)
        kinds = tuple(dict.fromkeys(kind for item in served for kind in item.needed))
        if kinds:
            yield Needed(
                kinds[0].api_version,
                tuple(kind.name for kind in kinds),
                served_by.title,
                f"install {served_by.requirement} first, or name another controller",
            )


def _egress(name: str, cluster: ClusterConfig) -> Iterator[Needed]:
    """Kinds of the routes to allowed hosts, where another owner installs the Gateway API."""
    egress = cluster.linkerd.egress
    if egress is None or cluster.linkerd.gateway_api_crds:
        return
    for kind in dict.fromkeys(host.kind for host in egress.hosts):
        yield Needed(
            kind.api_version,
            (kind.name,),
            "the Gateway API (its experimental channel has TLSRoutes)",
            f"install its CRDs first, or leave clusters.{name}.linkerd.egress.hosts out",
        )


def _spaces(mesh: MeshConfig, name: str) -> Iterator[NeededNamespace]:
    """Namespaces of others, each once; those that this program makes are left out."""
    path, cluster = f"clusters.{name}", mesh.clusters[name]
    made = made_namespaces(cluster, linked=name in mesh.linked_clusters())
    monitoring = cluster.monitoring
    asked: list[tuple[str, str]] = []
    for key, part in (
        ("podMonitors", monitoring.pod_monitors),
        ("dashboards", monitoring.dashboards),
    ):
        if part is not None:
            asked.append((part.namespace, f"{path}.monitoring.{key}.namespace"))
    asked += [
        (space, f"{path}.monitoring.namespaces[{place}]")
        for place, space in enumerate(monitoring.namespaces)
    ]
    asked += [
        (item.namespace, f"{path}.ingresses[{place}].namespace")
        for place, item in enumerate(cluster.ingresses)
    ]
    for view in cluster.each_ambassador:
        asked += _of_secrets(f"{path}.{view.ambassador_key}", view)
    known = {item.name for item in made}
    for space, key in asked:
        if space not in known:
            known.add(space)
            yield NeededNamespace(space, key)


def _of_secrets(path: str, cluster: ClusterConfig) -> Iterator[tuple[str, str]]:
    """Namespaces of Secrets that Hosts of an Ambassador name, with their key paths."""
    ambassador = cluster.ambassador
    if ambassador is None:
        return
    for place, host in enumerate(ambassador.hosts or ()):
        space = host.tls.namespace if host.tls is not None else None
        # An adopted Ambassador's own exists.
        if space is not None and space != ambassador.namespace:
            yield space, f"{path}.hosts[{place}].tls.namespace"
