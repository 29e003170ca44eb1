"""Why pods are not ready: the container, its state, its log, and the known cause.

Facts: Kubernetes docs, "Pod Lifecycle" (container states), "Sidecar Containers", Events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from checks.cluster.causes import Cause, cause_of
from checks.facts import log_text
from checks.facts.objects import condition, holds, template_of
from checks.facts.selectors import selects
from checks.facts.view import Unseen, View
from kube.answers import inner, items
from kube.pods import proxy_of
from vocabulary.kinds import EVENT, NODE, POD, Object, labels_of, name_of, namespace_of
from vocabulary.linkerd import PROXY_CONTAINER

CONTAINERS = 2
"""Containers of one pod that are reported."""

_QUIET = ("PodInitializing", "ContainerCreating")
_EVENTS = (
    "FailedMount",
    "FailedAttachVolume",
    "FailedScheduling",
    "FailedCreate",
    "FailedCreatePodSandBox",
    "FailedCreatePodContainer",
    "NetworkNotReady",
)
"""Reasons of events that say why no container has started."""


class Container(NamedTuple):
    """A container that keeps its pod from being ready."""

    name: str
    state: str
    """What it does, as the end of a sentence."""
    reasons: tuple[str, ...]
    """Kubernetes' words for it."""
    broken: bool
    """Whether it cannot run, and not only is not ready yet."""
    ran: bool
    """Whether it has run, so that it may have a log."""
    previous: bool
    """Whether to read the log of the run before the present one."""


class Explanation(NamedTuple):
    """Why a workload has a pod that is not ready."""

    text: str
    """Pod, container, state, end of its log; without secrets."""
    cause: Cause | None
    remedy: str
    """What to do about the cause; empty where it is not known."""
    broken: bool
    """Whether a container cannot run, or none could be made."""

    @property
    def rank(self) -> int:
        """0 for a cause, 1 for what has none that is known, 2 for a consequence of others."""
        if self.cause is not None:
            return 2 if self.cause.consequence else 0
        return 1 if self.broken else 2


def pods_of(view: View, workload: Object) -> list[Object]:
    """The pods of a workload that ought to run.

    Raises Unseen: pods could not be read there.
    """
    spec = inner(workload, "spec")
    selector = spec.get("selector") or {"matchLabels": labels_of(template_of(workload))}
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        return []
    return [
        pod
        for pod in view.all(POD, namespace_of(workload))
        if selects(selector, labels_of(pod)) and ought_to_run(pod)
    ]


def ought_to_run(pod: Object) -> bool:
    """Whether a pod is not at its end: neither done, nor evicted, nor being deleted."""
    phase = inner(pod, "status").get("phase")
    deleted = inner(pod, "metadata").get("deletionTimestamp")
    return phase not in ("Succeeded", "Failed") and not deleted


def proxied(pods: Iterable[Object]) -> list[Object]:
    """Those of some pods that have a proxy and ought to run."""
    return [pod for pod in pods if proxy_of(pod) and ought_to_run(pod)]


def is_ready(pod: Object) -> bool:
    """Whether a pod's condition Ready is True, or its state was not read."""
    return "status" not in pod or holds(pod, "Ready")


def worst(pods: Collection[Object]) -> Object | None:
    """The pod that shows best why pods are not ready; None where all are."""
    unready = [pod for pod in pods if not is_ready(pod)]
    return min(unready, key=lambda pod: (_severity(pod), name_of(pod)), default=None)


def _severity(pod: Object) -> int:
    found = blamed(pod)
    return 2 if not found else 0 if found[0].broken else 1


def blamed(pod: Object) -> list[Container]:
    """The containers that keep a pod from being ready; those that cannot run alone, if any.

    Empty where none has started, or where all of them are ready.
    """
    status = inner(pod, "status")
    spec = inner(pod, "spec")
    sidecars = {
        one.get("name")
        for one in items(spec, "initContainers")
        if one.get("restartPolicy") == "Always"
    }
    found = [
        *_init(items(status, "initContainerStatuses"), sidecars),
        *filter(None, map(_container, items(status, "containerStatuses"))),
    ]
    broken = [one for one in found if one.broken]
    # What an application logs may only follow from a proxy that is not ready.
    return broken or sorted(found, key=lambda one: one.name != PROXY_CONTAINER)


def _init(statuses: list[Object], sidecars: Collection[str | None]) -> Iterator[Container]:
    for one in statuses:
        ended = inner(one, "state").get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        found = _container(one)
        if found is None:
            continue
        if found.broken or one.get("name") in sidecars:
            yield found
        elif inner(one, "state").get("running") is not None:
            yield found._replace(state="is an init container that has not completed")


def _container(status: Object) -> Container | None:
    name = str(status.get("name", ""))
    state = inner(status, "state")
    last = inner(status, "lastState").get("terminated")
    restarts = int(status.get("restartCount") or 0)
    waiting, ended = state.get("waiting"), state.get("terminated")
    failed_before = last is not None and bool(last.get("exitCode"))
    if waiting is not None:
        reason = str(waiting.get("reason") or "")
        if reason in (*_QUIET, "") and not failed_before:
            return None
        message = str(waiting.get("message") or "") if not last else ""
        text = f"is in {reason or 'waiting'}" + (f" ({_end(last, restarts)})" if last else "")
        reasons = (reason, message, *_words(last))
        text += f": {log_text.message(message)}" if message else ""
        return Container(name, text, reasons, True, restarts > 0 or last is not None, bool(last))
    if ended is not None:
        text = f"terminated ({_end(ended, restarts)})"
        return Container(name, text, _words(ended), True, True, False)
    if state.get("running") is not None and not status.get("ready"):
        if failed_before:
            text = f"restarted and is not ready ({_end(last, restarts)})"
            return Container(name, text, _words(last), True, True, True)
        return Container(name, "is running but not ready", (), False, True, False)
    return None


def _end(ended: Object | None, restarts: int) -> str:
    ended = inner(ended)
    code = f"exit code {ended.get('exitCode', 'unknown')}"
    reason = str(ended.get("reason") or "")
    words = [code, *([reason] if reason and reason != "Error" else [])]
    if restarts:
        words.append("1 restart" if restarts == 1 else f"{restarts} restarts")
    return ", ".join(words)


def _words(ended: Object | None) -> tuple[str, ...]:
    return tuple(str(inner(ended).get(key) or "") for key in ("reason", "message"))


def explain(view: View, workload: Object) -> Explanation | None:
    """Why a workload lacks pods that are ready; None where nothing that was read shows it."""
    try:
        pods = pods_of(view, workload)
    except Unseen as error:
        return Explanation(str(error), None, "", broken=False)
    kind = str(workload.get("kind", "")).lower()
    pod = worst(pods)
    if pod is not None:
        return explain_pod(view, pod, f"{kind}/{name_of(workload)}")
    if pods:
        return None
    return _not_made(view, workload, f"{kind}/{name_of(workload)}")


def explain_pod(view: View, pod: Object, workload: str) -> Explanation:
    """Why a pod is not ready; `workload` is the argument of ``kubectl rollout restart``."""
    known = log_text.values_of_secrets(view)
    space, name = namespace_of(pod), name_of(pod)
    texts: list[tuple[str, str]] = []
    parts: list[str] = []
    found = blamed(pod)
    for container in found[:CONTAINERS]:
        texts += [("", text) for text in container.reasons if text]
        log = view.logs.get((space, name, container.name))
        log_lines = log_text.without_secrets(log.text if log else "", known).splitlines()
        texts += [(container.name, line) for line in (*log_lines, *container.reasons)]
        parts.append(f"container {container.name} {container.state}{_log(view, pod, container)}")
    if not found and _containers_ready(pod):
        part, words = _not_counted(view, pod)
        texts.append(("", words))
        parts.append(f"{part}: {log_text.message(words, known)}" if words else part)
    elif not found:
        messages = list(_messages(view, pod))
        texts += [("", text) for text in messages]
        parts.append(_unstarted(view, pod, messages, known))
    return _explained(
        f"pod {name}: {'; '.join(parts)}",
        cause_of(texts),
        {"namespace": space, "pod": name, "workload": workload, "node": _node_of(pod)},
        broken=not found or found[0].broken,
    )


def _containers_ready(pod: Object) -> bool:
    statuses = items(pod, "status", "containerStatuses")
    return bool(statuses) and all(one.get("ready") for one in statuses)


def _not_counted(view: View, pod: Object) -> tuple[str, str]:
    """Why a pod is not ready although its containers are: what to call it, Kubernetes' words."""
    name = _node_of(pod)
    try:
        node = view.get(NODE, "", name)
    except Unseen:
        node = None
    if node is not None and not holds(node, "Ready"):
        return f"node {name} is not ready", _words_of(node, "Ready")
    for gate in items(pod, "spec", "readinessGates"):
        kind = str(gate.get("conditionType", ""))
        if not holds(pod, kind):
            return f"its readiness gate {kind} is not True", _words_of(pod, kind)
    return "its containers are ready, and the pod is not", _words_of(pod, "Ready")


def _words_of(thing: Object, kind: str) -> str:
    found = condition(thing, kind)
    return _message(found) if found.get("reason") or found.get("message") else ""


def _node_of(pod: Object) -> str:
    return str(inner(pod, "spec").get("nodeName") or "")


def _explained(
    text: str, cause: Cause | None, names: dict[str, str], *, broken: bool
) -> Explanation:
    if cause is None:
        return Explanation(text, None, "", broken)
    remedy = cause.remedy
    for key, value in names.items():
        remedy = remedy.replace(f"{{{key}}}", value)
    return Explanation(f"{text}; cause: {cause.text}", cause, remedy, broken)


def _log(view: View, pod: Object, container: Container) -> str:
    log = view.logs.get((namespace_of(pod), name_of(pod), container.name))
    if log is None:
        # The end of a log that Kubernetes keeps where a container leaves none of its own.
        log_lines = log_text.grave("\n".join(container.reasons[-1:])) if container.ran else ()
    elif log.fault:
        return f" (cannot read logs: {log.fault})"
    else:
        log_lines = log_text.grave(log.text, log_text.values_of_secrets(view))
    return f"; log: {' | '.join(log_lines)}" if log_lines else ""


def _messages(view: View, pod: Object) -> Iterator[str]:
    """What Kubernetes writes about a pod without a started container, the newest first."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield _message(scheduled)
    yield from _events(view, namespace_of(pod), {("Pod", name_of(pod))})


def _events(view: View, namespace: str, about: Collection[tuple[str, str]]) -> Iterator[str]:
    try:
        events = view.all(EVENT, namespace)
    except Unseen:
        return
    for event in sorted(events, key=_moment, reverse=True):
        involved = inner(event, "involvedObject")
        if (involved.get("kind"), involved.get("name")) in about and event.get("reason") in _EVENTS:
            yield _message(event)


def _message(thing: Object) -> str:
    """Reason and message of an event or a condition."""
    return f"{thing.get('reason', '')}: {thing.get('message', '')}"


def _moment(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _unstarted(view: View, pod: Object, messages: list[str], known: Collection[str]) -> str:
    if messages:
        return f"no container has started: {log_text.message(messages[0], known)}"
    fault = view.unseen.get((EVENT, namespace_of(pod)))
    phase = inner(pod, "status").get("phase") or "unknown"
    why = f"events cannot be read: {fault}" if fault else "no event gives a reason"
    return f"no container has started (phase {phase}; {why})"


def _not_made(view: View, workload: Object, label: str) -> Explanation | None:
    """Why a workload has no pod at all."""
    space, name = namespace_of(workload), name_of(workload)
    failed = holds(workload, "ReplicaFailure")
    messages = [_message(condition(workload, "ReplicaFailure"))] if failed else []
    try:
        sets = {
            ("ReplicaSet", str(inner(one, "involvedObject").get("name")))
            for one in view.all(EVENT, space)
            if str(inner(one, "involvedObject").get("name", "")).startswith(f"{name}-")
        }
    except Unseen:
        sets = set()
    messages += _events(view, space, {*sets, (str(workload.get("kind")), name)})
    if not messages:
        return None
    known = log_text.values_of_secrets(view)
    return _explained(
        f"no pod can be created: {log_text.message(messages[0], known)}",
        cause_of(("", text) for text in messages),
        {"namespace": space, "pod": "<pod>", "workload": label},
        broken=True,
    )
