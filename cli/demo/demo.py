"""`./mesh demo`: two clusters, the stack `local` in them, the checks, and what stands where."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import paths, screen, stacks
from cli.demo import record as demo_record
from cli.demo.record import DemoRecord
from cli.demo.stack import STACK, DemoStack
from cli.engine.engine import Engine, EngineUnavailableError, find
from cli.errors import BAD_INPUT, VerbError
from cli.progress import step

if TYPE_CHECKING:
    from cli.charts import Charts
    from config import MeshConfig
    from preflight import Reach

NAMES = ("source", "target")
"""The clusters of the stack `local`, and the contexts of the local ones."""

DOWN = "`./mesh demo --down`"


def bring_up(source: str | None, target: str | None, *, use_engine: bool) -> None:
    """Make the demo, or mend it where it stands already. Raises VerbError."""
    if (source is None) != (target is None):
        raise VerbError(
            "only one of --source and --target is given",
            "give both, or neither to have two local clusters",
            BAD_INPUT,
        )
    if source is not None and not use_engine:
        raise VerbError(_NO_WAY_BACK, _RENDER_INSTEAD, BAD_INPUT)
    with _alone():
        before = demo_record.read()
        if before is not None and (before.source, before.target) != (source, target):
            raise VerbError(
                f"a demo stands already, in {_where(before)}", f"run {DOWN} first", BAD_INPUT
            )
        try:
            _Demo(source, target).make(before, use_engine=use_engine)
        except KeyboardInterrupt:
            screen.say(f"Interrupted. {_ANEW}")
            raise


def bring_down() -> None:
    """Remove what the demo has made. Raises VerbError."""
    with _alone():
        record = demo_record.read()
        if record is not None and not record.local:
            _Demo(record.source, record.target).leave(record)
        ended = _end_clusters()
        # The lock on the demo makes sure that nobody is about to start clusters there.
        shutil.rmtree(_clusters(), ignore_errors=True)
        demo_record.forget()
    if record is None and not ended:
        screen.say("No demo stands; there is nothing to remove.")


_NO_WAY_BACK = (
    "in clusters of your own the demo needs the Pulumi engine, "
    "because nothing else can take everything away again"
)
_RENDER_INSTEAD = (
    "install Pulumi (https://www.pulumi.com/docs/install/), leave out --source and --target to "
    f"have local clusters, or look at the manifests: `./mesh render {STACK} --out DIR`"
)


class _Demo:
    """One run of the demo."""

    def __init__(self, source: str | None, target: str | None) -> None:
        self._contexts = (source, target)
        self._config, self._content = _settings(self._contexts)
        self._stack = DemoStack(demo_record.folder() / "pulumi")
        self._kubeconfig: Path | None = None
        self._kubectl = "kubectl"

    def make(self, before: DemoRecord | None, *, use_engine: bool) -> None:
        """Make it. Raises VerbError."""
        source, target = self._contexts
        engine = self._engine() if use_engine else None
        if before is not None and before.local and before.engine != (engine is not None):
            # Neither way can take over what the other one has made.
            screen.note("the demo was made in another way before, so it is made anew")
            _end_clusters()
            demo_record.forget()
            before = None
        if source is None:
            self._start_clusters()
        reach = self._reach()
        uids = {name: item.uid for name, item in reach.items()}
        if before is not None and before.uids != uids:
            self._stack.forget_state()
        demo_record.write(
            DemoRecord(source=source, target=target, engine=engine is not None, uids=uids)
        )
        charts = _charts(self._config)
        if engine is not None:
            self._deploy(engine, charts)
        else:
            self._apply(reach, charts)
        self._show(charts, engine)

    def leave(self, record: DemoRecord) -> None:
        """Take it out of clusters that are the user's own. Raises VerbError."""
        gone = (
            f"where the clusters are gone for good, delete {demo_record.folder()}, "
            "which is all that the demo remembers"
        )
        try:
            uids = {name: item.uid for name, item in self._reach().items()}
        except VerbError as error:
            raise VerbError(error.message, gone) from None
        if uids != record.uids:
            raise VerbError("these are not the clusters that the demo was made in", gone)
        try:
            with step("The Pulumi engine") as work:
                engine = self._stack.prepare(find(work.update), self._content)
        except EngineUnavailableError as error:
            raise VerbError(f"the Pulumi engine cannot be had, as {error}") from None
        charts = _charts(self._config)
        with step(f"pulumi destroy --stack {STACK}") as work:
            self._stack.destroy(_with_charts(engine, charts), work)
        screen.say("Helm leaves the CRDs of the Gateway API, which others may use.")

    def _engine(self) -> Engine | None:
        """The engine, or None where it cannot be had and the demo can do without."""
        try:
            with step("The Pulumi engine") as work:
                return find(work.update)
        except EngineUnavailableError as error:
            if self._contexts != (None, None):
                raise VerbError(f"{_NO_WAY_BACK} ({error})", _RENDER_INSTEAD) from None
            screen.note(
                f"no Pulumi engine, as {error}: the demo applies the same program's rendered "
                "objects itself (server-side apply; no state, no updates, no removal)"
            )
            return None

    def _start_clusters(self) -> None:
        import local_clusters
        from cli import tools

        try:
            with step("Two local Kubernetes control planes, source and target") as work:
                found = local_clusters.up(NAMES, work.clusters, directory=_clusters())
                self._kubeconfig = local_clusters.merge_kubeconfigs(found)
                if not shutil.which("kubectl"):
                    self._kubectl = str(tools.kubectl(work.clusters))
        except local_clusters.LocalClusterError as error:
            raise VerbError(error.message, error.remedy) from None
        _use(self._kubeconfig)

    def _reach(self) -> Mapping[str, Reach]:
        from config.preconditions import expectations
        from preflight import ClusterError, examine

        clusters = self._config.clusters
        try:
            return examine(clusters, {name: expectations(self._config, name) for name in clusters})
        except ClusterError as error:
            raise VerbError(str(error)) from None

    def _deploy(self, engine: Engine, charts: Charts) -> None:
        engine = _with_charts(self._stack.prepare(engine, self._content), charts)
        try:
            with step(f"pulumi up --stack {STACK}") as work:
                self._stack.up(engine, work)
        except VerbError as error:
            raise VerbError(error.message, f"{error.remedy}\n{_ANEW}") from None

    def _apply(self, reach: Mapping[str, Reach], charts: Charts) -> None:
        from cli.demo.apply import deploy

        # Without the engine's state, each run makes its anchors again; in the demo's own clusters,
        # pods are simulated, and no proxy trusts anything.
        untrusting = {name: replace(item, trust=None) for name, item in reach.items()}
        try:
            with step("Applying the rendered objects") as work:
                deploy(self._config, untrusting, charts.source, work)
        except VerbError as error:
            raise VerbError(error.message, f"{error.remedy}\n{_ANEW}".strip()) from None

    def _show(self, charts: Charts, engine: Engine | None) -> None:
        """Check, and say what stands. Raises VerbError where a check fails."""
        from cli.demo import summary
        from cli.verbs.check import look
        from verify.questions import limits

        console = screen.out()
        report = look(self._config)
        console.print()
        summary.show_checks(report, console)
        console.print()
        summary.show_table(self._config, report, console)
        console.print()
        summary.show_commands(self._commands(charts, engine), console)
        if self._kubeconfig is not None:
            console.print()
            screen.note(
                "API servers, controllers and admission of local clusters are real, but "
                f"{limits.simulated(NAMES)}; `./mesh verify` would end with exit code "
                f"{limits.NOTHING_TRIED}"
            )
        if report.exit_code:
            raise VerbError("not all of it is well; see the checks above", _logs())
        console.print()
        down = DOWN.strip("`")
        line = f"√ The mesh is deployed, and no request went through it yet. {down} removes it."
        console.print(line, style="green")

    def _commands(self, charts: Charts, engine: Engine | None) -> list[tuple[str, list[str]]]:
        variables = {}
        if self._kubeconfig is not None:
            variables["KUBECONFIG"] = str(self._kubeconfig)
        contexts = [context or name for name, context in zip(NAMES, self._contexts, strict=True)]
        call = shlex.quote(self._kubectl)
        source, target = (f"{call} --context {shlex.quote(context)}" for context in contexts)
        look = [
            *(_export(name, value) for name, value in variables.items()),
            f"{source} get links.multicluster.linkerd.io --all-namespaces",
            f"{target} get service ambassador --namespace ambassador",
            f"{target} get services --all-namespaces --selector mirror.linkerd.io/exported=true",
        ]
        if self._kubeconfig is not None:
            look.append(f"./mesh check {STACK}")
        elif engine is not None:
            look.append(f"./mesh check {shlex.quote(str(self._stack.stack_file))}")
        groups = [("To look at it:", look)]
        if engine is not None:
            variables = self._stack.settings()
            if charts.source.directory is not None:
                variables["MESH_CHARTS"] = str(charts.source.directory)
            call = shlex.quote("pulumi" if shutil.which("pulumi") else str(engine.program))
            file = shlex.quote(str(self._stack.stack_file))
            groups.append(
                (
                    "To go on with Pulumi:",
                    [
                        *(_export(name, value) for name, value in variables.items()),
                        f"{call} preview --stack {STACK} --config-file {file}",
                    ],
                )
            )
        return groups


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


_ANEW = f"Run `./mesh demo` again to go on, or {DOWN} first to begin anew."


def _logs() -> str:
    return f"Logs of the local control planes are in {_clusters()}/*/logs."


def _clusters() -> Path:
    """The folder of the demo's own local clusters; those of others are elsewhere."""
    return paths.state() / "demo-clusters"


def _where(record: DemoRecord) -> str:
    if record.local:
        return "local clusters"
    return f"the contexts {record.source} and {record.target}"


def _settings(contexts: tuple[str | None, str | None]) -> tuple[MeshConfig, dict[str, Any]]:
    """The stack `local` with the given contexts: validated, and as its file has it."""
    import yaml

    from config import PROJECT

    config = stacks.load(STACK)
    content: dict[str, Any] = yaml.safe_load(stacks.find(STACK).read_text(encoding="utf-8"))
    clusters = dict(config.clusters)
    for name, context in zip(NAMES, contexts, strict=True):
        if context is not None:
            content["config"][f"{PROJECT}:clusters"][name]["context"] = context
            clusters[name] = clusters[name].model_copy(update={"context": context})
    return config.model_copy(update={"clusters": clusters}), content


def _use(kubeconfig: Path) -> None:
    os.environ["KUBECONFIG"] = str(kubeconfig)
    # A proxy of the environment does not lead to this machine's own API servers.
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [os.environ.get(name, ""), "127.0.0.1", "localhost"]
        os.environ[name] = ",".join(filter(None, hosts))


def _end_clusters() -> list[str]:
    import local_clusters

    try:
        if not any(item.name in NAMES for item in local_clusters.status(directory=_clusters())):
            return []
        with step("Ending the local control planes") as work:
            return local_clusters.down(NAMES, work.clusters, directory=_clusters())
    except local_clusters.LocalClusterError as error:
        raise VerbError(error.message, error.remedy) from None


def _charts(config: MeshConfig) -> Charts:
    from cli import charts

    with step("Charts") as work:
        found = charts.available(config, work.clusters)
    if found.note:
        screen.note(found.note)
    return found


def _with_charts(engine: Engine, charts: Charts) -> Engine:
    from charts.source import CHARTS_VARIABLE

    if charts.source.directory is None:
        return engine
    return engine.having({CHARTS_VARIABLE: str(charts.source.directory)})


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the demo for oneself; another run is waited for."""
    from local_clusters.files import locked

    said = False

    def waiting(_: float) -> None:
        nonlocal said
        if not said:
            screen.say("another `./mesh demo` is at work; waiting for it")
            said = True

    with locked(paths.state() / "demo.lock", waiting):
        yield
