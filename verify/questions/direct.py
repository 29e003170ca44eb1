"""Questions about mirrors without a gateway: remote discovery, federated, headless. Pure.

Facts: Linkerd docs, "Multi-cluster communication" (names of federated and headless Services).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from config.links.link import LinkConfig
from verify import judge
from verify.questions.link import LinkHeading
from verify.questions.plan import ECHO_PORT, PATIENCE


def remote_discovery(link: LinkHeading) -> None:
    """Ask pods of the target themselves, each identity being a pod's own."""
    draft, target = link.draft, link.link.target
    labels = link.labels(
        "remoteDiscoverySelector", "requests by remote discovery to verify's server"
    )
    if labels is None:
        return
    name = f"{draft.service(target, 'direct', labels)}-{target}"
    mirror = link.mirror(name, gateway=False)
    source, asked, url = link.requests("direct-echo", link.host(name), mirror)
    link.expect(
        source,
        "identities",
        "the server's proxy sees the client's own identity",
        judge.ClientIdentity(draft.identity_of(*link.client)),
        asked,
        key=f"{link.name}/direct-client-identity",
    )
    link.expect(
        link.do("client", "direct-metrics", "metrics"),
        "identities",
        "the client's proxy sees the server itself, by mTLS",
        judge.ServerIdentity(draft.identity_of(target, "echo")),
        asked,
        key=f"{link.name}/direct-server-identity",
    )
    link.keep_asking(source, url, cluster=target)
    if link.link.flat_network:
        link.latency(url)


def federated(link: LinkHeading, links: Iterable[LinkConfig]) -> None:
    """Ask a federated Service, which any of its members among `links` may answer."""
    draft, target = link.draft, link.link.target
    labels = link.labels("federatedServiceSelector", "requests to verify's federated Service")
    if labels is None:
        return
    name = f"{draft.service(target, 'member', labels)}-federated"
    mirror = link.mirror(name, gateway=False)
    count = draft.options.requests
    host = link.host(name)
    # Other links may have members of that name too, those to the source itself among them.
    members = frozenset(
        one.target
        for one in links
        if link.link.source in (one.source, one.target)
        and any(export.federated for export in one.exports)
    )
    url = f"http://{host}:{ECHO_PORT}/"
    link.expect(
        link.do("client", "federated", "requests", url=url, count=count, patience=PATIENCE),
        "requests",
        f"requests to the federated Service {host} are answered",
        judge.AllAnsweredBy(members, count),
        mirror,
    )


def headless(link: LinkHeading) -> None:
    """Ask a pod of a headless Service by its name."""
    draft, target = link.draft, link.link.target
    title = "requests to a pod of verify's headless Service"
    if link.link.flat_network:
        reason = "on a flat network, headless Services are mirrored without names of pods"
        link.skip("requests", title, reason)
        return
    labels = link.labels("selector", title)
    if labels is None:
        return
    known = draft.pods.get((target, "echo"))
    name = draft.service(target, "pods", labels, headless=True)
    if known is not None and known.subdomain not in (None, name):
        link.skip(
            "requests",
            title,
            "a pod is in one headless Service only, and another link's selector wants other labels",
        )
        return
    pod = draft.pods[target, "echo"]
    draft.pods[pod.key] = replace(pod, hostname="echo-0", subdomain=name)
    link.admitted(f"echo-0.{name}")
    mirror = link.mirror(f"{name}-{target}", gateway=False)
    link.requests("headless", f"echo-0.{link.host(f'{name}-{target}')}", mirror)
