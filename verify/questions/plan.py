"""What a run makes and asks, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from verify.judge import Expectation

PREFIX = "mesh-verify-"
"""What the namespaces of all runs begin with."""
ECHO_PORT = 8080
"""Port of the server in verify's pods."""
CERTIFICATE = "/run/verify-certificate"
"""Where the client certificate of a wrong anchor is mounted."""
PATIENCE = 30.0
"""Seconds within which a first request has to be answered."""

Who = tuple[str, str]
"""Cluster and name of a pod."""
Source = tuple[Who, str]
"""Where an answer comes from: a pod, and the id of its task."""
Task = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """A workload, as ``--from`` names it."""

    cluster: str
    namespace: str
    kind: str
    name: str
    template: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Its pod template, once it was read."""

    @property
    def service_account(self) -> str:
        """ServiceAccount of its pods."""
        return str((self.template.get("spec") or {}).get("serviceAccountName") or "default")

    def __str__(self) -> str:
        return f"{self.namespace}/{self.kind}/{self.name}@{self.cluster}"


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    requests: int = 20
    """Requests of each series."""
    timeout: float = 180.0
    """Seconds that pods, mirrors and each answer may take."""
    links: frozenset[str] = frozenset()
    """Names of the links to try; all when empty."""
    workload: Workload | None = None
    """The workload that the client is to be like."""
    keep: bool = False
    """Whether to leave everything where it is."""


@dataclass(frozen=True)
class Pod:
    """A pod that a run starts."""

    cluster: str
    name: str
    meshed: bool
    serves: bool = False
    """Whether it is the server, and no client."""
    hostname: str | None = None
    """Its name within a headless Service."""
    subdomain: str | None = None
    """That Service."""
    workload: Workload | None = None
    """The workload that it is to be like."""
    tasks: tuple[Task, ...] = ()
    """What it is to do, in this order."""

    @property
    def key(self) -> tuple[str, str]:
        """Cluster and name."""
        return self.cluster, self.name


@dataclass(frozen=True)
class OwnService:
    """A Service in front of verify's server."""

    cluster: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    headless: bool = False


@dataclass(frozen=True)
class OwnMapping:
    """A route of a source's Ambassador to a mirror of verify's server."""

    cluster: str
    name: str
    version: str
    """Version of getambassador.io."""
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class OwnAdmission:
    """What a target's gateway is to admit: the run's clients to Services of the run's server."""

    cluster: str
    namespace: str
    """Namespace of the gateway's policy."""
    server: str
    """Name of the gateway's Server."""
    hostnames: tuple[str, ...]
    clients: tuple[str, ...]
    """Identities."""


@dataclass(frozen=True)
class Mirror:
    """A Service that a source's service mirror is expected to make in verify's namespace."""

    cluster: str
    name: str
    gateway: bool
    """Whether it has endpoints: those of the gateway."""

    @property
    def task(self) -> str:
        """Id of the answer to whether it is there."""
        return f"mirror/{self.cluster}/{self.name}"


HERE = ("", "here")
"""Who asks from the operator's machine, or asks API servers."""


def pod_key(who: tuple[str, str]) -> str:
    """Key of the question whether a pod is ready, and id of its task."""
    return f"pod/{who[0]}/{who[1]}"


@dataclass(frozen=True)
class Question:
    """One thing that a run asks, and what is expected."""

    key: str
    """Unique within a plan."""
    group: str
    """Link (``source -> target``) or cluster."""
    category: str
    title: str
    asker: tuple[str, str]
    """Cluster and name of the pod that answers."""
    task: str
    """Id of its task."""
    expects: Expectation
    needs: tuple[str, ...] = ()
    """Keys of questions without whose success the answer would prove nothing."""
    beside: Source | None = None
    """The same request within the target, whose answer becomes the answer's ``direct``."""


@dataclass(frozen=True)
class Untried:
    """Something that cannot be tried, with the reason."""

    group: str
    category: str
    title: str
    reason: str


@dataclass(frozen=True)
class Series:
    """A series of requests whose latency is shown."""

    group: str
    title: str
    asker: tuple[str, str]
    task: str


@dataclass(frozen=True)
class Plan:
    """Everything that a run makes and asks."""

    namespace: str
    clusters: tuple[str, ...]
    """Clusters that get a namespace."""
    pods: tuple[Pod, ...] = ()
    services: tuple[OwnService, ...] = ()
    mappings: tuple[OwnMapping, ...] = ()
    admissions: tuple[OwnAdmission, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    questions: tuple[Question, ...] = ()
    untried: tuple[Untried, ...] = ()
    series: tuple[Series, ...] = ()
    from_here: tuple[Task, ...] = ()
    """Tasks of the operator's machine."""
    during: Mapping[tuple[str, str], tuple[Task, ...]] = field(default_factory=dict)
    """What each client keeps asking with ``--during``: targets with their links."""
    blocked: tuple[str, ...] = ()
    """Clusters of links and Ambassadors in which no pod can be asked."""
