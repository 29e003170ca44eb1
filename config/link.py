"""One link: services of the target become callable in the source.

Facts: Linkerd docs, "Multi-cluster communication" and the Link resource (v1alpha3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from config.base import Model, doubled
from config.formats import Address, DnsLabel, Port, ServiceName
from config.problems import Problem


class Export(Model):
    """A Service of the target that the source may call."""

    namespace: DnsLabel
    """Its namespace; it has to exist in the source as well."""
    service: ServiceName
    """Its name; the source sees it as ``<service>-<target>``."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.service}"


class LinkGateway(Model):
    """How this link's source reaches the target's gateway."""

    address: Annotated[tuple[Address, ...], Field(min_length=1)]
    """IP addresses or DNS names, in place of what the gateway's Service tells."""
    port: Port | None = None
    """Port, where it differs from the gateway's own."""


class Probe(Model):
    """How the source's service mirror watches the gateway."""

    period_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] = 3
    """Seconds between two probes."""
    timeout_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] = 30
    """Seconds until a probe counts as failed."""
    failure_threshold: Annotated[int, Field(ge=1, le=100, strict=True)] = 3
    """Failures in a row after which the gateway counts as dead."""


class LinkConfig(Model):
    """One link from a source cluster to a target cluster."""

    source: DnsLabel
    """Name of the cluster that calls."""
    target: DnsLabel
    """Name of the cluster that is called; also the name of the Link."""
    gateway: LinkGateway | None = None
    """Set where this source reaches the gateway otherwise than its Service tells."""
    exports: tuple[Export, ...] = ()
    """Services of the target to export."""
    probe: Probe = Probe()
    """Probing of the gateway."""

    @property
    def name(self) -> str:
        """Name of the link within the mesh."""
        return f"{self.source}-{self.target}"

    @property
    def service_account(self) -> str:
        """ServiceAccount on the target that the source's service mirror logs in with."""
        return f"linkerd-service-mirror-remote-access-{self.source}"

    def inconsistencies(self) -> Iterator[Problem]:
        """A link to itself, and exports that stand twice or whose mirrors have no name."""
        if self.source == self.target:
            yield Problem(
                "target",
                f"cluster '{self.source}' is linked to itself",
                "name another cluster as source or as target",
                about=("source",),
            )
        yield from doubled(
            "exported Service",
            ((f"exports[{place}]", str(export)) for place, export in enumerate(self.exports)),
        )
        for place, export in enumerate(self.exports):
            mirror = f"{export.service}-{self.target}"
            if len(mirror) > 63:
                yield Problem(
                    f"exports[{place}].service",
                    f"its mirror would be named {mirror}, which has {len(mirror)} characters "
                    "of at most 63",
                    "shorten the name of the target cluster or of the Service",
                    about=("target",),
                )
