"""What is expected where a client must not be answered. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from verify.judge.verdict import Answer, Verdict, failed, passed, shown, skipped


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
class NoName:
    """A name does not exist."""

    def judge(self, answer: Answer) -> Verdict:
        """Pass only where name servers say that there is none."""
        found = answer.get("addresses") or []
        if found:
            return failed(f"it resolves to {', '.join(found[:3])}")
        if not answer.get("missing"):
            return skipped(f"name servers do not say ({answer.get('error')})")
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
