"""What an interrupted run left stuck: its lock, providers, operations, and Helm releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from config.core.mesh import MeshConfig
from config.inventory import inventory
from kube.helm import IN_A_CHANGE, Record
from kube.kubeconfig import api_client
from lifecycle.recovery.engine import Engine, document
from lifecycle.recovery.errors import RecoveryError
from lifecycle.recovery.field_managers import Shared, shared
from lifecycle.recovery.locks import Lock, locks
from lifecycle.recovery.orphans import orphaned_providers
from lifecycle.recovery.state import StackState, read_state
from lifecycle.recovery.torn import torn
from local_clusters.processes import ProcessIdentity
from preflight.guard import examine
from preflight.interrupted import recorded, terminating

TIMEOUT = (3.0, 9.0)
"""Seconds to connect to an API server, and to have its answer."""
LOG_IN = "log in with `pulumi login` where the stack is, and provide its passphrase or key"


@dataclass(frozen=True)
class StuckRelease:
    """A Helm release that no update can change, or that the state knows nothing of."""

    cluster: str
    record: Record
    every: bool = False
    """Whether all of its records have to go, because the state does not have it."""
    alike: bool = True
    """Whether it has the values of this stack."""
    urn: str = ""
    """URN in the state; empty where the state does not have it."""

    @property
    def uninstalled(self) -> bool:
        """Whether its deletion is completed, by the engine, so that no object is left over."""
        return self.record.status == "uninstalling" and bool(self.urn)

    def __str__(self) -> str:
        where = f"cluster '{self.cluster}': release {self.record}"
        if not self.alike:
            return where
        if self.every:
            return (
                f"{where} is {self.record.status}, but its installation did not end in the state, "
                "so that its name is in use"
            )
        return f"{where} is stuck in {self.record.status}"


@dataclass(frozen=True)
class Stuck:
    """All that is stuck."""

    state: StackState
    locks: tuple[Lock, ...] = ()
    providers: tuple[ProcessIdentity, ...] = ()
    releases: tuple[StuckRelease, ...] = ()
    lost: tuple[str, ...] = ()
    """Sentences about releases that the state has and their clusters have not."""
    shared: tuple[Shared, ...] = ()
    namespaces: tuple[str, ...] = ()
    """Sentences about namespaces in deletion, which end by themselves or need their owner."""

    def lines(self) -> Iterator[str]:
        """What is stuck, a sentence each."""
        for lock in self.locks:
            yield f"the stack is locked by {lock}, which has ended"
        for process in self.providers:
            yield f"a provider of a killed run still runs (process {process.pid})"
        for operation in self.state.pending:
            yield f"the state has a pending operation: {operation}"
        yield from map(str, self.releases)
        yield from self.lost
        yield from map(str, self.shared)
        yield from self.namespaces


@dataclass(frozen=True)
class Idle:
    """A backend, in which no run of the stack is going on."""

    locks: tuple[Lock, ...] = ()
    """Locks of runs that have ended."""
    torn: tuple[Path, ...] = ()
    """Files by which no command can read the state, because their write was killed."""


def idle(stack: str, engine: Engine) -> Idle:
    """What killed runs of a stack left in its backend.

    Raises RecoveryError: the backend is not known, or a run holds the lock.
    """
    found = document(engine("whoami", "--verbose", "--json"), "`pulumi whoami`", LOG_IN)
    backend = str(found.get("url"))
    held = tuple(locks(backend, stack))
    for lock in held:
        if lock.alive:
            raise RecoveryError(
                f"a run of this stack holds its lock: {lock}",
                f"wait until it ends; if it does not, end process {lock.pid} and repeat",
            )
    return Idle(held, tuple(torn(backend, stack)))


def stuck(config: MeshConfig, backend: Idle, engine: Engine) -> Stuck:
    """Find what is stuck; nothing is changed.

    Raises RecoveryError: the state cannot be read; ClusterError: a cluster does not answer, or is
    not the right one.
    """
    state = exported(engine)
    examine(config.clusters)
    releases: list[StuckRelease] = []
    lost: list[str] = []
    namespaces: list[str] = []
    for name in config.clusters:
        found, gone, left = _cluster(config, name, state)
        releases += found
        lost += gone
        namespaces += left
    return Stuck(
        state,
        backend.locks,
        tuple(orphaned_providers()),
        tuple(releases),
        tuple(lost),
        objects_shared(config, state),
        tuple(namespaces),
    )


def exported(engine: Engine) -> StackState:
    """The state of the stack. Raises RecoveryError: it cannot be read."""
    return read_state(document(engine("stack", "export"), "`pulumi stack export`", LOG_IN))


def objects_shared(config: MeshConfig, state: StackState) -> tuple[Shared, ...]:
    """The objects of a state whose fields a killed run owns too. Raises RecoveryError."""
    found: list[Shared] = []
    for name, cluster in config.clusters.items():
        with api_client(cluster) as api:
            try:
                found += shared(api, name, state.resources, TIMEOUT)
            except ApiException as error:
                raise RecoveryError(
                    f"cluster '{name}': an object of the stack cannot be read "
                    f"(status {error.status})",
                    "use credentials that may read what the stack has made",
                ) from None
    return tuple(found)


def _cluster(
    config: MeshConfig, name: str, state: StackState
) -> tuple[list[StuckRelease], list[str], list[str]]:
    """Releases that are stuck, and sentences about lost ones and about namespaces in deletion."""
    made, known = inventory(config, name), state.releases(name)
    wanted = {*(one.key for one in made.releases), *known, *state.begun(name)}
    unknown = state.begun(name) - known.keys()
    found: list[StuckRelease] = []
    lost = dict(known)
    with api_client(config.clusters[name]) as api:
        try:
            for space in sorted({space for space, _ in wanted}):
                for key, record in recorded(api, space, TIMEOUT).items():
                    lost.pop(key, None)
                    if key in unknown:
                        found.append(StuckRelease(name, record, every=True))
                    elif key in wanted and record.status in (*IN_A_CHANGE, "failed"):
                        found.append(StuckRelease(name, record, urn=known.get(key, "")))
            spaces = [item.name for item in made.made_namespaces]
            left = [
                f"cluster '{name}': {what}; {remedy}"
                for what, remedy in terminating(api, spaces, TIMEOUT)
            ]
        except ApiException as error:
            raise RecoveryError(
                f"cluster '{name}': Helm's records cannot be read (status {error.status})",
                "use credentials that may list and delete Secrets in the releases' namespaces",
            ) from None
    gone = [
        f"cluster '{name}': release {'/'.join(key)} is in the state, but does not exist"
        for key in lost
    ]
    return found, gone, left
