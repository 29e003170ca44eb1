"""The lines that an agent printed, once each, although the stream is cut now and then."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from verify.cluster import Cluster, ClusterRefusedError
from verify.pods.objects import CONTAINER

OVERLAP_SECONDS = 10.0
"""How far a stream that begins again goes back before the newest line."""

Line = dict[str, Any]
"""A line of an agent."""


class Lines:
    """Reads lines of a log, and keeps those that are new."""

    def __init__(self) -> None:
        self._boot = ""
        self._next = 0
        self.restarts = 0
        """How often the agent was started again."""
        self.latest: float | None = None
        """When the newest line was printed, in seconds since 1970."""

    def new(self, text: str) -> Line | None:
        """A line of the agent that was not there yet; None for any other text."""
        try:
            line = json.loads(text)
            boot, seq = str(line["boot"]), int(line["seq"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if boot != self._boot:
            self.restarts += bool(self._boot)
            self._boot, self._next = boot, 0
        if seq < self._next:
            return None
        self._next = seq + 1
        at = line.get("at")
        self.latest = float(at) if isinstance(at, int | float) else self.latest
        return dict(line)


class Follower(threading.Thread):
    """Follows the log of a pod until `stop`, and hands over each line once."""

    def __init__(
        self,
        cluster: Cluster,
        space: str,
        pod: str,
        take: Callable[[Line], None],
        stop: threading.Event,
    ) -> None:
        super().__init__(daemon=True)
        self._where = (cluster, space, pod)
        self._take, self._stop = take, stop
        self._lines = Lines()
        self.trouble = ""
        """Why the log cannot be read now; empty where it can."""

    @property
    def restarts(self) -> int:
        """How often the agent was started again."""
        return self._lines.restarts

    def run(self) -> None:
        """Read, and begin again where the stream ends."""
        cluster, space, pod = self._where
        while not self._stop.is_set():
            try:
                for text in self._stream(cluster, space, pod):
                    self.trouble = ""
                    line = self._lines.new(text)
                    if line is not None:
                        self._take(line)
                    if self._stop.is_set():
                        return
            except ClusterRefusedError as error:
                self.trouble = str(error)
            self._stop.wait(0.5)

    def _stream(self, cluster: Cluster, space: str, pod: str) -> Iterator[str]:
        latest = self._lines.latest
        # Agent and log have the clock of one node; a margin for what was on its way.
        since = None if latest is None else datetime.fromtimestamp(latest - OVERLAP_SECONDS, UTC)
        return cluster.log(space, pod, CONTAINER, since=since)


def wait_until(holds: Callable[[], bool], seconds: float, stop: threading.Event) -> bool:
    """Whether something came to hold within that time, before `stop`."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= end or stop.wait(0.2):
            return holds()
    return True
