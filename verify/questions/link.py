"""What all questions about a link share: mirrors, series of requests, and latency. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.core.mesh import gateway_identity
from config.links.gateway_view import Gateway
from config.links.link import LinkConfig
from verify import judge
from verify.questions.draft import Draft, Heading
from verify.questions.labels import labels_for
from verify.questions.plan import ECHO_PORT, HERE, PATIENCE, Mirror, Series, Source, pod_key


@dataclass(frozen=True)
class LinkHeading(Heading):
    """What a plan has about a link."""

    link: LinkConfig

    @classmethod
    def of(cls, draft: Draft, link: LinkConfig) -> LinkHeading:
        """The heading of a link."""
        return cls(draft, f"{link.source} -> {link.target}", link.name, link.source, link)

    @property
    def client(self) -> tuple[str, str]:
        """The meshed client in the source."""
        return self.link.source, "client"

    def labels(self, selector: str, what: str) -> Mapping[str, str] | None:
        """Labels that a selector of the Link matches; None, and skipped, where there are none."""
        found = labels_for(self.draft.mesh.selectors_of(self.link)[selector])
        if found is None:
            reason = f"the Link's {selector} cannot be satisfied by labels"
            self.skip("requests", what, reason)
        return found

    def host(self, service: str, namespace: str | None = None) -> str:
        """Full DNS name of a Service of the source."""
        return self.draft.host(self.link.source, service, namespace)

    @property
    def gateway(self) -> Gateway:
        """The gateway as the link reaches it; the link has one."""
        gateway = self.draft.mesh.gateway_of(self.link)
        assert gateway is not None, "validation refuses a target without a gateway"
        return gateway

    def admitted(self, service: str) -> None:
        """Have the gateway admit the client, and the source's Ambassador, to a Service of the run.

        `service` is its name, or that of a pod and its own.
        """
        source = self.link.source
        ambassador = gateway_identity(source, self.draft.mesh.clusters[source])
        clients = (self.draft.identity_of(*self.client), *((ambassador,) if ambassador else ()))
        host = self.draft.host(self.link.target, service)
        self.draft.admit(self.gateway, host, clients)

    def mirror(self, name: str, *, gateway: bool) -> str:
        """Expect a mirror in the namespace of the run; the key of the question."""
        mirror = Mirror(self.link.source, name, gateway)
        self.draft.mirrors[mirror.task] = mirror
        return self.expect(
            (HERE, mirror.task),
            "requests",
            f"the service mirror made {self.draft.namespace}/{name}",
            judge.MirrorMade(endpoints=gateway),
            key=f"{self.name}/{mirror.task}",
        )

    def requests(self, task: str, host: str, mirror: str) -> tuple[Source, str, str]:
        """A series of requests to the server of the run.

        Returns where the answer comes from, the key of the question, and the URL.
        """
        url = f"http://{host}:{ECHO_PORT}/"
        count = self.draft.options.requests
        source = self.do("client", task, "requests", url=url, count=count, patience=PATIENCE)
        target = self.link.target
        asked = self.expect(
            source,
            "requests",
            f"a meshed client's requests to {host} are answered by {target}",
            judge.AllAnsweredBy(frozenset({target}), count),
            pod_key((target, "echo")),
            mirror,
        )
        return source, asked, url

    def keep_asking(self, source: Source, url: str, **fields: Any) -> None:
        """Have a client ask a URL ten times a second with ``--during``."""
        asker, task = source
        target = {"id": task, "link": self.name, "url": url, "every": 0.1, **fields}
        self.draft.during.setdefault(asker, []).append(target)

    def latency(self, url: str) -> None:
        """Measure requests across the link, and within the target beside them."""
        draft, target = self.draft, self.link.target
        count = draft.options.requests
        series: dict[str, Any] = {"count": count, "keep": True, "patience": PATIENCE}
        across = self.do("client", "latency", "requests", url=url, **series)
        draft.series.append(Series(self.group, "across the link", *across))
        service = next(one.name for one in draft.services.values() if one.cluster == target)
        url = f"http://{draft.host(target, service)}:{ECHO_PORT}/"
        direct = draft.do(target, "client", f"{target}/direct", "requests", url=url, **series)
        draft.series.append(Series(self.group, f"within {target}", *direct))
        self.expect(
            direct,
            "requests",
            f"a meshed client in {target} reaches the same server directly",
            judge.AllAnsweredBy(frozenset({target}), count),
            pod_key((target, "echo")),
            key=f"{self.name}/direct",
        )
