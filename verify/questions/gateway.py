"""Questions about requests through a link's gateway. Pure.

Facts: Linkerd docs, "Multi-cluster communication" (names of mirrors, the probe).
"""

from __future__ import annotations

from checks.facts.view import Unseen
from checks.links.gateways import link_address
from config.links.gateway_view import Gateway
from verify import judge
from verify.questions.link import LinkHeading
from verify.questions.refusals import refusals
from verify.questions.routes import route_to_mirror
from vocabulary.linkerd import MULTICLUSTER


def through_gateway(link: LinkHeading) -> None:
    """Ask the server of the run through the gateway: answers, identities, refusals, latency."""
    draft, target = link.draft, link.link.target
    labels = link.labels("selector", "requests through the gateway to verify's server")
    if labels is None:
        return
    identity = _gateway(link).identity
    name = f"{draft.service(target, 'echo', labels)}-{target}"
    mirror = link.mirror(name, gateway=True)
    source, asked, url = link.requests("echo", link.host(name), mirror)
    link.expect(
        source,
        "identities",
        "the server's proxy sees the gateway as the client",
        judge.ClientIdentity(identity),
        asked,
        key=f"{link.name}/client-identity",
    )
    addresses, port = _address(link)
    numeric = frozenset(f"{one}:{port}" for one in addresses if _is_ip(one))
    link.expect(
        link.do("client", "metrics", "metrics"),
        "identities",
        "the client's proxy sees the gateway as the server, by mTLS",
        judge.ServerIdentity(identity, numeric),
        asked,
        key=f"{link.name}/server-identity",
    )
    link.keep_asking(source, url, cluster=target)
    link.latency(url)
    _probe(link)
    refusals(link, url, asked, identity, (addresses[0], port) if addresses else None)
    route_to_mirror(link, name, asked)


def _gateway(link: LinkHeading) -> Gateway:
    gateway = link.draft.mesh.gateway_of(link.link)
    assert gateway is not None, "validation refuses a target without a gateway"
    return gateway


def _address(link: LinkHeading) -> tuple[list[str], int]:
    """Addresses and port of a link's gateway."""
    config = link.link
    try:
        found = link_address(link.draft.mesh, config, link.draft.views[config.target])
    except Unseen:
        found = []
    return found, _gateway(link).port.number


def _probe(link: LinkHeading) -> None:
    probe = _gateway(link).probe
    host = link.host(f"probe-{link.link.target}", MULTICLUSTER)
    url = f"http://{host}:{probe.port.number}{probe.path}"
    link.expect(
        link.do("client", "probe", "get", url=url, patience=10.0),
        "requests",
        f"the gateway answers the probe {url}",
        judge.Gives(200),
    )


def _is_ip(text: str) -> bool:
    return text.replace(".", "").isdigit() or ":" in text
