"""Updates of a modelled mesh: the guard, and then one resource operation after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from preflight.anchor_change import NextTrust, refusals
from tests.histories.certificates import BEGIN, Issuer, anchor
from tests.histories.world import CONTROL_PLANE, Cluster, separated

APPS = ("web", "api")
Choose = Callable[[int], int]
"""Chooses one of so many, by its place."""
Link = frozenset[str]
COUNTED: Counter[str] = Counter()
"""What all histories did so far."""


@dataclass(frozen=True)
class StackFile:
    """What is written in the stack file."""

    anchors: tuple[str, ...]
    signer: str
    clusters: frozenset[str]
    links: frozenset[Link]

    def well_formed(self) -> StackFile:
        """The same without links of clusters that are not listed."""
        return replace(self, links=frozenset(one for one in self.links if one <= self.clusters))

    def changes(self, before: StackFile) -> Iterator[str]:
        """What an update from another stack file to this one changes, as it is counted."""
        if set(self.anchors) - set(before.anchors):
            yield "updates that add an anchor"
        if self.signer != before.signer:
            yield "updates that change the anchor that signs"
        if set(before.anchors) - set(self.anchors):
            yield "updates that remove an anchor"
        if self.links != before.links:
            yield "updates that change links"
        if self.clusters != before.clusters:
            yield "updates that change clusters"


@dataclass
class Mesh:
    """A mesh, and the state of the engine."""

    file: StackFile
    clusters: dict[str, Cluster] = field(default_factory=dict)
    links: set[Link] = field(default_factory=set)
    now: datetime = BEGIN
    made: set[str] = field(default_factory=set)
    """Anchors that exist."""
    signed: dict[tuple[str, str], Issuer] = field(default_factory=dict)
    """What the state has signed, by cluster and purpose."""
    complete: bool = True
    """Whether the last update ran to its end."""

    def refused(self, file: StackFile) -> list[str]:
        """What the guard says of an update with this file."""
        wanted = NextTrust(
            {
                name: anchor(name).certificate if name in self.made else None
                for name in file.anchors
            },
            file.signer,
        )
        held = {
            name: replace(one.held(), links=frozenset(self._ends(name)))
            for name, one in self.clusters.items()
            if one.installed and name in file.clusters
        }
        return [
            f"{name}: {what}; {do}"
            for name, (what, do) in refusals(held, wanted, file.clusters, self.now)
        ]

    def _ends(self, name: str) -> Iterator[str]:
        for link in self.links:
            if name in link:
                yield from link - {name}

    def update(self, file: StackFile, choose: Choose, crash: int | None = None) -> bool:
        """Run an update; False where the guard refuses it.

        It dies after so many operations where `crash` is given. What it does is in an order that
        the engine might choose.
        """
        if self.refused(file):
            COUNTED["updates refused"] += 1
            return False
        COUNTED["updates let through"] += 1
        COUNTED.update(file.changes(self.file))
        self.file, self.complete = file, False
        self.made |= set(file.anchors)
        steps = self._operations(file, choose)
        for place, step in enumerate(steps):
            if place == crash:
                COUNTED["updates that died"] += 1
                return True
            COUNTED["resource operations"] += 1
            step()
            self._soon()
        self.made = set(file.anchors)
        self.complete = True
        return True

    def _operations(self, file: StackFile, choose: Choose) -> Iterator[Callable[[], None]]:
        waiting = {name: list(self._of_cluster(name, file)) for name in sorted(file.clusters)}
        new = sorted(file.links - self.links, key=sorted)
        while any(waiting.values()) or new:
            names = [name for name, steps in waiting.items() if steps]
            # A Link needs the control planes of its two ends, and no other.
            ready = [link for link in new if not any(waiting[name] for name in link)]
            place = choose(len(names) + len(ready))
            if place < len(names):
                yield waiting[names[place]].pop(0)
            else:
                link = ready[place - len(names)]
                new.remove(link)
                yield lambda link=link: self.links.add(link)  # type: ignore[misc]
            if choose(6) == 0:
                yield self._something_starts(choose)
        for link in self.links - file.links:
            yield lambda link=link: self.links.discard(link)  # type: ignore[misc]
        for name in self.clusters.keys() - file.clusters:
            yield lambda name=name: self._remove(name)  # type: ignore[misc]

    def _of_cluster(self, name: str, file: StackFile) -> Iterator[Callable[[], None]]:
        cluster = self.clusters.setdefault(name, Cluster(name))

        def sign(purpose: str) -> Callable[[], None]:
            def step() -> None:
                present = self.signed.get((name, purpose))
                if present is None or present[0] != file.signer:
                    self.signed[name, purpose] = (file.signer, self.now)

            return step

        yield sign("issuer")
        yield lambda: cluster.write_issuer(self.signed[name, "issuer"], self.now)
        yield sign("webhook")
        yield lambda: cluster.write_webhook(self.signed[name, "webhook"], self.now)
        if cluster.authorities != file.anchors or cluster.anchors != file.anchors:
            yield lambda: cluster.write_anchors(file.anchors, self.now)
            for pod in CONTROL_PLANE:
                yield lambda pod=pod: cluster.start(pod, self.now)  # type: ignore[misc]

            def register() -> None:
                cluster.authorities = file.anchors

            yield register
        for pod in APPS:
            if pod not in cluster.proxies:
                yield lambda pod=pod: cluster.start(pod, self.now)  # type: ignore[misc]

    def _something_starts(self, choose: Choose) -> Callable[[], None]:
        running = [
            (cluster, pod)
            for cluster in self.clusters.values()
            for pod in cluster.proxies
            if set(CONTROL_PLANE) <= cluster.proxies.keys()
        ]
        if not running:
            return lambda: None
        cluster, pod = running[choose(len(running))]
        return lambda: cluster.start(pod, self.now)

    def _remove(self, name: str) -> None:
        del self.clusters[name]
        self.signed = {key: one for key, one in self.signed.items() if key[0] != name}

    def _soon(self) -> None:
        """Seconds pass, after which all is checked."""
        self.check()
        self.now += timedelta(seconds=20)
        for cluster in self.clusters.values():
            cluster.mount(self.now)
        self.check()

    def passes(self, time: timedelta) -> None:
        """Time passes: kubelets mount what changed, and proxies renew their certificates."""
        self.now += time
        for cluster in self.clusters.values():
            cluster.mount(self.now)
            cluster.renew(self.now)
        self.check()

    def restart(self, name: str, pods: list[str]) -> None:
        """Pods start again, the identity service first."""
        cluster = self.clusters[name]
        for pod in sorted(pods, key=lambda one: (one not in CONTROL_PLANE, one)):
            if pod in cluster.proxies and set(CONTROL_PLANE) <= cluster.proxies.keys():
                cluster.start(pod, self.now)
                self._soon()

    def check(self) -> None:
        """All proxies and webhooks verify each other, within clusters and over links."""
        COUNTED["states checked"] += 1
        roots = {name: one.trusting() for name, one in self.clusters.items()}
        signers = {name: one.signing() for name, one in self.clusters.items()}
        assert not [name for name, one in self.clusters.items() if one.fails()]
        for name in self.clusters:
            assert not separated(roots[name], signers[name]), name
        for link in self.links:
            one, other = link
            assert not separated(roots[one], signers[other]), (one, other)
            assert not separated(roots[other], signers[one]), (other, one)
