"""`./mesh upgrade`: the waves in which the clusters of a stack are upgraded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from cli import paths, screen, stacks
from cli.arguments import Stack
from cli.engine import decrypted
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT, UNPROVEN

if TYPE_CHECKING:
    from config import MeshConfig
    from lifecycle.upgrade.report import Waves
    from preflight import Reach


def upgrade(
    stack: Stack,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Version of Linkerd's charts for all clusters; by default the newest one of the "
            "stack file.",
            show_default=False,
        ),
    ] = None,
    following: Annotated[
        bool,
        typer.Option(
            "--next",
            help="Check all clusters, and write the next versions into the stack file, which keeps "
            "its comments.",
        ),
    ] = False,
    digests: Annotated[
        bool,
        typer.Option(
            "--digests",
            help="Print the digests of the charts that the stack file uses, for charts.digests.",
        ),
    ] = False,
) -> None:
    """Show which versions each cluster has, in which order they are upgraded, and what is next.

    An upgrade is one edit of the stack file, one update and one check for each wave of clusters:
    see docs/upgrade.md. This command never runs Pulumi; it prints the commands.
    """
    config = decrypted.load(stack)

    from lifecycle.upgrade import plan, report

    target = _target(to) or plan.newest(config)
    if digests:
        _digests(config, target if to else None)
        return
    found = plan.plan(config, _look(config), target)
    if following:
        _write(config, stack, found)
        return
    _print(report.where(config, found, target))
    _print(report.following(config, stacks.name(stack), found))


def _target(to: str | None) -> str | None:
    if to is None:
        return None
    from pydantic import TypeAdapter, ValidationError

    from config.linkerd.control_plane import LinkerdVersion
    from config.variants.linkerds import DEFAULT

    try:
        TypeAdapter(LinkerdVersion).validate_python(to)
    except ValidationError as error:
        problem = error.errors()[0]["ctx"]["problems"][0]
        raise VerbError(problem.message, problem.remedy, BAD_INPUT) from None
    if not DEFAULT.has(to):
        raise VerbError(
            f"{to} is not a version that clusters are upgraded to",
            f'give the version of an edge release, for example "{DEFAULT.newest}"',
            BAD_INPUT,
        )
    return to


def _look(config: MeshConfig) -> dict[str, Reach]:
    from lifecycle.upgrade import plan
    from preflight import ClusterError

    try:
        with screen.err().status(f"reading {', '.join(config.clusters)}"):
            return plan.look(config)
    except ClusterError as error:
        error.exit_code = UNPROVEN
        raise


def _write(config: MeshConfig, stack: str, found: Waves) -> None:
    from checks import Status
    from cli.verbs.check import run_checks
    from lifecycle.upgrade import edit, plan, report

    name, path = stacks.name(stack), stacks.find(stack)
    versions = report.steps(plan.current(found))
    clusters = [one for wave in found for one in wave]
    if not versions or any(one.differences or one.refused or one.late for one in clusters):
        raise VerbError(
            "there is no version to write now",
            "\n".join(report.following(config, name, found)),
        )
    failed = [one for one in run_checks(config).results if one.status is Status.FAILURE]
    if failed:
        raise VerbError(
            f"{len(failed)} checks fail before the next wave, the first of them: "
            f"{failed[0].cluster}: {failed[0].title}: {failed[0].detail}",
            f"see `./mesh check {name}`, and repair what it names first",
        )
    edit.write(path, versions)
    _print([f"{paths.shown(path)}:", *(f"  {line}" for line in edit.lines(versions))])
    if config.charts.digests:
        _print([f"`./mesh upgrade {name} --digests` prints the digests of the new charts"])
    _print(["then:", *report.update(name)])


def _digests(config: MeshConfig, target: str | None) -> None:
    """Print the digests of the charts in use, and of those that `target` needs."""
    from charts import charts_of, choice
    from charts.pins import digest
    from lifecycle.upgrade import edit

    free = config.charts.model_copy(update={"digests": {}})
    mesh = config.model_copy(update={"charts": free})
    edge = [name for name, one in mesh.clusters.items() if one.linkerd.generation.dated]
    later = edit.with_versions(mesh, dict.fromkeys(edge, target)) if target else mesh
    found: dict[str, str] = {}
    for wanted in (mesh, later):
        source = choice.available(wanted, paths.ROOT)
        for item in charts_of(wanted):
            if item.key not in found:
                found[item.key] = digest(source.content(item))
    _print(["charts:", "  digests:", *(f"    {name}: {value}" for name, value in found.items())])


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        screen.out().print(line, markup=False)
