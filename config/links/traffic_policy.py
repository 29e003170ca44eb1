"""How clients treat requests to an exported Service: retries, timeouts, breakers, balancing.

Facts: Linkerd docs, "Retries", "Timeouts", "Circuit breaking", "Load balancing" and "Protocol
detection"; linkerd2 edge-26.8.3, ``policy-controller/k8s/index/src/outbound`` (how the annotations
are read) and ``multicluster/service-mirror/cluster_watcher.go`` (mirrors get every annotation that
the link does not exclude, and no appProtocol).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.language.formats import Flag, Port
from config.language.model import Model
from config.language.problems import Problem
from config.links.annotation_values import Span, Status, milliseconds
from vocabulary.linkerd import (
    BALANCER,
    BALANCER_ALPHA,
    OPAQUE_PORTS,
    RETRY,
    TIMEOUT,
)


class Retries(Model):
    """Which answers are retried, and how often."""

    http: tuple[Status, ...] = ()
    """HTTP status codes: one, a range, ``5xx`` or ``gateway-error``."""
    grpc: tuple[
        Literal["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
        ...,
    ] = ()
    """gRPC status codes."""
    limit: Annotated[int, Field(ge=1, le=65535, strict=True)] | None = None
    """How often a request is retried at most; Linkerd's default is 1."""
    timeout: Span | None = None
    """Time after which one try is given up and retried; none by default."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Retries of nothing."""
        if not (self.http or self.grpc or self.timeout):
            yield Problem(
                "",
                "these retries are for no answer and no timeout",
                "write http, grpc or timeout, for example http: [5xx]",
                about=("http", "grpc", "timeout"),
            )


class Timeouts(Model):
    """When a request is given up, without a retry."""

    request: Span | None = None
    """Time from a request's begin to its response's end."""
    response: Span | None = None
    """Time that a response may need once the request was sent."""
    idle: Span | None = None
    """Time without any data."""


class SuccessRate(Model):
    """A circuit breaker by the share of good responses."""

    threshold: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    """Share below which an endpoint gets no requests; Linkerd's default is 0.8."""
    window: Span | None = None
    """Time over which it is measured, at least 10ms; Linkerd's default is 10s."""
    min_requests: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    """Responses in the window before it applies; Linkerd's default is 5."""

    def inconsistencies(self) -> Iterator[Problem]:
        """A window that proxies refuse."""
        if self.window is not None and milliseconds(self.window) < SHORTEST_WINDOW:
            yield Problem(
                "window", f"{self.window} is shorter than 10ms, which proxies refuse", "write 10s"
            )


SHORTEST_WINDOW = 10
"""Milliseconds."""


class CircuitBreaker(Model):
    """When an endpoint gets no requests for a while (failure accrual).

    On a mirror, the endpoints are addresses of the target's gateway; with remote discovery, pods.
    """

    max_failures: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    """Failures in a row after which it gets none; Linkerd's default is 7."""
    min_penalty: Span | None = None
    """How long at least; Linkerd's default is 1s."""
    max_penalty: Span | None = None
    """How long at most; Linkerd's default is 1m."""
    jitter_ratio: Annotated[float, Field(ge=0, le=100, strict=True)] | None = None
    """Share of that time that is added at random; Linkerd's default is 0.5."""
    success_rate: SuccessRate | None = None
    """Set (``{}`` is enough) to also count the share of good responses."""

    def inconsistencies(self) -> Iterator[Problem]:
        """A shortest penalty above the longest."""
        least, most = self.min_penalty or "1s", self.max_penalty or "1m"
        if milliseconds(least) > milliseconds(most):
            key = "minPenalty" if self.min_penalty else "maxPenalty"
            yield Problem(
                key,
                f"the shortest penalty {least} is above the longest, {most}",
                f"write maxPenalty: {least} or longer",
                about=("minPenalty", "maxPenalty"),
            )


class PenalizeFailures(Model):
    """How failures and rate limits count as slow answers, so that the balancer prefers others."""

    penalty: Span | None = None
    """Latency that such an answer counts as; Linkerd's default is 5s."""
    max_retry_after: Span | None = None
    """The longest Retry-After that is heeded; Linkerd's default is 300s."""


class TrafficPolicy(Model):
    """How clients treat requests to the Service.

    Annotations of the exported Service, which mirrors and federated Services get as well. They are
    read by every meshed client in both clusters, and by the target's gateway: its retries and the
    client's multiply. A ServiceProfile of the Service replaces them.
    """

    retries: Retries | None = None
    """Which answers are retried."""
    timeouts: Timeouts | None = None
    """When a request is given up."""
    circuit_breaker: CircuitBreaker | None = None
    """Set (``{}`` is enough) to leave failing endpoints out."""
    penalize_failures: PenalizeFailures | Flag | None = None
    """Whether the balancer prefers endpoints that neither fail nor limit rates."""
    opaque_ports: Annotated[tuple[Port, ...], Field(min_length=1)] | None = None
    """Ports of the Service whose protocol is not detected, such as those of databases; they
    replace Linkerd's list (25, 587, 3306, 4444, 5432, 6379, 9300, 11211). Mirrors lose appProtocol
    and keep this."""

    @property
    def rate_aware(self) -> bool:
        """Whether it has settings that older control planes do not know."""
        breaker = self.circuit_breaker
        return bool(self.penalize_failures) or bool(breaker and breaker.success_rate)

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations of the Service."""
        return {key: str(value) for key, value in self._annotations() if value not in (None, "")}

    def _annotations(self) -> Iterator[tuple[str, object]]:
        if self.retries is not None:
            yield f"{RETRY}http", ",".join(self.retries.http)
            yield f"{RETRY}grpc", ",".join(self.retries.grpc)
            yield f"{RETRY}limit", self.retries.limit
            yield f"{RETRY}timeout", self.retries.timeout
        if self.timeouts is not None:
            yield f"{TIMEOUT}request", self.timeouts.request
            yield f"{TIMEOUT}response", self.timeouts.response
            yield f"{TIMEOUT}idle", self.timeouts.idle
        breaker = self.circuit_breaker
        if breaker is not None:
            rate = breaker.success_rate
            yield f"{BALANCER}failure-accrual", "unified" if rate is not None else "consecutive"
            own = f"{BALANCER}failure-accrual-consecutive-"
            yield f"{own}max-failures", breaker.max_failures
            yield f"{own}min-penalty", breaker.min_penalty
            yield f"{own}max-penalty", breaker.max_penalty
            yield f"{own}jitter-ratio", breaker.jitter_ratio
            if rate is not None:
                own = f"{BALANCER_ALPHA}failure-accrual-success-rate-"
                yield f"{own}threshold", rate.threshold
                yield f"{own}window", rate.window
                yield f"{own}min-requests", rate.min_requests
        if self.penalize_failures:
            yield f"{BALANCER_ALPHA}penalize-failures", "true"
        if isinstance(self.penalize_failures, PenalizeFailures):
            yield f"{BALANCER_ALPHA}load-biaser-penalty", self.penalize_failures.penalty
            longest = self.penalize_failures.max_retry_after
            yield f"{BALANCER_ALPHA}load-biaser-max-retry-after", longest
        if self.opaque_ports is not None:
            yield OPAQUE_PORTS, ",".join(map(str, self.opaque_ports))

    def inconsistencies(self) -> Iterator[Problem]:
        """A policy without a setting."""
        if not self.annotations:
            yield Problem(
                "",
                "this policy has no setting",
                "write retries, timeouts, circuitBreaker, penalizeFailures or opaquePorts, or "
                "leave it out",
                about=("retries", "timeouts", "circuitBreaker", "penalizeFailures", "opaquePorts"),
            )
