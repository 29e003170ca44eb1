"""`./mesh verify`: requests through the mesh, made by small pods in its clusters."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from cli import screen
from cli.engine import decrypted
from cli.errors import BAD_INPUT, VerbError

if TYPE_CHECKING:
    from config import MeshConfig
    from verify.questions.plan import Workload


def verify(
    stack: str,
    *,
    links: Sequence[str],
    workload: str | None,
    requests: int,
    timeout: int,
    command: Sequence[str] | None,
    settle: float,
    keep: bool,
    as_json: bool,
    junit: Path | None,
) -> None:
    """Verify a stack's mesh and print what came of it; exits with the outcome's code."""
    config = decrypted.load(stack, pull_secrets=True)

    from preflight import ClusterError
    from verify import report, run
    from verify.questions.limits import NOTHING_TRIED
    from verify.questions.plan import Options
    from verify.session import SessionError

    options = Options(
        requests=requests,
        timeout=float(timeout),
        links=_links(config, links),
        workload=_workload(config, workload) if workload is not None else None,
        keep=keep,
    )
    if command is not None and not command:
        raise VerbError(
            "--during has no command", "write it after --during, as the last option", BAD_INPUT
        )
    if junit is not None and not junit.parent.is_dir():
        raise VerbError(f"there is no folder {junit.parent}", "make it", BAD_INPUT)
    signal.signal(signal.SIGTERM, _interrupt)
    wanted = run.Command(command, settle) if command is not None else None
    try:
        outcome = run.run(config, options, _say, wanted)
    except ClusterError as error:
        raise VerbError(str(error), exit_code=NOTHING_TRIED) from None
    except SessionError as error:
        raise VerbError(error.message, error.remedy) from None
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
    # As Ctrl-C: what was made is taken away before it ends.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _links(config: MeshConfig, links: Sequence[str]) -> frozenset[str]:
    known = [link.name for link in config.links]
    for name in links:
        if name not in known:
            raise VerbError(
                f"there is no link '{name}'",
                f"write one of: {', '.join(known) or 'none is in the stack file'}",
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
