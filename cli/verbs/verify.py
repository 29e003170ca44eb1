"""`./mesh verify`: requests through the mesh, sent by small pods in its clusters."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

from cli import screen
from cli.arguments import Stack
from cli.engine import decrypted
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT, UNPROVEN

if TYPE_CHECKING:
    from config import MeshConfig
    from verify.questions.plan import Workload


class WithCommand(TyperCommand):
    """A verb whose option ``--during`` has all further arguments as its value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Split the command off, and parse the rest."""
        if "--during" in args:
            place = args.index("--during")
            ctx.meta["during"] = args[place + 1 :]
            args = args[:place]
        return list(super().parse_args(ctx, args))


COMMAND = {"cls": WithCommand}


def verify(
    context: typer.Context,
    stack: Stack,
    *,
    link: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE-TARGET",
            help="Verify this link only; may be given several times.",
            show_default=False,
        ),
    ] = None,
    workload: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAMESPACE/KIND/NAME[@CLUSTER]",
            help="Send requests with the identity and the proxy settings of this workload, from a "
            "pod beside it, for example shop/deployment/web@west.",
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
            help="How long to wait for pods and mirrored Services.",
        ),
    ] = 180,
    during: Annotated[  # read from the context; here for --help
        str | None,
        typer.Option(
            metavar="COMMAND...",
            help="Run a command and send ten requests a second until it ends; every request that "
            "fails is reported. Everything after --during is the command, so it comes last; a "
            "single word is run by the shell.",
            show_default=False,
        ),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            max=3600,
            help="How long to go on with requests after the command.",
        ),
    ] = 5.0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not delete the namespaces and pods.")
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
    """Send requests through the mesh, and print one line for each that is answered or refused.

    Starts small pods in a namespace of their own in every cluster, and deletes them afterwards.
    Exits with 0 when everything passed, with 1 when something failed, with 3 when nothing could be
    verified, for example because pods are simulated.
    """
    config = decrypted.load(stack, pull_secrets=True)

    from preflight import ClusterError
    from verify import report, run
    from verify.questions.plan import Options

    options = Options(
        requests=requests,
        timeout=float(timeout),
        links=_links(config, link or ()),
        workload=_workload(config, workload) if workload is not None else None,
        keep=keep,
    )
    command = context.meta.get("during")
    if command is not None and not command:
        raise VerbError(
            "--during has no command", "write it after --during, as the last option", BAD_INPUT
        )
    if junit is not None and not junit.parent.is_dir():
        raise VerbError(f"there is no folder {junit.parent}", "create it", BAD_INPUT)
    signal.signal(signal.SIGTERM, _interrupt)
    wanted = run.Command(command, settle) if command is not None else None
    try:
        outcome = run.run(config, options, _say, wanted)
    except ClusterError as error:
        error.exit_code = UNPROVEN
        raise
    if junit is not None:
        junit.write_text(report.as_junit(outcome, stack), encoding="utf-8")
    if as_json:
        screen.out().print(report.as_json(outcome), markup=False)
    else:
        report.print_outcome(outcome, screen.out())
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _say(text: str) -> None:
    screen.err().print(Text(text))


def _interrupt(*_: Any) -> None:
    # As Ctrl-C: namespaces and pods are deleted before it ends.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _links(config: MeshConfig, links: Sequence[str]) -> frozenset[str]:
    known = [link.name for link in config.links]
    for name in links:
        if name not in known:
            raise VerbError(
                f"there is no link '{name}'",
                f"write one of: {', '.join(known) or 'the stack file has none'}",
                BAD_INPUT,
            )
    return frozenset(links)


def _workload(config: MeshConfig, text: str) -> Workload:
    """The workload of ``--from NAMESPACE/KIND/NAME[@CLUSTER]``. Raises VerbError."""
    from verify.pods.workload import TEMPLATES
    from verify.questions.plan import Workload

    found = re.fullmatch(r"([^/@]+)/([^/@]+)/([^/@]+)(?:@([^/@]+))?", text)
    if found is None:
        raise VerbError(
            f"--from {text} does not name a workload",
            "write NAMESPACE/KIND/NAME@CLUSTER, for example shop/deployment/web@west",
            BAD_INPUT,
        )
    namespace, kind, name, cluster = found.groups()
    if kind.lower() not in TEMPLATES:
        raise VerbError(
            f"--from {text}: kind {kind} has no pods",
            f"write one of {', '.join(TEMPLATES)}",
            BAD_INPUT,
        )
    sources = list(dict.fromkeys(link.source for link in config.links))
    if cluster is None:
        if len(sources) != 1:
            raise VerbError(
                f"--from {text} names no cluster, and {len(sources)} clusters are sources",
                f"add @ and one of {', '.join(sources or config.clusters)}",
                BAD_INPUT,
            )
        cluster = sources[0]
    if cluster not in config.clusters:
        raise VerbError(
            f"--from {text}: there is no cluster '{cluster}'",
            f"write one of {', '.join(config.clusters)}",
            BAD_INPUT,
        )
    return Workload(cluster, namespace, kind.lower(), name)
