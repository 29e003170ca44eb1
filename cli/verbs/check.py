"""`./mesh check`: what holds of a mesh, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cli import screen
from cli.engine import decrypted

if TYPE_CHECKING:
    from checks import Report
    from config import MeshConfig


def check(stack: str, *, pre: bool, as_json: bool) -> None:
    """Print the report on a stack's clusters; exits with the report's code where it is not 0."""
    config = decrypted.load(stack)

    from checks.run.printing import print_report

    report = look(config, pre=pre)
    if as_json:
        screen.out().print(report.as_json(), markup=False)
    else:
        print_report(report, screen.out())
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def look(config: MeshConfig, *, pre: bool = False) -> Report:
    """Look at every cluster of a stack, which may take a minute where one does not answer."""
    from checks import run

    with screen.err().status(f"looking at {', '.join(config.clusters)}"):
        return run(config, pre=pre)
