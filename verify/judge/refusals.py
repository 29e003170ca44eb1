"""What is expected where a client must not be answered. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from verify.judge.verdict import Answer, Verdict, failed, passed, shown, skipped


@dataclass(frozen=True)
class Refused:
    """A client gets no answer, or a proxy's refusal, and nothing of the server."""

    def __call__(self, answer: Answer) -> Verdict:
        status = answer.get("status")
        if answer.get("cluster"):
            return failed(
                f"the request was answered by {answer['cluster']}",
                "see the gateway's Server and AuthorizationPolicy; 4143 must demand mTLS",
            )
        if status is None and answer.get("stage") == "resolve":
            return skipped("the name does not resolve, so nothing was tried")
        if status in (None, 401, 403) or (status >= 500 and answer.get("proxy_error")):
            return passed(shown(answer))
        return failed(f"{shown(answer)}: a server answers there without mTLS")


@dataclass(frozen=True)
class ExportRefused:
    """The gateway, and not the Service, refuses a request to an export."""

    def __call__(self, answer: Answer) -> Verdict:
        found: Answer = answer.get("http") or {}
        status = found.get("status")
        if status is None:
            return skipped(f"{shown(found)}: it may have been refused, or not have arrived")
        if found.get("server") or found.get("body") or status < 400:
            return failed(f"status {status}: the Service answers", "see the gateway's policies")
        if status in (401, 403):
            return passed(f"status {status}")
        return skipped(f"{shown(found)}, which shows no refusal")


@dataclass(frozen=True)
class WrongCertificateRefused:
    """A client certificate of another anchor gets an alert or a closed connection."""

    def __call__(self, answer: Answer) -> Verdict:
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
class NoName:
    """Name servers answer that a name does not exist."""

    def __call__(self, answer: Answer) -> Verdict:
        found = answer.get("addresses") or []
        if found:
            return failed(f"it resolves to {', '.join(found[:3])}")
        if not answer.get("missing"):
            return skipped(f"the name servers gave no answer ({answer.get('error')})")
        return passed("the name does not resolve")


@dataclass(frozen=True)
class NotServed:
    """A port gives an unmeshed client nothing but a refusal (401 or 403)."""

    def __call__(self, answer: Answer) -> Verdict:
        status = answer.get("status")
        if status is None:
            return passed(shown(answer))
        if status in (401, 403):
            return passed(f"refused with {status}")
        return failed(f"it answers: {shown(answer)}", "remove the port from the gateway's Service")
