"""One local cluster: a real Kubernetes control plane, as processes of this machine."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kubernetes import client
from urllib3.exceptions import HTTPError

from local_clusters.control_plane.certificates import create_pki
from local_clusters.control_plane.commands import CLIENTS, START_ORDER, Layout, command, environment
from local_clusters.control_plane.kubeconfig import api_client, write_kubeconfig
from local_clusters.control_plane.networks import MAX_NODES, Networks
from local_clusters.control_plane.nodes import (
    api_server_problem,
    create_nodes,
    pods_problem,
    release_leases,
)
from local_clusters.errors import (
    ClusterStartError,
    LocalClusterError,
    StartCancelledError,
)
from local_clusters.processes import ProcessIdentity, end, marked, spawn
from local_clusters.state import FILE_NAME, ClusterState, new_state, read_state
from machine.build import ensure
from machine.errors import tail
from machine.files import locked, make_private_directory
from machine.progress import Progress, Report, silent
from machine.tools import CLUSTER_TOOLS

START_TIMEOUT = 90.0
"""Seconds until a start is given up; a cluster is usually ready after 5."""

_ANSWER_TIMEOUT = 10.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class ClusterStatus:
    """Which processes of a cluster run right now.

    Attributes:
        name: the cluster's name, and that of its kube context.
        kubeconfig: its kubeconfig file.
        server: the URL of its API server; empty when it was never started.
        running: the processes that run, by the name of the program.
        missing: the names of those that should run and do not.
    """

    name: str
    kubeconfig: Path
    server: str
    running: Mapping[str, ProcessIdentity]
    missing: Sequence[str]

    @property
    def healthy(self) -> bool:
        """Whether every process runs."""
        return not self.missing


class LocalCluster:
    """A local cluster, running or not. The clusters that `up` returns are running.

    Attributes:
        name: a DNS label; also the name of its kube context.
        networks: its address ranges; those of two clusters never overlap.
        directory: everything it keeps (mode 0700): keys, data, logs, its state file.
        nodes: how many nodes it gets when it is made.
    """

    def __init__(self, name: str, index: int, directory: Path, nodes: int = 3) -> None:
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?", name):
            raise LocalClusterError(
                f"{name!r} cannot be the name of a cluster.",
                "Use lower case letters, digits and hyphens, at most 50 of them.",
            )
        if not 1 <= nodes <= MAX_NODES:
            raise LocalClusterError(f"A local cluster has 1 to {MAX_NODES} nodes, not {nodes}.")
        self.name = name
        self.networks = Networks(index)
        self.directory = directory.absolute()
        self.nodes = nodes
        self._layout = Layout(self.directory)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig (mode 0600); its one context is called as the cluster."""
        return self._layout.kubeconfig

    @property
    def server(self) -> str:
        """The URL of the API server; empty when the cluster was never started."""
        return self.status().server

    def api(self) -> client.ApiClient:
        """Return a client for its API server, logged in as the administrator; close it after use.

        It goes to loopback directly, whatever proxy the environment names, and tries once.
        """
        return api_client(self.kubeconfig)

    def log(self, process: str) -> Path:
        """Return the log of one of the processes that `status` names."""
        return self._layout.log(process)

    def status(self) -> ClusterStatus:
        """Say which of its processes run. This asks the system, not the API server."""
        state = read_state(self.directory)
        running = state.running() if state else {}
        return ClusterStatus(
            name=self.name,
            kubeconfig=self.kubeconfig,
            server=state.server if state else "",
            running=running,
            missing=[process for process in START_ORDER if process not in running],
        )

    def start(
        self,
        report: Report = silent,
        *,
        cancelled: threading.Event | None = None,
        timeout: float = START_TIMEOUT,
    ) -> LocalCluster:
        """Start the cluster and wait until it is ready; a running one is left as it is.

        Missing processes of a cluster are started again and its objects stay; a cluster that cannot
        be repaired, or never became ready, is created again, and `report` says so. The processes
        outlive this one. After a failure none of them runs, and the logs stay.

        Raises:
            ClusterStartError: it did not become ready within `timeout` seconds.
            StartCancelledError: `cancelled` was set before it was ready.
            LocalClusterError: a program cannot be built, or this machine cannot run it.
        """
        require_linux()
        attempt = _Attempt(
            programs=ensure(CLUSTER_TOOLS, report),
            report=report,
            cancelled=cancelled or threading.Event(),
            timeout=timeout,
        )
        with self._locked(report):
            state = read_state(self.directory)
            if state is None or not state.complete or not self._revive(state, attempt):
                self._create(attempt)
        return self

    def stop(self, report: Report = silent) -> None:
        """End every process of the cluster, and only those, and remove all that it kept."""
        with self._locked(report):
            self._end_processes()
            self._remove_contents()
            (self.directory / FILE_NAME).unlink(missing_ok=True)
            # The directory stays if it has other files.
            with contextlib.suppress(OSError):
                self.directory.rmdir()

    def _create(self, attempt: _Attempt) -> None:
        began = time.monotonic()
        self._end_processes()
        # The state file stays: it keeps others from taking this cluster's addresses.
        self._remove_contents()
        attempt.report(Progress(self.name, "starting"))
        try:
            state = new_state(self.name, self.networks.index, self.nodes)
            state.write(self.directory)
            for new in (self._layout.scratch, self._layout.logs):
                make_private_directory(new)
            self._write_credentials(state)
            self._run(state, attempt)
        except OSError as error:
            raise ClusterStartError(f"Cluster {self.name} cannot be started: {error}") from error
        state.complete = True
        state.write(self.directory)
        attempt.report(Progress(self.name, "ready", seconds=time.monotonic() - began))

    def _revive(self, state: ClusterState, attempt: _Attempt) -> bool:
        """Leave a sound cluster as it is, start again what is gone; False when that fails."""
        running = state.running()
        gone = [process for process in START_ORDER if process not in running]
        try:
            if not gone:
                soon = time.monotonic() + _ANSWER_TIMEOUT
                try:
                    self._wait_for_api_server(state, attempt.cancelled, soon)
                except ClusterStartError:
                    end([state.processes["kube-apiserver"]])
                    gone = ["kube-apiserver"]
                else:
                    attempt.report(Progress(self.name, "runs already"))
                    return True
            attempt.report(Progress(self.name, f"starting {', '.join(gone)} again"))
            self._run(state, attempt)
        except StartCancelledError:
            raise
        except (LocalClusterError, OSError) as error:
            reason = str(error).splitlines()[0]
            attempt.report(Progress(self.name, f"cannot be repaired, creating it again: {reason}"))
            return False
        attempt.report(Progress(self.name, "ready again"))
        return True

    def _run(self, state: ClusterState, attempt: _Attempt) -> None:
        """Start what does not run and wait until all of it is ready, or end all of it."""
        running = state.running()
        # The others are history: a process that ended before must not count as a failure now.
        state.processes = dict(running)
        deadline = time.monotonic() + attempt.timeout
        try:
            for process in START_ORDER:
                if process == CLIENTS[0]:
                    self._wait_for_api_server(state, attempt.cancelled, deadline)
                    self._prepare_nodes(state, kwok_is_new="kwok" not in running)
                if process not in running:
                    program = command(
                        process, self._layout, self.networks, state.ports, attempt.programs
                    )
                    state.processes[process] = spawn(
                        program, self.log(process), environment(self._layout), str(self.directory)
                    )
                    # Written at once: after a crash the next process finds it.
                    state.write(self.directory)
            self._wait_for_pods(state, attempt.cancelled, deadline)
        except BaseException:
            end(list(state.processes.values()))
            raise

    def _prepare_nodes(self, state: ClusterState, *, kwok_is_new: bool) -> None:
        try:
            with self.api() as api:
                create_nodes(api, self.name, self.networks, state.nodes)
                if kwok_is_new:
                    release_leases(api)
        except (client.ApiException, HTTPError) as error:
            raise ClusterStartError(
                f"The nodes of cluster {self.name} cannot be made: {error}"
            ) from error

    def _write_credentials(self, state: ClusterState) -> None:
        pki = create_pki(self._layout.pki.directory, self.networks)
        paths = {"admin": self.kubeconfig} | {
            process: self._layout.client_kubeconfig(process) for process in CLIENTS
        }
        ca = pki.pair("ca").certificate
        for user, path in paths.items():
            write_kubeconfig(path, self.name, state.server, ca, pki.pair(user))

    def _wait_for_api_server(
        self, state: ClusterState, cancelled: threading.Event, deadline: float
    ) -> None:
        with self.api() as api:
            self._wait(
                state, cancelled, deadline, "kube-apiserver", lambda: api_server_problem(api)
            )

    def _wait_for_pods(
        self, state: ClusterState, cancelled: threading.Event, deadline: float
    ) -> None:
        with self.api() as api:
            self._wait(
                state,
                cancelled,
                deadline,
                "kube-controller-manager",
                lambda: pods_problem(api, state.nodes),
            )

    def _wait(
        self,
        state: ClusterState,
        cancelled: threading.Event,
        deadline: float,
        responsible: str,
        problem: Callable[[], str | None],
    ) -> None:
        """Ask until there is no problem; raise as soon as there is no use in asking on."""
        while True:
            present = problem()
            for process, identity in state.processes.items():
                if not identity.alive():
                    raise ClusterStartError(
                        f"{process} of cluster {self.name} has ended.{self._end_of_log(process)}"
                    )
            if present is None:
                return
            if time.monotonic() > deadline:
                raise ClusterStartError(
                    f"Cluster {self.name} did not become ready in time: {present}."
                    f"{self._end_of_log(responsible)}"
                )
            if cancelled.wait(_POLL_SECONDS):
                raise StartCancelledError(f"The start of cluster {self.name} was given up.")

    def _end_of_log(self, process: str) -> str:
        log = self.log(process)
        return f"\nThe end of {log}:\n{tail(log)}"

    def _end_processes(self) -> None:
        state = read_state(self.directory)
        recorded = list(state.processes.values()) if state else []
        unrecorded = [one for one in marked(str(self.directory)) if one not in recorded]
        end(recorded + unrecorded)

    def _remove_contents(self) -> None:
        for path in self._layout.contents:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _locked(self, report: Report) -> AbstractContextManager[None]:
        def waiting(seconds: float) -> None:
            report(Progress(self.name, "another process is busy with it", seconds=seconds))

        return locked(self.directory.with_name(f".{self.directory.name}.lock"), waiting)


@dataclass(frozen=True)
class _Attempt:
    """One call of `start`."""

    programs: Mapping[str, Path]
    report: Report
    cancelled: threading.Event
    timeout: float


def require_linux() -> None:
    """Refuse to go on where local clusters cannot run.

    Raises:
        LocalClusterError: this is not Linux.
    """
    if sys.platform != "linux":
        raise LocalClusterError(
            "Local clusters need Linux: their Services have addresses all over 127.0.0.0/8.",
            "Run this in a Linux machine (WSL 2 is one), or use Kubernetes clusters of your own.",
        )
