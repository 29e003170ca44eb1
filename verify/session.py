"""What a run makes in the clusters, what it asks there, and how it deletes everything again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from config.core.mesh import MeshConfig
from kube.at_once import together
from verify import leftovers
from verify.cluster import Cluster, ClusterRefusedError
from verify.leftovers import Say
from verify.mirrors import await_mirror
from verify.pods import agent, objects
from verify.pods.logs import Follower, Line, wait_until
from verify.pods.start import start
from verify.questions.plan import HERE, Mirror, Plan, Pod, Who, pod_key
from vocabulary.errors import MeshError
from vocabulary.kinds import CONFIG_MAP, POD, Kind, Object

MIRROR_SECONDS = 90.0
"""How long the service mirror may take to make a mirror, at most."""
GONE_SECONDS = 90.0
"""How long a namespace may take to terminate."""


class SessionError(MeshError):
    """A run of `./mesh verify` cannot start, or cannot go on."""


class Session:
    """One run in the clusters of a plan. Call `clean` however it ends."""

    def __init__(
        self,
        mesh: MeshConfig,
        plan: Plan,
        clusters: Mapping[str, Cluster],
        seconds: float,
        say: Say,
    ) -> None:
        self._mesh, self._plan, self._clusters = mesh, plan, clusters
        self._seconds, self._report = seconds, say
        self.stopping = threading.Event()
        """Set when the run waits for nothing more."""
        self._lock = threading.Lock()
        self._followers: dict[Who, Follower] = {}
        self._places: dict[Who, tuple[str, str]] = {}
        self._done: set[Who] = set()
        self._elsewhere: list[tuple[str, str, Kind]] = []
        self._listener: Callable[[Who, Line], None] | None = None
        self.answers: dict[tuple[Who, str], Mapping[str, Any]] = {}
        """Answers by pod and id of the task."""
        self.troubles: dict[Who, str] = {}
        """Why pods gave no answer."""

    @property
    def namespace(self) -> str:
        """The namespace of the run, in every cluster."""
        return self._plan.namespace

    def _say(self, text: str) -> None:
        # What goes on after an interruption ends by itself, and means nothing.
        if not self.stopping.is_set():
            self._report(text)

    # Making

    def prepare(self, certificate: tuple[str, str], lifetime: timedelta) -> None:
        """Make namespaces, Services and servers, and wait for servers and mirrors.

        Raises SessionError.
        """
        self._say(f"making namespace {self.namespace} in {', '.join(self._plan.clusters)}")
        self._everywhere(lambda one: self._begin(one, lifetime))
        self._everywhere(lambda one: self._furnish(one, certificate))
        self._start(pod for pod in self._plan.pods if pod.serves)
        if self._plan.mirrors:
            self._say(f"waiting for {len(self._plan.mirrors)} mirrored Services")
        found = together(self._await_mirror, self._plan.mirrors)
        for mirror, answer in zip(self._plan.mirrors, found, strict=True):
            self.answers[HERE, mirror.task] = answer

    def ask(self) -> None:
        """Start the clients, and wait for their answers. Raises SessionError."""
        self.start_clients()
        clients = [pod for pod in self._plan.pods if not pod.serves]
        for task in self._plan.from_here:
            self.answers[HERE, task["id"]] = agent.get(dict(task))
        self._say(f"{len(clients)} pods are asking")
        wanted = {pod.key for pod in clients if pod.key not in self.troubles}
        # Every task ends by itself; this is for pods whose log cannot be read.
        seconds = self._seconds + sum(_longest(task) for pod in clients for task in pod.tasks)
        wait_until(lambda: wanted <= self._done, seconds, self.stopping)
        for key in sorted(wanted - self._done):
            trouble = self.trouble_of(*key)
            self.troubles[key] = f"it did not end within {seconds:.0f} s" + (
                f"; {trouble}" if trouble else ""
            )

    def start_clients(self, listener: Callable[[Who, Line], None] | None = None) -> None:
        """Start the clients and follow their logs. `listener` gets every line, too."""
        self._listener = listener
        clients = [pod for pod in self._plan.pods if not pod.serves]
        self._start(clients)
        for pod in clients:
            if pod.key in self.troubles:
                continue
            follower = Follower(
                self._clusters[pod.cluster],
                *self._places[pod.key],
                lambda line, key=pod.key: self._take(key, line),  # type: ignore[misc]
                self.stopping,
            )
            self._followers[pod.key] = follower
            follower.start()

    def restarted(self) -> list[Who]:
        """Clients whose agent was restarted since."""
        return sorted(key for key, one in self._followers.items() if one.restarts)

    def trouble_of(self, cluster: str, pod: str) -> str:
        """Why a client's log cannot be read now; empty where it can."""
        follower = self._followers.get((cluster, pod))
        return follower.trouble if follower is not None else ""

    def _take(self, key: Who, line: Line) -> None:
        with self._lock:
            if line["kind"] == "answer":
                self.answers[key, line["id"]] = line
            elif line["kind"] == "done":
                self._done.add(key)
            elif line["kind"] == "proxy" and not line["ready"]:
                why = "its proxy did not become ready"
                self.troubles[key] = why
                self.answers[HERE, pod_key(key)] = {"why": why}
        if self._listener is not None:
            self._listener(key, line)

    def _begin(self, cluster: Cluster, lifetime: timedelta) -> None:
        """Create the run's namespace, and what a gateway needs to admit its clients."""
        made = cluster.create(objects.namespace(self.namespace, lifetime))
        for admitted in self._plan.admissions:
            if admitted.cluster == cluster.name:
                uid = str(made["metadata"]["uid"])
                for item in objects.admission(admitted, self.namespace, uid):
                    self._elsewhere.append((cluster.name, admitted.namespace, Kind.of(item)))
                    cluster.create(item)

    def _furnish(self, cluster: Cluster, certificate: tuple[str, str]) -> None:
        run, plan = self.namespace, self._plan
        plans = {
            pod.name: objects.pod_plan(pod) for pod in plan.pods if pod.cluster == cluster.name
        }
        cluster.create(objects.config_map(run, run, plans))
        cluster.create(objects.certificate_secret(run, *certificate))
        for secret in objects.pull_secrets(self._mesh.verify, run):
            cluster.create(secret)
        for service in plan.services:
            if service.cluster == cluster.name:
                cluster.create(objects.service(service, run))
        for mapping in plan.mappings:
            if mapping.cluster == cluster.name:
                cluster.create(objects.mapping(mapping, run))

    def _start(self, pods: Iterable[Pod]) -> None:
        """Start pods and wait for each; what keeps one from being ready is its trouble."""
        made = list(pods)
        if not made:
            return
        self._say(f"starting {', '.join(f'{pod.name} in {pod.cluster}' for pod in made)}")
        together(self._start_one, made)
        for pod in made:
            self.answers[HERE, pod_key(pod.key)] = {"why": self.troubles.get(pod.key)}
            if pod.key in self.troubles:
                self._say(f"pod {pod.name} in {pod.cluster}: {self.troubles[pod.key]}")

    def _start_one(self, pod: Pod) -> None:
        cluster, run = self._clusters[pod.cluster], self.namespace
        space, name, template = run, pod.name, None
        trouble: str | None
        try:
            if pod.workload is not None:
                space, name = pod.workload.namespace, run
                template = dict(pod.workload.template)
                self._elsewhere.append((cluster.name, space, CONFIG_MAP))
                plans = {pod.name: objects.pod_plan(pod)}
                cluster.create(objects.config_map(run, space, plans))
                self._elsewhere.append((cluster.name, space, POD))
            self._places[pod.key] = (space, name)
            item: Object = objects.pod(pod, self._mesh, space, run, name=name, template=template)
            trouble = start(
                cluster, item, meshed=pod.meshed, seconds=self._seconds, stop=self.stopping
            )
        except ClusterRefusedError as error:
            trouble = str(error)
        if trouble is not None:
            self.troubles[pod.key] = trouble

    def _await_mirror(self, mirror: Mirror) -> Mapping[str, Any]:
        seconds = min(self._seconds, MIRROR_SECONDS)
        cluster = self._clusters[mirror.cluster]
        return await_mirror(cluster, self.namespace, mirror, seconds, self.stopping)

    # Deleting

    def stop(self) -> None:
        """Stop waiting, and create nothing more."""
        self.stopping.set()
        for cluster in self._clusters.values():
            cluster.closed.set()

    def clean(self, seconds: float = GONE_SECONDS) -> list[str]:
        """Delete everything and wait until it is gone; what is left, with how to delete it."""
        self.stopping.set()
        left: list[str] = []
        for name, space, kind in reversed(self._elsewhere):
            try:
                self._clusters[name].delete(kind, space, self.namespace)
            except ClusterRefusedError as error:
                what = f"{kind.name.lower()} {self.namespace}"
                left.append(f"{error}; kubectl -n {space} delete {what} ({name})")

        def remove(name: str) -> str | None:
            return leftovers.remove_namespace(self._clusters[name], self.namespace, seconds)

        return left + [one for one in together(remove, self._plan.clusters) if one is not None]

    def how_to_delete(self) -> list[str]:
        """Commands that delete what a run leaves behind."""
        return leftovers.how_to_delete(self._mesh, self._plan.clusters, self.namespace)

    def _everywhere(self, do: Callable[[Cluster], object]) -> None:
        try:
            together(lambda name: do(self._clusters[name]), self._plan.clusters)
        except ClusterRefusedError as error:
            raise SessionError(str(error)) from None


def _longest(task: Mapping[str, Any]) -> float:
    """Seconds that a task may take at most."""
    each = float(task.get("timeout", 5.0))
    return float(task.get("patience", 0.0)) + each * (4 if task["do"] == "requests" else 3) + 2.0
