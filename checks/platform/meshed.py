"""Other owners' workloads that the stack file meshes: patched, and their pods have a proxy.

Facts: Linkerd's injector (``pkg/inject``): it passes over pods in the host's network always, and
over those without the token of a ServiceAccount where it does not project one itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster.unready import explain_pod, proxied, worst
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.objects import is_running, job_of
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.linkerd.control_plane import LinkerdConfig
from config.platform.recipes import Patch
from kube.answers import inner, items
from kube.pods import proxy_of
from preflight.workloads import template_path
from vocabulary.kinds import (
    CRON_JOB,
    KIBANA,
    NAMESPACE,
    PATCHED,
    POD,
    Object,
    annotations_of,
    name_of,
)
from vocabulary.kubernetes import KIBANA_NAME
from vocabulary.linkerd import INJECT


def patched(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """What the stack file of a cluster patches, and its pods."""
    for _, patch in mesh.clusters[cluster].patches:
        yield Listing(POD, patch.ref.pods_in)
        if patch.namespace:
            yield Listing(PATCHED[patch.kind], patch.namespace)


def meshed(case: ClusterCase) -> Iterator[Finding]:
    """Every workload that the stack file meshes is patched, and its pods have a proxy."""
    for path, patch in case.config.patches:
        thing = case.view.get(PATCHED[patch.kind], patch.namespace, patch.name)
        for_job = path.startswith("jobs")
        title = f"{patch} is {'patched as configured' if for_job else 'meshed'}"
        lacking = some(_lacking(thing, patch)) if thing is not None else ""
        if thing is None:
            yield warning(
                title,
                "it does not exist",
                f"{UPDATE} once it exists, or correct clusters.{case.name}.{path}",
            )
        elif lacking:
            yield failure(title, f"it lacks {lacking}", f"{UPDATE}, which restores it")
        elif patch.kind == CRON_JOB.name:
            yield ok(title)
        else:
            yield from _pods(case, title, patch, thing)
            yield from _ready(case, patch)


def _ready(case: ClusterCase, patch: Patch) -> Iterator[Finding]:
    """Why a pod with a proxy is not ready; nothing where all are."""
    pod = worst_of_patch(case.view, patch)
    if pod is None or case.view.simulated:
        return
    kind = "deployment" if patch.kind in (NAMESPACE.name, KIBANA.name) else patch.kind.lower()
    known = explain_pod(case.view, pod, f"{kind}/{patch.name}")
    hint = known.remedy or f"see `kubectl -n {patch.ref.pods_in} get pods,events`"
    yield failure(f"the meshed pods of {patch} are ready", known.text, hint)


def worst_of_patch(view: View, patch: Patch) -> Object | None:
    """The pod of what is patched that shows best why its pods are not ready; None without.

    Raises Unseen: it, or its pods, could not be read.
    """
    thing = view.get(PATCHED[patch.kind], patch.namespace, patch.name)
    if thing is None or patch.kind == CRON_JOB.name:
        return None
    pods = _of(view, patch, thing)
    return worst(proxied(pods))


def _lacking(thing: Object, patch: Patch) -> Iterator[str]:
    template = inner(thing, *template_path(patch.kind))
    annotations = annotations_of(template)
    for key, value in patch.annotations.items():
        if annotations.get(key) != value:
            yield f"{key}: {value}"
    spec = inner(template, "spec")
    if patch.kind == KIBANA.name and spec.get("automountServiceAccountToken") is not True:
        yield "automountServiceAccountToken: true"
    for container in items(spec, "containers"):
        if container.get("name") == patch.container:
            env = {item.get("name"): item.get("value") for item in items(container, "env")}
            yield from (key for key, value in patch.env.items() if env.get(key) != value)
            if patch.command and container.get("command") != list(patch.command):
                yield patch.command[0]
            return
    if patch.container is not None:
        yield f"the container {patch.container}"


def _pods(case: ClusterCase, title: str, patch: Patch, thing: Object) -> Iterator[Finding]:
    pods = [pod for pod in _of(case.view, patch, thing) if _wants_proxy(pod)]
    bare = [pod for pod in pods if not proxy_of(pod)]
    in_host = [name_of(pod) for pod in bare if pod["spec"].get("hostNetwork")]
    without = [
        name_of(pod)
        for pod in bare
        if name_of(pod) not in in_host and _has_no_token(case.config.linkerd, pod)
    ]
    old = [name_of(pod) for pod in bare if name_of(pod) not in {*in_host, *without}]
    if in_host:
        yield warning(
            f"no pod of {patch} uses the host's network",
            f"a proxy cannot be injected into {some(in_host)}",
            "pods on the host's network stay outside the mesh",
        )
    if without:
        yield warning(
            f"every pod of {patch} has the token of its ServiceAccount",
            f"{some(without)} get no proxy, as their automountServiceAccountToken is false",
            "have its owner set automountServiceAccountToken: true (under ECK in the podTemplate "
            "of Kibana, and in that of every node set of Elasticsearch)",
        )
    if not pods:
        yield skipped(title, "it has no running pod")
    elif not old:
        yield ok(title, f"{len(pods) - len(bare)} pods with a proxy")
    elif case.view.simulated:
        yield warning(
            title,
            f"{len(old)} of {len(pods)} pods are without a proxy, as pods of this cluster are "
            "simulated (kwok) and nothing runs in them",
        )
    else:
        yield failure(title, f"without a proxy: {some(old)}", _restart(patch))


def _restart(patch: Patch) -> str:
    space = patch.ref.pods_in
    if patch.kind == NAMESPACE.name:
        what = "deployment,daemonset,statefulset"
    elif patch.kind == KIBANA.name:
        what = f"deployment/{patch.name}-kb"
    else:
        what = f"{patch.kind.lower()}/{patch.name}"
    return (
        "they were created before the annotation or the injector: "
        f"`kubectl -n {space} rollout restart {what}`"
    )


def _of(view: View, patch: Patch, thing: Object) -> list[Object]:
    """The pods of what is patched; without those of Jobs, which cannot be restarted."""
    if patch.kind == NAMESPACE.name:
        found = view.all(POD, patch.name)
    elif patch.kind == KIBANA.name:
        found = view.all(POD, patch.namespace, {KIBANA_NAME: patch.name})
    else:
        selector = inner(thing, "spec", "selector", "matchLabels")
        found = view.all(POD, patch.namespace, selector)
    return [pod for pod in found if job_of(pod) is None]


def _wants_proxy(pod: Object) -> bool:
    return is_running(pod) and annotations_of(pod).get(INJECT) != "disabled"


def _has_no_token(linkerd: LinkerdConfig, pod: Object) -> bool:
    """Whether the injector passes over a pod because it has no token."""
    identity = linkerd.values.get("identity")
    projects = not isinstance(identity, dict) or identity.get("serviceAccountTokenProjection", True)
    if linkerd.generation.injects_without_token and projects:
        return False
    return pod["spec"].get("automountServiceAccountToken") is False


CHECKS = (Check("meshed", Phase.PARTS, meshed, patched, order=80),)
