"""Whether existing Services have the ports that a stack file names.

A Service that does not exist yet has none to compare. Fact: Kubernetes docs, Service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.links.exports import ServiceRef
from config.service_ports import NamedPort
from kube.answers import inner, items
from kube.failures import Reason
from kube.kubeconfig import Timeout, get_json
from kube.paths import path_of
from vocabulary.kinds import SERVICE


def closed_ports(
    api: client.ApiClient, named: Iterable[NamedPort], timeout: Timeout
) -> Iterator[Reason]:
    """Why requests to these ports would get no answer.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails.
    """
    found: dict[ServiceRef, tuple[int, ...]] = {}
    for item in named:
        service = item.service
        if service not in found:
            found[service] = _ports(api, service, timeout)
        ports = found[service]
        if ports and item.port not in ports:
            listed = ", ".join(map(str, ports))
            yield (
                f"Service {service} has no port {item.port}, which {item.use} uses; its ports are "
                f"{listed}",
                f"write {item.path}: {ports[0]}"
                if len(ports) == 1 and item.path.endswith(("port", "]"))
                else f"write one of {listed} under {item.path}",
            )


def _ports(api: client.ApiClient, service: ServiceRef, timeout: Timeout) -> tuple[int, ...]:
    """Ports of a Service; none where it does not exist or may not be read."""
    try:
        answer = get_json(api, path_of(SERVICE, service.namespace, service.name), timeout)
    except ApiException as error:
        if error.status in (403, 404):
            return ()
        raise
    # A name of another host (ExternalName) has whatever ports that host has.
    if inner(answer, "spec").get("externalName"):
        return ()
    found = (port.get("port") for port in items(answer, "spec", "ports"))
    return tuple(port for port in found if isinstance(port, int))
