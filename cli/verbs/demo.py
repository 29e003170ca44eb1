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
    no_engine: Annotated[
        bool,
        typer.Option(
            "--no-engine",
            help="Apply the rendered objects without the Pulumi engine, as happens anyway where "
            "the engine is not available.",
        ),
    ] = False,
    down: Annotated[
        bool, typer.Option("--down", help="Delete everything that the demo has created, and end.")
    ] = False,
) -> None:
    """Start two local clusters, deploy the stack 'local' into them, and check the mesh.

    Needs only Python and, to build the local control planes once (some minutes), Go. A second run
    repairs what is missing. It ends with the checks of `./mesh check` and a table of the
    Deployments and addresses.
    """
    from cli.demo.run import Demo, remove

    if down:
        with _alone():
            remove()
        return
    if (source is None) != (target is None):
        raise VerbError(
            "only one of --source and --target is given",
            "give both, or neither to have two local clusters",
            BAD_INPUT,
        )
    with _alone():
        Demo(source, target).make(use_engine=not no_engine)


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
