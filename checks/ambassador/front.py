"""The Service by which clients reach Ambassador."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import pods, workload_of
from checks.ambassador.routes import objects
from checks.cluster.ports import called, meshed_pods, ports_of, target
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.objects import balancer_addresses, template_of
from checks.facts.results import UPDATE, Finding, failure, ok
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import LISTENER, SERVICE, Object, labels_of, name_of


def front(view: View, config: AmbassadorConfig) -> Object | None:
    """The Service that clients reach Ambassador by.

    That of an adopted Ambassador is its owner's: one that selects its pods, but not the gateway's.

    Raises Unseen: Services could not be read.
    """
    if config.installed:
        return view.get(SERVICE, config.namespace, config.name)
    workload = workload_of(view, config)
    labels = labels_of(template_of(workload)) if workload is not None else config.pod_labels
    fitting = [
        service
        for service in view.all(SERVICE, config.namespace)
        if name_of(service) != config.gateway_service
        and (selector := inner(service, "spec").get("selector"))
        and selector.items() <= labels.items()
    ]
    return next(
        iter(sorted(fitting, key=lambda one: (not balancer_addresses(one), name_of(one)))), None
    )


def target_ports(case: ClusterCase) -> Iterator[Finding]:
    """The ports of Ambassador's Service target ports that its pods listen on."""
    config = case.config.ambassador
    service = front(case.view, config) if config is not None else None
    meshed = meshed_pods(case.view, config) if config is not None else []
    if config is None or service is None or not meshed:
        return
    title = f"the ports of Service {name_of(service)} target ports that Ambassador listens on"
    listening = {
        inner(one, "spec").get("port") for one in case.view.all(LISTENER, config.namespace)
    }
    wrong = []
    # An adopted Ambassador may have its Listeners in any namespace.
    own = config.installed and bool(config.all_listeners)
    for port in ports_of(service):
        number = target(port, meshed)
        if number is None:
            wrong.append(f"{called(port)} targets '{port['targetPort']}', which no container has")
        elif own and _serves(port) and number not in listening:
            wrong.append(f"{called(port)} targets {number}, which has no Listener")
    yield failure(title, some(wrong), UPDATE) if wrong else ok(title)


def _serves(port: Object) -> bool:
    """Whether a port of the Service is one for HTTP, which needs a Listener."""
    return port.get("name") in ("http", "https") or port.get("port") in (80, 443)


FRONT = (pods, objects(LISTENER))
"""Ambassador's Service, pods and Listeners."""
CHECKS = (Check("ambassador", Phase.PARTS, target_ports, FRONT, order=14),)
