"""Containers of pods and pod templates.

Facts: Kubernetes docs, "Sidecar Containers"; Linkerd's injector (``pkg/inject``).
"""

from __future__ import annotations

from kube.answers import items
from vocabulary.kinds import Object
from vocabulary.linkerd import PROXY_CONTAINER


def containers(pod: Object) -> list[Object]:
    """The containers of a pod or pod template, the init containers last: they may be sidecars."""
    return [*items(pod, "spec", "containers"), *items(pod, "spec", "initContainers")]


def proxy_of(pod: Object) -> Object | None:
    """Linkerd's proxy among the containers of a pod or pod template; None without."""
    return next((one for one in containers(pod) if one.get("name") == PROXY_CONTAINER), None)
