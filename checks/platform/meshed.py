"""What somebody else installed and the stack file meshes: it is patched, and its pods have a proxy.

Facts: Linkerd's injector (``pkg/inject``): it passes over pods in the host's network always, and
over those without the token of a ServiceAccount where it does not project one itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster.unready import explain_pod, ought_to_run, worst
from checks.facts.case import ClusterCase
from checks.facts.expected import UPDATE
from checks.facts.results import Finding, failure, ok, skipped, warning
from checks.facts.view import View, some
from config.core.cluster import ClusterConfig
from config.linkerd.control_plane import LinkerdConfig
from config.platform.recipes import Patch
from config.variants.generation import Generation
from vocabulary.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    KIBANA,
    NAMESPACE,
    POD,
    STATEFUL_SET,
    Kind,
    Object,
    annotations_of,
    name_of,
)
from vocabulary.linkerd import INJECT, PROXY_CONTAINER

KINDS = {
    kind.name: kind for kind in (NAMESPACE, DEPLOYMENT, DAEMON_SET, STATEFUL_SET, CRON_JOB, KIBANA)
}
"""Kinds that are patched, by their names."""


def listed(config: ClusterConfig) -> Iterator[tuple[Kind, str]]:
    """Kinds and namespaces that these checks look at, Namespaces themselves aside; each once."""
    found: dict[tuple[Kind, str], None] = {}
    for _, patch in config.patches:
        found[POD, patch.ref.pods_in] = None
        if patch.namespace:
            found[KINDS[patch.kind], patch.namespace] = None
    yield from found


def meshed(case: ClusterCase) -> Iterator[Finding]:
    """What the stack file meshes is there and patched, and its pods have a proxy."""
    for path, patch in case.config.patches:
        thing = case.view.get(KINDS[patch.kind], patch.namespace, patch.name)
        for_job = path.startswith("jobs")
        title = f"{patch} is {'treated as the stack file says' if for_job else 'meshed'}"
        lacking = some(_lacking(thing, patch)) if thing is not None else ""
        if thing is None:
            yield warning(
                title,
                "it is not there",
                f"{UPDATE} once it is, or correct clusters.{case.name}.{path}",
            )
        elif lacking:
            yield failure(title, f"it lacks {lacking}", f"{UPDATE} --refresh, which adds it again")
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


def has_proxy(pod: Object) -> bool:
    """Whether a pod has Linkerd's proxy, be it a native sidecar or not."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return any(container.get("name") == PROXY_CONTAINER for container in containers)


def of_job(pod: Object) -> str | None:
    """Name of the Job that a pod is of."""
    owners = (pod.get("metadata") or {}).get("ownerReferences") or []
    return next((str(one.get("name")) for one in owners if one.get("kind") == "Job"), None)


def worst_of_patch(view: View, patch: Patch) -> Object | None:
    """The pod of what is patched that says most of why its pods are not ready; None without.

    Raises Unseen: it, or its pods, could not be read.
    """
    thing = view.get(KINDS[patch.kind], patch.namespace, patch.name)
    if thing is None or patch.kind == CRON_JOB.name:
        return None
    pods = _of(view, patch, thing)
    return worst([pod for pod in pods if has_proxy(pod) and ought_to_run(pod)])


def _template(thing: Object, kind: str) -> Object:
    spec = thing.get("spec") or {}
    if kind == NAMESPACE.name:
        return thing
    if kind == KIBANA.name:
        return dict(spec.get("podTemplate") or {})
    if kind == CRON_JOB.name:
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return dict(spec.get("template") or {})


def _lacking(thing: Object, patch: Patch) -> Iterator[str]:
    template = _template(thing, patch.kind)
    annotations = annotations_of(template)
    for key, value in patch.annotations.items():
        if annotations.get(key) != value:
            yield f"{key}: {value}"
    spec = template.get("spec") or {}
    if patch.kind == KIBANA.name and spec.get("automountServiceAccountToken") is not True:
        yield "automountServiceAccountToken: true"
    for container in spec.get("containers") or []:
        if container.get("name") == patch.container:
            env = {item.get("name"): item.get("value") for item in container.get("env") or []}
            yield from (key for key, value in patch.env.items() if env.get(key) != value)
            if patch.command and container.get("command") != list(patch.command):
                yield patch.command[0]
            return
    if patch.container is not None:
        yield f"the container {patch.container}"


def _pods(case: ClusterCase, title: str, patch: Patch, thing: Object) -> Iterator[Finding]:
    pods = [pod for pod in _of(case.view, patch, thing) if _wants_proxy(pod)]
    bare = [pod for pod in pods if not has_proxy(pod)]
    in_host = [name_of(pod) for pod in bare if pod["spec"].get("hostNetwork")]
    without = [
        name_of(pod)
        for pod in bare
        if name_of(pod) not in in_host and _has_no_token(case.config.linkerd, pod)
    ]
    old = [name_of(pod) for pod in bare if name_of(pod) not in {*in_host, *without}]
    if in_host:
        yield warning(
            f"no pod of {patch} is in the host's network",
            f"no proxy can be put into {some(in_host)}",
            "they stay out of the mesh, whatever is written here",
        )
    if without:
        yield warning(
            f"every pod of {patch} has the token of its ServiceAccount",
            f"no proxy is put into {some(without)}, whose automountServiceAccountToken is false",
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
        "they are older than the annotation, or than Linkerd's injector: "
        f"`kubectl -n {space} rollout restart {what}`"
    )


def _of(view: View, patch: Patch, thing: Object) -> list[Object]:
    """The pods of what is patched; those of Jobs aside, which nobody can restart."""
    if patch.kind == NAMESPACE.name:
        found = view.all(POD, patch.name)
    elif patch.kind == KIBANA.name:
        found = view.all(POD, patch.namespace, {"kibana.k8s.elastic.co/name": patch.name})
    else:
        selector = ((thing.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        found = view.all(POD, patch.namespace, selector)
    return [pod for pod in found if of_job(pod) is None]


def _wants_proxy(pod: Object) -> bool:
    running = (pod.get("status") or {}).get("phase") == "Running"
    return running and annotations_of(pod).get(INJECT) != "disabled"


def _has_no_token(linkerd: LinkerdConfig, pod: Object) -> bool:
    """Whether the injector passes over a pod because it has no token."""
    identity = linkerd.values.get("identity")
    projects = not isinstance(identity, dict) or identity.get("serviceAccountTokenProjection", True)
    if linkerd.generation is not Generation.V2_8 and projects:
        return False
    return pod["spec"].get("automountServiceAccountToken") is False
