"""`./mesh check`: checks the clusters of a stack file. Needs no engine."""

from checks.facts.results import ClusterRow, GatewayRow, Report, Result, Status
from checks.run.report import run

__all__ = ["ClusterRow", "GatewayRow", "Report", "Result", "Status", "run"]
