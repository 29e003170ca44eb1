"""Questions about requests through a link's gateway. Pure.

Facts: Linkerd docs, "Multi-cluster communication" (names of mirrors, the probe).
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.facts.view import Unseen
from checks.links.gateways import link_address
from verify import judge
from verify.questions.link import LinkHeading
from verify.questions.plan import ECHO_PORT
from verify.questions.refusals import refusals
from verify.questions.routes import route_to_mirror
from vocabulary.linkerd import MULTICLUSTER


def through_gateway(link: LinkHeading) -> None:
    """Ask the server of the run through the gateway: answers, identities, refusals, latency."""
    draft, target = link.draft, link.link.target
    labels = link.labels("selector", "requests through the gateway to verify's server")
    if labels is None:
        return
    identity = link.gateway.identity
    service = draft.service(target, "echo", labels)
    link.admitted(service)
    name = f"{service}-{target}"
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
    if link.gateway.admits == "exports":
        _unlisted(link, labels, asked)


def _unlisted(link: LinkHeading, labels: Mapping[str, str], asked: str) -> None:
    """Ask a Service that has the labels of an export, and that the stack file does not list."""
    target = link.link.target
    name = f"{link.draft.service(target, 'unlisted', labels)}-{target}"
    mirror = link.mirror(name, gateway=True)
    link.expect(
        link.do("client", "unlisted", "get", url=f"http://{link.host(name)}:{ECHO_PORT}/"),
        "refused",
        "the gateway refuses requests to a mirrored Service that the stack file does not list",
        judge.Refused(),
        asked,
        mirror,
    )


def _address(link: LinkHeading) -> tuple[list[str], int]:
    """Addresses and port of a link's gateway."""
    config = link.link
    try:
        found = link_address(link.draft.mesh, config, link.draft.views[config.target])
    except Unseen:
        found = []
    return found, link.gateway.port.number


def _probe(link: LinkHeading) -> None:
    probe = link.gateway.probe
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
