"""A plan in the making, and one heading of it: a link or a cluster. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.links.gateway_view import Gateway
from verify import judge
from verify.judge import Expectation
from verify.questions.plan import (
    HERE,
    Mirror,
    Options,
    OwnAdmission,
    OwnMapping,
    OwnService,
    Plan,
    Pod,
    Question,
    Series,
    Source,
    Task,
    Untried,
    Who,
    Workload,
    pod_key,
)


class Draft:
    """A plan to which pods, Services and questions are added, each once."""

    def __init__(
        self, mesh: MeshConfig, views: Mapping[str, View], options: Options, namespace: str
    ) -> None:
        self.mesh, self.views, self.options = mesh, views, options
        self.namespace = namespace
        self.pods: dict[Who, Pod] = {}
        self.services: dict[Who, OwnService] = {}
        self.mappings: list[OwnMapping] = []
        self.admissions: dict[tuple[str, str], OwnAdmission] = {}
        self.mirrors: dict[str, Mirror] = {}
        self.questions: list[Question] = []
        self.untried: list[Untried] = []
        self.series: list[Series] = []
        self.from_here: list[Task] = []
        self.during: dict[Who, list[Task]] = {}

    def plan(self, blocked: Iterable[str]) -> Plan:
        """The plan; whether each pod is ready comes first. Nothing is asked in `blocked`."""
        used = {pod.cluster for pod in self.pods.values()}
        return Plan(
            self.namespace,
            tuple(name for name in self.mesh.clusters if name in used),
            tuple(self.pods.values()),
            tuple(self.services.values()),
            tuple(self.mappings),
            tuple(self.admissions.values()),
            tuple(self.mirrors.values()),
            (*self._ready(), *self.questions),
            tuple(self.untried),
            tuple(self.series),
            tuple(self.from_here),
            {who: tuple(targets) for who, targets in self.during.items()},
            tuple(blocked),
        )

    def _ready(self) -> Iterator[Question]:
        for pod in self.pods.values():
            key = pod_key(pod.key)
            what = "with its proxy" if pod.meshed else "without a proxy"
            title = f"pod {pod.name} is ready, {what}"
            yield Question(key, pod.cluster, "pods", title, HERE, key, judge.PodReady())

    def host(self, cluster: str, service: str, namespace: str | None = None) -> str:
        """Full DNS name of a Service, by default of one in the namespace of the run."""
        space = namespace or self.namespace
        return f"{service}.{space}.svc.{self.mesh.clusters[cluster].domain}"

    def service(
        self, cluster: str, stem: str, labels: Mapping[str, str], *, headless: bool = False
    ) -> str:
        """Name of the Service of the server that has these labels; added where none has."""
        server = Pod(cluster, "echo", meshed=True, serves=True)
        self.pods.setdefault(server.key, server)
        name, number = stem, 1
        while (known := self.services.get((cluster, name))) and known.labels != labels:
            number += 1
            name = f"{stem}-{number}"
        if known is None:
            self.services[cluster, name] = OwnService(cluster, name, dict(labels), headless)
        return name

    def admit(self, gateway: Gateway, hostname: str, clients: Iterable[str]) -> None:
        """Have a gateway admit clients to a Service of the run, where it admits exports alone."""
        if gateway.admits == "everything":
            return
        place = gateway.cluster, gateway.name
        known = self.admissions.get(place) or OwnAdmission(
            gateway.cluster, gateway.namespace, gateway.policy, (), ()
        )
        self.admissions[place] = replace(
            known,
            hostnames=tuple(dict.fromkeys((*known.hostnames, hostname))),
            clients=tuple(dict.fromkeys((*known.clients, *clients))),
        )

    def do(self, cluster: str, pod: str, task: str, what: str, **fields: Any) -> Source:
        """Give a client a task with this id, once; where its answer comes from.

        `what` is one of `verify.pods.agent.DOES`, and `fields` are what that reads.
        """
        like = self._like(cluster, pod)
        known = self.pods.get((cluster, pod)) or Pod(
            cluster, pod, meshed=pod == "client", workload=like
        )
        if all(task != one["id"] for one in known.tasks):
            known = replace(known, tasks=(*known.tasks, {"id": task, "do": what, **fields}))
        self.pods[known.key] = known
        return known.key, task

    def _like(self, cluster: str, pod: str) -> Workload | None:
        """The workload of ``--from`` where a pod of the run is to be like it."""
        workload = self.options.workload
        return workload if pod == "client" and workload and workload.cluster == cluster else None

    def identity_of(self, cluster: str, pod: str) -> str:
        """The mTLS identity of a pod of the run, which is that of the workload of ``--from``."""
        config = self.mesh.clusters[cluster]
        like = self._like(cluster, pod)
        account, space = (
            (like.service_account, like.namespace) if like else ("default", self.namespace)
        )
        return (
            f"{account}.{space}.serviceaccount.identity.{config.linkerd.namespace}."
            f"{config.trust_domain}"
        )


@dataclass(frozen=True)
class Heading:
    """What a plan has about one link or one cluster."""

    draft: Draft
    group: str
    """Link (``source -> target``) or cluster, as results name it."""
    name: str
    """What the ids of its tasks begin with."""
    cluster: str
    """Cluster whose pods ask."""

    def do(self, pod: str, task: str, what: str, **fields: Any) -> Source:
        """As `Draft.do`, for a client of this cluster."""
        return self.draft.do(self.cluster, pod, f"{self.name}/{task}", what, **fields)

    def expect(
        self,
        source: Source,
        category: str,
        title: str,
        expects: Expectation,
        *needs: str,
        key: str | None = None,
        beside: Source | None = None,
    ) -> str:
        """Add a question; its key, by default the id of the task that answers it."""
        asker, task = source
        question = Question(
            key or task, self.group, category, title, asker, task, expects, needs, beside
        )
        self.draft.questions.append(question)
        return question.key

    def skip(self, category: str, title: str, reason: str) -> None:
        """Add what cannot be tried."""
        self.draft.untried.append(Untried(self.group, category, title, reason))
