"""One run: what the plan names is made, asked, and taken away again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from config.core.mesh import MeshConfig
from verify.cluster import Cluster, ClusterRefusedError
from verify.pods import agent, objects, waiting
from verify.pods.logs import Follower, Line, wait_until
from verify.pods.objects import LABEL
from verify.questions.plan import HERE, Mirror, Plan, Pod, pod_key
from verify.together import together
from vocabulary.kinds import Object, labels_of, name_of
from vocabulary.linkerd import PROXY_CONTAINER

Say = Callable[[str], None]
"""Takes a line about what goes on."""

MIRROR_SECONDS = 90.0
"""How long a mirror may take to be made, at most."""
GONE_SECONDS = 90.0
"""How long a namespace may take to go."""


class SessionError(Exception):
    """A run cannot go on; says why, and what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


class Session:
    """One run in the clusters of a plan. Use `clean` however it ends."""

    def __init__(
        self,
        mesh: MeshConfig,
        plan: Plan,
        clusters: Mapping[str, Cluster],
        seconds: float,
        say: Say,
    ) -> None:
        self._mesh, self._plan, self._clusters = mesh, plan, clusters
        self._seconds, self._say = seconds, say
        self.stopping = threading.Event()
        """Set when nothing is to be waited for any more."""
        self._lock = threading.Lock()
        self._followers: dict[tuple[str, str], Follower] = {}
        self._places: dict[tuple[str, str], tuple[str, str]] = {}
        self._done: set[tuple[str, str]] = set()
        self._elsewhere: list[tuple[str, str, str, str]] = []
        self._listener: Callable[[tuple[str, str], Line], None] | None = None
        self.answers: dict[tuple[tuple[str, str], str], Mapping[str, Any]] = {}
        """Answers by who gave them (cluster and pod) and the task's id."""
        self.troubles: dict[tuple[str, str], str] = {}
        """Why pods gave none, by cluster and name."""

    @property
    def namespace(self) -> str:
        """The namespace of the run, in every cluster."""
        return self._plan.namespace

    # Making

    def prepare(self, certificate: tuple[str, str], lifetime: timedelta) -> None:
        """Make namespaces, Services and servers, and wait for servers and mirrors.

        Raises SessionError.
        """
        self._say(f"making namespace {self.namespace} in {', '.join(self._plan.clusters)}")
        self._everywhere(lambda one: one.create(objects.namespace(self.namespace, lifetime)))
        self._everywhere(lambda one: self._furnish(one, certificate))
        servers = [pod for pod in self._plan.pods if pod.serves]
        self._start(servers)
        self._await_mirrors()

    def ask(self) -> None:
        """Start the clients, and wait for their answers. Raises SessionError."""
        self.start_clients()
        clients = [pod for pod in self._plan.pods if not pod.serves]
        for task in self._plan.from_here:
            self.answers[HERE, task["id"]] = agent.get(dict(task))
        self._say(f"{len(clients)} pods are asking")
        wanted = {pod.key for pod in clients if pod.key not in self.troubles}
        # Every task has an end of its own; this is for those whose log cannot be read.
        seconds = self._seconds + sum(_longest(task) for pod in clients for task in pod.tasks)
        wait_until(lambda: wanted <= self._done, seconds, self.stopping)
        for key in sorted(wanted - self._done):
            said = self._followers[key].trouble if key in self._followers else ""
            self.troubles[key] = f"it did not end within {seconds:.0f} s" + (
                f"; {said}" if said else ""
            )

    def start_clients(
        self, listener: Callable[[tuple[str, str], Line], None] | None = None
    ) -> None:
        """Start the clients and follow their logs. `listener` gets every line, too."""
        self._listener = listener
        clients = [pod for pod in self._plan.pods if not pod.serves]
        self._start(clients)
        for pod in clients:
            if pod.key in self.troubles:
                continue
            space, name = self._places[pod.key]
            follower = Follower(
                self._clusters[pod.cluster],
                space,
                name,
                lambda line, key=pod.key: self._take(key, line),  # type: ignore[misc]
                self.stopping,
            )
            self._followers[pod.key] = follower
            follower.start()

    def restarted(self) -> list[tuple[str, str]]:
        """Clients that were started again since, by cluster and name."""
        return sorted(key for key, one in self._followers.items() if one.restarts)

    def trouble_of(self, cluster: str, pod: str) -> str:
        """Why a client's log cannot be read now; empty where it can."""
        follower = self._followers.get((cluster, pod))
        return follower.trouble if follower is not None else ""

    def _take(self, key: tuple[str, str], line: Line) -> None:
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

    def _furnish(self, cluster: Cluster, certificate: tuple[str, str]) -> None:
        run, plan = self.namespace, self._plan
        pods = [pod for pod in plan.pods if pod.cluster == cluster.name]
        plans = {pod.name: objects.pod_plan(pod) for pod in pods}
        cluster.create(objects.config_map(run, run, run, plans))
        cluster.create(objects.certificate_secret(run, run, *certificate))
        for secret in objects.pull_secrets(self._mesh.verify, run, run):
            cluster.create(secret)
        for service in plan.services:
            if service.cluster == cluster.name:
                cluster.create(objects.service(service, run, run))
        for mapping in plan.mappings:
            if mapping.cluster == cluster.name:
                cluster.create(objects.mapping(mapping, run, run))

    def _start(self, pods: Iterable[Pod]) -> None:
        """Make pods and wait until each is ready; what keeps one from it is a trouble."""
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
        try:
            space, name = run, pod.name
            template: Object | None = None
            if pod.workload is not None:
                space, name = pod.workload.namespace, run
                template = dict(pod.workload.template)
                plans = {pod.name: objects.pod_plan(pod)}
                self._elsewhere.append((cluster.name, space, "ConfigMap", run))
                cluster.create(objects.config_map(run, space, run, plans))
                self._elsewhere.append((cluster.name, space, "Pod", run))
            self._places[pod.key] = (space, name)
            self._create_pod(
                cluster, objects.pod(pod, self._mesh, space, run, name=name, template=template)
            )
            self._await_pod(pod, cluster, space, name)
        except ClusterRefusedError as error:
            self.troubles[pod.key] = str(error)

    def _create_pod(self, cluster: Cluster, item: Object) -> None:
        """Make a pod; a new namespace gets its ServiceAccount after a moment."""
        end = time.monotonic() + 20
        while True:
            try:
                cluster.create(item)
                return
            except ClusterRefusedError as error:
                late = error.status == 403 and "service account" in str(error).lower()
                if not late or time.monotonic() > end or self.stopping.wait(0.5):
                    raise

    def _await_pod(self, pod: Pod, cluster: Cluster, space: str, name: str) -> None:
        found: Object = {}

        def holds() -> bool:
            nonlocal found
            found = cluster.get("v1", "Pod", space, name) or {}
            return waiting.ready(found)

        if wait_until(holds, self._seconds, self.stopping):
            if pod.meshed and PROXY_CONTAINER not in _containers(found):
                self.troubles[pod.key] = (
                    "it got no proxy although it asked for one; see the proxy injector"
                )
            return
        why = waiting.why_not(cluster, found)
        self.troubles[pod.key] = f"not ready within {self._seconds:.0f} s: {why}"

    def _await_mirrors(self) -> None:
        if not self._plan.mirrors:
            return
        self._say(f"waiting for {len(self._plan.mirrors)} mirrored Services")
        found = together(self._await_mirror, self._plan.mirrors)
        for mirror, answer in zip(self._plan.mirrors, found, strict=True):
            self.answers[HERE, mirror.task] = answer

    def _await_mirror(self, mirror: Mirror) -> Mapping[str, Any]:
        cluster = self._clusters[mirror.cluster]
        seconds = min(self._seconds, MIRROR_SECONDS)
        answer: dict[str, Any] = {"exists": False, "seconds": seconds}

        def holds() -> bool:
            service = cluster.get("v1", "Service", self.namespace, mirror.name)
            answer["exists"] = service is not None
            if service is None or not mirror.gateway:
                return service is not None
            endpoints = cluster.get("v1", "endpoints", self.namespace, mirror.name) or {}
            answer["addresses"] = [
                f"{address.get('ip')}:{port.get('port')}"
                for subset in endpoints.get("subsets") or []
                for address in subset.get("addresses") or []
                for port in (subset.get("ports") or [])[:1]
            ]
            return bool(answer["addresses"])

        try:
            wait_until(holds, seconds, self.stopping)
        except ClusterRefusedError as error:
            answer["error"] = str(error)
        return answer

    # Taking away

    def stop(self) -> None:
        """Give up waiting; nothing is made any more."""
        self.stopping.set()
        for cluster in self._clusters.values():
            cluster.closed.set()

    def clean(self, seconds: float = GONE_SECONDS) -> list[str]:
        """Take everything away, and wait until it is gone; what is left, with how to delete it."""
        self.stopping.set()
        left: list[str] = []
        for name, space, kind, item in reversed(self._elsewhere):
            try:
                self._clusters[name].delete("v1", kind, space, item)
            except ClusterRefusedError as error:
                left.append(f"{error}; kubectl -n {space} delete {kind.lower()} {item} ({name})")
        removed = together(lambda name: self._remove(name, seconds), self._plan.clusters)
        left += [said for said in removed if said is not None]
        return left

    def _remove(self, name: str, seconds: float) -> str | None:
        return remove_namespace(self._clusters[name], self.namespace, seconds)

    def how_to_delete(self) -> list[str]:
        """Commands that delete what a run leaves behind."""
        return how_to_delete(self._mesh, self._plan.clusters, self.namespace)

    def _everywhere(self, do: Callable[[Cluster], object]) -> None:
        try:
            together(lambda name: do(self._clusters[name]), self._plan.clusters)
        except ClusterRefusedError as error:
            raise SessionError(str(error)) from None


def how_to_delete(mesh: MeshConfig, clusters: Iterable[str], namespace: str) -> list[str]:
    """Commands that delete a run's namespaces."""
    return [
        f"kubectl {f'--context {context} ' if (context := mesh.clusters[name].context) else ''}"
        f"delete namespace {namespace}" + ("" if context else f"   # in cluster {name}")
        for name in clusters
    ]


def remove_namespace(cluster: Cluster, name: str, seconds: float) -> str | None:
    """Delete a namespace and wait until it is gone; what is left, in a sentence."""
    try:
        if not cluster.delete("v1", "Namespace", None, name):
            return None
        gone = wait_until(
            lambda: cluster.get("v1", "Namespace", None, name) is None,
            seconds,
            threading.Event(),
        )
    except ClusterRefusedError as error:
        return f"namespace {name} in cluster {cluster.name}: {error}"
    return None if gone else f"namespace {name} in cluster {cluster.name} is still going"


def remove_leftovers(clusters: Mapping[str, Cluster], say: Say) -> None:
    """Delete what runs that were killed have left, once it is past its expiry."""
    now = datetime.now(UTC)
    for cluster in clusters.values():
        try:
            for item in cluster.list("Namespace", None, LABEL):
                if objects.expired(item, now):
                    say(f"deleting {name_of(item)} in {cluster.name}, left by an earlier run")
                    cluster.delete("v1", "Namespace", None, name_of(item))
        except ClusterRefusedError as error:
            say(f"what earlier runs left cannot be looked for: {error}")


def remove_strays(cluster: Cluster, space: str, say: Say) -> None:
    """Delete what runs with ``--from`` that were killed have left in a workload's namespace."""
    try:
        for kind in ("Pod", "ConfigMap"):
            for item in cluster.list(kind, space, LABEL):
                run = labels_of(item)[LABEL]
                if cluster.get("v1", "Namespace", None, run) is None:
                    say(f"deleting {kind} {space}/{name_of(item)} in {cluster.name}, left by {run}")
                    cluster.delete("v1", kind, space, name_of(item))
    except ClusterRefusedError as error:
        say(f"what earlier runs left in {space} cannot be looked for: {error}")


def _containers(pod: Object) -> set[str]:
    spec = pod.get("spec") or {}
    return {
        str(one.get("name"))
        for key in ("containers", "initContainers")
        for one in spec.get(key) or []
    }


def _longest(task: Mapping[str, Any]) -> float:
    """Seconds that a task may take at most."""
    each = float(task.get("timeout", 5.0))
    return float(task.get("patience", 0.0)) + each * (4 if task["do"] == "requests" else 3) + 2.0
