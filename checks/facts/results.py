"""What a check finds, and the report that all of it makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

UPDATE = "run `pulumi up --refresh`"
"""Hint for what an update restores; without refresh, Pulumi sees no manual change in a cluster."""


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One line of a check."""

    title: str
    """What was checked, as a sentence that is true or not."""
    status: Status
    """Whether it is true."""
    detail: str = ""
    """What was found; never a secret."""
    hint: str = ""
    """What to do about it."""


def ok(title: str, detail: str = "") -> Finding:
    """A check that passed."""
    return Finding(title, Status.OK, detail)


def warning(title: str, detail: str, hint: str = "") -> Finding:
    """A check that failed without harm so far."""
    return Finding(title, Status.WARNING, detail, hint)


def failure(title: str, detail: str, hint: str = "") -> Finding:
    """A check that failed."""
    return Finding(title, Status.FAILURE, detail, hint)


def skipped(title: str, detail: str) -> Finding:
    """A check that could not be made; `detail` has the reason."""
    return Finding(title, Status.SKIPPED, detail)


@dataclass(frozen=True)
class Result:
    """A finding in its place."""

    category: str
    """The part of the mesh that it is about, for example ``certificates``."""
    cluster: str
    """Name of the cluster, of the link (``source -> target``), or ``all``."""
    title: str
    """What was checked, as a sentence that is true or not."""
    status: Status
    """Whether it is true."""
    detail: str = ""
    """What was found; never a secret."""
    hint: str = ""
    """What to do about it."""

    @classmethod
    def of(cls, category: str, cluster: str, finding: Finding) -> Result:
        """A finding put in its place."""
        return cls(category, cluster, finding.title, finding.status, finding.detail, finding.hint)


@dataclass(frozen=True)
class ClusterRow:
    """One cluster, as the report names it."""

    name: str
    context: str
    """How it is reached."""
    version: str
    """Version of its API server; empty where it does not answer."""
    uid: str
    """UID of its namespace kube-system, which can be pinned; empty where it does not answer."""


@dataclass(frozen=True)
class GatewayRow:
    """One gateway as one source sees it."""

    source: str
    """Cluster that calls; empty where no link has this gateway."""
    target: str
    """Cluster that has the gateway."""
    address: str
    """Where the source reaches it, with the port; empty where that is not known."""
    alive: str
    """``yes``, ``no``, or ``unknown`` where no service mirror reports it."""
    services: int
    """How many Services of the target are mirrored in the source."""


@dataclass(frozen=True)
class Report:
    """Everything that was found."""

    pre: bool
    """Whether this was about what can be known before anything is installed."""
    clusters: Sequence[ClusterRow]
    results: Sequence[Result]
    gateways: Sequence[GatewayRow] = ()

    def count(self, status: Status) -> int:
        """How many results have this status."""
        return sum(result.status is status for result in self.results)

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, warnings or not; else 1."""
        return 1 if self.count(Status.FAILURE) else 0

    def as_json(self) -> str:
        """The report as JSON text, for machines."""
        return json.dumps(
            {
                "pre": self.pre,
                "success": self.exit_code == 0,
                "summary": {status.value: self.count(status) for status in Status},
                "clusters": [asdict(row) for row in self.clusters],
                "results": [asdict(result) for result in self.results],
                "gateways": [asdict(row) for row in self.gateways],
            },
            indent=2,
            ensure_ascii=False,
        )
