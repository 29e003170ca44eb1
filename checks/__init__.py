"""`./mesh check`: what holds in the clusters of a stack file and what does not. No engine."""

from checks.facts.results import ClusterRow, GatewayRow, Report, Result, Status
from checks.run.report import run

__all__ = ["ClusterRow", "GatewayRow", "Report", "Result", "Status", "run"]
