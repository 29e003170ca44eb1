"""Requests while a command runs: counted from what clients report, and judged."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.facts.results import Result, Status
from verify.pods.logs import Line
from verify.questions.plan import Plan, Pod, Task, Who
from verify.results import Failure, LinkCount

TASK = "during"
"""Id of the task of every client, and category of the results."""


def with_during(plan: Plan, patience: float) -> Plan:
    """The plan of which clients only keep asking."""

    def task(pod: Pod) -> Task:
        targets = [dict(one) for one in plan.during[pod.key]]
        return {"id": TASK, "do": "during", "patience": patience, "targets": targets}

    pods = tuple(
        pod if pod.serves else replace(pod, tasks=(task(pod),))
        for pod in plan.pods
        if pod.serves or pod.key in plan.during
    )
    return replace(plan, pods=pods, questions=(), mappings=(), series=(), from_here=())


@dataclass
class _Target:
    """What clients reported of one URL."""

    task: Task
    why: str | None = "it was not asked"
    """Why it did not answer at the beginning; None where it did."""
    begun: bool = False
    requests: int = 0
    failed: int = 0
    beats: int = 0


class Tally:
    """Counts what clients report. Several threads may use it."""

    def __init__(self, plan: Plan) -> None:
        self._lock = threading.Lock()
        self._targets = {
            (who, str(task["id"])): _Target(task)
            for who, tasks in plan.during.items()
            for task in tasks
        }
        self.failures: list[Failure] = []

    def take(self, who: Who, line: Line) -> None:
        """Count a line of a client's log."""
        with self._lock:
            target = self._targets.get((who, str(line.get("id"))))
            if target is None:
                return
            if line["kind"] == "begin":
                target.begun, target.why = True, line.get("why")
            elif line["kind"] == "count":
                target.beats += 1
                target.requests += int(line["requests"])
                target.failed += int(line["failed"])
            elif line["kind"] == "failed":
                task = target.task
                self.failures.append(
                    Failure(float(line["at"]), task["link"], task["url"], str(line["why"]))
                )

    def begun(self) -> bool:
        """Whether every target was tried, and those that answer are being asked."""
        with self._lock:
            found = self._targets.values()
            return all(one.begun and (one.beats or one.why is not None) for one in found)

    def silent(self) -> list[tuple[Task, str]]:
        """Targets that did not answer at the beginning, each with the reason."""
        with self._lock:
            found = self._targets.values()
            return [(one.task, one.why) for one in found if one.why is not None]

    def beats(self) -> dict[tuple[Who, str], int]:
        """How many counts came from each target that is being asked."""
        with self._lock:
            return {key: one.beats for key, one in self._targets.items() if one.why is None}

    def counts(self) -> list[LinkCount]:
        """Requests of each link, and how many of them failed."""
        found: dict[str, LinkCount] = {}
        with self._lock:
            for one in self._targets.values():
                link = one.task["link"]
                sums = found.get(link, LinkCount(link, 0, 0))
                found[link] = LinkCount(
                    link, sums.requests + one.requests, sums.failed + one.failed
                )
        return list(found.values())


def results(
    counts: Sequence[LinkCount],
    silent: Sequence[tuple[Task, str]],
    restarted: Sequence[Who],
    troubles: Mapping[Who, str],
) -> list[Result]:
    """A result for each link, and one for each target or pod that could not be asked."""
    rows = []
    for one in counts:
        title = "no request failed while the command ran"
        detail = f"{one.failed} of {one.requests} failed" if one.requests else "no request was made"
        status = Status.OK if one.requests and not one.failed else Status.FAILURE
        rows.append(Result(TASK, one.link, title, status, detail))
    for task, why in silent:
        status = Status.SKIPPED if task.get("export") else Status.FAILURE
        rows.append(Result(TASK, task["link"], f"{task['url']} answered before", status, why))
    again = "it was restarted, so requests in between are not counted"
    rows += [failure(cluster, f"pod {pod} ran all the time", again) for cluster, pod in restarted]
    rows += [failure(cluster, f"pod {pod} asks", why) for (cluster, pod), why in troubles.items()]
    return rows


def failure(group: str, title: str, detail: str) -> Result:
    """A failure while a command ran, of a link or cluster."""
    return Result(TASK, group, title, Status.FAILURE, detail)


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
