"""`./mesh demo`: clusters, charts, deployment, checks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli import screen, tools
from cli.demo import clusters, next_steps, summary
from cli.demo import record as demo_record
from cli.demo.demo import AGAIN, DOWN, INSTEAD, Demo, with_advice
from cli.demo.record import DemoRecord
from cli.demo.stack import STACK
from cli.engine.engine import Engine
from cli.errors import VerbError
from cli.progress import step
from vocabulary.errors import BAD_INPUT

if TYPE_CHECKING:
    from charts import ChartSource
    from preflight import Reach


def make(demo: Demo, *, quick: bool) -> None:
    """Deploy and check the mesh, or repair an existing demo. Raises MeshError.

    `quick` applies the rendered objects without an engine, in local clusters alone.
    """
    if not demo.local and quick:
        raise VerbError(
            "in clusters of your own the demo needs the Pulumi engine, "
            "because only the engine can delete everything again",
            INSTEAD,
            BAD_INPUT,
        )
    before = demo_record.read()
    if before is not None and (before.source, before.target) != demo.contexts:
        raise VerbError(
            f"a demo exists already, in {_where(before)}", f"run {DOWN} first", BAD_INPUT
        )
    try:
        _make(demo, before, quick=quick)
    except KeyboardInterrupt:
        screen.say(f"Interrupted. {AGAIN}")
        raise


def _make(demo: Demo, before: DemoRecord | None, *, quick: bool) -> None:
    engine = None if quick else demo.engine()
    killed = before is not None and demo.stack.killed()
    other_way = before is not None and before.engine != (engine is not None)
    if before is not None and before.local and (killed or other_way):
        # Neither way can go on with what the other one has created.
        why = "was killed during an update" if killed else "was made in the other way"
        screen.note(f"the existing demo {why}; it is deleted first")
        clusters.end()
        demo_record.forget()
        before = None
    access = _local_clusters() if demo.local else _Access()
    reach = clusters.reach(demo.config)
    uids = {name: item.uid for name, item in reach.items()}
    if before is not None and before.uids != uids:
        demo.stack.forget_state()
    source, target = demo.contexts
    record = DemoRecord(
        source=source,
        target=target,
        engine=engine is not None,
        second_export=before is not None and before.uids == uids and before.second_export,
        uids=uids,
    )
    demo_record.write(record)
    charts = demo.charts()
    with with_advice():
        if engine is not None:
            engine = demo.prepared(engine, charts, second_export=record.second_export)
            if killed and not demo.local:
                demo.stack.cancel(engine)
            with step(f"pulumi up --stack {STACK}") as work:
                urns = demo.stack.up(engine, work)
            demo.check_clean(engine)
            summary.show_resources(urns, demo.stack.outputs(engine), screen.out())
        else:
            _apply(demo, reach, charts)
    _show(demo, access, charts, engine)


@dataclass(frozen=True)
class _Access:
    """How printed commands reach the clusters."""

    kubectl: str = "kubectl"
    kubeconfig: Path | None = None
    """That of local clusters; None where it is the user's own."""


def _local_clusters() -> _Access:
    kubeconfig = clusters.start()
    if shutil.which("kubectl"):
        return _Access(kubeconfig=kubeconfig)
    with step("kubectl") as work:
        return _Access(str(tools.kubectl(work.progress)), kubeconfig)


def _apply(demo: Demo, reach: Mapping[str, Reach], charts: ChartSource) -> None:
    from cli.demo.apply import deploy

    # Without the engine's state, each run generates the anchors; pods of local clusters are
    # simulated, and no proxy trusts an older one.
    untrusting = {name: replace(item, trust=None) for name, item in reach.items()}
    with step("Applying the rendered objects") as work:
        deploy(demo.config, untrusting, charts, work)


def _show(demo: Demo, access: _Access, charts: ChartSource, engine: Engine | None) -> None:
    """Check, and print the result. Raises VerbError where a check failed."""
    from cli.verbs.check import run_checks
    from verify.questions import limits

    console = screen.out()
    report = run_checks(demo.config)
    console.print()
    summary.show_checks(report, console)
    console.print()
    summary.show_table(demo.config, report, console)
    console.print()
    summary.show_commands(_next_steps(demo, access, charts, engine), console)
    if demo.local:
        console.print()
        screen.note(
            "API servers, controllers and admission of local clusters are real, but "
            f"{limits.simulated(clusters.NAMES)}; `./mesh verify` would end with exit code "
            f"{limits.NOTHING_TRIED}"
        )
    if report.exit_code:
        logs = f"Logs of the local control planes are in {clusters.folder()}/*/logs."
        raise VerbError("some checks failed; see above", logs if demo.local else "")
    console.print()
    down = DOWN.strip("`")
    line = f"√ The mesh is deployed, and no request went through it yet. {down} removes it."
    console.print(line, style="green")


def _next_steps(
    demo: Demo, access: _Access, charts: ChartSource, engine: Engine | None
) -> list[next_steps.Group]:
    contexts = [
        context or name for name, context in zip(clusters.NAMES, demo.contexts, strict=True)
    ]
    stack_file = None if demo.local else demo.stack.stack_file
    groups = [next_steps.to_look(contexts, access.kubectl, access.kubeconfig, stack_file)]
    if engine is not None:
        groups.append(next_steps.to_go_on(demo.stack, engine, charts.directory))
    return groups


def _where(record: DemoRecord) -> str:
    if record.local:
        return "local clusters"
    return f"the contexts {record.source} and {record.target}"
