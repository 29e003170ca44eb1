"""The demo: the stack `local` in two clusters, and the engine that deploys it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from charts.source import CHARTS_VARIABLE
from cli import paths, screen, stacks
from cli.demo import clusters
from cli.demo import record as demo_record
from cli.demo.second_export import with_second_export
from cli.demo.stack import STACK, DemoStack
from cli.engine.engine import Engine, EngineUnavailableError
from cli.engine.find import find
from cli.errors import VerbError
from cli.progress import step
from vocabulary.errors import MeshError

if TYPE_CHECKING:
    from charts import ChartSource
    from config import MeshConfig

DOWN = "`./mesh demo --down`"
AGAIN = f"Run `./mesh demo` again to go on, or {DOWN} first to start over."
INSTEAD = (
    "install Pulumi (https://www.pulumi.com/docs/install/), leave out --source and --target to "
    f"have local clusters, or read the manifests: `./mesh render {STACK} --out DIR`"
)
_QUICK = "or let the demo apply the rendered objects without an engine: `./mesh demo --quick`"


class Demo:
    """The demo in two clusters: local ones, or those of two contexts of the user's kubeconfig.

    Raises StackFileError where the stack `local` is not valid.
    """

    def __init__(self, source: str | None, target: str | None) -> None:
        self.contexts = (source, target)
        """The user's contexts; None for local clusters."""
        self.config, self._content = _settings(self.contexts)
        """The stack `local` with these contexts."""
        self.stack = DemoStack(demo_record.folder() / "pulumi")
        """Its Pulumi stack."""

    @property
    def local(self) -> bool:
        """Whether it is in local clusters."""
        return self.contexts == (None, None)

    def charts(self) -> ChartSource:
        """The charts of the stack, or the stand-ins where a repository does not answer."""
        from charts import choice
        from cli import tools

        with step("Charts") as work:
            try:
                return choice.available(self.config, paths.ROOT)
            except choice.UnreachableChartsError as error:
                reason = error.message
                source = choice.stand_ins(
                    self.config, lambda: tools.helm(work.progress), paths.cache()
                )
        screen.note(
            f"{reason}; the demo uses the stand-in charts of charts/stand_ins, which have the same "
            "objects and are for trials only"
        )
        return source

    def engine(self) -> Engine:
        """The engine, built where it is not installed. Raises VerbError."""
        try:
            with step("The Pulumi engine") as work:
                engine = find(work.update, work.progress)
        except EngineUnavailableError as error:
            remedy = f"{error.remedy}\n{_QUICK}" if self.local else INSTEAD
            raise VerbError(error.message, remedy) from None
        screen.note(engine.origin)
        return engine

    def prepared(self, engine: Engine, charts: ChartSource, *, second_export: bool) -> Engine:
        """The engine with the stack's environment and charts, the stack file written."""
        content = with_second_export(self._content) if second_export else self._content
        engine = self.stack.prepare(engine, content)
        if charts.directory is None:
            return engine
        return engine.having({CHARTS_VARIABLE: str(charts.directory)})

    def check_clean(self, engine: Engine) -> None:
        """Preview once more; an update that is not finished, or never is, ends the demo."""
        with step("pulumi preview --expect-no-changes") as work:
            planned, _ = self.stack.preview(engine, work)
        if planned:
            changes = ", ".join(f"{op.value} {urn}" for urn, op in planned.items())
            raise VerbError(f"a second preview plans changes: {changes}")
        screen.say("A preview after the update plans no change.")


@contextmanager
def with_advice() -> Iterator[None]:
    """Add to the remedy of an error how to go on."""
    try:
        yield
    except MeshError as error:
        error.remedy = f"{error.remedy}\n{AGAIN}".strip()
        raise


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
