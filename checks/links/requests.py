"""The path of a request: a backend behind every route, and an answer where one can be had.

A request goes to no other address than the one that the cluster's own Service of Ambassador
tells. It is a GET without credentials; nobody is followed elsewhere, and no answer is read.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from checks.ambassador.ambassador import kind_of
from checks.ambassador.front import front
from checks.ambassador.inbound import judged, public_ports, shut_to_unmeshed
from checks.ambassador.routes import all_mappings, destination
from checks.cluster.workloads import availability
from checks.facts.case import Answer, ClusterCase
from checks.facts.results import Finding, Status, failure, ok, skipped, warning
from checks.facts.view import Unseen, View, addresses, some
from checks.links.gateways import service_addresses
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import MappingConfig
from config.core.mesh import MeshConfig
from config.links.exports import ServiceRef
from vocabulary.kinds import (
    DEPLOYMENT,
    ENDPOINTS,
    HOST,
    MAPPING,
    NAMESPACE,
    SERVICE,
    Object,
    name_of,
)

SECONDS = 4.0
"""How long connecting, and then each wait for an answer, may take."""
THREADS = 4
UPSTREAM = "x-envoy-upstream-service-time"
"""Header of an answer that came from behind Envoy, not from itself (Envoy docs, router filter)."""


@dataclass(frozen=True)
class Question:
    """A request to make."""

    scheme: str
    """``http`` or ``https``."""
    address: str
    """IP address or DNS name."""
    port: int
    """Port."""
    path: str
    """Path."""
    host: str | None = None
    """Header ``Host``, where it is not the address."""

    @property
    def url(self) -> str:
        """All of it, for people."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{shown}:{self.port}{self.path}"


def backends_of(mesh: MeshConfig, cluster: str) -> list[ServiceRef]:
    """Services of the cluster itself that Mappings of the stack file lead to, each once."""
    config = mesh.clusters[cluster].ambassador
    if config is None:
        return []
    found = [
        destination(mapping.service, config.namespace)[0] for mapping in mesh.own_mappings(cluster)
    ]
    return list(dict.fromkeys(ref for ref in found if ref is not None))


def backends(case: ClusterCase) -> Iterator[Finding]:
    """The Services that Mappings lead to exist and have endpoints that are ready."""
    for ref in backends_of(case.mesh, case.name):
        yield _backend(case, ref)


def _backend(case: ClusterCase, ref: ServiceRef) -> Finding:
    title = f"Service {ref}, to which a Mapping leads, has endpoints that are ready"
    view, sample = case.view, case.config.sample
    own = sample is not None and (sample.namespace, sample.service) == (ref.namespace, ref.name)
    service = view.get(SERVICE, ref.namespace, ref.name)
    if service is None:
        if own:
            return skipped(title, "it does not exist; see the sample")
        if view.get(NAMESPACE, "", ref.namespace) is None:
            # Nothing tells shop.example from the Service 'shop' of a namespace 'example'.
            return warning(
                title,
                f"there is no namespace {ref.namespace}",
                "make the Service, or correct the Mapping; where a name outside the cluster is "
                "meant, nothing is amiss",
            )
        return failure(title, "it does not exist", "make it, or correct the Mapping's service")
    if (service.get("spec") or {}).get("type") == "ExternalName":
        return ok(title, "it is a name outside the cluster")
    endpoints = view.get(ENDPOINTS, ref.namespace, ref.name)
    if any(addresses(endpoints)):
        return ok(title, some(addresses(endpoints), 3))
    if own and sample is not None:
        deployment = view.get(DEPLOYMENT, sample.namespace, sample.name)
        if deployment is None or availability(deployment)[0] is Status.FAILURE:
            return skipped(title, "its pods are not available")
    waiting = any(addresses(endpoints, "notReadyAddresses"))
    return failure(
        title,
        "its pods are not ready" if waiting else "it has none",
        f"see `kubectl -n {ref.namespace} get pods,events`"
        + ("" if waiting else f", and whether the selector of {ref.name} is that of its pods"),
    )


def questions(mesh: MeshConfig, cluster: str, view: View) -> dict[str, Question] | str:
    """The requests that can be made, by the names of Mappings; or why none can.

    Raises Unseen: the cluster's Services could not be read.
    """
    config = mesh.clusters[cluster].ambassador
    if config is None:
        return "there is no Ambassador"
    if view.simulated:
        return "pods of this cluster are simulated (kwok), so nothing would answer"
    service = front(view, config)
    if service is None:
        return "there is no Service of Ambassador"
    found = service_addresses(service)
    if not found:
        kind = (service.get("spec") or {}).get("type") or "ClusterIP"
        return f"Service {name_of(service)} (of type {kind}) tells no address"
    asked: dict[str, Question] = {}
    known = sites(view, config)
    for mapping in all_mappings(mesh, cluster):
        site = site_of(mapping.hostname, known)
        way = _way(service, site)
        if way is None:
            return f"Service {name_of(service)} has a port neither for HTTP nor for HTTPS"
        if view.get(MAPPING, config.namespace, mapping.name) is not None:
            asked[mapping.name] = Question(
                way[0], found[0], way[1], mapping.prefix, _host_header(mapping, site)
            )
    return asked


class Site(NamedTuple):
    """What a Host says that a request has to heed."""

    hostname: str
    """Host name, a glob, or ``*``."""
    tls_only: bool
    """Whether cleartext is not routed."""
    tls: bool = False
    """Whether TLS is terminated."""
    redirects: bool = False
    """Whether cleartext is redirected."""


def sites(view: View, config: AmbassadorConfig) -> list[Site]:
    """The Hosts of the stack file; where it writes none, those that are there.

    The one for all names comes first.
    """
    found = [
        Site(
            host.hostname,
            host.tls is not None and host.insecure != "Route",
            host.tls is not None,
            host.insecure == "Redirect",
        )
        for host in config.all_hosts
    ]
    if not found:
        found = [_site(host) for host in view.all(HOST, config.namespace)]
    return sorted(found, key=lambda site: (site.hostname != "*", site.hostname))


def _site(host: Object) -> Site:
    spec = host.get("spec") or {}
    policy = spec.get("requestPolicy") or {}
    action = (policy.get("insecure") or {}).get("action") or "Redirect"
    tls = bool(spec.get("tlsSecret"))
    return Site(
        str(spec.get("hostname") or "*"), tls and action != "Route", tls, action == "Redirect"
    )


def site_of(hostname: str, known: list[Site]) -> Site:
    """The Host that answers for a Mapping with this host name; any name where none is known."""
    for site in known:
        if site.hostname == "*" or hostname in ("*", site.hostname):
            return site
    return Site("*", tls_only=False)


def _host_header(mapping: MappingConfig, site: Site) -> str | None:
    return host_header(site.hostname if mapping.hostname == "*" else mapping.hostname)


def host_header(hostname: str) -> str | None:
    """A ``Host`` header that a host name or glob fits; None where any does."""
    return None if hostname == "*" else hostname.replace("*", "mesh-check")


def ports_by_scheme(service: Object) -> dict[str, int]:
    """The ports of a Service on which Ambassador serves its clients, by scheme."""
    ports = (service.get("spec") or {}).get("ports") or []
    found: dict[str, int] = {}
    for name, usual in (("http", 80), ("https", 443)):
        named = [port for port in ports if port.get("name") == name or port.get("port") == usual]
        if named:
            found[name] = int(named[0]["port"])
    return found


def _way(service: Object, site: Site) -> tuple[str, int] | None:
    """Scheme and port: cleartext, unless only TLS is answered."""
    ways = list(ports_by_scheme(service).items())
    return next(iter(reversed(ways) if site.tls_only else ways), None)


def ask_all(asked: Mapping[str, Question]) -> dict[str, Answer]:
    """Make requests, the first one alone: where nothing answers it, nothing would the others."""
    answers: dict[str, Answer] = {}
    waiting = dict(asked)
    if not waiting:
        return answers
    first = next(iter(waiting))
    answers[first] = ask(waiting.pop(first))
    if answers[first].status is None:
        silent = answers[first]
        return answers | {
            name: Answer(question.url, None, silent.detail) for name, question in waiting.items()
        }
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(ask, waiting.values())
        return answers | dict(zip(waiting, found, strict=True))


def ask(question: Question) -> Answer:
    """Make one request, and look at nothing but the status and where it came from."""
    headers = {"User-Agent": "linkerd-ambassador-mesh check", "Connection": "close"}
    if question.host is not None:
        headers["Host"] = question.host
    try:
        with closing(_connection(question)) as connection:
            connection.request("GET", question.path, headers=headers)
            answer = connection.getresponse()
            upstream = answer.getheader(UPSTREAM) is not None
            named = answer.getheader("server") is not None
            return Answer(question.url, answer.status, upstream=upstream, named=named)
    except (http.client.HTTPException, OSError, ValueError) as error:
        # A name that is none, too: addresses are what a cluster says.
        return Answer(question.url, None, type(error).__name__)


def _connection(question: Question) -> http.client.HTTPConnection:
    address, port = question.address, question.port
    if question.scheme == "http":
        return http.client.HTTPConnection(address, port, timeout=SECONDS)
    # What a certificate is worth, another check says; nothing secret is sent or read here.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _Named(address, port, context, question.host or address)


class _Named(http.client.HTTPSConnection):
    """HTTPS that asks an address for the certificate of a name."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext, name: str) -> None:
        super().__init__(address, port, timeout=SECONDS, context=context)
        self._tls, self._name = context, name

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), SECONDS)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)


def requests(case: ClusterCase) -> Iterator[Finding]:
    """A request to every route is answered, where one could be made."""
    config = case.config.ambassador
    if config is None:
        return
    asked = questions(case.mesh, case.name, case.view)
    for mapping in all_mappings(case.mesh, case.name):
        yield _request(case, config, mapping, asked)


def _request(
    case: ClusterCase,
    config: AmbassadorConfig,
    mapping: MappingConfig,
    asked: Mapping[str, Question] | str,
) -> Finding:
    title = f"a request for {mapping.prefix} is answered (Mapping {mapping.name})"
    if case.view.get(MAPPING, config.namespace, mapping.name) is None:
        return skipped(title, "the request was not made: the Mapping does not exist")
    if isinstance(asked, str):
        return skipped(title, f"the request was not made: {asked}")
    answer = case.answers.get(mapping.name)
    if answer is None:
        return skipped(title, "the request was not made in the time that is given to all of them")
    return _judged(title, answer, case, config)


def _judged(title: str, answer: Answer, case: ClusterCase, config: AmbassadorConfig) -> Finding:
    status, url = answer.status, answer.url
    if status is None:
        known = _unanswered(case, config)
        if known is not None:
            return failure(
                title, f"GET {url} is not answered ({answer.detail}): {known[0]}", known[1]
            )
        return warning(
            title,
            f"GET {url} from here is not answered ({answer.detail})",
            "see whether the load balancer is up, and whether the way to it from here is open "
            "(firewall, ambassador.service.sourceRanges)",
        )
    told = f"GET {url} gives status {status}"
    if 200 <= status < 400:
        return ok(title, f"{told}, which was not followed" if status >= 300 else told)
    if status == 403 and not answer.named and not answer.upstream:
        return failure(
            title,
            f"{told}: Linkerd's proxy in Ambassador's pod refused it, not Ambassador"
            f"{_policy(case)}",
            "see the lines about policy: an inbound policy shuts this port to clients outside "
            "the mesh",
        )
    logs = f"`kubectl -n {config.namespace} logs {kind_of(config).name.lower()}/{config.workload}`"
    if status == 404 and not answer.upstream:
        return failure(
            title,
            f"{told}: Ambassador has no such route",
            f"see whether a Host and a Listener match, and what Ambassador says of it: {logs}",
        )
    if status >= 500:
        return failure(
            title,
            f"{told}: the Service behind the route does not answer as it should",
            f"see its pods, and what Ambassador says: {logs}",
        )
    return warning(
        title,
        f"{told}: the request got through, and was refused",
        "see whether this path is meant to be answered without a login, or at all",
    )


def _policy(case: ClusterCase) -> str:
    """What shuts Ambassador's public ports, where that is known."""
    shut = _shut(case)
    return f" ({shut[0]})" if shut else ""


def _shut(case: ClusterCase) -> list[str]:
    try:
        ports = judged(case, public_ports(case))
    except Unseen:
        # The check of policies says so.
        return []
    return [fault for one in ports if (fault := shut_to_unmeshed(one)) is not None]


def _unanswered(case: ClusterCase, config: AmbassadorConfig) -> tuple[str, str] | None:
    """Why nothing answers and what to do, where the cluster itself shows it."""
    service = front(case.view, config)
    found = service and case.view.get(ENDPOINTS, config.namespace, name_of(service))
    if service and found is not None and not any(addresses(found)):
        return (
            f"no ready pod is behind Service {name_of(service)}",
            f"see the lines about Ambassador, and `kubectl -n {config.namespace} get pods,events`",
        )
    shut = _shut(case)
    if shut:
        return shut[0], "see the lines about policy"
    return None
