"""`./mesh recover`: what an interrupted run left stuck, and its repair."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen, stacks
from cli.arguments import Stack
from cli.engine import decrypted
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT

if TYPE_CHECKING:
    from lifecycle.recovery import Engine, Idle


def recover(
    stack: Stack,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Repair without asking.")] = False,
) -> None:
    """Say what a killed or failed run left stuck, and repair it after asking.

    It looks for the stack's lock, files that a killed write left empty, pending operations in the
    state, Helm releases in an interrupted change or that only the state has, names that are in use,
    half-made objects, and namespaces in deletion. What exists in the clusters is kept. Run it when
    no other `pulumi` or `helm` is running on the stack.
    """
    from lifecycle import recovery
    from preflight.guard import examine

    config = decrypted.load(stack)
    plain, name = _engine(stack)
    engine = recovery.patient(plain, partial(examine, config.clusters))
    backend = recovery.idle(name, engine)
    _mend(backend, yes=yes)
    with screen.err().status("looking for what is stuck"):
        found = recovery.stuck(config, backend, engine)
    if _show(found.lines()):
        _ask("Repair this, and compare the state with the clusters (pulumi refresh)?", yes=yes)
        recovery.repair(config, found, engine, screen.say)
    if found.state.deleting:
        screen.out().print(f"Nothing is stuck. Go on with `pulumi destroy --stack {name}`.")
        return
    with screen.err().status("looking for half-made objects"):
        half = recovery.half_made(config, engine)
    if _show(half.lines()):
        _ask("Take them over in an update (pulumi up)?", yes=yes)
        recovery.finish(config, half, engine, screen.say)
    screen.out().print(f"Nothing is stuck. Go on with `pulumi up --stack {name}`.")


def _mend(backend: Idle, *, yes: bool) -> None:
    """Delete files that keep the state from being read."""
    if backend.torn:
        _show(f"{file} is empty, because its write was killed" for file in backend.torn)
        _ask("Delete these files? The state itself is whole without them.", yes=yes)
        for file in backend.torn:
            file.unlink(missing_ok=True)


def _show(lines: Iterator[str]) -> bool:
    """Print lines; returns whether there were any."""
    listed = list(lines)
    for line in listed:
        screen.out().print(f"- {line}", markup=False)
    return bool(listed)


def _ask(question: str, *, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise VerbError("nothing was repaired", "repeat with --yes to repair without asking")


def _engine(stack: str) -> tuple[Engine, str]:
    """The CLI on PATH, run on this stack, and the stack's name. Raises VerbError."""
    from cli.engine.engine import Engine as Command
    from lifecycle.recovery import Answer

    path = stacks.find(stack)
    name = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    if f"Pulumi.{name}.yaml" != path.name:
        raise VerbError(
            f"the name of {path.name} does not say which stack it is of",
            "rename it to Pulumi.STACK.yaml",
            BAD_INPUT,
        )
    command = Command()
    without_stack = ("whoami",)
    with_file = ("preview", "up", "refresh", "destroy")

    def run(*arguments: str, **environment: str) -> Answer:
        output: list[str] = []
        errors: list[str] = []
        words = list(arguments)
        if words[0] not in without_stack:
            words += ["--stack", name]
        if words[0] in with_file:
            words += ["--config-file", str(path.resolve())]
        code = command.having(environment).execute(words, output.append, errors.append)
        return Answer(code, "\n".join(output), "\n".join(errors))

    return run, name
