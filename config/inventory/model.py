"""The inventory of one cluster, and its small parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.ambassador.routes import HostConfig
from config.core.namespaces import MadeNamespace
from config.inventory.admission import Admission
from config.inventory.charts import PublishedManifest, Release
from config.inventory.hosts import IngressHost
from config.inventory.values import ReleaseValues
from config.inventory.webhooks import Webhook
from config.links.gateway_view import Gateway
from vocabulary.kinds import Kind


@dataclass(frozen=True)
class OthersNamespace:
    """A namespace whose workloads the checks read, and that the program does not make."""

    name: str
    """Its name."""
    owner: str
    """What makes it, for a sentence."""


@dataclass(frozen=True)
class MadeObject:
    """An object that the program declares itself, outside of releases and published manifests."""

    kind: Kind
    """Its kind."""
    namespace: str
    """Its namespace; empty for an object without one."""
    name: str
    """Its name."""
    patch: bool = False
    """Whether it is another owner's object, of which the program writes single fields."""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


@dataclass(frozen=True)
class Inventory:
    """What a stack file makes in one cluster."""

    cluster: str
    """Name of the cluster in the stack file."""
    linked: bool
    """Whether any link begins or ends here."""
    made_namespaces: tuple[MadeNamespace, ...]
    """Namespaces that the stack file makes."""
    others_namespaces: tuple[OthersNamespace, ...]
    """Further namespaces whose workloads the checks read."""
    releases: tuple[Release, ...]
    """Helm releases, in the order in which they are made."""
    values: Mapping[tuple[str, str], ReleaseValues]
    """Their values, by their namespaces and names."""
    manifests: tuple[PublishedManifest, ...]
    """Published manifests that are applied object by object."""
    webhooks: tuple[Webhook, ...]
    """Webhooks, and the API of tap, of Linkerd and its extensions."""
    objects: tuple[MadeObject, ...]
    """Objects that the program declares itself, namespaces and patches included; those for Services
    that may be missing from the cluster (exports, weights) too."""
    written_kinds: frozenset[Kind]
    """Kinds of all objects that the program, its releases and manifests write."""
    hosts: tuple[HostConfig, ...]
    """Hosts of Ambassador, that of the dashboard included."""
    ingress_hosts: tuple[IngressHost, ...]
    """Host names that Ingresses and IngressRoutes answer for, that of the dashboard included."""
    gateways: tuple[Gateway, ...]
    """Multicluster gateways."""
    admissions: tuple[Admission, ...]
    """What each of them admits, in the same order."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Names of the namespaces that no release's chart makes."""
        return tuple(item.name for item in self.made_namespaces if item.maker != "chart")

    @property
    def read_namespaces(self) -> tuple[str, ...]:
        """Names of all namespaces whose workloads the checks read, each once."""
        every = (*self.namespaces, *(item.name for item in self.others_namespaces))
        return tuple(dict.fromkeys(every))

    def release_of(self, chart: str) -> Release | None:
        """The release of a chart; None where the cluster has none."""
        return next((item for item in self.releases if item.chart == chart), None)
