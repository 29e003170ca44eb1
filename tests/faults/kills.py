"""Runs that are killed at a write, what heals them, and how the result is compared.

A kill happens in the proxy before an API server: before the write is sent on, or when it is done
and no client knows it. The other half of the time is that between writes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.documented import asks_for_recover
from tests.faults.world import Content, Ended, World, kill

WHO = ("engine", "providers", "both")
MOMENTS = ("before", "after")
RESTART = "restart them first"
"""The guard's remedy where pods may hold certificates below an anchor that goes."""
TRIES = 3
"""How often a run is started until it comes to its write; a slow machine may end it before."""


@dataclass(frozen=True)
class Phase:
    """A command that is killed, and the mesh that it makes."""

    name: str
    command: str
    """``up`` or ``destroy``."""
    content: Content
    """The stack file."""
    restarted: bool = False
    """Whether all pods with a proxy restart before."""

    def run(self, world: World) -> Ended:
        """Run it, and nothing disturbs it."""
        return world.destroy(self.content) if self.command == "destroy" else world.up(self.content)


@dataclass(frozen=True)
class Result:
    """The state after a phase."""

    objects: list[str]
    urns: list[str]

    @classmethod
    def of(cls, world: World) -> Result:
        """The state now."""
        return cls(world.objects(), world.urns())

    def differences(self, other: Result) -> list[str]:
        """What one has and the other has not, or has twice."""
        found: list[str] = []
        for mine, theirs in ((self.objects, other.objects), (self.urns, other.urns)):
            found += [f"+ {one}" for one in dict.fromkeys(theirs) if one not in mine]
            found += [f"- {one}" for one in dict.fromkeys(mine) if one not in theirs]
            found += [f"twice: {one}" for one in dict.fromkeys(theirs) if theirs.count(one) > 1]
        return found


@dataclass(frozen=True)
class Kill:
    """One kill: which write of a phase, who, and when."""

    phase: Phase
    write: int
    who: str
    moment: str


@dataclass
class Healed:
    """What came of a kill."""

    kill: Kill
    hit: str
    """The write at which it happened; empty where the run ended before."""
    way: str = ""
    """What healed it: ``plain``, ``restart``, ``recover``, or ``plain, recover``."""
    seconds: float = 0.0
    """How long healing took."""
    troubles: tuple[str, ...] = ()
    """How the result differs from that of an undisturbed run."""

    def row(self) -> str:
        """A row of the table."""
        one = self.kill
        end = (
            "same" if not self.troubles else f"DIFFERS: {' '.join(self.troubles[0].split())[:120]}"
        )
        return (
            f"| {one.phase.name} | {one.write} | {one.who} | {one.moment} | "
            f"{self.hit} | {self.way} | {self.seconds:.0f} s | {end} |"
        )


HEADER = (
    "| run | write | killed | moment | at | healed by | time | then |\n"
    "|---|---|---|---|---|---|---|---|"
)


def phases(world: World) -> tuple[Phase, ...]:
    """A mesh's whole life: made, an anchor added, removed again, deleted."""
    both = world.with_anchors("root", "next", signer="root")
    return (
        Phase("up", "up", world.content),
        Phase("anchor added", "up", both),
        Phase("anchor removed", "up", world.content, restarted=True),
        Phase("destroy", "destroy", world.content),
    )


def undisturbed(world: World) -> dict[str, tuple[int, Result]]:
    """How many writes each phase has, and what it ends in, by its name."""
    found = {}
    for phase in phases(world):
        if phase.restarted:
            world.restart()
        world.writes.value = 0
        ended = phase.run(world)
        assert ended.code == 0, ended.output
        found[phase.name] = (world.writes.value, Result.of(world))
    return found


def plan(world: World, writes: dict[str, int], count: int, seed: int) -> Iterator[Kill]:
    """`count` kills, spread over the phases and over the writes of each."""
    chance = random.Random(seed)
    every = phases(world)
    rounds = -(-count // len(every))
    kinds = [(who, moment) for who in WHO for moment in MOMENTS]
    for number in range(count):
        phase, turn = every[number % len(every)], number // len(every)
        share = writes[phase.name] / rounds
        write = 1 + int(share * turn + chance.random() * share)
        who, moment = kinds[(number + turn) % len(kinds)]
        yield Kill(phase, min(write, writes[phase.name]), who, moment)


def suffer(world: World, one: Kill, expected: Result) -> Healed:
    """Kill a run, heal it as the documentation says, and compare the result."""
    found = Healed(one, "")

    def strike(number: int, what: str) -> bool:
        if number != one.write:
            return False
        found.hit = what
        kill(process.pid, one.who)
        # A provider that was killed before it wrote has not written.
        return one.who != "engine"

    if one.phase.restarted:
        world.restart()
    for _ in range(TRIES):
        world.writes.value = 0
        process = world.start(one.phase.content, one.phase.command, "--yes", "--skip-preview")
        for proxy in world.proxies.values():
            setattr(proxy, one.moment, strike)
        world.ended(process)
        for proxy in world.proxies.values():
            proxy.before = proxy.after = lambda number, what: False
        if found.hit:
            break
    begun = time.monotonic()
    found.way, ended = heal(world, one.phase)
    found.seconds = time.monotonic() - begun
    found.troubles = tuple(_troubles(world, one.phase, ended, expected))
    if not found.hit:
        found.troubles += ("no write was killed",)
    return found


def heal(world: World, phase: Phase) -> tuple[str, Ended]:
    """Repeat the run; where it fails, recover and repeat it. Returns what healed it.

    Where the guard asks for a restart of pods, they restart before (docs/anchors.md).
    """
    ended = phase.run(world)
    if ended.code == 0:
        if phase.command == "up" and asks_for_recover(world, phase.content):
            return "plain, recover", world.recover(phase.content)
        return "plain", ended
    if RESTART in ended.output:
        world.restart()
        return "restart", phase.run(world)
    recovered = world.recover(phase.content)
    if RESTART in recovered.output:
        world.restart()
        recovered = world.recover(phase.content)
    if recovered.code != 0:
        return "nothing", recovered
    return "recover", phase.run(world)


def _troubles(world: World, phase: Phase, ended: Ended, expected: Result) -> Iterator[str]:
    if ended.code != 0:
        yield f"exit code {ended.code}: {ended.output[-1500:]}"
        return
    yield from expected.differences(Result.of(world))
    if phase.command == "up":
        again = world.run(phase.content, "preview", "--expect-no-changes", "--refresh")
        if again.code != 0:
            yield f"the next preview shows changes: {again.output[-1500:]}"
