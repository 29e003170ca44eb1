"""What the guard learned of a cluster, which components read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.links.exports import ServiceRef
from config.platform.recipes import WorkloadRef
from kube.helm import Installed
from kube.kubeconfig import Endpoint, Login
from preflight.proxy_trust import HeldTrust


@dataclass(frozen=True)
class Reach:
    """What the guard learned of a cluster."""

    endpoint: Endpoint
    """Its API server for other clusters."""
    uid: str
    """UID of its namespace kube-system, which distinguishes clusters."""
    version: str | None = None
    """Version of its API server, for example ``v1.34.1``."""
    login: Login | None = None
    """How the provider logs in; None where the program runs offline."""
    missing_services: frozenset[ServiceRef] = frozenset()
    """Services of the stack file that do not exist."""
    missing_workloads: frozenset[WorkloadRef] = frozenset()
    """Workloads and Namespaces that the stack file meshes and that do not exist."""
    settled_workloads: frozenset[WorkloadRef] = frozenset()
    """Workloads whose containers have this program's fields as the stack file wants them."""
    trust: HeldTrust | None = None
    """What its proxies trust; None where Linkerd is not installed, or was not read."""
    simulated: bool = False
    """Whether kwok plays its nodes, so that no controller of Linkerd runs."""
    absent_releases: frozenset[tuple[str, str]] = frozenset()
    """Namespaces and names of the stack's Helm releases that do not exist."""
    notes: tuple[str, ...] = ()
    """Warnings about its Helm releases."""
    releases: Mapping[tuple[str, str], Installed] = field(default_factory=dict)
    """The charts of its Helm releases, by namespace and name, as far as they were read."""
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Requested tokens that links from here have and keep, by the name of the link; secret."""
    skipped: bool = False
    """Whether it did not answer, and all else here is what the last update recorded."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Addresses of its gateways by their names, where it is skipped."""
