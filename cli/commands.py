"""The command line: a verb for each module of `cli/verbs`, the function of the same name.

A verb imports what is slow to import only when it is called. `COMMAND` of its module are further
arguments of `typer.Typer.command`.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from typing import Annotated

import typer

from cli import verbs
from cli.paths import ROOT

app = typer.Typer(
    name="./mesh",
    help="Joins Kubernetes clusters into one Linkerd mesh, with Ambassador as gateway.",
    epilog=(
        "Exit codes: 0 success; 1 an error, or a failed check; 2 a stack file, a name or an option "
        "cannot be used; 3 a cluster could not be verified; 130 interrupted. To deploy, use pulumi "
        "itself: `pulumi up --stack NAME`."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def version() -> str:
    """The version of this project, from pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"linkerd-ambassador-mesh {version()}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options without a verb."""


for _found in pkgutil.iter_modules(verbs.__path__):
    _module = importlib.import_module(f"{verbs.__name__}.{_found.name}")
    app.command(**getattr(_module, "COMMAND", {}))(getattr(_module, _found.name))
