"""From what a pod answered to a result. Pure: no cluster is asked here.

Each class is what a question expects, and judges one answer of `verify/agent.py`. Facts: Linkerd
docs on identity and metrics; linkerd2-proxy: an inbound proxy refuses HTTP of clients outside of
the mesh with a bare 403, and every other answer that a proxy makes itself has ``l5d-proxy-error``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography import x509

from checks.results import Status

Answer = Mapping[str, Any]
"""The fields of an agent's answer to one task."""


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth."""

    status: Status
    detail: str = ""
    """What was seen."""
    hint: str = ""
    """What to do about it."""


class Expectation(Protocol):
    """What a question expects."""

    def judge(self, answer: Answer) -> Verdict:
        """The verdict on an answer."""


def passed(detail: str = "") -> Verdict:
    """The answer is as expected."""
    return Verdict(Status.OK, detail)


def failed(detail: str, hint: str = "") -> Verdict:
    """It is not."""
    return Verdict(Status.FAILURE, detail, hint)


def skipped(detail: str) -> Verdict:
    """It says nothing about what was asked."""
    return Verdict(Status.SKIPPED, detail)


def shown(found: Answer) -> str:
    """An HTTP answer, or why there was none, in a few words."""
    if found.get("status") is None:
        where = {
            "resolve": "the name does not resolve",
            "connect": "no connection",
            "answer": "the connection gave no answer",
        }.get(str(found.get("stage")), "no answer")
        return f"{where} ({found.get('error', 'unknown')})"
    words = [f"status {found['status']}"]
    if found.get("proxy_error"):
        words.append(f"l5d-proxy-error: {found['proxy_error']}")
    if found.get("cluster"):
        words.append(f"from {found['cluster']}")
    return ", ".join(words)


_KNOWN = (
    (
        ("unauthorized",),
        "see which Server and AuthorizationPolicy describe that port in the target",
    ),
    (("no route",), "see which HTTPRoutes are attached to that port's Server in the target"),
    (
        ("gateway loop",),
        "the two gateways have one identity: give them different ServiceAccounts",
    ),
    (("bad gateway domain",), "see clusters.<target>.domain; the gateway has another one"),
    (
        ("unavailable", "failfast", "no available", "timed out", "connect"),
        "the source's proxy has no endpoint that works; `./mesh check` says whether the gateway "
        "answers its probe",
    ),
)
"""What proxies write into ``l5d-proxy-error`` (linkerd2-proxy, error types), and what to do."""


def hint_for(found: Answer) -> str:
    """What to do about an answer that a proxy made, as far as its text says."""
    text = str(found.get("proxy_error") or "").lower()
    for words, hint in _KNOWN:
        if any(word in text for word in words):
            return hint
    if found.get("status") == 403 and not found.get("server"):
        return "a proxy's inbound policy refused the request"
    return "run `./mesh check`; it looks at what the request needs on its way"


@dataclass(frozen=True)
class PodReady:
    """The pod of verify is ready, with its proxy where it asked for one."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass unless something kept it from that."""
        why = str(answer.get("why") or "")
        if why:
            return failed(why, "`./mesh check` looks at the control plane that pods depend on")
        return passed(str(answer.get("where") or ""))


@dataclass(frozen=True)
class MirrorMade:
    """A mirror (or federated Service) exists in the source."""

    endpoints: bool = False
    """Whether it is to have endpoints: those of the gateway."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass where it exists, and has endpoints where it is to have some."""
        seconds = f"within {answer.get('seconds', 0):.0f} s"
        if not answer.get("exists"):
            return failed(
                str(answer.get("error") or f"none {seconds}"),
                "`./mesh check` says whether the source's service mirror runs and may read the "
                "target",
            )
        found = answer.get("addresses") or []
        if self.endpoints and not found:
            return failed(
                f"it has no endpoint {seconds}: the gateway does not answer the service mirror's "
                "probe",
                "see whether the source reaches the gateway's address and port; `./mesh check` "
                "names both",
            )
        return passed(", ".join(found[:3]))


@dataclass(frozen=True)
class AllAnsweredBy:
    """Every one of the requests gets 200 from one of these clusters."""

    clusters: frozenset[str]
    count: int

    def judge(self, answer: Answer) -> Verdict:
        """Pass only where as many requests as planned were made, and each was answered so."""
        groups: Sequence[Answer] = answer.get("groups") or []
        bad = [
            group
            for group in groups
            if group.get("status") != 200
            or group.get("proxy_error")
            or group.get("cluster") not in self.clusters
        ]
        good = sum(int(group.get("count", 0)) for group in groups if group not in bad)
        if not bad and good == self.count:
            names = sorted({str(group["cluster"]) for group in groups})
            return passed(f"{good} of {self.count}, by {' and '.join(names)}")
        first = bad[0] if bad else answer.get("first") or {}
        said = shown(first)
        if first.get("status") == 200:
            said = f"answered by {first.get('cluster') or 'another server'}"
        return failed(f"{good} of {self.count} requests were answered; {said}", hint_for(first))


@dataclass(frozen=True)
class ClientIdentity:
    """The server's proxy saw the requests come from this identity."""

    identity: str

    def judge(self, answer: Answer) -> Verdict:
        """Pass where every answer that came from verify's server names it."""
        seen = {
            str(group.get("client_id") or "none")
            for group in answer.get("groups") or []
            if group.get("cluster")
        }
        if seen == {self.identity}:
            return passed(self.identity)
        if not seen:
            return skipped("no request reached the server")
        return failed(
            f"header l5d-client-id was {' and '.join(sorted(seen))}, not {self.identity}",
            "where it is none, the server's pod has no proxy, or the connection no mTLS",
        )


@dataclass(frozen=True)
class ServerIdentity:
    """The client's proxy opened mTLS connections to this identity, and to this address."""

    identity: str
    addresses: frozenset[str] = frozenset()
    """``ip:port`` of the gateway, as far as it is known; any otherwise."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass where its metrics have such a connection, and none to those addresses without."""
        if answer.get("status") != 200:
            return skipped(f"the client's proxy gave no metrics ({answer.get('error')})")
        found: Sequence[Answer] = answer.get("connections") or []
        there = [one for one in found if not self.addresses or one.get("address") in self.addresses]
        good = [
            one
            for one in there
            if one.get("tls") == "true" and one.get("server_id") == self.identity
        ]
        # Without addresses, connections to others are none of this question.
        wrong = [one for one in there if one not in good] if self.addresses else []
        if good and not wrong:
            return passed(f"{self.identity} at {good[0].get('address')}")
        listed = ", ".join(
            f"{one.get('address')} tls={one.get('tls')} server_id={one.get('server_id') or 'none'}"
            for one in (wrong or there or found)[:3]
        )
        return failed(
            f"no mTLS connection to {self.identity}; the proxy has {listed or 'none at all'}",
            "see the Link's gatewayIdentity and gatewayAddress, and the gateway's ServiceAccount",
        )


@dataclass(frozen=True)
class ExportAnswered:
    """An exported Service answers: by HTTP, or at least by mTLS to the gateway."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass for an answer that no proxy made; skipped where nothing can be said."""
        found: Answer = answer.get("http") or {}
        if found.get("status") is not None:
            if found.get("proxy_error"):
                return failed(shown(found), hint_for(found))
            return passed(f"status {found['status']}")
        if found.get("stage") == "resolve":
            return failed(shown(found), "see whether the service mirror made it: `./mesh check`")
        greeting = answer.get("greeting")
        opened = answer.get("opened") or 0
        if opened and greeting:
            return passed("not HTTP; the server greets, and mTLS to the gateway was opened")
        if opened:
            return passed("not HTTP; mTLS to the gateway was opened, and the server waits")
        if greeting:
            return failed("the server greets, but not over mTLS to the gateway")
        return failed(
            f"{shown(found)}, and no mTLS connection to the gateway was opened",
            hint_for(found),
        )


@dataclass(frozen=True)
class Gives:
    """One request gets this status."""

    status: int

    def judge(self, answer: Answer) -> Verdict:
        """Pass for that status from no proxy's own making."""
        if answer.get("status") == self.status and not answer.get("proxy_error"):
            return passed(f"status {self.status}")
        return failed(shown(answer), hint_for(answer))


@dataclass(frozen=True)
class Refused:
    """A client that is not let in gets nothing of the server."""

    def judge(self, answer: Answer) -> Verdict:
        """Fail where a server answered; pass for silence, and for a proxy's refusal."""
        status = answer.get("status")
        if answer.get("cluster"):
            return failed(
                f"the request got through and was answered by {answer['cluster']}",
                "see the gateway's Server and AuthorizationPolicy; 4143 must demand mTLS",
            )
        if status is None:
            if answer.get("stage") == "resolve":
                return skipped("the name does not resolve, so nothing was tried")
            return passed(shown(answer))
        if status in (401, 403) or (status >= 500 and answer.get("proxy_error")):
            return passed(shown(answer))
        return failed(f"{shown(answer)}: a server answers there without mTLS")


@dataclass(frozen=True)
class WrongCertificateRefused:
    """A client certificate of another anchor ends the handshake."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass for an alert or a closed connection after the server's own certificate."""
        if answer.get("accepted"):
            return failed(
                "the gateway accepted a client certificate that its trust anchor has not signed",
                "see the trust roots of the gateway's proxy",
            )
        if answer.get("stage") == "connect":
            return skipped(f"no connection to the gateway ({answer.get('error')})")
        if not answer.get("certificate") and answer.get("stage") != "alert":
            return skipped(f"the gateway shows no certificate ({answer.get('error')})")
        return passed(str(answer.get("error")))


@dataclass(frozen=True)
class GatewayCertificate:
    """The gateway shows a certificate of its identity, signed by the trust anchor, and valid."""

    identity: str

    def judge(self, answer: Answer) -> Verdict:
        """Judge the certificate, and whether it chains to the target's trust roots."""
        encoded = answer.get("certificate")
        if not encoded:
            return skipped(f"the gateway showed none ({answer.get('error')})")
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(str(encoded)))
            names = certificate.extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            ).value.get_values_for_type(x509.DNSName)
        except (ValueError, x509.ExtensionNotFound):
            names = []
            certificate = None
        if certificate is None or self.identity not in names:
            return failed(
                f"it is for {', '.join(names) or 'no name'}, not {self.identity}",
                "see the ServiceAccount of Ambassador's pods",
            )
        # By the clock here: that of a pod is the one of its node.
        if certificate.not_valid_after_utc < datetime.now(UTC):
            return failed(f"it expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
        if answer.get("verified") is None:
            doubt = answer.get("doubt") or "the target's trust roots could not be read"
            return skipped(f"it is for {self.identity}; its chain was not tried: {doubt}")
        if not answer["verified"]:
            return failed(
                f"it does not chain to the target's trust roots: {answer.get('doubt')}",
                "restart the gateway's pods, and see the page on trust anchors",
            )
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        return passed(f"{self.identity}, valid until {until}")


@dataclass(frozen=True)
class NoName:
    """A name does not exist."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass only where name servers say that there is none."""
        found = answer.get("addresses") or []
        if found:
            return failed(f"it resolves to {', '.join(found[:3])}")
        if not answer.get("missing"):
            return skipped(f"name servers gave no answer ({answer.get('error')})")
        return passed("the name does not resolve")


@dataclass(frozen=True)
class NotServed:
    """A port gives nothing to a client outside of the mesh."""

    def judge(self, answer: Answer) -> Verdict:
        """Fail for any answer but a refusal (401 or 403)."""
        status = answer.get("status")
        if status is None:
            return passed(shown(answer))
        if status in (401, 403):
            return passed(f"refused with {status}")
        return failed(f"it answers: {shown(answer)}", "take the port off the gateway's Service")


@dataclass(frozen=True)
class AnsweredByAmbassador:
    """Ambassador itself, or what is behind it, answers: any status."""

    outside: bool = False
    """Whether the way there crosses networks that are not known here."""

    def judge(self, answer: Answer) -> Verdict:
        """Fail for silence and for the refusal of a Linkerd proxy."""
        status = answer.get("status")
        if status is None:
            if self.outside and answer.get("stage") in ("connect", "resolve"):
                return skipped(f"the address cannot be reached from there: {shown(answer)}")
            return failed(shown(answer), "see whether Ambassador has a Listener for that port")
        if answer.get("proxy_error"):
            return failed(shown(answer), hint_for(answer))
        if status == 403 and not answer.get("server"):
            return failed(
                "status 403 from Linkerd's proxy, not from Ambassador",
                "the inbound policy shuts the public port; see ./mesh check",
            )
        return passed(f"status {status}")


@dataclass(frozen=True)
class Routed:
    """A route of Ambassador forwards to a Service that answers.

    Facts: Envoy docs, HTTP header manipulation: ``x-envoy-upstream-service-time`` is in answers
    that came from behind Envoy, and in none that it makes itself; Emissary docs, Host, on
    ``requestPolicy.insecure``.
    """

    redirected: str | None = None
    """Host whose configuration redirects this request, as it is cleartext; None for no such."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass for an answer from behind Ambassador, and for the redirect that the Host asks for.

        A success counts without that header too: Ambassador makes none itself.
        """
        found = AnsweredByAmbassador().judge(answer)
        if found.status is not Status.OK:
            return found
        status = answer["status"]
        if status >= 500:
            return failed(
                f"status {status}: the Service behind the route does not answer",
                "see whether a request to the mirror itself is answered, above",
            )
        if answer.get("upstream") or 200 <= status < 300:
            return passed(f"status {status}")
        if 300 <= status < 400:
            return self._redirect(answer)
        if status == 404:
            return failed("status 404: Ambassador has no such route", "see its Mapping and Host")
        return failed(
            f"status {status} from Ambassador itself; the Service behind the route was not asked",
            "see Ambassador's filters and authentication for this path",
        )

    def _redirect(self, answer: Answer) -> Verdict:
        target = str(answer.get("location") or "")
        said = f"status {answer['status']} from Ambassador itself, to {_site(target)}"
        if self.redirected is None:
            return failed(
                f"{said}; the Service behind the route was not asked",
                "no Host of the stack file redirects this request: see the Hosts in "
                "Ambassador's namespace, and X-Forwarded-Proto where a load balancer ends TLS",
            )
        if not target.startswith("https://"):
            return failed(
                f"{said}; Host {self.redirected} redirects cleartext to https",
                "see the Mapping's hostRedirect and the Host's requestPolicy",
            )
        return passed(f"{said}, as Host {self.redirected} redirects cleartext; not followed")


def _site(location: str) -> str:
    """Scheme and host of a Location; paths and queries may hold what is not for a table."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.hostname or ''}" if parts.scheme else "another path"


@dataclass(frozen=True)
class RoutedTo:
    """A route of Ambassador forwards to verify's server in this cluster."""

    cluster: str
    redirected: str | None = None
    """As for `Routed`."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass where the body names the cluster; skipped where the Host redirects the request."""
        found = Routed(self.redirected).judge(answer)
        if found.status is not Status.OK:
            return found
        if answer.get("status") == 200 and answer.get("cluster") == self.cluster:
            return passed(f"status 200, by {self.cluster}")
        if 300 <= answer["status"] < 400 and not answer.get("upstream"):
            return skipped(found.detail)
        return failed(
            f"status {answer['status']} by {answer.get('cluster') or 'another server'}, "
            f"not by {self.cluster}"
        )
