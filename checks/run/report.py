"""All checks of a mesh: reads every cluster, runs the checks, and makes the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from checks.facts.case import Answer, ClusterCase, LinkCase, MeshCase
from checks.facts.check import Check, Phase, all_checks, placed
from checks.facts.results import (
    UPDATE,
    ClusterRow,
    Finding,
    GatewayRow,
    Report,
    Result,
    failure,
    ok,
    skipped,
)
from checks.facts.view import Unseen, View
from checks.links import gateways
from checks.run import reading
from checks.run.reading import ANSWERS, Asked, Seen
from config.core.mesh import MeshConfig
from config.links.link import LinkConfig
from config.variants.linkerd import LinkerdGeneration
from preflight.cluster_error import context_of

C = TypeVar("C", LinkCase, MeshCase)
INSTALLED = (Phase.CAUSES, Phase.CONTROL_PLANE, Phase.PARTS)
_RIGHTS = "use credentials that can list these, or check that the API server is healthy"


def run(mesh: MeshConfig, *, pre: bool = False) -> Report:
    """Check every cluster of a stack file, and the links between them.

    With `pre`, only what can be known before the installation. Changes nothing anywhere. Takes at
    most two minutes, and never raises because of a cluster: what cannot be checked is a failing
    result.
    """
    seen = reading.look_at(mesh, pre=pre)
    answers = {} if pre else reading.answers(mesh, seen)
    asked = {} if pre else reading.ask_links(mesh, seen.views)
    results: list[Result] = []
    for name in mesh.clusters:
        results += _of_cluster(mesh, name, seen, pre=pre)
    results += _of_mesh(mesh, seen, pre=pre)
    for link in mesh.links:
        results += _of_link(mesh, link, seen, asked.get(link.name, Asked()), pre=pre)
    for name in () if pre else mesh.clusters:
        if name in seen.views and name in seen.installed:
            results += of_cluster((Phase.LAST,), mesh, name, seen.views[name], answers)
    return Report(
        pre=pre,
        clusters=tuple(_row(mesh, name, seen.views.get(name)) for name in mesh.clusters),
        results=tuple(results),
        gateways=() if pre else tuple(gateway_rows(mesh, seen.views, asked)),
    )


def _row(mesh: MeshConfig, name: str, view: View | None) -> ClusterRow:
    context = context_of(mesh.clusters[name])
    return ClusterRow(name, context, view.version if view else "", view.uid if view else "")


def _of_cluster(mesh: MeshConfig, name: str, seen: Seen, *, pre: bool) -> Iterator[Result]:
    view = seen.views.get(name)
    if view is None:
        yield Result.of("cluster", name, seen.troubles[name])
        return
    yield Result.of("cluster", name, ok(ANSWERS, context_of(mesh.clusters[name])))
    installed = not pre and name in seen.installed
    phases = (Phase.BEFORE,) if pre else INSTALLED if installed else ()
    yield from of_cluster((Phase.SURROUNDINGS, *phases), mesh, name, view)
    if not pre and not installed:
        missing = failure(
            "Linkerd is installed",
            f"there is no namespace {mesh.clusters[name].linkerd.namespace}",
            f"{UPDATE}; before that, run `./mesh check --pre`",
        )
        yield Result.of("control plane", name, missing)


def of_cluster(
    phases: Iterable[Phase],
    mesh: MeshConfig,
    name: str,
    view: View,
    answers: Mapping[str, Mapping[str, Answer]] | None = None,
) -> Iterator[Result]:
    """What the checks of some phases find in a cluster, and in each of its Ambassadors.

    `answers` are those of `reading.answers`.
    """
    generation = mesh.clusters[name].linkerd.generation
    for number, (place, one) in enumerate(placed(mesh, name)):
        given = (answers or {}).get(place, {})
        own = ClusterCase(one, name, view, given)
        whole = own if number else ClusterCase(mesh, name, view, given)
        for check in _checks(phases, generation):
            if check.of_ambassador or not number:
                for finding in guarded(check, own if check.of_ambassador else whole):
                    yield Result.of(check.category, place, finding)


def _of_mesh(mesh: MeshConfig, seen: Seen, *, pre: bool) -> Iterator[Result]:
    yield from run_phases((Phase.ACROSS,), "all", MeshCase(mesh, seen.views))
    if not pre:
        views = {name: view for name, view in seen.views.items() if name in seen.installed}
        yield from run_phases((Phase.ACROSS_INSTALLED,), "all", MeshCase(mesh, views))


def _of_link(
    mesh: MeshConfig, link: LinkConfig, seen: Seen, asked: Asked, *, pre: bool
) -> Iterator[Result]:
    place = f"{link.source} -> {link.target}"
    title = "the link can be checked"
    for end in (link.source, link.target):
        if end not in seen.views:
            yield Result.of("link", place, skipped(title, f"cluster {end} cannot be read"))
            return
        if not pre and end not in seen.installed:
            yield Result.of("link", place, skipped(title, f"nothing is installed in {end}"))
            return
    source, target = seen.views[link.source], seen.views[link.target]
    case = LinkCase(mesh, link, source, target, target.endpoint, asked.trial, asked.metric)
    phase = Phase.LINK_BEFORE if pre else Phase.LINK
    yield from run_phases((phase,), place, case, case.source_config.linkerd.generation)


def run_phases(
    phases: Iterable[Phase], place: str, case: C, generation: LinkerdGeneration | None = None
) -> Iterator[Result]:
    """What the checks of some phases find in a link or the mesh, in the order of the report."""
    for check in _checks(phases, generation):
        for finding in guarded(check, case):
            yield Result.of(check.category, place, finding)


def _checks(phases: Iterable[Phase], generation: LinkerdGeneration | None) -> list[Check[Any]]:
    wanted = set(phases)
    return [
        check
        for check in all_checks()
        if check.phase in wanted and (generation is None or check.is_for(generation))
    ]


def guarded(check: Check[Any], case: object) -> Iterator[Finding]:
    """What a check finds; an exception that stops it is a failing line."""
    run: Callable[[Any], Iterator[Finding]] = check.run
    try:
        yield from run(case)
    except Unseen as error:
        yield failure(f"check '{check.name}' can read what it needs", str(error), _RIGHTS)
    except Exception as error:  # one broken check must not hide what the others find
        yield failure(f"check '{check.name}' can run", reading.brief(error), reading.REPORT)


def gateway_rows(
    mesh: MeshConfig, views: Mapping[str, View], asked: Mapping[str, Asked]
) -> list[GatewayRow]:
    """The table of gateways."""
    metrics = {name: found.metric for name, found in asked.items()}
    try:
        return list(gateways.gateway_rows(mesh, views, metrics))
    except Unseen:
        # A check that needed the same has reported it.
        return []
