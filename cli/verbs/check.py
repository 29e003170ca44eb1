"""`./mesh check`: the checks of a stack's clusters, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen
from cli.arguments import Stack
from cli.engine import decrypted

if TYPE_CHECKING:
    from checks import Report
    from config import MeshConfig


def check(
    stack: Stack,
    pre: Annotated[
        bool, typer.Option("--pre", help="Check what is required before the installation.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, for machines.")
    ] = False,
) -> None:
    """Check every cluster and link of a stack, and print one line for each check.

    Exits with 0 when no check failed (warnings are allowed), with 1 when one did.
    """
    config = decrypted.load(stack)

    from checks.run.printing import print_report

    report = run_checks(config, pre=pre)
    if as_json:
        screen.out().print(report.as_json(), markup=False)
    else:
        print_report(report, screen.out())
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def run_checks(config: MeshConfig, *, pre: bool = False) -> Report:
    """The report on every cluster of a stack; it needs a minute where one does not answer."""
    from checks import run

    with screen.err().status(f"checking {', '.join(config.clusters)}"):
        return run(config, pre=pre)
