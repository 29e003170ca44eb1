"""What is compared with a cluster before anything changes, besides its identity."""

from __future__ import annotations

from dataclasses import dataclass

from config.inventory.charts import Release
from config.inventory.webhooks import Webhook
from config.links.exports import ServiceRef
from config.links.link import LinkConfig
from config.platform.recipes import Patch
from config.service_ports import NamedPort


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
    skipped: frozenset[str] = frozenset()
    """Clusters that are skipped; the tokens of links to them are kept, whatever is due."""
    classes: tuple[WantedClass, ...] = ()
    """IngressClasses that must not be those of adopted Ambassadors."""
