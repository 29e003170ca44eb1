"""What is read and asked before anything is checked: clusters, routes, links; all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from checks.ambassador import asking, questions
from checks.facts.case import Answer
from checks.facts.check import placed
from checks.facts.fetch import look
from checks.facts.reading import Reader, RefusedError
from checks.facts.results import Finding, failure
from checks.facts.view import Unseen, View
from checks.links import access, liveness
from checks.links.credentials import Trial, try_login
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.links.link import LinkConfig
from kube.at_once import at_once
from kube.errors import KubeconfigError
from kube.kubeconfig import Endpoint, api_client, own_endpoint
from preflight.cluster_error import ClusterError
from preflight.guard import examine
from vocabulary.kinds import NAMESPACE

READ_SECONDS = 30.0
"""How long reading one cluster may take."""
TRIAL_SECONDS = 45.0
"""How long logging in as service mirrors, and asking them, may take."""
REQUEST_SECONDS = 20.0
"""How long requests to the routes of all clusters may take."""

ANSWERS = "the API server answers and is the expected one"
REPORT = "this is a bug in the check: please report it with this line"


@dataclass
class Seen:
    """What was read of the clusters."""

    views: dict[str, View] = field(default_factory=dict)
    troubles: dict[str, Finding] = field(default_factory=dict)
    """Why a cluster could not be read."""
    installed: set[str] = field(default_factory=set)
    """Clusters that have the control plane's namespace, as far as that can be known."""


@dataclass(frozen=True)
class Asked:
    """What was asked about one link besides reading its clusters."""

    trial: Trial | None = None
    metric: bool | None = None


def look_at(mesh: MeshConfig, *, pre: bool) -> Seen:
    """Read every cluster. Raises nothing because of them."""
    seen = Seen()
    jobs = {name: partial(view_of, mesh, name, pre=pre) for name in mesh.clusters}
    answers = at_once(jobs, READ_SECONDS * 2)
    for name in mesh.clusters:
        answer = answers.get(name)
        if isinstance(answer, View):
            seen.views[name] = answer
            if _installed(answer, mesh.clusters[name]):
                seen.installed.add(name)
        else:
            seen.troubles[name] = answer or failure(
                ANSWERS, "reading it timed out", "check that its API server is healthy"
            )
    return seen


def _installed(view: View, cluster: ClusterConfig) -> bool:
    try:
        return view.get(NAMESPACE, "", cluster.linkerd.namespace) is not None
    except Unseen:
        # Then the checks report what they can see.
        return True


def view_of(mesh: MeshConfig, name: str, *, pre: bool) -> View | Finding:
    """One cluster, or the line about why it could not be read."""
    cluster = mesh.clusters[name]
    try:
        reach = examine({name: cluster})[name]
        with api_client(cluster) as api:
            return look(mesh, name, reach, Reader(api, READ_SECONDS), pre=pre)
    except ClusterError as error:
        problem = error.problems[0]
        return failure(ANSWERS, f"{problem.message} ({problem.context})", problem.remedy)
    except (KubeconfigError, RefusedError) as error:
        remedy = error.remedy or "use credentials that can list what it serves"
        return failure(ANSWERS, error.message, remedy)
    except Exception as error:
        return failure(ANSWERS, f"reading it failed ({brief(error)})", REPORT)


def brief(error: Exception) -> str:
    """Kind and place of an exception; its text is left out, as it may quote what was read."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


def answers(mesh: MeshConfig, seen: Seen) -> dict[str, Mapping[str, Answer]]:
    """What requests to the routes of each Ambassador returned, by the names of Mappings.

    By the places of Ambassadors in the report.
    """
    jobs = {
        place: partial(requested, one, name, view)
        for name, view in seen.views.items()
        if name in seen.installed
        for place, one in placed(mesh, name)
    }
    return at_once(jobs, REQUEST_SECONDS)


def requested(mesh: MeshConfig, name: str, view: View) -> Mapping[str, Answer]:
    """What requests to one Ambassador's routes returned; empty where none can be made."""
    try:
        asked = questions.questions(mesh, name, view)
        return {} if isinstance(asked, str) else asking.ask_all(asked)
    except Unseen:
        # The check of the routes reports it.
        return {}


def ask_links(mesh: MeshConfig, views: Mapping[str, View]) -> dict[str, Asked]:
    """What logging in as each link's service mirror gave, and what the mirror reports; by link."""
    jobs: dict[str, Callable[[], Asked]] = {}
    for link in mesh.links:
        source = views.get(link.source)
        if source is not None:
            jobs[f"{link.name}/trial"] = partial(trial_of, mesh, link, source)
            jobs[f"{link.name}/metric"] = partial(metric_of, mesh, link, source)
    found = at_once(jobs, TRIAL_SECONDS)
    nothing = Asked()
    return {
        link.name: Asked(
            found.get(f"{link.name}/trial", nothing).trial,
            found.get(f"{link.name}/metric", nothing).metric,
        )
        for link in mesh.links
    }


def trial_of(mesh: MeshConfig, link: LinkConfig, source: View) -> Asked:
    """What logging in to a link's target gave."""
    try:
        login = access.mirror_login(source, link.target)
        if login is None:
            return Asked()
        return Asked(trial=try_login(login, _endpoint(mesh.clusters[link.target])))
    except Exception:
        # The check of the credentials reports that there is none.
        return Asked()


def metric_of(mesh: MeshConfig, link: LinkConfig, source: View) -> Asked:
    """What the service mirror of a link reports of the target's gateway."""
    try:
        generation = mesh.clusters[link.source].linkerd.generation
        pod = liveness.mirror_pod(source, link.target, generation)
        if pod is None or source.simulated:
            return Asked()
        with api_client(mesh.clusters[link.source]) as api:
            return Asked(metric=liveness.ask_mirror(api, pod, link.target))
    except Exception:
        return Asked()


def _endpoint(cluster: ClusterConfig) -> Endpoint | None:
    try:
        return own_endpoint(cluster)
    except KubeconfigError:
        return None
