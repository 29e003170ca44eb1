"""The errors of `docs/failures.md`, and whether a fault gives its own in its time."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import checks
from config import MeshConfig, load_stack_file
from preflight import ClusterError, examine
from tests.faults.world import Content, World

REFUSING = "the API server refuses connections"
SILENT = "(the API server does not answer|no answer within [0-9]+ seconds)"
NOT_PINNED = "it is not the pinned cluster: its namespace kube-system has UID [0-9a-f-]+"
REVOKED = "the API server does not accept the credentials"
EXPIRED_ISSUER = "the issuer is valid now: .*it expired on [0-9-]+"
REFUSED_LINK = (
    "the credentials can get, list and watch Services in the target: .+"
    r"|the token's Secret \S+ does not exist"
)
LOST = "connection refused|connection reset|EOF|http2: client connection lost"
SLOW = f"TLS handshake timeout|deadline exceeded|i/o timeout|timed out|{LOST}"
"""Documented errors, as regular expressions."""
ELSEWHERE = "01234567-89ab-4def-8123-456789abcdef"
"""The UID of no cluster of these tests."""

HEADER = "| fault | when | error | seconds | limit | then |\n|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """What one fault gave."""

    fault: str
    when: str
    wanted: str
    """A regular expression for the documented error."""
    output: str
    seconds: float
    limit: float
    """Documented seconds; infinite where they depend on the machine alone."""
    then: str = ""
    """What repaired it; empty where nothing was changed."""

    @property
    def error(self) -> str:
        """The documented error as it was printed; empty where it was not."""
        found = re.search(self.wanted, self.output)
        return found.group() if found else ""

    @property
    def bad(self) -> bool:
        """Whether it was another error, came late, or was not repaired."""
        return not self.error or self.seconds > self.limit or self.then.startswith("NOT")

    def __str__(self) -> str:
        shown = (
            f"`{self.error}`" if self.error else f"OTHER: {' '.join(self.output.split())[-300:]}"
        )
        limit = f"{self.limit:.0f}" if self.limit < math.inf else "none"
        return (
            f"| {self.fault} | {self.when} | {shown} | {self.seconds:.1f} | {limit} | "
            f"{self.then or 'nothing was changed'} |"
        )


def looked(world: World, content: Content) -> tuple[str, float]:
    """What the guard says of a stack file's clusters, and after how many seconds."""
    with _stack_file(world, content) as config:
        begun = time.monotonic()
        try:
            examine(config.clusters)
        except ClusterError as error:
            return str(error), time.monotonic() - begun
        return "no error", time.monotonic() - begun


def failures(world: World, content: Content) -> list[str]:
    """The failures of `./mesh check`, a line each."""
    return _lines(world, content, checks.Status.FAILURE)


def asks_for_recover(world: World, content: Content) -> bool:
    """Whether `./mesh check` warns of what a killed update left, and names `./mesh recover`."""
    return any("./mesh recover" in one for one in _lines(world, content, checks.Status.WARNING))


def _lines(world: World, content: Content, status: checks.Status) -> list[str]:
    with _stack_file(world, content) as config:
        report = checks.run(config)
    found = [one for one in report.results if one.status is status]
    return [f"{one.cluster}: {one.title}: {one.detail} {one.hint}".rstrip() for one in found]


def settled(world: World, content: Content, seconds: float = 120) -> list[str]:
    """The failures that are left when pods, which restart with their API server, had this time."""
    until = time.monotonic() + seconds
    while (left := failures(world, content)) and time.monotonic() < until:
        time.sleep(1)
    return left


@contextlib.contextmanager
def _stack_file(world: World, content: Content) -> Iterator[MeshConfig]:
    """A stack file, where this process has the operator's kubeconfig."""
    world.stack.prepare(world.engine, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", world.engine.environment["KUBECONFIG"])
        yield load_stack_file(world.stack.stack_file)
