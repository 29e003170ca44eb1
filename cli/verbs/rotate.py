"""`./mesh rotate`: the steps in which a trust anchor is replaced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cli import paths, screen, stacks
from cli.arguments import Stack
from cli.engine import decrypted
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT, UNPROVEN

if TYPE_CHECKING:
    from config import MeshConfig
    from lifecycle.rotation.status import ClusterStatus


def rotate(
    stack: Stack,
    following: Annotated[
        bool,
        typer.Option(
            "--next", help="Write the next step into the stack file, which keeps its comments."
        ),
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Restart the workloads that started with other anchors, in batches, if "
            "trustAnchor.restarts.by is rotate.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Restart without asking.")] = False,
) -> None:
    """Show how far a change of trust anchors is, what is missing, and the next step.

    A change is a prepared anchor, which then becomes the active one, and the removal of the old
    one, with an update and restarts after each step: see docs/rotate.md. This command never runs
    Pulumi; it prints the commands.
    """
    if following and restart:
        raise VerbError(
            "--next and --restart are given both", "give one of them at a time", BAD_INPUT
        )
    config, name = decrypted.load(stack), stacks.name(stack)

    from lifecycle.rotation import report

    found = _look(config)
    if restart:
        _restart(config, name, found, yes=yes)
    elif following:
        _write(config, stack, found)
    else:
        _print(report.where(config, found))
        _print(report.following(config, name, found))


def _look(config: MeshConfig) -> list[ClusterStatus]:
    from lifecycle.restarts import gaps
    from lifecycle.rotation import status
    from preflight import ClusterError

    try:
        with screen.err().status(f"reading {', '.join(config.clusters)}"):
            return [
                replace(one, plan=gaps.marked_in(config, one.plan)) for one in status.look(config)
            ]
    except ClusterError as error:
        error.exit_code = UNPROVEN
        raise


def _write(config: MeshConfig, stack: str, found: list[ClusterStatus]) -> None:
    from lifecycle.rotation import edit, report, status
    from lifecycle.rotation.step import next_step

    name, path = stacks.name(stack), stacks.find(stack)
    status.require_complete(found, name)
    step = next_step(config.trust_anchor)
    status.require_permitted(config, found, step)
    edit.write(path, step)
    _print([f"{paths.shown(path)}: {step.title}"])
    _print(f"  {line}" for line in step.lines(config.trust_anchor.anchors))
    _print(["then:", *(f"  {line}" for line in report.commands(config, name, step))])


def _restart(config: MeshConfig, name: str, found: list[ClusterStatus], *, yes: bool) -> None:
    from lifecycle.restarts import act
    from lifecycle.rotation import report

    for one in found:
        if one.plan.all:
            _print([f"cluster {one.name}: {one.plan}"])
            context = config.clusters[one.name].context
            _print(f"  {line}" for line in report.restarts(one.plan, context))
    plans = [one.plan for one in found if one.plan.restarts]
    if not plans:
        _print(["no workload has to restart"])
        return
    if config.trust_anchor.restarts.by == "user":
        raise VerbError(
            "trustAnchor.restarts.by is user, so that ./mesh rotate restarts nothing",
            f"run the commands that `./mesh rotate {name}` prints, or write by: rotate under "
            "trustAnchor.restarts",
            BAD_INPUT,
        )
    if not yes:
        typer.confirm("Restart them?", abort=True)
    for plan in plans:
        act.restart_in(config, plan, screen.say)
    left = [f"{one.name}: {one.plan}" for one in _look(config) if one.plan.restarts]
    if left:
        raise VerbError(
            f"after the restarts, workloads still have older anchors: {'; '.join(left)}",
            f"see `./mesh check {name}`, which says whether the proxy injector runs",
        )
    _print(["every workload that ./mesh rotate restarts has the present anchors"])


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        screen.out().print(line, markup=False)
