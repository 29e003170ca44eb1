"""What `./mesh upgrade` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.core.mesh import MeshConfig
from config.language.problems import some
from config.variants.advisories import advice
from config.variants.linkerd_versions import minor
from lifecycle.restarts.plan import plan as restarts
from lifecycle.upgrade.edit import lines
from lifecycle.upgrade.plan import ClusterPlan, current
from preflight.meshed_pods import MeshedPod

Waves = tuple[tuple[ClusterPlan, ...], ...]


def where(mesh: MeshConfig, found: Waves, target: str | None) -> Iterator[str]:
    """How far each cluster is, wave by wave."""
    if target is not None:
        yield f"upgrade of Linkerd to {target}, which is of version 2.{minor(target)}"
        against = advice(target)
        if against is not None:
            yield (
                f"  Linkerd's makers advise against it: {against.reason} ({against.source}); "
                f"choose {against.instead} or a later one"
            )
    for number, wave in enumerate(found, 1):
        yield f"wave {number}: {', '.join(one.name for one in wave)}"
        for one in wave:
            yield f"  {one.name}: {one.linkerd or 'Linkerd is not'} installed, {_stage(one)}"
            yield from (f"    {difference}" for difference in one.differences)
            if one.older:
                yield f"    proxies of another release than {one.linkerd}: {_named(one.older)}"


def following(mesh: MeshConfig, stack: str, found: Waves) -> Iterator[str]:
    """What to do next."""
    clusters = [one for wave in found for one in wave]
    refused = [(one, *reason) for one in clusters for reason in one.refused]
    if refused:
        yield "next: the update would be refused"
        for one, message, remedy in refused:
            yield f"  cluster '{one.name}': {message}"
            yield f"    {remedy}"
        return
    if any(one.differences for one in clusters):
        yield "next: update the clusters to the versions of the stack file"
        yield from update(stack)
        return
    wave = current(found)
    if not wave:
        yield "every cluster has the versions of the stack file"
        yield from _left(mesh, clusters)
        return
    if any(one.late for one in wave):
        yield "next: restart what would be too old for the next version"
        for one in wave:
            yield from _commands(mesh, one.name, one.late)
        return
    yield f"next: if `./mesh check {stack}` has no failure, write into the stack file"
    yield from (f"  {line}" for line in lines(steps(wave)))
    yield f"  (`./mesh upgrade {stack} --next` checks and writes)"
    yield "then:"
    yield from update(stack)


def steps(wave: Iterable[ClusterPlan]) -> dict[str, str]:
    """The versions that are written next, by cluster."""
    return {one.name: one.step for one in wave if one.step}


def update(stack: str) -> Iterator[str]:
    """The commands of an update."""
    yield f"  pulumi preview --stack {stack} --diff"
    yield f"  pulumi up --stack {stack}"
    yield f"  ./mesh check {stack}"


def _stage(one: ClusterPlan) -> str:
    if one.differences:
        return "the next update changes it"
    return f"{one.step} is next" if one.step else "as in the stack file"


def _left(mesh: MeshConfig, clusters: Iterable[ClusterPlan]) -> Iterator[str]:
    """Restarts that end an upgrade, and may wait for one version (Linkerd docs)."""
    older = [one for one in clusters if one.older]
    if older:
        yield "workloads get new proxies when they restart, at the latest before the next version:"
    for one in older:
        yield from _commands(mesh, one.name, one.older)


def _commands(mesh: MeshConfig, name: str, pods: Iterable[MeshedPod]) -> Iterator[str]:
    for restart in restarts(mesh, name, pods).all:
        yield from (f"  {line}" for line in restart.commands(mesh.clusters[name].context))


def _named(pods: Iterable[MeshedPod]) -> str:
    return some(sorted({f"{pod.workload} ({pod.version})" for pod in pods}))
