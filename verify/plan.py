"""From a stack file, and what its clusters look like, to what is asked. Pure.

Facts: Linkerd docs, "Multi-cluster communication" (names of mirrors, federated Services, headless
Services, the probe); Emissary docs, Mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from checks.expected import MULTICLUSTER
from checks.front import front
from checks.gateways import link_address, mirrored, service_addresses
from checks.kinds import CONFIG_MAP, SERVICE, Object, name_of, namespace_of
from checks.multicluster import selectors_of
from checks.requests import Site, host_header, ports_by_scheme, site_of, sites
from checks.view import Unseen, View
from config.ambassador import AmbassadorConfig
from config.link import Export, LinkConfig, Requirement, Selector
from config.mesh import MeshConfig, gateway_identity
from config.trust_anchor import TRUST_ROOTS
from verify import judge, limits
from verify.judge import Expectation

PREFIX = "mesh-verify-"
"""What the namespaces of all runs begin with."""
ECHO_PORT = 8080
"""Port of the server in verify's pods."""
CERTIFICATE = "/run/verify-certificate"
"""Where the client certificate of a wrong anchor is mounted."""
PATIENCE = 30.0
"""Seconds within which a first request has to be answered."""
TRANSPORT = "transport.l5d.io/v1"
"""ALPN protocol of connections between proxies (linkerd2-proxy, transport header)."""

Task = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """A workload, as ``--from`` names it."""

    cluster: str
    namespace: str
    kind: str
    name: str
    template: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Its pod template, once it was read."""

    @property
    def service_account(self) -> str:
        """ServiceAccount of its pods."""
        return str((self.template.get("spec") or {}).get("serviceAccountName") or "default")

    def __str__(self) -> str:
        return f"{self.namespace}/{self.kind}/{self.name}@{self.cluster}"


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    requests: int = 20
    """Requests of each series."""
    timeout: float = 180.0
    """Seconds that pods, mirrors and each answer may take."""
    links: frozenset[str] = frozenset()
    """Names of the links to try; all when empty."""
    workload: Workload | None = None
    """The workload that the client is to be like."""
    keep: bool = False
    """Whether to leave everything where it is."""


@dataclass(frozen=True)
class Pod:
    """A pod that a run brings along."""

    cluster: str
    name: str
    meshed: bool
    serves: bool = False
    """Whether it is the server, and no client."""
    hostname: str | None = None
    """Its name within a headless Service."""
    subdomain: str | None = None
    """That Service."""
    workload: Workload | None = None
    """The workload that it is to be like."""
    tasks: tuple[Task, ...] = ()
    """What it is to do, in this order."""

    @property
    def key(self) -> tuple[str, str]:
        """Cluster and name."""
        return self.cluster, self.name


@dataclass(frozen=True)
class OwnService:
    """A Service in front of verify's server."""

    cluster: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    headless: bool = False


@dataclass(frozen=True)
class OwnMapping:
    """A route of a source's Ambassador to a mirror of verify's server."""

    cluster: str
    name: str
    version: str
    """Version of getambassador.io."""
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Mirror:
    """A Service that a source's service mirror is expected to make in verify's namespace."""

    cluster: str
    name: str
    gateway: bool
    """Whether it has endpoints: those of the gateway."""

    @property
    def task(self) -> str:
        """Id of the answer to whether it is there."""
        return f"mirror/{self.cluster}/{self.name}"


HERE = ("", "here")
"""Who asks from the operator's machine, or asks API servers."""


def pod_key(who: tuple[str, str]) -> str:
    """Key of the question whether a pod is ready, and id of its task."""
    return f"pod/{who[0]}/{who[1]}"


@dataclass(frozen=True)
class Question:
    """Something that is to hold, and whose answer it depends on."""

    key: str
    """Unique within a plan."""
    group: str
    """Link (``source -> target``) or cluster."""
    category: str
    title: str
    asker: tuple[str, str]
    """Cluster and name of the pod that answers."""
    task: str
    """Id of its task."""
    expects: Expectation
    needs: tuple[str, ...] = ()
    """Keys of questions without whose success the answer would prove nothing."""


@dataclass(frozen=True)
class Untried:
    """Something that cannot be tried, with the reason."""

    group: str
    category: str
    title: str
    reason: str


@dataclass(frozen=True)
class Series:
    """A series of requests whose latency is shown."""

    group: str
    title: str
    asker: tuple[str, str]
    task: str


@dataclass(frozen=True)
class Plan:
    """Everything that a run brings along and asks."""

    namespace: str
    clusters: tuple[str, ...]
    """Clusters that get a namespace."""
    pods: tuple[Pod, ...] = ()
    services: tuple[OwnService, ...] = ()
    mappings: tuple[OwnMapping, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    questions: tuple[Question, ...] = ()
    untried: tuple[Untried, ...] = ()
    series: tuple[Series, ...] = ()
    from_here: tuple[Task, ...] = ()
    """Tasks of the operator's machine."""
    during: Mapping[tuple[str, str], tuple[Task, ...]] = field(default_factory=dict)
    """What each client keeps asking with ``--during``: targets with their links."""


def labels_for(selector: Selector) -> dict[str, str] | None:
    """Labels that a selector matches, as few as can be; None where none do."""
    keys = dict.fromkeys((*selector.match_labels, *(c.key for c in selector.match_expressions)))
    labels: dict[str, str] = {}
    for key in keys:
        conditions = [one for one in selector.match_expressions if one.key == key]
        named = [value for one in conditions if one.operator == "In" for value in one.values]
        wanted = selector.match_labels.get(key)
        tried = (None, *named, "true", "verify", "mesh") if wanted is None else (wanted,)
        fitting = [value for value in tried if all(_holds(one, value) for one in conditions)]
        if not fitting:
            return None
        if fitting[0] is not None:
            labels[key] = fitting[0]
    return labels


def _holds(condition: Requirement, value: str | None) -> bool:
    """Whether a condition holds of a label's value; None where the label is missing."""
    match condition.operator:
        case "In":
            return value in condition.values
        case "NotIn":
            return value not in condition.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None


def make(mesh: MeshConfig, views: Mapping[str, View], options: Options, namespace: str) -> Plan:
    """The plan for a stack.

    `views` are the clusters that may be touched, by name; links to others are not tried.
    """
    return _Planner(mesh, views, options, namespace).plan()


def chosen(mesh: MeshConfig, options: Options) -> tuple[LinkConfig, ...]:
    """The links that are to be tried."""
    return tuple(link for link in mesh.links if not options.links or link.name in options.links)


def involved(mesh: MeshConfig, options: Options) -> tuple[str, ...]:
    """Names of the clusters that a run looks at."""
    if not options.links:
        return tuple(mesh.clusters)
    ends = {end for link in chosen(mesh, options) for end in _ends(link)}
    return tuple(name for name in mesh.clusters if name in ends)


class _Planner:
    def __init__(
        self,
        mesh: MeshConfig,
        views: Mapping[str, View],
        options: Options,
        namespace: str,
    ) -> None:
        self._mesh, self._views, self._options = mesh, views, options
        self._space = namespace
        self._names = involved(mesh, options)
        self._pods: dict[tuple[str, str], Pod] = {}
        self._services: dict[tuple[str, str], OwnService] = {}
        self._mappings: list[OwnMapping] = []
        self._mirrors: dict[str, Mirror] = {}
        self._questions: list[Question] = []
        self._untried: list[Untried] = []
        self._series: list[Series] = []
        self._here: list[Task] = []
        self._during: dict[tuple[str, str], list[Task]] = {}

    def plan(self) -> Plan:
        hindered = {
            name: reason
            for name, view in self._views.items()
            if (reason := limits.hindrance(self._mesh.clusters[name], view)) is not None
        }
        for link in chosen(self._mesh, self._options):
            self._link(link, hindered)
        for name in self._names:
            cluster = self._mesh.clusters[name]
            if cluster.ambassador is not None and name in self._views:
                self._ambassador(name, cluster.ambassador, hindered)
        self._questions = [*self._ready(), *self._questions]
        used = {pod.cluster for pod in self._pods.values()}
        return Plan(
            self._space,
            tuple(name for name in self._mesh.clusters if name in used),
            tuple(self._pods.values()),
            tuple(self._services.values()),
            tuple(self._mappings),
            tuple(self._mirrors.values()),
            tuple(self._questions),
            tuple(self._untried),
            tuple(self._series),
            tuple(self._here),
            {who: tuple(targets) for who, targets in self._during.items()},
        )

    def _ready(self) -> Iterator[Question]:
        """Every pod is ready; what it answers depends on that."""
        for pod in self._pods.values():
            what = "with its proxy" if pod.meshed else "without a proxy"
            yield Question(
                pod_key(pod.key),
                pod.cluster,
                "pods",
                f"pod {pod.name} is ready, {what}",
                HERE,
                pod_key(pod.key),
                judge.PodReady(),
            )

    # What is brought along

    def _echo(self, cluster: str) -> None:
        pod = Pod(cluster, "echo", meshed=True, serves=True)
        self._pods.setdefault(pod.key, pod)

    def _service(
        self, cluster: str, stem: str, labels: Mapping[str, str], *, headless: bool = False
    ) -> str:
        """Name of the Service of verify's server with these labels; made where it is missing."""
        self._echo(cluster)
        number = 1
        while True:
            name = stem if number == 1 else f"{stem}-{number}"
            known = self._services.get((cluster, name))
            if known is None:
                self._services[cluster, name] = OwnService(cluster, name, dict(labels), headless)
                return name
            if known.labels == labels:
                return name
            number += 1

    def _do(self, cluster: str, name: str, task: Task) -> tuple[str, str]:
        """Give a client a task, once."""
        workload = self._options.workload
        like = workload if workload is not None and workload.cluster == cluster else None
        meshed = name == "client"
        key = (cluster, name)
        pod = self._pods.get(key) or Pod(
            cluster, name, meshed=meshed, workload=like if meshed else None
        )
        if all(task["id"] != one["id"] for one in pod.tasks):
            pod = replace(pod, tasks=(*pod.tasks, task))
        self._pods[key] = pod
        return key

    def _ask(self, question: Question) -> str:
        """Put a question; its key."""
        self._questions.append(question)
        return question.key

    def _cannot(self, group: str, category: str, title: str, reason: str) -> None:
        self._untried.append(Untried(group, category, title, reason))

    # Links

    def _link(self, link: LinkConfig, hindered: Mapping[str, str]) -> None:
        group = f"{link.source} -> {link.target}"
        source, target = (self._mesh.clusters[end] for end in _ends(link))
        missing = [end for end in _ends(link) if end not in self._views]
        reason = (
            f"cluster {missing[0]} could not be looked at"
            if missing
            else limits.of_generation(source, target)
            or next((hindered[end] for end in _ends(link) if end in hindered), None)
        )
        if reason is not None:
            self._cannot(group, "requests", "requests over the link", reason)
            return
        if not link.flat_network:
            self._through_gateway(link, group)
        if link.flat_network or any(link.mode_of(e) == "remote-discovery" for e in link.exports):
            self._directly(link, group)
        if any(export.federated for export in link.exports):
            self._federated(link, group)
        if link.headless_services:
            self._headless(link, group)
        self._exports(link, group)

    def _mirror(self, link: LinkConfig, group: str, name: str, *, gateway: bool) -> str:
        mirror = Mirror(link.source, name, gateway)
        self._mirrors[mirror.task] = mirror
        return self._ask(
            Question(
                f"{link.name}/{mirror.task}",
                group,
                "requests",
                f"the service mirror made {self._space}/{name}",
                HERE,
                mirror.task,
                judge.MirrorMade(endpoints=gateway),
            )
        )

    def _requests(
        self, link: LinkConfig, group: str, host: str, needs: str, what: str
    ) -> tuple[str, str]:
        """A series of requests to verify's server; key of the question and id of the task."""
        task = f"{link.name}/{what}"
        url = f"http://{host}:{ECHO_PORT}/"
        count = self._options.requests
        asker = self._do(
            link.source,
            "client",
            {"id": task, "do": "requests", "url": url, "count": count, "patience": PATIENCE},
        )
        key = self._ask(
            Question(
                task,
                group,
                "requests",
                f"a meshed client's requests to {host} are answered by {link.target}",
                asker,
                task,
                judge.AllAnsweredBy(frozenset({link.target}), count),
                (pod_key((link.target, "echo")), needs),
            )
        )
        return key, url

    def _host(self, cluster: str, service: str, namespace: str | None = None) -> str:
        domain = self._mesh.clusters[cluster].domain
        return f"{service}.{namespace or self._space}.svc.{domain}"

    def _latency(self, link: LinkConfig, group: str, url: str, needs: str) -> None:
        count = self._options.requests
        task: Task = {"do": "requests", "count": count, "keep": True, "patience": PATIENCE}
        across = {**task, "id": f"{link.name}/latency", "url": url}
        asker = self._do(link.source, "client", across)
        self._series.append(Series(group, "across the link", asker, across["id"]))
        service = next(s.name for s in self._services.values() if s.cluster == link.target)
        direct = {
            **task,
            "id": f"{link.target}/direct",
            "url": f"http://{self._host(link.target, service)}:{ECHO_PORT}/",
        }
        asker = self._do(link.target, "client", direct)
        self._series.append(Series(group, f"within {link.target}", asker, direct["id"]))
        self._ask(
            Question(
                f"{link.name}/direct",
                group,
                "requests",
                f"a meshed client in {link.target} reaches the same server directly",
                asker,
                direct["id"],
                judge.AllAnsweredBy(frozenset({link.target}), count),
                (pod_key((link.target, "echo")),),
            )
        )

    def _identity_of(self, cluster: str, pod: str) -> str:
        """The mTLS identity of one of verify's pods, or of the workload that it is like."""
        config = self._mesh.clusters[cluster]
        known = self._pods.get((cluster, pod))
        like = known.workload if known is not None else None
        account, space = (
            (like.service_account, like.namespace) if like else ("default", self._space)
        )
        return (
            f"{account}.{space}.serviceaccount.identity.{config.linkerd.namespace}."
            f"{config.trust_domain}"
        )

    def _through_gateway(self, link: LinkConfig, group: str) -> None:
        labels = labels_for(selectors_of(link)["selector"])
        if labels is None:
            self._cannot(
                group,
                "requests",
                "requests through the gateway to verify's server",
                "the Link's selector cannot be satisfied by labels",
            )
            return
        identity = gateway_identity(link.target, self._mesh.clusters[link.target]) or ""
        service = self._service(link.target, "echo", labels)
        name = f"{service}-{link.target}"
        mirror = self._mirror(link, group, name, gateway=True)
        host = self._host(link.source, name)
        asked, url = self._requests(link, group, host, mirror, "echo")
        client = (link.source, "client")
        self._ask(
            Question(
                f"{link.name}/client-identity",
                group,
                "identities",
                "the server's proxy sees the gateway as the client",
                client,
                f"{link.name}/echo",
                judge.ClientIdentity(identity),
                (asked,),
            )
        )
        metrics = f"{link.name}/metrics"
        self._do(link.source, "client", {"id": metrics, "do": "metrics"})
        address, port = self._gateway(link)
        numeric = frozenset(f"{one}:{port}" for one in address if _is_ip(one))
        self._ask(
            Question(
                f"{link.name}/server-identity",
                group,
                "identities",
                "the client's proxy sees the gateway as the server, by mTLS",
                client,
                metrics,
                judge.ServerIdentity(identity, numeric),
                (asked,),
            )
        )
        self._during.setdefault(client, []).append(
            {
                "id": f"{link.name}/echo",
                "link": link.name,
                "url": url,
                "cluster": link.target,
                "every": 0.1,
            }
        )
        self._latency(link, group, url, asked)
        self._probe(link, group)
        self._refused(link, group, url, asked, identity)
        self._through_ambassador(link, group, name, asked)

    def _gateway(self, link: LinkConfig) -> tuple[list[str], int]:
        """Addresses and port of a link's gateway."""
        ambassador = self._mesh.clusters[link.target].ambassador
        assert ambassador is not None and ambassador.gateway is not None
        try:
            address = link_address(self._mesh, link, self._views[link.target])
        except Unseen:
            address = []
        given = link.gateway.port if link.gateway is not None else None
        return address, given or ambassador.gateway.port

    def _probe(self, link: LinkConfig, group: str) -> None:
        ambassador = self._mesh.clusters[link.target].ambassador
        assert ambassador is not None and ambassador.gateway is not None
        gateway = ambassador.gateway
        host = self._host(link.source, f"probe-{link.target}", MULTICLUSTER)
        task = f"{link.name}/probe"
        url = f"http://{host}:{gateway.service_probe_port}{gateway.probe_path}"
        asker = self._do(
            link.source, "client", {"id": task, "do": "get", "url": url, "patience": 10.0}
        )
        self._ask(
            Question(
                task,
                group,
                "requests",
                f"the gateway answers the probe {url}",
                asker,
                task,
                judge.Gives(200),
            )
        )

    def _refused(self, link: LinkConfig, group: str, url: str, asked: str, identity: str) -> None:
        """What must not pass; it proves something only where what may pass does."""
        category = "refused"
        outsider = (link.source, "outsider")
        task = f"{link.name}/unmeshed"
        self._do(link.source, "outsider", {"id": task, "do": "get", "url": url})
        self._ask(
            Question(
                task,
                group,
                category,
                "an unmeshed client's request to the mirror is refused",
                outsider,
                task,
                judge.Refused(),
                (asked,),
            )
        )
        self._service(link.target, "quiet", {})
        name = self._host(link.source, f"quiet-{link.target}")
        task = f"{link.name}/quiet"
        self._do(link.source, "client", {"id": task, "do": "resolve", "name": name})
        self._ask(
            Question(
                task,
                group,
                category,
                "a Service that is not exported has no mirror",
                (link.source, "client"),
                task,
                judge.NoName(),
                (asked,),
            )
        )
        address, port = self._gateway(link)
        if not address:
            self._cannot(
                group, category, "what the gateway refuses", "the gateway has no address yet"
            )
            return
        self._at_gateway(link, group, (address[0], port), identity=identity, asked=asked)

    def _at_gateway(
        self,
        link: LinkConfig,
        group: str,
        where: tuple[str, int],
        *,
        identity: str,
        asked: str,
    ) -> None:
        address, port = where
        category = "refused"
        outsider = (link.source, "outsider")
        shown = f"[{address}]" if ":" in address else address
        target = self._host(link.target, "echo")
        task = f"{link.name}/cleartext"
        self._do(
            link.source,
            "outsider",
            {"id": task, "do": "get", "url": f"http://{shown}:{port}/", "host": target},
        )
        self._ask(
            Question(
                task,
                group,
                category,
                f"cleartext to the gateway at {shown}:{port} is refused",
                outsider,
                task,
                judge.Refused(),
                (asked,),
            )
        )
        task = f"{link.name}/handshake"
        handshake = {
            "id": task,
            "do": "handshake",
            "address": address,
            "port": port,
            "name": identity,
            "alpn": TRANSPORT,
            "client_certificate": f"{CERTIFICATE}/tls.crt",
            "client_key": f"{CERTIFICATE}/tls.key",
        }
        roots = self._roots(link.target)
        if roots is not None:
            handshake["roots"] = roots
        self._do(link.source, "outsider", handshake)
        self._ask(
            Question(
                task,
                group,
                category,
                "the gateway refuses a client certificate of another trust anchor",
                outsider,
                task,
                judge.WrongCertificateRefused(),
                (asked,),
            )
        )
        self._ask(
            Question(
                f"{link.name}/certificate",
                group,
                "identities",
                "the gateway shows a certificate of its identity that the target's anchors signed",
                outsider,
                task,
                judge.GatewayCertificate(identity),
            )
        )
        for number, path in (
            (4190, "/"),
            (4191, "/metrics"),
            (8877, "/ambassador/v0/diag/"),
            (8001, "/config_dump"),
        ):
            task = f"{link.name}/port-{number}"
            self._do(
                link.source,
                "outsider",
                {"id": task, "do": "get", "url": f"http://{shown}:{number}{path}", "timeout": 3.0},
            )
            self._ask(
                Question(
                    task,
                    group,
                    category,
                    f"{shown}:{number}{path} is not served",
                    outsider,
                    task,
                    judge.NotServed(),
                    (asked,),
                )
            )

    def _roots(self, cluster: str) -> str | None:
        """The target's trust roots (PEM), where they can be read."""
        space = self._mesh.clusters[cluster].linkerd.namespace
        try:
            found = self._views[cluster].get(CONFIG_MAP, space, TRUST_ROOTS)
        except Unseen:
            return None
        text = ((found or {}).get("data") or {}).get("ca-bundle.crt")
        return str(text) if text else None

    def _directly(self, link: LinkConfig, group: str) -> None:
        labels = labels_for(selectors_of(link)["remoteDiscoverySelector"])
        if labels is None:
            self._cannot(
                group,
                "requests",
                "requests by remote discovery to verify's server",
                "the Link's remoteDiscoverySelector cannot be satisfied by labels",
            )
            return
        service = self._service(link.target, "direct", labels)
        name = f"{service}-{link.target}"
        mirror = self._mirror(link, group, name, gateway=False)
        asked, url = self._requests(
            link, group, self._host(link.source, name), mirror, "direct-echo"
        )
        client = (link.source, "client")
        own = self._identity_of(*client)
        self._ask(
            Question(
                f"{link.name}/direct-client-identity",
                group,
                "identities",
                "the server's proxy sees the client's own identity",
                client,
                f"{link.name}/direct-echo",
                judge.ClientIdentity(own),
                (asked,),
            )
        )
        server = self._identity_of(link.target, "echo")
        metrics = f"{link.name}/direct-metrics"
        self._do(link.source, "client", {"id": metrics, "do": "metrics"})
        self._ask(
            Question(
                f"{link.name}/direct-server-identity",
                group,
                "identities",
                "the client's proxy sees the server itself, by mTLS",
                client,
                metrics,
                judge.ServerIdentity(server),
                (asked,),
            )
        )
        self._during.setdefault(client, []).append(
            {
                "id": f"{link.name}/direct-echo",
                "link": link.name,
                "url": url,
                "cluster": link.target,
                "every": 0.1,
            }
        )
        if link.flat_network:
            self._latency(link, group, url, asked)

    def _federated(self, link: LinkConfig, group: str) -> None:
        labels = labels_for(selectors_of(link)["federatedServiceSelector"])
        if labels is None:
            self._cannot(
                group,
                "requests",
                "requests to verify's federated Service",
                "the Link's federatedServiceSelector cannot be satisfied by labels",
            )
            return
        service = self._service(link.target, "member", labels)
        name = f"{service}-federated"
        mirror = self._mirror(link, group, name, gateway=False)
        task = f"{link.name}/federated"
        count = self._options.requests
        host = self._host(link.source, name)
        # Other links may have members of that name too, those to the source itself among them.
        members = frozenset(
            one.target
            for one in chosen(self._mesh, self._options)
            if link.source in _ends(one) and any(export.federated for export in one.exports)
        )
        asker = self._do(
            link.source,
            "client",
            {
                "id": task,
                "do": "requests",
                "url": f"http://{host}:{ECHO_PORT}/",
                "count": count,
                "patience": PATIENCE,
            },
        )
        self._ask(
            Question(
                task,
                group,
                "requests",
                f"requests to the federated Service {host} are answered",
                asker,
                task,
                judge.AllAnsweredBy(members, count),
                (mirror,),
            )
        )

    def _headless(self, link: LinkConfig, group: str) -> None:
        title = "requests to a pod of verify's headless Service"
        flat = link.flat_network
        key = "remoteDiscoverySelector" if flat else "selector"
        labels = labels_for(selectors_of(link)[key])
        if labels is None or flat:
            reason = (
                "on a flat network, headless Services are mirrored without names of pods"
                if flat
                else "the Link's selector cannot be satisfied by labels"
            )
            self._cannot(group, "requests", title, reason)
            return
        pod = self._pods.get((link.target, "echo"))
        name = self._service(link.target, "pods", labels, headless=True)
        if pod is not None and pod.subdomain not in (None, name):
            self._cannot(
                group,
                "requests",
                title,
                "a pod is in one headless Service only, and another "
                "link's selector wants other labels",
            )
            return
        self._pods[link.target, "echo"] = replace(
            self._pods[link.target, "echo"], hostname="echo-0", subdomain=name
        )
        mirror = self._mirror(link, group, f"{name}-{link.target}", gateway=False)
        host = f"echo-0.{self._host(link.source, f'{name}-{link.target}')}"
        self._requests(link, group, host, mirror, "headless")

    # Exports of the stack file, and what is exported by labels

    def _exports(self, link: LinkConfig, group: str) -> None:
        target = self._views[link.target]
        identity = gateway_identity(link.target, self._mesh.clusters[link.target])
        named: set[tuple[str, str]] = set()
        for export in link.exports:
            mode = link.mode_of(export)
            names = []
            if mode != "none":
                names.append(link.mirror_of(export))
                named.add((export.namespace, link.mirror_of(export)))
            if export.federated:
                names.append(f"{export.service}-federated")
            for name in names:
                self._export(
                    link,
                    group,
                    export.namespace,
                    name,
                    ports=_ports(target, export),
                    identity=identity if mode == "gateway" else None,
                )
            if export.mapping is not None:
                self._exported_route(link, group, export)
        try:
            others = mirrored(self._views[link.source], link.target)
        except Unseen:
            return
        for service in others:
            where = namespace_of(service), name_of(service)
            if where not in named and not where[0].startswith(PREFIX):
                ports = [int(p["port"]) for p in (service.get("spec") or {}).get("ports") or []]
                self._export(link, group, *where, ports=ports, identity=None)

    def _export(
        self,
        link: LinkConfig,
        group: str,
        namespace: str,
        name: str,
        *,
        ports: Iterable[int],
        identity: str | None,
    ) -> None:
        host = self._host(link.source, name, namespace)
        listed = list(ports)
        if not listed:
            self._cannot(
                group,
                "exports",
                f"Service {namespace}/{name} answers",
                "the Service does not exist in the target, or has no port for TCP",
            )
        for port in listed:
            task = f"{link.name}/export/{namespace}/{name}/{port}"
            fields: Task = {"id": task, "do": "export", "host": host, "port": port}
            fields |= {"patience": 10.0, "server_id": identity}
            asker = self._do(link.source, "client", fields)
            self._ask(
                Question(
                    task,
                    group,
                    "exports",
                    f"{host}:{port} answers",
                    asker,
                    task,
                    judge.ExportAnswered(),
                )
            )
            self._during.setdefault(asker, []).append(
                {
                    "id": task,
                    "link": link.name,
                    "url": f"http://{host}:{port}/",
                    "every": 0.1,
                    "export": True,
                }
            )

    # Ambassador

    def _front(self, cluster: str, ambassador: AmbassadorConfig) -> Object | None:
        try:
            return front(self._views[cluster], ambassador)
        except Unseen:
            return None

    def _ways(
        self, cluster: str, ambassador: AmbassadorConfig
    ) -> dict[str, tuple[int, str | None]]:
        """Ports on which Ambassador serves, by scheme, each with a Host header that fits."""
        service = self._front(cluster, ambassador)
        if service is None:
            return {}
        known = self._sites(cluster, ambassador)
        found: dict[str, tuple[int, str | None]] = {}
        for scheme, port in ports_by_scheme(service).items():
            if scheme == "http":
                found[scheme] = (port, host_header(known[0].hostname) if known else None)
                continue
            secure = [site for site in known if site.tls]
            if secure:
                found[scheme] = (port, host_header(secure[0].hostname))
        return found

    def _ambassador(
        self, name: str, ambassador: AmbassadorConfig, hindered: Mapping[str, str]
    ) -> None:
        category = "ambassador"
        title = "Ambassador's public ports answer"
        service = self._front(name, ambassador)
        ways = self._ways(name, ambassador)
        reason = hindered.get(name)
        if reason is None and (service is None or not ways):
            reason = "there is no Service of Ambassador with a port for HTTP"
        if reason is None and ambassador.serves_nothing is not None:
            reason = f"it serves nothing: ambassador.{ambassador.serves_nothing} is empty"
        if reason is not None or service is None:
            self._cannot(name, category, title, reason or "there is no Service")
            return
        host = self._host(name, name_of(service), namespace_of(service))
        others = [
            other
            for other in self._names
            if other != name and other in self._views and other not in hindered
        ]
        address = next(iter(service_addresses(service)), None)
        for scheme, (port, header) in ways.items():
            inside = f"{scheme}://{host}:{port}/"
            for who, what in (("client", "a meshed client"), ("outsider", "an unmeshed client")):
                task = f"{name}/ambassador/{scheme}"
                fields: Task = {"id": task, "do": "get", "url": inside, "host": header}
                asker = self._do(name, who, fields)
                self._ask(
                    Question(
                        f"{task}/{who}",
                        name,
                        category,
                        f"{inside} answers {what} of the cluster",
                        asker,
                        task,
                        judge.AnsweredByAmbassador(),
                    )
                )
            if address is None:
                self._cannot(
                    name,
                    category,
                    f"Ambassador answers from outside by {scheme}",
                    f"Service {name_of(service)} has no load-balancer address",
                )
                continue
            where = f"[{address}]" if ":" in address else address
            outside = f"{scheme}://{where}:{port}/"
            task = f"{name}/outside/{scheme}"
            fields = {"id": task, "do": "get", "url": outside, "host": header}
            if others:
                asker = self._do(others[0], "outsider", fields)
                self._ask(
                    Question(
                        task,
                        name,
                        category,
                        f"{outside} answers a client in {others[0]}",
                        asker,
                        task,
                        judge.AnsweredByAmbassador(outside=True),
                    )
                )
            else:
                self._cannot(
                    name,
                    category,
                    f"{outside} answers a client in another cluster",
                    "there is no other cluster whose pods could ask",
                )
            self._here.append({**fields, "id": f"{task}/here"})
            self._ask(
                Question(
                    f"{task}/here",
                    name,
                    category,
                    f"{outside} answers this machine",
                    HERE,
                    f"{task}/here",
                    judge.AnsweredByAmbassador(outside=True),
                )
            )

    def _through_ambassador(self, link: LinkConfig, group: str, mirror: str, asked: str) -> None:
        title = "the source's Ambassador routes to the mirror of verify's server"
        ambassador = self._mesh.clusters[link.source].ambassador
        if ambassador is None:
            return
        known = self._sites(link.source, ambassador) or [site_of("*", [])]
        # The Mapping of verify is for every host name, so a Host that routes cleartext will do.
        site = min(known, key=lambda one: (one.redirects, one.tls_only))
        way = self._route(link.source, ambassador, site)
        if way is None:
            self._cannot(
                group, "ambassador", title, "there is no Service of Ambassador with a port"
            )
            return
        prefix = f"/{self._space}-{link.target}/"
        spec: dict[str, Any] = {
            "prefix": prefix,
            "service": f"http://{self._host(link.source, mirror)}:{ECHO_PORT}",
        }
        if ambassador.objects_version == "v3alpha1":
            spec["hostname"] = "*"
        self._mappings.append(
            OwnMapping(link.source, f"verify-{link.target}", ambassador.objects_version, spec)
        )
        task = f"{link.name}/routed"
        asker = self._do(
            link.source,
            "outsider",
            {
                "id": task,
                "do": "get",
                "url": f"{way.base}{prefix}",
                "host": way.host,
                "patience": PATIENCE,
                "timeout": 10.0,
            },
        )
        expects = judge.RoutedTo(link.target, way.redirected)
        self._ask(Question(task, group, "ambassador", title, asker, task, expects, (asked,)))

    def _sites(self, cluster: str, ambassador: AmbassadorConfig) -> list[Site]:
        try:
            return sites(self._views[cluster], ambassador)
        except Unseen:
            return []

    def _route(self, cluster: str, ambassador: AmbassadorConfig, site: Site) -> _Way | None:
        """How to ask for what a Host serves: by TLS where it redirects or rejects cleartext."""
        service = self._front(cluster, ambassador)
        ports = ports_by_scheme(service) if service is not None else {}
        if service is None or not ports:
            return None
        wanted = "https" if site.tls_only else "http"
        scheme = wanted if wanted in ports else next(iter(ports))
        host = self._host(cluster, name_of(service), namespace_of(service))
        redirected = site.hostname if scheme == "http" and site.redirects else None
        return _Way(f"{scheme}://{host}:{ports[scheme]}", host_header(site.hostname), redirected)

    def _exported_route(self, link: LinkConfig, group: str, export: Export) -> None:
        mapping = export.mapping
        ambassador = self._mesh.clusters[link.source].ambassador
        if mapping is None or ambassador is None:
            return
        title = f"the source's Ambassador routes {mapping.prefix} to {link.mirror_of(export)}"
        site = site_of(mapping.hostname, self._sites(link.source, ambassador))
        way = self._route(link.source, ambassador, site)
        if way is None:
            self._cannot(group, "ambassador", title, "there is no Service of Ambassador")
            return
        task = f"{link.name}/route/{export}"
        asker = self._do(
            link.source,
            "outsider",
            {
                "id": task,
                "do": "get",
                "url": f"{way.base}{mapping.prefix}",
                "host": host_header(mapping.hostname) or way.host,
                "timeout": 10.0,
            },
        )
        expects = judge.Routed(way.redirected)
        self._ask(Question(task, group, "ambassador", title, asker, task, expects))


class _Way(NamedTuple):
    """How to reach what an Ambassador serves."""

    base: str
    """Scheme, host and port."""
    host: str | None
    """The ``Host`` header; None for that of the address."""
    redirected: str | None
    """Host name of the Host that redirects what is asked so; None where it is routed."""


def _ends(link: LinkConfig) -> tuple[str, str]:
    return link.source, link.target


def _is_ip(text: str) -> bool:
    return text.replace(".", "").isdigit() or ":" in text


def _ports(target: View, export: Export) -> list[int]:
    """Ports for TCP of an exported Service."""
    try:
        service = target.get(SERVICE, export.namespace, export.service)
    except Unseen:
        return [export.port]
    ports = ((service or {}).get("spec") or {}).get("ports") or []
    return [int(port["port"]) for port in ports if port.get("protocol", "TCP") == "TCP"]
