"""Requests while a command runs: counted from what clients report, and judged."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks.facts.results import Result, Status
from verify.pods.logs import Line
from verify.questions.plan import Plan, Task, Who
from verify.results import Failure, LinkCount

TASK = "during"
"""Id of the task of every client."""


def with_during(plan: Plan, patience: float) -> Plan:
    """The plan whose clients do nothing but ask what they keep asking."""
    pods = tuple(
        pod
        if pod.serves
        else replace(
            pod,
            tasks=(
                {
                    "id": TASK,
                    "do": "during",
                    "patience": patience,
                    "targets": [dict(task) for task in plan.during[pod.key]],
                },
            ),
        )
        for pod in plan.pods
        if pod.serves or pod.key in plan.during
    )
    return replace(plan, pods=pods, questions=(), mappings=(), series=(), from_here=())


class Tally:
    """Counts what clients report. Several threads may use it."""

    def __init__(self, plan: Plan) -> None:
        self._lock = threading.Lock()
        self._targets: dict[tuple[Who, str], Task] = {
            (who, task["id"]): task for who, tasks in plan.during.items() for task in tasks
        }
        self._begun: dict[tuple[Who, str], str | None] = {}
        self._requests: dict[tuple[Who, str], int] = {}
        self._failed: dict[tuple[Who, str], int] = {}
        self._beats: dict[tuple[Who, str], int] = {}
        self.failures: list[Failure] = []

    def take(self, who: Who, line: Line) -> None:
        """Take a line of a client's log."""
        key = (who, str(line.get("id")))
        if key not in self._targets:
            return
        with self._lock:
            if line["kind"] == "begin":
                self._begun[key] = line.get("why")
            elif line["kind"] == "count":
                self._beats[key] = self._beats.get(key, 0) + 1
                self._requests[key] = self._requests.get(key, 0) + int(line["requests"])
                self._failed[key] = self._failed.get(key, 0) + int(line["failed"])
            elif line["kind"] == "failed":
                task = self._targets[key]
                self.failures.append(
                    Failure(float(line["at"]), task["link"], task["url"], str(line["why"]))
                )

    def begun(self) -> bool:
        """Whether every target was tried, and those that answer are being asked."""
        with self._lock:
            asking = [key for key in self._targets if self._begun.get(key, "") is None]
            return len(self._begun) == len(self._targets) and all(
                self._beats.get(key) for key in asking
            )

    def silent(self) -> list[tuple[Task, str]]:
        """Targets that did not answer at the beginning, each with the reason."""
        with self._lock:
            return [
                (task, why)
                for key, task in self._targets.items()
                if (why := self._begun.get(key, "it was not asked")) is not None
            ]

    def beats(self) -> dict[tuple[Who, str], int]:
        """How many counts came from each target that is being asked."""
        with self._lock:
            return {key: self._beats.get(key, 0) for key in self._asked()}

    def _asked(self) -> list[tuple[Who, str]]:
        return [key for key in self._targets if key in self._begun and self._begun[key] is None]

    def counts(self) -> list[LinkCount]:
        """Requests of each link, and how many of them failed."""
        with self._lock:
            links = dict.fromkeys(task["link"] for task in self._targets.values())
            return [
                LinkCount(
                    link,
                    sum(self._requests.get(key, 0) for key in self._of(link)),
                    sum(self._failed.get(key, 0) for key in self._of(link)),
                )
                for link in links
            ]

    def _of(self, link: str) -> list[tuple[Who, str]]:
        return [key for key, task in self._targets.items() if task["link"] == link]


def results(
    counts: Sequence[LinkCount],
    silent: Sequence[tuple[Task, str]],
    restarted: Sequence[Who],
    troubles: Mapping[Who, str],
) -> list[Result]:
    """A result a link, and one for whatever could not be asked."""
    rows = []
    for one in counts:
        title = "no request failed while the command ran"
        detail = f"{one.failed} of {one.requests} failed"
        good = one.requests > 0 and one.failed == 0
        if not one.requests:
            detail = "no request was made"
        rows.append(
            Result("during", one.link, title, Status.OK if good else Status.FAILURE, detail)
        )
    for task, why in silent:
        status = Status.SKIPPED if task.get("export") else Status.FAILURE
        rows.append(Result("during", task["link"], f"{task['url']} answered before", status, why))
    for cluster, pod in restarted:
        rows.append(
            Result(
                "during",
                cluster,
                f"pod {pod} ran all the time",
                Status.FAILURE,
                "it was started again, so requests in between are not counted",
            )
        )
    for (cluster, pod), why in troubles.items():
        rows.append(Result("during", cluster, f"pod {pod} asks", Status.FAILURE, why))
    return rows


def start(command: Sequence[str], environment: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start the command, its output on standard error; one word goes to the shell.

    Raises OSError where it cannot be started.
    """
    shell = len(command) == 1
    return subprocess.Popen(
        command[0] if shell else list(command),
        shell=shell,
        env={**os.environ, **environment},
        stdout=2,
    )
