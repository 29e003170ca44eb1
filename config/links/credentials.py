"""How a link's source proves to the target's API server who it is.

Facts: Kubernetes docs, "Managing Service Accounts" (TokenRequest, tokens bound to an object);
Kubernetes 1.34, ``pkg/registry/core/serviceaccount/storage/token.go``: no token lives less than
10 minutes, and one that is asked for 3607 seconds may be given a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.language.model import Model
from config.language.problems import Problem
from config.trust.issuance import Duration, seconds

SHORTEST_SECONDS = 600


class Credentials(Model):
    """The token that the source's service mirror logs in to the target with."""

    token: Literal["secret", "request"] = "secret"
    """``secret``: a token without an end, which Kubernetes keeps in a Secret of the target;
    ``request``: one that ends, which updates renew (docs/credentials.md)."""
    lifetime: Duration = "24h"
    """How long a requested token is valid."""
    renew_before: Duration | None = None
    """An update renews a token that is valid for less than this; half of the lifetime by default.
    Updates have to be less than this apart."""
    generation: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1
    """A higher number makes a new token, and then revokes every token of the number before; never
    write a lower one."""

    @property
    def requested(self) -> bool:
        """Whether the token ends."""
        return self.token == "request"

    @property
    def lifetime_seconds(self) -> int:
        """How long a requested token is valid."""
        return int(seconds(self.lifetime))

    @property
    def renew_before_seconds(self) -> float:
        """For how long it is valid at least after an update."""
        given = self.renew_before
        return self.lifetime_seconds / 2 if given is None else seconds(given)

    def inconsistencies(self) -> Iterator[Problem]:
        """Spans of a token without an end, too short ones, and tokens that are never kept."""
        if not self.requested:
            for key, given in (("lifetime", "lifetime"), ("renewBefore", "renew_before")):
                if given in self.model_fields_set:
                    yield Problem(
                        key,
                        "the token of a Secret has no end",
                        "leave it out, or write token: request",
                        about=("token",),
                    )
            return
        if self.lifetime_seconds < SHORTEST_SECONDS or self.lifetime_seconds % 60:
            yield Problem(
                "lifetime",
                f"{self.lifetime} is less than 10 minutes, or not in whole minutes",
                "write at least 10m, for example 24h",
            )
        elif self.renew_before_seconds >= self.lifetime_seconds:
            yield Problem(
                "renewBefore",
                f"every update would renew a token that is valid for {self.lifetime}",
                "write less than the lifetime, or leave it out",
                about=("lifetime",),
            )
