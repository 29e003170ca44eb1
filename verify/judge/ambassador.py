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
    """Ambassador, or a Service behind it, answers with any status; a Linkerd proxy does not."""

    outside: bool = False
    """Whether the address may be unreachable: the networks on the way are not known."""

    def __call__(self, answer: Answer) -> Verdict:
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
                "the inbound policy shuts the public port; see `./mesh check`",
            )
        return passed(f"status {status}")


@dataclass(frozen=True)
class Routed:
    """A Service behind Ambassador answers, or the Host redirects the request as configured.

    A success passes without Envoy's header too: Ambassador itself gives none.
    """

    redirected: str | None = None
    """Host whose configuration redirects this request, as it is cleartext; None for no such."""

    def __call__(self, answer: Answer) -> Verdict:
        found = AnsweredByAmbassador()(answer)
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
        what = f"status {answer['status']} from Ambassador itself, to {_site(target)}"
        if self.redirected is None:
            return failed(
                f"{what}; the Service behind the route was not asked",
                "no Host of the stack file redirects this request: see the Hosts in "
                "Ambassador's namespace, and X-Forwarded-Proto where a load balancer ends TLS",
            )
        if not target.startswith("https://"):
            return failed(
                f"{what}; Host {self.redirected} redirects cleartext to https",
                "see the Mapping's hostRedirect and the Host's requestPolicy",
            )
        return passed(f"{what}, as Host {self.redirected} redirects cleartext; not followed")


@dataclass(frozen=True)
class RoutedTo:
    """A route of Ambassador reaches the server of the run in this cluster.

    Skipped where the Host redirects the request.
    """

    cluster: str
    redirected: str | None = None
    """As for `Routed`."""

    def __call__(self, answer: Answer) -> Verdict:
        found = Routed(self.redirected)(answer)
        if found.status is not Status.OK:
            return found
        if answer.get("status") == 200 and answer.get("cluster") == self.cluster:
            return passed(f"status 200, by {self.cluster}")
        if 300 <= answer["status"] < 400 and not answer.get("upstream"):
            return skipped(found.detail)
        by = answer.get("cluster") or "another server"
        return failed(f"status {answer['status']} by {by}, not by {self.cluster}")


def _site(location: str) -> str:
    """Scheme and host of a Location, without path and query, which may contain secrets."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.hostname or ''}" if parts.scheme else "another path"
