"""What is expected of Ambassador and its routes. Pure.

Facts: Envoy docs, HTTP header manipulation: ``x-envoy-upstream-service-time`` is in answers that
came from behind Envoy, and in none that it makes itself; Emissary docs, Host, on
``requestPolicy.insecure``.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from checks.facts.results import Status
from verify.judge.verdict import Answer, Verdict, failed, hint_for, passed, shown, skipped


@dataclass(frozen=True)
class AnsweredByAmbassador:
    """Ambassador itself, or what is behind it, answers: any status."""

    outside: bool = False
    """Whether the way there leads through networks that are not known here."""

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
    """A route of Ambassador leads to a Service that answers.

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


@dataclass(frozen=True)
class RoutedTo:
    """A route of Ambassador leads to our own server in this cluster."""

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


def _site(location: str) -> str:
    """Scheme and host of a Location; paths and queries may hold what is not for a table."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.hostname or ''}" if parts.scheme else "another path"
