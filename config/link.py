"""One link: services of the target become callable in the source.

Facts: Linkerd docs, "Multi-cluster communication" and the Link resource (v1alpha3).
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.base import Address, DnsLabel, Model, Port, wrong


class Export(Model):
    """A Service of the target that the source may call."""

    namespace: DnsLabel
    """Its namespace; it has to exist in the source as well."""
    service: DnsLabel
    """Its name; the source sees it as ``<service>-<target>``."""


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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.source == self.target:
            raise wrong(
                f"cluster '{self.source}' is linked to itself",
                "name another cluster as source or target",
            )
        seen: set[tuple[str, str]] = set()
        for export in self.exports:
            key = (export.namespace, export.service)
            if key in seen:
                raise wrong(
                    f"Service {export.namespace}/{export.service} is exported twice",
                    "leave out one of the two entries",
                )
            seen.add(key)
            mirror = f"{export.service}-{self.target}"
            if len(mirror) > 63:
                raise wrong(
                    f"the mirror of {export.service} would be named {mirror}, "
                    f"which has {len(mirror)} characters of at most 63",
                    "shorten the name of the target cluster or of the Service",
                )
        return self
