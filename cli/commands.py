"""The command line. Each verb's module is imported when the verb is called, and no sooner."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from cli.paths import ROOT

app = typer.Typer(
    name="./mesh",
    help="Joins Kubernetes clusters into one Linkerd mesh, with Ambassador as gateway.",
    epilog=(
        "Exit codes: 0 done; 1 it failed, or a check failed; 2 a stack file, a name or an option "
        "cannot be used; 3 a cluster could not be verified; 130 interrupted. To deploy, use pulumi "
        "itself: `pulumi up --stack NAME`."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Stack = Annotated[
    str,
    typer.Argument(
        metavar="STACK|FILE",
        help="Name of a stack (the middle of stacks/Pulumi.NAME.yaml), or path of a stack file.",
        show_default=False,
    ),
]


def version() -> str:
    """The version of this project, as pyproject.toml has it."""
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
    """What holds for all verbs."""


@app.command()
def demo(
    source: Annotated[
        str | None,
        typer.Option(
            metavar="CONTEXT",
            help="Context of a cluster of your own, in place of the local source.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="CONTEXT",
            help="Context of a cluster of your own, in place of the local target.",
            show_default=False,
        ),
    ] = None,
    no_engine: Annotated[
        bool,
        typer.Option(
            "--no-engine",
            help="Do without the Pulumi engine: apply the rendered objects. "
            "This is what happens anyway where the engine cannot be had.",
        ),
    ] = False,
    down: Annotated[
        bool, typer.Option("--down", help="Remove everything that the demo has made, and end.")
    ] = False,
) -> None:
    """Start two local clusters, deploy the stack 'local' into them, and check the mesh.

    Needs nothing but Python and, to build the local control planes once (some minutes), Go.
    Running it again repairs what is missing. It ends with the checks of `./mesh check` and a table
    of what stands where.
    """
    from cli.demo.demo import bring_down, bring_up

    if down:
        bring_down()
    else:
        bring_up(source, target, use_engine=not no_engine)


@app.command()
def validate(stack: Stack) -> None:
    """Say everything that is wrong with a stack file, and what to write instead.

    Needs no cluster and no engine. Exits with 0 when the file is valid, with 2 when it is not.
    """
    from cli.verbs.validate import validate as run

    run(stack)


@app.command()
def render(
    stack: Stack,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder to write to, one folder per cluster in it.",
            file_okay=False,
            show_default=False,
        ),
    ],
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Write secrets too, in plain text.")
    ] = False,
    kube_version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Version of Kubernetes that charts are rendered for, for example 1.34.0.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the objects that a stack describes as plain manifests, one folder per cluster.

    The same program runs offline: no cluster, no engine. What only a cluster can tell (addresses,
    tokens) is a placeholder, and certificates are made anew at every run. Secrets are left out
    unless asked for.
    """
    from cli.verbs.render import render as run

    run(stack, out, show_secrets=show_secrets, kube_version=kube_version)


@app.command()
def check(
    stack: Stack,
    pre: Annotated[
        bool, typer.Option("--pre", help="Check what has to hold before anything is installed.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, for machines.")
    ] = False,
) -> None:
    """Look at every cluster of a stack and say, line by line, what holds and what does not.

    Exits with 0 when nothing failed (warnings are allowed), with 1 when something did.
    """
    from cli.verbs.check import check as run

    run(stack, pre=pre, as_json=as_json)


class _WithCommand(TyperCommand):
    """A verb whose option ``--during`` takes everything after it, as it stands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--during" in args:
            place = args.index("--during")
            ctx.meta["during"] = args[place + 1 :]
            args = args[:place]
        return list(super().parse_args(ctx, args))


@app.command(cls=_WithCommand)
def verify(
    context: typer.Context,
    stack: Stack,
    *,
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE-TARGET",
            help="Try this link only; may be given several times.",
            show_default=False,
        ),
    ] = None,
    workload: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAMESPACE/KIND/NAME[@CLUSTER]",
            help="Ask with the identity and the proxy settings of this workload, from a pod beside "
            "it, for example shop/deployment/web@west.",
            show_default=False,
        ),
    ] = None,
    requests: Annotated[int, typer.Option(min=1, max=10000, help="Requests of each series.")] = 20,
    timeout: Annotated[
        int,
        typer.Option(
            metavar="SECONDS",
            min=5,
            max=3600,
            help="Seconds that pods and mirrors may take.",
        ),
    ] = 180,
    during: Annotated[  # read from the context; here for --help
        str | None,
        typer.Option(
            metavar="COMMAND...",
            help="Run a command and ask all the while, ten times a second; every request that "
            "fails is reported. Everything after --during is the command, so it comes last; a "
            "single word goes to the shell.",
            show_default=False,
        ),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, max=3600, help="How long to go on asking after the command."
        ),
    ] = 5.0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the namespaces and pods where they are.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as JSON, for machines.")
    ] = False,
    junit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the outcome as JUnit XML, too.", show_default=False
        ),
    ] = None,
) -> None:
    """Send requests through the mesh and say, line by line, which were answered as they should be.

    Small pods are started in a namespace of their own in every cluster, and deleted again. Exits
    with 0 when everything passed, with 1 when something failed, with 3 when nothing could be
    tried, for example because pods are simulated.
    """
    from cli.verbs.verify import verify as run

    run(
        stack,
        links=link or (),
        workload=workload,
        requests=requests,
        timeout=timeout,
        command=context.meta.get("during"),
        settle=settle,
        keep=keep,
        as_json=as_json,
        junit=junit,
    )


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def test(context: typer.Context) -> None:
    """Run every test; further arguments go to pytest, for example `-k sentence` or `-x`.

    Tests that need the Pulumi CLI are skipped where it is not on PATH. The first run builds the
    programs of the local clusters, which takes some minutes.
    """
    from cli.verbs.test import test as run

    run(context.args)
