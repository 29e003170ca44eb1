"""One run: rounds in turn, each way on two clusters that were never used before."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import local_clusters
from benchmarks.by_hand import BY_HAND, ByHand
from benchmarks.commands import BenchmarkError, Commands, Measured
from benchmarks.mesh_objects import Difference, Objects, collect, differences
from benchmarks.pulumi_way import STACK, PulumiWay
from charts.source import CHARTS_VARIABLE, ChartSource, MissingChartsError, charts_of
from cli.engine.find import find
from config import MeshConfig, load_stack_file

ROOT = Path(__file__).resolve().parents[1]

PROGRAMS = ("helm", "kubectl", "linkerd", "openssl")
"""What both ways together need on PATH, beside the engine."""

SETTLE_SECONDS = 5.0
"""How long new clusters are left alone; they have work of their own when they have just started."""


@dataclass
class Round:
    """What one round has given."""

    pulumi: list[Measured] = field(default_factory=list)
    """Previews, update and removal by the engine."""
    by_hand: list[Measured] = field(default_factory=list)
    """Every step by hand."""
    differences: list[Difference] = field(default_factory=list)
    """What is not the same in the two meshes: the program's first, then the one by hand."""
    objects: int = 0
    """How many objects the program's mesh has."""


class Benchmark:
    """Everything that a run needs, in a folder that its caller removes.

    Raises BenchmarkError where a program or a chart is missing, EngineUnavailableError.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        _require_programs()
        self._folder = folder
        self._say = say
        self._engine = find(say)
        say(self._engine.origin)
        self._config = load_stack_file(ROOT / "stacks" / f"Pulumi.{STACK}.yaml")
        self._charts = _charts(self._config)
        self._contexts = {
            name: str(cluster.context) for name, cluster in self._config.clusters.items()
        }

    def round(self, number: int) -> Round:
        """Both ways, one after the other. Raises BenchmarkError, LocalClusterError."""
        result = Round()
        with self._clusters(f"round {number}, pulumi", f"{number}-pulumi") as leg:
            made = self._by_pulumi(leg, result)
        with self._clusters(f"round {number}, by hand", f"{number}-by-hand") as leg:
            same = self._by_hand(leg, result)
        result.objects = len(made)
        result.differences = differences(made, same)
        return result

    def _by_pulumi(self, leg: _Leg, result: Round) -> Objects:
        way = PulumiWay(self._engine, ROOT, leg.folder / "engine", leg.environment)
        before = self._collect(leg)
        way.prepare()
        leg.settle()
        for verb in (way.preview_from_nothing, way.up, way.preview):
            result.pulumi.append(self._shown(verb()))
        made = self._collect(leg, before)
        result.pulumi.append(self._shown(way.destroy()))
        return made

    def _by_hand(self, leg: _Leg, result: Round) -> Objects:
        folder = leg.folder / "hand"
        way = ByHand(self._config, self._charts, folder)
        way.prepare()
        commands = Commands(leg.environment, folder)
        before = self._collect(leg)
        leg.settle()
        for step in way.steps():
            result.by_hand.append(commands.shell(step.title, step.lines))
        self._shown(total(result.by_hand))
        return self._collect(leg, before)

    def _collect(self, leg: _Leg, before: Container[str] = ()) -> Objects:
        return collect(Commands(leg.environment, leg.folder), self._contexts, before)

    def _shown(self, measured: Measured) -> Measured:
        self._say(f"  {measured.title}: {measured.seconds:.1f} s")
        return measured

    @contextmanager
    def _clusters(self, title: str, name: str) -> Iterator[_Leg]:
        """New clusters for a block, and how to reach them."""
        self._say(title)
        folder = self._folder / name
        directory = folder / "clusters"
        try:
            clusters = local_clusters.up(list(self._contexts.values()), directory=directory)
            kubeconfig = local_clusters.merge_kubeconfigs(clusters)
            yield _Leg(folder, _environment(kubeconfig, folder))
        finally:
            local_clusters.down(directory=directory)
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Leg:
    folder: Path
    environment: Mapping[str, str]

    def settle(self) -> None:
        time.sleep(SETTLE_SECONDS)


def total(steps: list[Measured]) -> Measured:
    """All steps by hand as one: their times added up, and the highest of their peaks."""
    return Measured(
        BY_HAND,
        sum(step.seconds for step in steps),
        sum(step.cpu_seconds for step in steps),
        max(step.peak_bytes for step in steps),
    )


def _environment(kubeconfig: Path, folder: Path) -> dict[str, str]:
    loopback = ",".join(filter(None, [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"]))
    return {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        # What kubectl and helm remember of an address would be about the clusters before.
        "KUBECACHEDIR": str(folder / "cache"),
        "HELM_CACHE_HOME": str(folder / "helm/cache"),
        "HELM_CONFIG_HOME": str(folder / "helm/config"),
        "HELM_DATA_HOME": str(folder / "helm/data"),
        # A proxy of the environment does not reach this machine's own API servers.
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }


def _require_programs() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise BenchmarkError(
            f"not on PATH: {', '.join(missing)}; install {'it' if len(missing) == 1 else 'them'} "
            "first, as benchmarks/README.md says"
        )


def _charts(config: MeshConfig) -> ChartSource:
    charts = ChartSource.of(config.charts, os.environ)
    if charts.directory is None:
        raise BenchmarkError(
            f"{CHARTS_VARIABLE} is not set: let it name a folder with the packaged charts "
            "(`helm pull`), so that no download is measured"
        )
    # Commands are run in folders of their own.
    charts = ChartSource(charts.directory.absolute(), charts.repositories)
    os.environ[CHARTS_VARIABLE] = str(charts.directory)
    try:
        charts.require(charts_of(config))
    except MissingChartsError as error:
        raise BenchmarkError(str(error)) from None
    return charts
