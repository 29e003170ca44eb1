"""What a check is given, and the form of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from checks.facts.view import View
from checks.links.credentials import Trial
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.inventory import Inventory, inventory
from config.links.gateway_view import Gateway
from config.links.link import LinkConfig
from kube.kubeconfig import Endpoint


@dataclass(frozen=True)
class Answer:
    """What came of a request to a route."""

    url: str
    """Where the request went."""
    status: int | None
    """Status of the answer; None where there was none."""
    detail: str = ""
    """Why there was none, in a word."""
    upstream: bool = False
    """Whether the answer came from the Service, and not from Ambassador itself."""
    named: bool = True
    """Whether the answer names its server: Envoy's do, those of Linkerd's proxy do not."""


@dataclass(frozen=True)
class ClusterCase:
    """One cluster: what it should be, and what it is."""

    mesh: MeshConfig
    name: str
    view: View
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """What requests to its routes gave, by the names of Mappings, as far as they were made."""

    @property
    def config(self) -> ClusterConfig:
        """Its part of the stack file."""
        return self.mesh.clusters[self.name]

    @property
    def ambassador_key(self) -> str:
        """How a sentence names the key of its Ambassador."""
        return f"clusters.{self.name}.{self.config.ambassador_key}"

    @cached_property
    def inventory(self) -> Inventory:
        """What the stack file makes in it."""
        return inventory(self.mesh, self.name)


@dataclass(frozen=True)
class LinkCase:
    """One link, whose clusters were read."""

    mesh: MeshConfig
    link: LinkConfig
    source: View
    target: View
    endpoint: Endpoint | None = None
    """The target's API server as the source should reach it."""
    trial: Trial | None = None
    """What logging in as the service mirror gave; None where there is nothing to log in with."""
    metric: bool | None = None
    """Whether the service mirror reports that the gateway answers; None where it was not asked."""

    @property
    def source_config(self) -> ClusterConfig:
        """The source's part of the stack file."""
        return self.mesh.clusters[self.link.source]

    @property
    def target_config(self) -> ClusterConfig:
        """The target's part of the stack file."""
        return self.mesh.clusters[self.link.target]

    @property
    def gateway(self) -> Gateway:
        """The target's gateway as the link reaches it.

        Raises ValueError where the link goes through none.
        """
        gateway = self.mesh.gateway_of(self.link)
        if gateway is None:
            raise ValueError(f"link {self.link.name} goes through no gateway")
        return gateway


@dataclass(frozen=True)
class MeshCase:
    """All clusters that could be read."""

    mesh: MeshConfig
    views: Mapping[str, View]
    """Clusters by name; after the installation, only those that have Linkerd."""
