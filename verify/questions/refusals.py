"""Questions about what must not pass a link. Pure.

Facts: linkerd2-proxy, transport header (ALPN protocol of connections between proxies).
"""

from __future__ import annotations

from checks.facts.view import Unseen
from verify import judge
from verify.questions.link import LinkHeading
from verify.questions.plan import CERTIFICATE
from vocabulary.kinds import CONFIG_MAP
from vocabulary.linkerd import TRUST_ROOTS

TRANSPORT = "transport.l5d.io/v1"
NOT_PUBLIC = (
    (4190, "/"),
    (4191, "/metrics"),
    (8877, "/ambassador/v0/diag/"),
    (8001, "/config_dump"),
)
"""Ports of the proxy and of Ambassador that are not for other clusters, each with a path."""


def refusals(
    link: LinkHeading, url: str, asked: str, identity: str, gateway: tuple[str, int] | None
) -> None:
    """Ask what must not pass; that proves something only where the question `asked` passed.

    `url` is that of a mirror, `gateway` the address and port of the gateway of this `identity`.
    """
    draft, target = link.draft, link.link.target
    link.expect(
        link.do("outsider", "unmeshed", "get", url=url),
        "refused",
        "an unmeshed client's request to the mirror is refused",
        judge.Refused(),
        asked,
    )
    draft.service(target, "quiet", {})
    link.expect(
        link.do("client", "quiet", "resolve", name=link.host(f"quiet-{target}")),
        "refused",
        "a Service that is not exported has no mirror",
        judge.NoName(),
        asked,
    )
    if gateway is None:
        link.skip("refused", "what the gateway refuses", "the gateway has no address yet")
        return
    address, port = gateway
    shown = f"[{address}]" if ":" in address else address
    host = draft.host(target, "echo")
    link.expect(
        link.do("outsider", "cleartext", "get", url=f"http://{shown}:{port}/", host=host),
        "refused",
        f"cleartext to the gateway at {shown}:{port} is refused",
        judge.Refused(),
        asked,
    )
    _handshake(link, asked, identity, gateway)
    for number, path in NOT_PUBLIC:
        place = f"{shown}:{number}{path}"
        link.expect(
            link.do("outsider", f"port-{number}", "get", url=f"http://{place}", timeout=3.0),
            "refused",
            f"{place} is not served",
            judge.NotServed(),
            asked,
        )


def _handshake(link: LinkHeading, asked: str, identity: str, gateway: tuple[str, int]) -> None:
    roots = _roots(link)
    handshake = link.do(
        "outsider",
        "handshake",
        "handshake",
        address=gateway[0],
        port=gateway[1],
        name=identity,
        alpn=TRANSPORT,
        client_certificate=f"{CERTIFICATE}/tls.crt",
        client_key=f"{CERTIFICATE}/tls.key",
        **({"roots": roots} if roots else {}),
    )
    link.expect(
        handshake,
        "refused",
        "the gateway refuses a client certificate of another trust anchor",
        judge.WrongCertificateRefused(),
        asked,
    )
    link.expect(
        handshake,
        "identities",
        "the gateway shows a certificate of its identity that the target's anchors signed",
        judge.GatewayCertificate(identity),
        key=f"{link.name}/certificate",
    )


def _roots(link: LinkHeading) -> str | None:
    """The target's trust roots (PEM), where they can be read."""
    target = link.link.target
    space = link.draft.mesh.clusters[target].linkerd.namespace
    try:
        found = link.draft.views[target].get(CONFIG_MAP, space, TRUST_ROOTS)
    except Unseen:
        return None
    text = ((found or {}).get("data") or {}).get("ca-bundle.crt")
    return str(text) if text else None
