"""Helm releases: their state, their version, and whether their objects still exist.

Fact: neither a preview nor a refresh of Pulumi sees a release that is stuck in a pending state,
or an object of a release that someone deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster import pod_logs
from checks.cluster.workloads import UNKNOWN, described
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, workloads
from checks.facts.results import UPDATE, Finding, Status, failure, ok, skipped, warning
from checks.facts.view import Unseen, View
from config.core.mesh import MeshConfig
from config.inventory import Release as ExpectedRelease
from config.inventory import inventory
from config.language.problems import some
from kube.access import Access
from kube.helm import IN_A_CHANGE, History, Made, Release
from vocabulary.kinds import NAMESPACE, WORKLOADS, Kind


def helm_releases(case: ClusterCase) -> Iterator[Finding]:
    """Every release of the stack file is deployed in its version, with all of its objects."""
    expected = case.inventory.releases
    if not any(release.key in case.view.releases for release in expected):
        for release in expected:
            # A list that was refused is not an empty one.
            case.view.require_release_records(release.namespace)
        yield warning(
            "everything installed belongs to a Helm release",
            "no release of this stack exists: these are plain manifests, whose missing objects are "
            "found only where the checks below name them",
            "install with `pulumi up`, or compare with `./mesh render`",
        )
        return
    for release in expected:
        # Pods that are not ready are why a release has failed, and not the other way round.
        yield from _pods(case.view, release)
    for release in expected:
        yield from _release(case.view, release)


def _release(view: View, expected: ExpectedRelease) -> Iterator[Finding]:
    title = f"release {expected} is deployed"
    history = view.releases.get(expected.key)
    if history is None:
        view.require_release_records(expected.namespace)
        yield failure(title, "it does not exist", UPDATE)
        return
    trouble = state_trouble(history)
    if trouble is not None:
        yield failure(title, *trouble)
    else:
        yield ok(title, f"revision {history.newest.revision}")
    standing = history.standing
    if standing.status == "unreadable":
        return
    if trouble is None:
        yield _version(standing, expected)
    yield from _objects(view, standing, expected)


def state_trouble(history: History) -> tuple[str, str] | None:
    """What is wrong with the state of a release, and the way out; None when it is deployed."""
    newest = history.newest
    recover = "`./mesh recover STACK`, when no other `pulumi` or `helm` is running on it"
    if newest.status == "deployed":
        return None
    if newest.status == "pending-install":
        return "its first installation was interrupted (pending-install)", recover
    if newest.status in IN_A_CHANGE:
        return (
            f"it is stuck in {newest.status}, so that it refuses every change, and its objects may "
            "still have the previous values",
            recover,
        )
    if newest.status == "failed":
        hint = f"fix the cause of the failure (`helm -n {newest.namespace} status {newest.name}`), "
        return "its last change failed", f"{hint}then `pulumi up`, or else {recover}"
    if newest.status == "unreadable":
        hint = f"inspect it with `helm -n {newest.namespace} status {newest.name}`"
        return f"its record {newest.secret} cannot be read", hint
    return f"its state is {newest.status}", f"wait until it ends, then {UPDATE}"


def _version(release: Release, expected: ExpectedRelease) -> Finding:
    title = f"release {expected} has version {expected.version}"
    if release.chart != expected.chart:
        return failure(title, f"it has another chart: {release.chart} {release.version}", UPDATE)
    if release.version.removeprefix("v") != expected.version.removeprefix("v"):
        return failure(title, f"it has {release.version}", UPDATE)
    return ok(title)


def _objects(view: View, release: Release, expected: ExpectedRelease) -> Iterator[Finding]:
    title = f"release {expected} has all of its objects"
    missing: list[Made] = []
    unseen: dict[str, None] = {}
    for made in release.objects:
        try:
            if not view.exists(made):
                missing.append(made)
        except Unseen as error:
            unseen[str(error)] = None
    restore = (
        f"`helm -n {release.namespace} rollback {release.name} {release.revision}` restores what "
        "is missing; `pulumi preview` and `pulumi refresh` do not see it"
    )
    if missing:
        yield failure(title, f"missing: {some(_shown(view, made) for made in missing)}", restore)
    elif unseen:
        yield warning(title, some(unseen, 2), "use credentials that can list these")
    else:
        yield ok(title, f"{len(release.objects)} objects")


def left_to_release(case: ClusterCase, kind: Kind, namespace: str, name: str) -> bool:
    """Whether the line of a release already reports that an object is missing.

    `namespace` is empty for kinds of the whole cluster. Where a release of the control plane has no
    record at all although others have one, everything that it makes is left to it.
    """
    if case.view.made_by_release(kind, namespace, name):
        return True
    recorded = {one.key: one.key in case.view.releases for one in case.inventory.releases}
    own = [
        there for (space, _), there in recorded.items() if space == case.config.linkerd.namespace
    ]
    return any(recorded.values()) and not all(own)


def _pods(view: View, expected: ExpectedRelease) -> Iterator[Finding]:
    history = view.releases.get(expected.key)
    if history is not None and history.standing.status != "unreadable":
        yield from _workloads(view, history.standing, expected)


def _shown(view: View, made: Made) -> str:
    served = view.served.get(made.kind)
    clusterwide = made.kind == NAMESPACE or (served is not None and not served.namespaced)
    return f"{made.kind.name} {made.name}" if clusterwide else str(made)


def _workloads(view: View, release: Release, expected: ExpectedRelease) -> Iterator[Finding]:
    title = f"release {expected} has all pods available"
    wanted = [made for made in release.objects if made.kind in WORKLOADS]
    if not wanted:
        return
    troubles: list[tuple[int, str, str]] = []
    worst = Status.OK
    there: list[str] = []
    for made in wanted:
        found = view.get(made.kind, made.namespace, made.name)
        if found is None:
            continue
        there.append(made.name)
        status, text, explained = described(view, found)
        if status is not Status.OK:
            remedy = explained.remedy if explained else ""
            troubles.append(
                (explained.rank if explained else UNKNOWN, f"{made.name}: {text}", remedy)
            )
            worst = Status.FAILURE if Status.FAILURE in (status, worst) else status
    if not there:
        yield skipped(title, "none of its workloads exists")
    elif troubles:
        # What is the cause of others comes first.
        troubles.sort(key=lambda one: one[0])
        hint = troubles[0][2] or f"see `kubectl -n {release.namespace} get pods,events`"
        yield Finding(title, worst, "; ".join(text for _, text, _ in troubles), hint)
    else:
        yield ok(title, some(there))


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    for space in inventory(mesh, cluster).read_namespaces:
        yield from workloads(space)


def _reads_more(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
    """The objects that releases made, and why pods are not ready."""
    for history in view.releases.values():
        for made in history.standing.objects:
            served = view.served.get(made.kind)
            if served is not None:
                space = made.namespace if served.namespaced else ""
                yield Listing(made.kind, space, metadata_only=made.kind not in WORKLOADS)
    yield from pod_logs.lists(mesh, cluster, view)


CHECKS = (
    Check(
        "releases",
        Phase.CAUSES,
        helm_releases,
        _reads,
        reads_more=_reads_more,
        logs=pod_logs.wanted,
        may_need=(Access("get", "", "pods/log"), Access("list", "", "events")),
        order=30,
    ),
)
