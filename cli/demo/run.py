"""One run of the demo: clusters, charts, deployment, checks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from charts.source import CHARTS_VARIABLE
from cli import paths, screen, stacks
from cli.demo import clusters, next_steps, summary
from cli.demo import record as demo_record
from cli.demo.record import DemoRecord
from cli.demo.stack import STACK, DemoStack
from cli.engine.engine import Engine, EngineUnavailableError
from cli.engine.find import find
from cli.errors import VerbError
from cli.progress import step
from vocabulary.errors import BAD_INPUT, MeshError

if TYPE_CHECKING:
    from charts import ChartSource
    from config import MeshConfig
    from preflight import Reach

DOWN = "`./mesh demo --down`"

_NEEDS_ENGINE = (
    "in clusters of your own the demo needs the Pulumi engine, "
    "because only the engine can delete everything again"
)
_RENDER_INSTEAD = (
    "install Pulumi (https://www.pulumi.com/docs/install/), leave out --source and --target to "
    f"have local clusters, or read the manifests: `./mesh render {STACK} --out DIR`"
)
_QUICK = "or let the demo apply the rendered objects without an engine: `./mesh demo --quick`"
_AGAIN = f"Run `./mesh demo` again to go on, or {DOWN} first to start over."


class Demo:
    """The demo in two clusters: local ones, or those of two contexts of the user's kubeconfig."""

    def __init__(self, source: str | None, target: str | None) -> None:
        self._contexts = (source, target)
        self._config, self._content = _settings(self._contexts)
        self._stack = DemoStack(demo_record.folder() / "pulumi")
        self._kubeconfig: Path | None = None
        self._kubectl = "kubectl"

    @property
    def _local(self) -> bool:
        return self._contexts == (None, None)

    def make(self, *, quick: bool) -> None:
        """Deploy and check the mesh, or repair an existing demo. Raises MeshError.

        `quick` applies the rendered objects without an engine, in local clusters alone.
        """
        if not self._local and quick:
            raise VerbError(_NEEDS_ENGINE, _RENDER_INSTEAD, BAD_INPUT)
        before = demo_record.read()
        if before is not None and (before.source, before.target) != self._contexts:
            raise VerbError(
                f"a demo exists already, in {_where(before)}", f"run {DOWN} first", BAD_INPUT
            )
        try:
            self._make(before, quick=quick)
        except KeyboardInterrupt:
            screen.say(f"Interrupted. {_AGAIN}")
            raise

    def change(self, record: DemoRecord) -> None:
        """Export a second Service, as a user would: edit, preview, update. Raises MeshError."""
        from cli.demo import change

        if self._stack.killed():
            raise VerbError("the last run was killed during an update", _AGAIN)
        if self._local:
            self._start_clusters()
        charts = _charts(self._config)
        engine = self._engine()
        with _with_advice():
            with step(f"Service {change.NAMESPACE}/{change.SERVICE} in the target"):
                change.apply_service(self._config.clusters["target"])
            demo_record.write(record.model_copy(update={"second_export": True}))
            engine = self._prepared(engine, charts, second_export=True)
            _print(f"\nThe stack file, {self._stack.stack_file}:\n{change.ADDED}\n")
            with step(f"pulumi preview --diff --stack {STACK}") as work:
                planned, shown = self._stack.preview(engine, work)
            _print(change.account(shown))
            if not planned:
                screen.say("The second Service is exported already; nothing changes.")
                return
            with step(f"pulumi up --stack {STACK}") as work:
                self._stack.up(engine, work)
        self._check_clean(engine)

    def can_be_destroyed(self) -> bool:
        """Whether the engine can delete what is in local clusters; prints why not."""
        if self._stack.killed():
            screen.note("the last run was killed during an update; the local clusters are deleted")
            return False
        if not clusters.connect():
            screen.note("the local control planes do not run; nothing is to be deleted in them")
            return False
        return True

    def leave(self, record: DemoRecord) -> None:
        """Delete with the engine what it deployed. Raises MeshError."""
        gone = (
            "if the clusters do not exist any more, delete the demo's record: "
            f"{demo_record.folder()}"
        )
        try:
            uids = {name: item.uid for name, item in clusters.reach(self._config).items()}
        except MeshError as error:
            raise VerbError(str(error), gone) from None
        if uids != record.uids:
            raise VerbError("these are not the clusters that the demo was made in", gone)
        killed = self._stack.killed()
        engine = self._prepared(
            self._engine(), _charts(self._config), second_export=record.second_export
        )
        if killed:
            self._stack.cancel(engine)
        with step(f"pulumi destroy --stack {STACK}") as work:
            self._stack.destroy(engine, work)
        if not self._local:
            screen.say("Helm keeps the CRDs of the Gateway API, because others may use them.")

    def _make(self, before: DemoRecord | None, *, quick: bool) -> None:
        source, target = self._contexts
        engine = None if quick else self._engine()
        killed = before is not None and self._stack.killed()
        other_way = before is not None and before.engine != (engine is not None)
        if before is not None and before.local and (killed or other_way):
            # Neither way can go on with what the other one has created.
            why = "was killed during an update" if killed else "was made in the other way"
            screen.note(f"the existing demo {why}; it is deleted first")
            clusters.end()
            demo_record.forget()
            before = None
        if self._local:
            self._start_clusters()
        reach = clusters.reach(self._config)
        uids = {name: item.uid for name, item in reach.items()}
        if before is not None and before.uids != uids:
            self._stack.forget_state()
        changed = before is not None and before.uids == uids and before.second_export
        demo_record.write(
            DemoRecord(
                source=source,
                target=target,
                engine=engine is not None,
                second_export=changed,
                uids=uids,
            )
        )
        charts = _charts(self._config)
        with _with_advice():
            if engine is not None:
                engine = self._prepared(engine, charts, second_export=changed)
                if killed and not self._local:
                    self._stack.cancel(engine)
                with step(f"pulumi up --stack {STACK}") as work:
                    urns = self._stack.up(engine, work)
                self._check_clean(engine)
                summary.show_resources(urns, self._stack.outputs(engine), screen.out())
            else:
                self._apply(reach, charts)
        self._show(charts, engine)

    def _engine(self) -> Engine:
        """The engine, built where it is not installed. Raises VerbError."""
        try:
            with step("The Pulumi engine") as work:
                engine = find(work.update, work.progress)
        except EngineUnavailableError as error:
            remedy = f"{error.remedy}\n{_QUICK}" if self._local else _RENDER_INSTEAD
            raise VerbError(error.message, remedy) from None
        screen.note(engine.origin)
        return engine

    def _prepared(self, engine: Engine, charts: ChartSource, *, second_export: bool) -> Engine:
        """The engine with the stack's environment and charts, the stack file written."""
        from cli.demo import change

        content = change.with_second_export(self._content) if second_export else self._content
        engine = self._stack.prepare(engine, content)
        if charts.directory is None:
            return engine
        return engine.having({CHARTS_VARIABLE: str(charts.directory)})

    def _check_clean(self, engine: Engine) -> None:
        """Preview once more; an update that is not finished, or never is, ends the demo."""
        with step("pulumi preview --expect-no-changes") as work:
            planned, _ = self._stack.preview(engine, work)
        if planned:
            changes = ", ".join(f"{op.value} {urn}" for urn, op in planned.items())
            raise VerbError(f"a second preview plans changes: {changes}")
        screen.say("A preview after the update plans no change.")

    def _start_clusters(self) -> None:
        from cli import tools

        self._kubeconfig = clusters.start()
        if not shutil.which("kubectl"):
            with step("kubectl") as work:
                self._kubectl = str(tools.kubectl(work.progress))

    def _apply(self, reach: Mapping[str, Reach], charts: ChartSource) -> None:
        from cli.demo.apply import deploy

        # Without the engine's state, each run generates the anchors; pods of local clusters are
        # simulated, and no proxy trusts an older one.
        untrusting = {name: replace(item, trust=None) for name, item in reach.items()}
        with step("Applying the rendered objects") as work:
            deploy(self._config, untrusting, charts, work)

    def _show(self, charts: ChartSource, engine: Engine | None) -> None:
        """Check, and print the result. Raises VerbError where a check failed."""
        from cli.verbs.check import run_checks
        from verify.questions import limits

        console = screen.out()
        report = run_checks(self._config)
        console.print()
        summary.show_checks(report, console)
        console.print()
        summary.show_table(self._config, report, console)
        console.print()
        summary.show_commands(self._next_steps(charts, engine), console)
        if self._local:
            console.print()
            screen.note(
                "API servers, controllers and admission of local clusters are real, but "
                f"{limits.simulated(clusters.NAMES)}; `./mesh verify` would end with exit code "
                f"{limits.NOTHING_TRIED}"
            )
        if report.exit_code:
            raise VerbError(
                "some checks failed; see above",
                f"Logs of the local control planes are in {clusters.folder()}/*/logs."
                if self._local
                else "",
            )
        console.print()
        down = DOWN.strip("`")
        line = f"√ The mesh is deployed, and no request went through it yet. {down} removes it."
        console.print(line, style="green")

    def _next_steps(self, charts: ChartSource, engine: Engine | None) -> list[next_steps.Group]:
        contexts = [
            context or name for name, context in zip(clusters.NAMES, self._contexts, strict=True)
        ]
        stack_file = None if self._local else self._stack.stack_file
        groups = [next_steps.to_look(contexts, self._kubectl, self._kubeconfig, stack_file)]
        if engine is not None:
            groups.append(next_steps.to_go_on(self._stack, engine, charts.directory))
        return groups


def remove() -> None:
    """Delete what the demo has created. Raises MeshError."""
    record = demo_record.read()
    if record is not None and record.engine:
        _leave(record)
    ended = clusters.end()
    demo_record.forget()
    if record is None and not ended:
        screen.say("There is no demo; nothing to remove.")


def change() -> None:
    """Change the deployed demo. Raises MeshError."""
    record = demo_record.read()
    if record is None or not record.engine:
        raise VerbError(
            "there is no demo that the Pulumi engine deployed", "run `./mesh demo` first", BAD_INPUT
        )
    Demo(record.source, record.target).change(record)


def _leave(record: DemoRecord) -> None:
    """Delete with the engine; local clusters are deleted even where that fails."""
    try:
        demo = Demo(record.source, record.target)
        if record.local and not demo.can_be_destroyed():
            return
        demo.leave(record)
    except MeshError as error:
        if not record.local:
            raise
        screen.note(f"pulumi destroy failed ({error.message}); the local clusters are deleted")


@contextmanager
def _with_advice() -> Iterator[None]:
    """Add to the remedy of an error how to go on."""
    try:
        yield
    except MeshError as error:
        error.remedy = f"{error.remedy}\n{_AGAIN}".strip()
        raise


def _print(text: str) -> None:
    screen.out().print(Text(text), soft_wrap=True)


def _where(record: DemoRecord) -> str:
    if record.local:
        return "local clusters"
    return f"the contexts {record.source} and {record.target}"


def _settings(contexts: tuple[str | None, str | None]) -> tuple[MeshConfig, dict[str, Any]]:
    """The stack `local` with these contexts: validated, and as the content of its file."""
    import yaml

    from config import PROJECT

    config = stacks.load(STACK)
    content: dict[str, Any] = yaml.safe_load(stacks.find(STACK).read_text(encoding="utf-8"))
    described = dict(config.clusters)
    for name, context in zip(clusters.NAMES, contexts, strict=True):
        if context is not None:
            content["config"][f"{PROJECT}:clusters"][name]["context"] = context
            described[name] = described[name].model_copy(update={"context": context})
    return config.model_copy(update={"clusters": described}), content


def _charts(config: MeshConfig) -> ChartSource:
    """The charts of the stack, or the stand-ins where a repository does not answer."""
    from charts import choice
    from cli import tools

    with step("Charts") as work:
        try:
            return choice.available(config, paths.ROOT)
        except choice.UnreachableChartsError as error:
            source = choice.stand_ins(config, lambda: tools.helm(work.progress), paths.cache())
            reason = error.message
    screen.note(
        f"{reason}; the demo uses the stand-in charts of charts/stand_ins, which have the same "
        "objects and are for trials only"
    )
    return source
