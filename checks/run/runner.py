"""All checks of a mesh: reads every cluster, then looks at what was read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from checks.ambassador import (
    adoption,
    ambassador,
    conversion,
    front,
    hosts,
    inbound,
    ingress_mode,
    routes,
)
from checks.cluster import jobs, networks, permissions, pre, releases, surroundings
from checks.facts.case import Answer, ClusterCase, ClusterCheck, LinkCase, LinkCheck
from checks.facts.fetch import look
from checks.facts.reading import Reader, RefusedError
from checks.facts.results import (
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
from checks.linkerd import control_plane, generation_2_8, tracing
from checks.links import exports, gateways, liveness, multicluster, requests, traffic
from checks.links.credentials import Trial, try_login
from checks.platform import ingresses, meshed, monitoring, sample
from checks.trust import cert_manager, certificates, trust_roots, webhooks
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.links.link import LinkConfig
from config.variants.generation import Generation
from kube.errors import KubeconfigError
from kube.kubeconfig import Endpoint, api_client, endpoint
from preflight.guard import ClusterError, context_of, examine
from vocabulary.kinds import NAMESPACE

READ_SECONDS = 30.0
"""How long reading one cluster may take."""
TRIAL_SECONDS = 45.0
REQUEST_SECONDS = 20.0
"""How long requests to the routes of all clusters may take."""

T = TypeVar("T")

SURROUNDINGS: tuple[tuple[str, ClusterCheck], ...] = (
    ("cluster", surroundings.version),
    ("cluster", surroundings.pinned),
    ("cluster", surroundings.clock),
    ("cluster", networks.networks),
)
BEFORE: tuple[tuple[str, ClusterCheck], ...] = (
    *SURROUNDINGS,
    ("nodes", surroundings.nodes),
    ("permissions", permissions.permissions),
    ("names", pre.helm_releases),
    ("names", pre.clashes),
    ("names", pre.namespaces),
)
CONTROL_PLANE: dict[Generation, tuple[tuple[str, ClusterCheck], ...]] = {
    Generation.MODERN: (
        ("control plane", control_plane.namespace),
        ("control plane", control_plane.configuration),
        ("control plane", control_plane.deployments),
        ("control plane", control_plane.kinds),
        ("control plane", control_plane.extensions),
    ),
    Generation.V2_8: (
        ("control plane", control_plane.namespace),
        ("control plane", generation_2_8.configuration),
        ("control plane", generation_2_8.deployments),
        ("control plane", generation_2_8.kinds),
    ),
}
CAUSES: tuple[tuple[str, ClusterCheck], ...] = (
    ("certificates", cert_manager.cert_manager),
    ("certificates", certificates.trust_anchors),
    ("certificates", certificates.issuer),
    ("certificates", trust_roots.trust_roots),
    ("webhooks", webhooks.webhooks),
    ("releases", releases.helm_releases),
)
"""What other parts fail for: looked at first, so that causes come before consequences."""
AFTER: tuple[tuple[str, ClusterCheck], ...] = (
    ("ambassador", ambassador.installation),
    ("ambassador", adoption.adoption),
    ("ambassador", conversion.conversion),
    ("ambassador", routes.routes),
    ("ambassador", front.leads),
    ("ambassador", ingress_mode.ingress_mode),
    ("ambassador", hosts.certificates),
    ("gateway", gateways.gateway),
    ("policy", inbound.public_objects),
    ("policy", inbound.inbound),
    ("tracing", tracing.tracing),
    ("monitoring", monitoring.monitoring),
    ("ingresses", ingresses.ingresses),
    ("sample", sample.sample),
    ("meshed", meshed.meshed),
    ("jobs", jobs.jobs),
)
LAST: tuple[tuple[str, ClusterCheck], ...] = (
    ("requests", requests.backends),
    ("requests", requests.requests),
    ("mirrors", multicluster.orphans),
)
"""What may fail for something in another cluster, so it comes after all clusters and links."""
LINK_BEFORE: tuple[tuple[str, LinkCheck], ...] = (("exports", pre.mirrors),)
LINK_AFTER: dict[Generation, tuple[tuple[str, LinkCheck], ...]] = {
    Generation.MODERN: (
        ("certificates", trust_roots.across),
        ("credentials", multicluster.remote_access),
        ("credentials", multicluster.credentials),
        ("link", multicluster.link_resource),
        ("service mirror", multicluster.service_mirror),
        ("exports", exports.exports),
        ("traffic", traffic.weights),
    ),
    Generation.V2_8: (
        ("credentials", multicluster.remote_access),
        ("credentials", generation_2_8.credentials),
        ("service mirror", generation_2_8.service_mirror),
        ("exports", generation_2_8.exports),
    ),
}


@dataclass
class _Seen:
    """What was learned of the clusters."""

    views: dict[str, View] = field(default_factory=dict)
    troubles: dict[str, Finding] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Asked:
    """What was asked about one link beyond what its clusters hold."""

    trial: Trial | None = None
    metric: bool | None = None


def run(mesh: MeshConfig, *, pre: bool = False) -> Report:
    """Look at every cluster of a stack file, and at the links between them.

    With `pre`, only at what can be known before anything is installed. Changes nothing anywhere.
    Takes at most a minute or two, however the clusters behave, and never raises because of them:
    what cannot be looked at is a failing result.
    """
    seen = _look_at(mesh, pre=pre)
    results: list[Result] = []
    answers = {} if pre else _answers(mesh, seen)
    for name in mesh.clusters:
        results += _cluster_results(mesh, name, seen, pre=pre)
    asked = {} if pre else _asked(mesh, seen.views)
    results += _mesh_results(mesh, seen, pre=pre)
    for link in mesh.links:
        results += _link_results(mesh, link, seen, asked.get(link.name, _Asked()), pre=pre)
    for name in () if pre else mesh.clusters:
        if name in seen.views and name in seen.installed:
            case = ClusterCase(mesh, name, seen.views[name], answers.get(name, {}))
            results += _all(LAST, name, case)
    return Report(
        pre=pre,
        clusters=tuple(
            _row(name, mesh.clusters[name], seen.views.get(name)) for name in mesh.clusters
        ),
        results=tuple(results),
        gateways=() if pre else tuple(_rows(mesh, seen.views, asked)),
    )


def _row(name: str, cluster: ClusterConfig, view: View | None) -> ClusterRow:
    return ClusterRow(
        name, context_of(cluster), view.version if view else "", view.uid if view else ""
    )


# Reading


def _look_at(mesh: MeshConfig, *, pre: bool) -> _Seen:
    seen = _Seen()

    jobs = {name: partial(_view, mesh, name, pre=pre) for name in mesh.clusters}
    answers = _at_once(jobs, READ_SECONDS * 2)
    for name in mesh.clusters:
        answer = answers.get(name)
        if isinstance(answer, View):
            seen.views[name] = answer
            space = mesh.clusters[name].linkerd.namespace
            try:
                if answer.get(NAMESPACE, "", space) is not None:
                    seen.installed.add(name)
            except Unseen:
                # Then whatever else can be seen has to tell.
                seen.installed.add(name)
        else:
            seen.troubles[name] = answer or failure(
                ANSWERS, "reading it took too long", "check that its API server is healthy"
            )
    return seen


ANSWERS = "the API server answers, and is the one that is meant"


def _view(mesh: MeshConfig, name: str, *, pre: bool) -> View | Finding:
    cluster = mesh.clusters[name]
    try:
        reach = examine({name: cluster})[name]
        with api_client(cluster) as api:
            return look(mesh, name, reach, Reader(api, READ_SECONDS), pre=pre)
    except ClusterError as error:
        problem = error.problems[0]
        return failure(ANSWERS, f"{problem.message} ({problem.context})", problem.remedy)
    except KubeconfigError as error:
        return failure(ANSWERS, error.message, error.remedy)
    except RefusedError as error:
        return failure(ANSWERS, str(error), "use credentials that may list what it serves")
    except Exception as error:
        return failure(ANSWERS, f"reading it failed ({_brief(error)})", _REPORT)


def _at_once(jobs: Mapping[str, Callable[[], T]], seconds: float) -> dict[str, T]:
    """What each job gives, all of them run at once; jobs that take longer are left out."""
    answers: dict[str, T] = {}

    def work(name: str, job: Callable[[], T]) -> None:
        answers[name] = job()

    # A login plugin may hang for ever, and must not keep the program from ending.
    threads = [
        threading.Thread(target=work, args=(name, job), daemon=True) for name, job in jobs.items()
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(answers)


def _answers(mesh: MeshConfig, seen: _Seen) -> dict[str, Mapping[str, Answer]]:
    """What requests to each cluster's routes gave, by the names of Mappings."""
    jobs = {
        name: partial(_requested, mesh, name, seen.views[name])
        for name in mesh.clusters
        if name in seen.views and name in seen.installed
    }
    return _at_once(jobs, REQUEST_SECONDS)


def _requested(mesh: MeshConfig, name: str, view: View) -> Mapping[str, Answer]:
    try:
        asked = requests.questions(mesh, name, view)
        return {} if isinstance(asked, str) else requests.ask_all(asked)
    except Unseen:
        # The check that needs it says so.
        return {}


def _asked(mesh: MeshConfig, views: Mapping[str, View]) -> dict[str, _Asked]:
    jobs: dict[str, Callable[[], _Asked]] = {}
    for link in mesh.links:
        source = views.get(link.source)
        if source is not None:
            jobs[f"{link.name}/trial"] = partial(_trial, mesh, link, source)
            jobs[f"{link.name}/metric"] = partial(_metric, mesh, link, source)
    answers = _at_once(jobs, TRIAL_SECONDS)
    nothing = _Asked()
    return {
        link.name: _Asked(
            answers.get(f"{link.name}/trial", nothing).trial,
            answers.get(f"{link.name}/metric", nothing).metric,
        )
        for link in mesh.links
    }


def _trial(mesh: MeshConfig, link: LinkConfig, source: View) -> _Asked:
    try:
        login = multicluster.mirror_login(source, link.target)
        if login is None:
            return _Asked()
        # Without the setting for other clusters, what is left is the operator's own way there.
        own = mesh.clusters[link.target].model_copy(update={"api_server": None})
        return _Asked(trial=try_login(login, _endpoint(own)))
    except Exception:
        # The check that needs it says that there is none.
        return _Asked()


def _metric(mesh: MeshConfig, link: LinkConfig, source: View) -> _Asked:
    try:
        generation = mesh.clusters[link.source].linkerd.generation
        pod = liveness.mirror_pod(source, link.target, generation)
        if pod is None or source.simulated:
            return _Asked()
        with api_client(mesh.clusters[link.source]) as api:
            return _Asked(metric=liveness.ask_mirror(api, pod, link.target))
    except Exception:
        return _Asked()


def _endpoint(cluster: ClusterConfig) -> Endpoint | None:
    try:
        return endpoint(cluster)
    except KubeconfigError:
        return None


# Looking


def _cluster_results(mesh: MeshConfig, name: str, seen: _Seen, *, pre: bool) -> Iterator[Result]:
    view = seen.views.get(name)
    if view is None:
        yield Result.of("cluster", name, seen.troubles[name])
        return
    yield Result.of("cluster", name, ok(ANSWERS, context_of(mesh.clusters[name])))
    case = ClusterCase(mesh, name, view)
    if pre:
        yield from _all(BEFORE, name, case)
        return
    yield from _all(SURROUNDINGS, name, case)
    if name in seen.installed:
        yield from _all(CAUSES, name, case)
        yield from _all(CONTROL_PLANE[case.config.linkerd.generation], name, case)
        yield from _all(AFTER, name, case)
    else:
        space = mesh.clusters[name].linkerd.namespace
        yield Result.of(
            "control plane",
            name,
            failure(
                "Linkerd is installed",
                f"there is no namespace {space}",
                "run `pulumi up`; what can be known before is told by `./mesh check --pre`",
            ),
        )


def _link_results(
    mesh: MeshConfig,
    link: LinkConfig,
    seen: _Seen,
    asked: _Asked,
    *,
    pre: bool,
) -> Iterator[Result]:
    place = f"{link.source} -> {link.target}"
    title = "the link can be looked at"
    for end in (link.source, link.target):
        if end not in seen.views:
            yield Result.of("link", place, skipped(title, f"cluster {end} cannot be looked at"))
            return
        if not pre and end not in seen.installed:
            yield Result.of("link", place, skipped(title, f"nothing is installed in {end}"))
            return
    case = LinkCase(
        mesh,
        link,
        seen.views[link.source],
        seen.views[link.target],
        seen.views[link.target].endpoint,
        asked.trial,
        asked.metric,
    )
    generation = case.source_config.linkerd.generation
    yield from _all(LINK_BEFORE if pre else LINK_AFTER[generation], place, case)


def _mesh_results(mesh: MeshConfig, seen: _Seen, *, pre: bool) -> Iterator[Result]:
    if len(mesh.clusters) < 2:
        return
    if len(seen.views) > 1:
        yield Result.of("mesh", "all", _different(seen.views))
    if not pre:
        views = {
            name: (view, mesh.clusters[name].linkerd.namespace)
            for name, view in seen.views.items()
            if name in seen.installed
        }
        for finding in _guarded("same anchors", certificates.same_anchors, views):
            yield Result.of("mesh", "all", finding)


def _different(views: Mapping[str, View]) -> Finding:
    title = "no cluster stands under two names"
    names: dict[str, list[str]] = {}
    for name, view in views.items():
        names.setdefault(view.uid, []).append(name)
    doubled = [" and ".join(same) for same in names.values() if len(same) > 1]
    if doubled:
        hint = "correct the context of one of them"
        return failure(title, f"the same cluster: {'; '.join(doubled)}", hint)
    return ok(title)


C = TypeVar("C", ClusterCase, LinkCase)


def _all(
    checks: Iterable[tuple[str, Callable[[C], Iterator[Finding]]]], place: str, case: C
) -> Iterator[Result]:
    for category, check in checks:
        for finding in _guarded(check.__name__.replace("_", " "), check, case):
            yield Result.of(category, place, finding)


_REPORT = "this is a fault of the check itself: please report it with this line"


def _guarded(name: str, check: Callable[[T], Iterator[Finding]], case: T) -> Iterator[Finding]:
    """What a check finds; what stops it becomes a finding, too."""
    try:
        yield from check(case)
    except Unseen as error:
        yield failure(f"check '{name}' sees what it needs", str(error), _RIGHTS)
    except Exception as error:  # one broken check must not hide what the others find
        yield failure(f"check '{name}' can be made", _brief(error), _REPORT)


_RIGHTS = "use credentials that may list these, or see whether the API server is healthy"


def _brief(error: Exception) -> str:
    """Kind and place of an exception; its text is left out, as it may hold what was read."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


def _rows(
    mesh: MeshConfig, views: Mapping[str, View], asked: Mapping[str, _Asked]
) -> list[GatewayRow]:
    metrics = {name: found.metric for name, found in asked.items()}
    try:
        return list(gateways.gateway_rows(mesh, views, metrics))
    except Unseen:
        # A check that needed the same has told so.
        return []
