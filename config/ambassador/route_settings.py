"""How Ambassador forwards the requests of a route, to a Service or to a mirror of one.

Facts: Emissary docs, "Mapping resource", "Timeouts", "Circuit breakers", "Retry policy", gRPC and
WebSockets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from config.language.formats import Flag, ObjectSpec, matching
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong

CONDITIONS = (
    *("headers", "regex_headers", "method", "method_regex", "query_parameters"),
    *("regex_query_parameters", "prefix_exact", "prefix_regex", "weight", "shadow"),
)
"""Fields of a Mapping by which Ambassador distinguishes routes of one prefix."""
COUNT = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
MILLISECONDS = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]


def _rewriting(value: str) -> str:
    if value and (not value.startswith("/") or re.search(r"\s", value)):
        raise wrong(
            f"{quoted(value)} cannot replace a prefix",
            "write a path that begins with '/', or \"\" to keep the prefix",
        )
    return value


_HEADER = matching(
    r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", "a header name", "write it without colon and spaces"
)
_UPGRADE = matching(
    r"[A-Za-z0-9._-]{1,50}(/[A-Za-z0-9._-]{1,50})?",
    "a protocol of an Upgrade header",
    "write for example websocket or spdy/3.1",
)
_LOWER = AfterValidator(str.lower)


class RetryPolicy(Model):
    """When Ambassador repeats a request, and how often (Emissary docs, "Retry policy")."""

    retry_on: Literal[
        "5xx",
        "gateway-error",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
    ]
    """What counts as failed."""
    num_retries: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    """Retries of a request at most."""
    per_try_timeout_ms: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)] | None = None
    """Milliseconds until one try times out; those of the whole request by default."""

    @property
    def fields(self) -> dict[str, Any]:
        """``retry_policy`` of a Mapping."""
        found: dict[str, Any] = {"retry_on": self.retry_on, "num_retries": self.num_retries}
        if self.per_try_timeout_ms is not None:
            found["per_try_timeout"] = f"{self.per_try_timeout_ms / 1000:.3f}s"
        return found


class CircuitBreaker(Model):
    """Limits of what waits for a Service at once (Emissary docs, "Circuit breakers").

    What is left out has the limit of Envoy, 1024; of retries, 3.
    """

    priority: Literal["default", "high"] = "default"
    """Requests that the limits are for."""
    max_connections: COUNT | None = None
    """Connections at once."""
    max_pending_requests: COUNT | None = None
    """Requests that wait for a connection."""
    max_requests: COUNT | None = None
    """Requests in flight."""
    max_retries: COUNT | None = None
    """Retries in flight."""

    @property
    def fields(self) -> dict[str, Any]:
        """An entry of ``circuit_breakers`` of a Mapping."""
        return self.model_dump(by_alias=False, exclude_none=True)


class RouteSettings(Model):
    """How the requests of a route are forwarded."""

    rewrite: Annotated[str, AfterValidator(_rewriting)] | None = None
    """Replacement of the prefix; an empty string keeps the prefix. ``/`` by default, with `grpc`
    the prefix is kept, because it names the gRPC service."""
    grpc: Flag | None = None
    """Whether the Service is called by HTTP/2, as gRPC needs it. Clients that call by TLS need
    ``h2`` among the `tls.alpnProtocols` of their Host."""
    allow_upgrade: tuple[Annotated[str, _UPGRADE, _LOWER], ...] = ()
    """Protocols to which a client may switch its connection, for example ``websocket``."""
    timeout_ms: MILLISECONDS | None = None
    """Milliseconds until a request times out; 0 for no limit; 3000 by default."""
    idle_timeout_ms: MILLISECONDS | None = None
    """Milliseconds without data until a stream is closed; 0 for no limit; five minutes by
    default."""
    retry_policy: RetryPolicy | None = None
    """When requests are repeated; never by default."""
    circuit_breakers: tuple[CircuitBreaker, ...] = ()
    """Limits of what waits for the Service at once."""
    linkerd_headers: Flag | None = None
    """Whether ``l5d-dst-override`` is added; the setting of the whole Ambassador by default."""
    remove_request_headers: tuple[Annotated[str, _HEADER, _LOWER], ...] = ()
    """Headers of a request that do not reach the Service."""
    bypass_auth: Flag | None = None
    """Whether the route bypasses an AuthService."""
    spec: ObjectSpec = {}
    """Further fields of the Mapping's ``spec``, as the CRD of its `apiVersion` has them, for
    example ``headers``, ``method`` or ``cors``."""

    @property
    def conditions(self) -> str:
        """What a request has to meet besides host name and prefix, as one text; empty if nothing.

        Routes that share requests by weight differ by it.
        """
        found = {key: self.spec[key] for key in CONDITIONS if key in self.spec}
        return json.dumps(found, sort_keys=True) if found else ""

    @property
    def unasked(self) -> str | None:
        """Why a plain GET shows nothing about the route; None where it does."""
        if self.grpc or self.spec.get("grpc"):
            return "the Service is called by gRPC"
        return "the Mapping has further conditions" if self.conditions else None

    @property
    def settings(self) -> dict[str, Any]:
        """These settings alone, by the names of their fields."""
        return {name: getattr(self, name) for name in RouteSettings.model_fields}

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a Mapping that these settings set, in every version the same."""
        grpc = self.grpc if self.grpc is not None else self.spec.get("grpc")
        rewritten = "rewrite" in self.spec or "regex_rewrite" in self.spec
        kept = "" if grpc is True and not rewritten else None
        found = {
            "rewrite": self.rewrite if self.rewrite is not None else kept,
            "add_linkerd_headers": self.linkerd_headers,
            "bypass_auth": self.bypass_auth,
            "timeout_ms": self.timeout_ms,
            "idle_timeout_ms": self.idle_timeout_ms,
            "grpc": self.grpc,
            "allow_upgrade": list(self.allow_upgrade) or None,
            "retry_policy": self.retry_policy and self.retry_policy.fields,
            "circuit_breakers": [item.fields for item in self.circuit_breakers] or None,
            "remove_request_headers": list(self.remove_request_headers) or None,
        }
        return {key: value for key, value in found.items() if value is not None}

    def inconsistencies(self) -> Iterator[Problem]:
        """Retries that the timeout of the request leaves no time for; doubled limits."""
        each = self.retry_policy.per_try_timeout_ms if self.retry_policy is not None else None
        # Without a timeout of its own, a request has three seconds.
        whole = 3000 if self.timeout_ms is None else self.timeout_ms
        if each is not None and whole and each >= whole:
            yield Problem(
                "retryPolicy.perTryTimeoutMs",
                f"one try may take as long as the whole request ({whole} ms), which is "
                "then never repeated",
                f"write less than {whole}, or a longer timeoutMs",
                about=("timeoutMs",),
            )
        first: dict[str, int] = {}
        for place, item in enumerate(self.circuit_breakers):
            if first.setdefault(item.priority, place) != place:
                yield Problem(
                    f"circuitBreakers[{place}].priority",
                    f"circuitBreakers[{first[item.priority]}] has the limits of this priority",
                    "write the limits in one entry, or in one for default and one for high",
                    about=(f"circuitBreakers[{first[item.priority]}].priority",),
                )
