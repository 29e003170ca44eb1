"""The Service by which clients reach Ambassador."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.adoption import template_labels
from checks.ambassador.ambassador import workload_of
from checks.cluster.ports import called, meshed_pods, ports_of, target
from checks.facts.case import ClusterCase
from checks.facts.expected import UPDATE
from checks.facts.results import Finding, failure, ok
from checks.facts.view import View, some
from checks.links.gateways import service_addresses
from config.ambassador.ambassador import AmbassadorConfig
from vocabulary.kinds import LISTENER, SERVICE, Object, name_of


def front(view: View, config: AmbassadorConfig) -> Object | None:
    """The Service that clients reach Ambassador by.

    That of an adopted Ambassador is its owner's: one that selects its pods, the gateway's aside.

    Raises Unseen: Services could not be read.
    """
    if config.installed:
        return view.get(SERVICE, config.namespace, config.name)
    workload = workload_of(view, config)
    labels = template_labels(workload) if workload is not None else config.pod_labels
    fitting = [
        service
        for service in view.all(SERVICE, config.namespace)
        if name_of(service) != config.gateway_service
        and (selector := (service.get("spec") or {}).get("selector"))
        and selector.items() <= labels.items()
    ]
    return next(
        iter(sorted(fitting, key=lambda one: (not service_addresses(one), name_of(one)))), None
    )


def leads(case: ClusterCase) -> Iterator[Finding]:
    """The ports of Ambassador's Service target ports that its pods have and listen on."""
    config = case.config.ambassador
    service = front(case.view, config) if config is not None else None
    pods = meshed_pods(case.view, config) if config is not None else []
    if config is None or service is None or not pods:
        return
    title = f"the ports of Service {name_of(service)} target ports that Ambassador listens on"
    listening = {
        (one.get("spec") or {}).get("port") for one in case.view.all(LISTENER, config.namespace)
    }
    wrong = []
    # The Listeners of an adopted Ambassador may be in any namespace.
    own = config.installed and bool(config.all_listeners)
    for port in ports_of(service):
        number = target(port, pods)
        if number is None:
            wrong.append(f"{called(port)} targets '{port['targetPort']}', which no container has")
        elif own and _serves(port) and number not in listening:
            wrong.append(f"{called(port)} targets {number}, for which there is no Listener")
    yield failure(title, some(wrong), UPDATE) if wrong else ok(title)


def _serves(port: Object) -> bool:
    """Whether a port of the Service is one for HTTP, which needs a Listener."""
    return port.get("name") in ("http", "https") or port.get("port") in (80, 443)
