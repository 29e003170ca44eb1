"""Jobs of meshed namespaces: they end, and do not wait for a proxy that never does.

Facts: Kubernetes docs, "Sidecar containers" (on by default since 1.29); Linkerd's proxy as an
ordinary container lives on when the others have ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.objects import job_of
from checks.facts.results import Finding, failure, ok, skipped
from checks.platform.meshed import patched
from config.language.problems import some
from kube.answers import inner, items
from vocabulary.kinds import POD, Object, name_of
from vocabulary.linkerd import PROXY_CONTAINER


def jobs(case: ClusterCase) -> Iterator[Finding]:
    """No pod of a Job is kept by its proxy alone, in the namespaces that the stack file names."""
    for space in dict.fromkeys(patch.ref.pods_in for _, patch in case.config.patches):
        title = f"Jobs in {space} complete"
        pods = [pod for pod in case.view.all(POD, space) if job_of(pod) is not None]
        hanging = [pod for pod in pods if _hangs(pod)]
        if hanging:
            yield failure(
                title,
                f"only the proxy is still running in {some(name_of(pod) for pod in hanging)}",
                _remedy(case, space, hanging),
            )
        elif pods and case.view.simulated:
            yield skipped(title, "pods of this cluster are simulated (kwok); nothing runs in them")
        elif pods:
            yield ok(title, f"{len(pods)} pods")


def _hangs(pod: Object) -> bool:
    statuses = items(pod, "status", "containerStatuses")
    states = {one.get("name"): inner(one, "state") for one in statuses}
    proxy = states.pop(PROXY_CONTAINER, {})
    return (
        "running" in proxy and bool(states) and all("terminated" in one for one in states.values())
    )


def _remedy(case: ClusterCase, space: str, hanging: list[Object]) -> str:
    linkerd = case.config.linkerd
    names = dict.fromkeys(job_of(pod) or "" for pod in hanging)
    end = f"end them by `kubectl -n {space} delete job {' '.join(names)}`"
    key = f"clusters.{case.name}"
    if linkerd.native_sidecars:
        return (
            f"{end}; those that are made from now on have native sidecars, unless an annotation "
            "or Kubernetes before 1.29 overrides it"
        )
    if not linkerd.generation.proxy_shutdown:
        return f"{end}, and write CronJobs under {key}.jobs with treatment: opt-out"
    return (
        f"{end}, and write {key}.linkerd.values.proxy.nativeSidecar: true (Kubernetes 1.29 or "
        f"later), or CronJobs under {key}.jobs; a Job's own template sets "
        "linkerd.io/inject: disabled"
    )


CHECKS = (Check("jobs", Phase.PARTS, jobs, patched, order=90),)
