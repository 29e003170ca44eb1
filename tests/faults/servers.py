"""An API server that stops, freezes or restarts: which error, and when.

The API server of the target is a process of its own, and signals stop it; `docs/failures.md` has
the errors and times that are held here.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kubernetes import client

from kube.helm import IN_A_CHANGE
from local_clusters import LocalCluster
from tests.faults import credentials
from tests.faults.documented import (
    ELSEWHERE,
    LOST,
    NOT_PINNED,
    REFUSING,
    REVOKED,
    SILENT,
    SLOW,
    Row,
    looked,
    settled,
)
from tests.faults.kills import Phase, heal
from tests.faults.world import TARGET, Content, Ended, World
from tests.waiting import eventually

LOOK_SECONDS = 10.0
"""Within which the guard refuses an update."""
STOPPED_SECONDS, FROZEN_SECONDS = 10.0, 180.0
"""Within which an update ends after its API server stopped, or froze."""
RELEASE_SECONDS = 180.0
"""The same in a Helm release."""
UPDATE, RELEASE = "in an update", "in a release"


def faults(world: World) -> Iterator[Row]:
    """Every fault; the API server of the target runs again after each."""
    server = Server(world.clusters[TARGET])
    yield from _before(world, server)
    yield from _during(world, server)
    yield from credentials.ended(world)


@dataclass(frozen=True)
class Server:
    """The API server of a local cluster."""

    cluster: LocalCluster

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.cluster.status().running["kube-apiserver"].pid, number)

    def stop(self) -> None:
        """End it at once; it accepts no connection any more."""
        self.send(signal.SIGKILL)
        eventually(lambda: "kube-apiserver" not in self.cluster.status().running)

    def freeze(self) -> None:
        """Let it accept connections, and answer nothing."""
        self.send(signal.SIGSTOP)

    def start(self) -> None:
        """Let it run again, and what ended without it."""
        running = self.cluster.status().running.get("kube-apiserver")
        if running is not None:
            os.kill(running.pid, signal.SIGCONT)
        # A cluster that is created again has no mesh any more: the reason has to be seen.
        self.cluster.start(print)

    def restart(self) -> None:
        """Stop and start it."""
        self.stop()
        self.start()

    def wait_for_release(self) -> None:
        """Wait until the change of a release of Linkerd has begun."""
        selector = f"owner=helm,status in ({','.join(sorted(IN_A_CHANGE))})"
        with self.cluster.api() as api:
            core = client.CoreV1Api(api)
            eventually(
                lambda: core.list_namespaced_secret("linkerd", label_selector=selector).items
            )


def _before(world: World, server: Server) -> Iterator[Row]:
    """Faults that the guard finds: what it reports by itself, and what an update reports."""
    server.stop()
    yield from _refused(world, world.content, "stopped", REFUSING)
    server.start()
    server.freeze()
    yield from _refused(world, world.content, "frozen", SILENT)
    server.start()
    pinned = world.with_cluster(TARGET, uid=ELSEWHERE)
    yield from _refused(world, pinned, "wrong UID", NOT_PINNED)
    revoked = credentials.with_revoked_token(world)
    yield from _refused(revoked, world.content, "revoked token", REVOKED)


def _refused(world: World, content: Content, fault: str, wanted: str) -> Iterator[Row]:
    wanted = rf"cluster '{TARGET}' \(context '{TARGET}'\): [^\n]*{wanted}"
    yield Row(fault, "the guard's look", wanted, *looked(world, content), LOOK_SECONDS)
    world.writes.value = 0
    ended = world.up(content)
    changed = "" if ended.code and not world.writes.value else "NOT refused"
    # The engine and the program start before the guard looks.
    yield Row(fault, "the whole `up`", wanted, ended.output, ended.seconds, math.inf, changed)


def _during(world: World, server: Server) -> Iterator[Row]:
    """Faults in an update, each at its first write to the source, which waits for the target."""
    both = world.with_anchors("root", "next", signer="root")

    unharmed = f"{LOST}|Resources:"
    for act, moment, content, wanted, limit in (
        (server.stop, UPDATE, world.content, LOST, STOPPED_SECONDS),
        (server.freeze, UPDATE, both, SLOW, FROZEN_SECONDS),
        (server.restart, RELEASE, world.content, unharmed, RELEASE_SECONDS),
        (server.freeze, RELEASE, both, SLOW, RELEASE_SECONDS),
        (server.stop, RELEASE, world.content, LOST, RELEASE_SECONDS),
    ):
        fault = act.__name__
        world.restart()
        before = server.wait_for_release if moment == RELEASE else lambda: None
        ended = struck(world, content, before, act)
        server.start()
        then = _mended(world, Phase(fault, "up", content))
        yield Row(fault, moment, wanted, ended.output, ended.seconds, limit, then)


def struck(
    world: World, content: Content, before: Callable[[], object], act: Callable[[], object]
) -> Ended:
    """An update in which `act` is called once, at its first write to the source, after `before`.

    Its seconds count from then.
    """
    begun: list[float] = []
    first = threading.Lock()

    def at(number: int, what: str) -> bool:
        with first:
            if not begun:
                before()
                begun.append(time.monotonic())
                act()
        return False

    world.writes.value = 0
    world.proxies["source"].before = at
    ended = world.up(content)
    world.proxies["source"].before = lambda number, what: False
    return replace(ended, seconds=time.monotonic() - begun[0] if begun else float("inf"))


def _mended(world: World, phase: Phase) -> str:
    """What repaired an update that failed, where the mesh is sound after it."""
    way, ended = heal(world, phase)
    left = settled(world, phase.content) if ended.code == 0 else [ended.output[-1500:]]
    return f"NOT mended: {left[:3]}" if left else f"`up` ({way})"
