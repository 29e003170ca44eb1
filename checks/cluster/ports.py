"""The target ports of a Service, and pods as the injector would create them."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import asks_for_proxy, workload_of
from checks.cluster.unready import proxied
from checks.facts.objects import template_of
from checks.facts.view import View
from checks.linkerd.inbound_policy import named_ports
from config.ambassador.ambassador import AmbassadorConfig
from kube.answers import inner, items
from vocabulary.kinds import NAMESPACE, POD, Object, annotations_of, labels_of, name_of
from vocabulary.linkerd import (
    CONTROL_PLANE_NS,
    DEFAULT_INBOUND_POLICY,
    PROXY_ADMIN_PORT,
    PROXY_ADMIN_PORT_NAME,
    PROXY_CONTAINER,
    PROXY_INBOUND_PORT,
)

_PROXY_PORTS = {
    "name": PROXY_CONTAINER,
    "ports": [
        {"name": PROXY_CONTAINER, "containerPort": PROXY_INBOUND_PORT},
        {"name": PROXY_ADMIN_PORT_NAME, "containerPort": PROXY_ADMIN_PORT},
    ],
}


def meshed_pods(view: View, config: AmbassadorConfig) -> list[Object]:
    """Ambassador's pods that have a proxy; where none runs, one as the injector would make it.

    Empty where Ambassador is not meshed, or not there.

    Raises Unseen: pods could not be read.
    """
    workload = workload_of(view, config)
    return proxied_pods(view, workload, config.namespace) if workload is not None else []


def proxied_pods(view: View, workload: Object, namespace: str) -> list[Object]:
    """Pods of a workload that have a proxy; where none runs, one as the injector would make it.

    Raises Unseen: pods could not be read.
    """
    template = template_of(workload)
    labels = labels_of(template)
    found = proxied(view.all(POD, namespace, labels))
    if found or not asks_for_proxy(view, workload, namespace):
        return found
    space = annotations_of(inner(view.get(NAMESPACE, "", namespace)))
    inherited = (
        {DEFAULT_INBOUND_POLICY: space[DEFAULT_INBOUND_POLICY]}
        if DEFAULT_INBOUND_POLICY in space
        else {}
    )
    spec = inner(template, "spec")
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name_of(workload),
                "namespace": namespace,
                "labels": {CONTROL_PLANE_NS: "", **labels},
                "annotations": {**inherited, **annotations_of(template)},
            },
            "spec": {**spec, "containers": [*items(spec, "containers"), _PROXY_PORTS]},
        }
    ]


def target(port: Object, pods: list[Object]) -> int | None:
    """The port of the pods that a port of a Service targets; None where they lack it."""
    wanted = port.get("targetPort") or port.get("port")
    if isinstance(wanted, int):
        return wanted
    if str(wanted).isdigit():
        return int(str(wanted))
    for pod in pods:
        numbers = named_ports(pod).get(str(wanted))
        if numbers:
            return numbers[0]
    return None


def ports_of(service: Object) -> Iterator[Object]:
    """The TCP ports of a Service."""
    for port in items(service, "spec", "ports"):
        if str(port.get("protocol") or "TCP") == "TCP":
            yield port


def called(port: Object) -> str:
    """A port of a Service as people call it."""
    number = port.get("port")
    return f"{port['name']} ({number})" if port.get("name") else str(number)
