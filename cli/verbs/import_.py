"""`./mesh import`: Pulumi's state for a mesh that exists already."""

from __future__ import annotations

import json
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import paths, screen, stacks, tools
from cli.arguments import Stack
from cli.engine import decrypted
from cli.errors import VerbError
from cli.progress import Step, step
from vocabulary.errors import BAD_INPUT, FAILED

if TYPE_CHECKING:
    from cli.engine.engine import Engine
    from lifecycle.importing.report import Report

COMMAND = {"name": "import"}


def import_(
    stack: Stack,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write; STACK.import.json by default.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the state of a mesh that exists, for a stack that has none.

    For a mesh that was made by hand, or whose state was lost. Compares what the stack file
    describes with the clusters, changes nothing in them, and writes a file for `pulumi stack
    import`, with its secrets encrypted as the stack's are. Exits with 0 where the next update
    creates, replaces and deletes nothing, with 1 otherwise.
    """
    from charts import choice
    from cli.engine.find import find
    from cli.engine.scratch import ScratchStack, stack_name
    from config.preconditions import expectations
    from lifecycle.importing.run import Import
    from preflight import examine
    from render import HelmTemplate

    config, file = decrypted.load(stack), stacks.find(stack)
    name = stack_name(file)
    target = out or Path(f"{name}.import.json")
    engine = find(screen.say)
    exists = _without_resources(engine, name)
    with step("Clusters"):
        reach = examine(
            config.clusters, {item: expectations(config, item) for item in config.clusters}
        )
        charts = choice.available(config, paths.ROOT)
    with tempfile.TemporaryDirectory(prefix="mesh-import-") as folder, step("Import") as work:
        found = Import(
            config,
            reach,
            charts,
            engine.providers(),
            engine.environment,
            lambda: HelmTemplate(tools.helm(work.progress)),
        ).run(ScratchStack(engine, file, Path(folder)), target, partial(_progress, work))
    _show(found, name, target, exists=exists)
    if not found.complete:
        raise typer.Exit(FAILED)


def _progress(work: Step, line: str) -> None:
    """Show which resource was read; for the engine, each is created."""
    found = re.match(r" \+  (\S+) (\S+) created ", line)
    if found is not None:
        work.update(f"read {found[1].rpartition(':')[2]} {found[2]}", lasting=False)


def _without_resources(engine: Engine, name: str) -> bool:
    """Whether the stack exists, which then has no resources. Raises VerbError."""
    lines: list[str] = []
    errors: list[str] = []
    code = engine.execute(["stack", "export", "--stack", name], lines.append, errors.append)
    if code != 0:
        reason = next((line for line in errors if line.startswith("error: ")), f"exit code {code}")
        if "no stack named" in reason:
            return False
        raise VerbError(
            f"Pulumi cannot read the stack {name}: {reason.removeprefix('error: ')}",
            "log in with `pulumi login` where the stack is, or is to be",
        )
    deployment: dict[str, Any] = json.loads("\n".join(lines))["deployment"]
    found = [item for item in deployment.get("resources") or () if item.get("id")]
    if found:
        raise VerbError(
            f"the stack {name} has a state with {len(found)} resources, which an import would "
            "replace",
            f"run `pulumi preview --stack {name}`; to import all the same, keep `pulumi stack "
            f"export --stack {name} --file BACKUP`, then `pulumi stack rm --force --stack {name}`",
            BAD_INPUT,
        )
    return True


def _show(found: Report, name: str, target: Path, *, exists: bool) -> None:
    from cli.engine.scratch import FORCE

    console = screen.out()
    for line in found.lines():
        console.print(line, markup=False)
    if found.refused:
        console.print("No file was written. Follow the remedies, then import again.")
        return
    shown = paths.shown(target.absolute())
    console.print(f"{shown} (mode 0600) has the state; its secrets are encrypted. Next:")
    # Fields that differ were written by kubectl or Helm.
    force = "".join(f"{key}={value} " for key, value in FORCE.items()) if found.changes else ""
    commands = [] if exists else [f"pulumi stack init {name}"]
    commands += [
        f"pulumi stack import --stack {name} --file {shown}",
        f"{force}pulumi preview --stack {name} --diff",
        f"rm {shown}",
    ]
    for command in commands:
        console.print(f"  {command}", markup=False)
