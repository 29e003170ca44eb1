"""`./mesh demo`: two clusters with the stack `local`, until `--down`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli import paths, screen
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT


def _context(which: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar="CONTEXT",
        help=f"Context of a cluster of your own, in place of the local {which}.",
        show_default=False,
    )
    return option


def demo(
    source: Annotated[str | None, _context("source")] = None,
    target: Annotated[str | None, _context("target")] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Apply the rendered objects without the Pulumi engine: no state, no updates.",
        ),
    ] = False,
    change: Annotated[
        bool,
        typer.Option(
            "--change", help="Export a second Service from the demo: preview its diff, and update."
        ),
    ] = False,
    down: Annotated[
        bool,
        typer.Option(
            "--down", help="Destroy the stack and delete everything that the demo has created."
        ),
    ] = False,
) -> None:
    """Start two local clusters, deploy the stack 'local' with Pulumi, and check the mesh.

    Needs only Python and Go. The first run builds the local control planes, and Pulumi where it is
    neither installed nor can be, in about 20 minutes. A second run repairs what is missing. It ends
    with the checks of `./mesh check` and a table of the Deployments and addresses.
    """
    from cli.demo.change import change as export_second
    from cli.demo.demo import Demo
    from cli.demo.make import make
    from cli.demo.removal import remove

    if down or change:
        with _alone():
            (remove if down else export_second)()
        return
    if (source is None) != (target is None):
        raise VerbError(
            "only one of --source and --target is given",
            "give both, or neither to have two local clusters",
            BAD_INPUT,
        )
    with _alone():
        make(Demo(source, target), quick=quick)


@contextmanager
def _alone() -> Iterator[None]:
    """The lock of the demo; waits until another run releases it."""
    from machine.files import locked

    said = False

    def waiting(_: float) -> None:
        nonlocal said
        if not said:
            screen.say("another `./mesh demo` is running; waiting for it")
            said = True

    with locked(paths.state() / "demo.lock", waiting):
        yield
