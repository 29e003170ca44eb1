"""What an Ambassador serves, in every API version; the translators read only this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.gateway import GatewayConfig
from config.ambassador.listeners import Listener
from config.ambassador.routes import HEALTH_MAPPING, HostConfig, MappingConfig
from config.linkerd.tracing import AmbassadorTracing
from vocabulary.ambassador import DIAGNOSTICS_PORT
from vocabulary.linkerd import DST_OVERRIDE_HEADER


@dataclass(frozen=True)
class Routing:
    """Listeners, Hosts and routes of one Ambassador, and its Module where the program makes it."""

    namespace: str
    """Namespace of all its objects."""
    listeners: tuple[Listener, ...]
    """Listeners."""
    hosts: tuple[HostConfig, ...]
    """Hosts."""
    mappings: tuple[MappingConfig, ...]
    """Routes, the gateway's health route included."""
    converted: bool = False
    """Whether a webhook converts the objects to v3alpha1, so that host names may be globs in
    every version."""
    module: dict[str, object] | None = None
    """Configuration of the Module ``ambassador``; None where the program makes none."""
    tracing: AmbassadorTracing | None = None
    """Where it sends spans; None where it sends none."""


def routing(
    config: AmbassadorConfig,
    more: Sequence[MappingConfig] = (),
    hosts: Sequence[HostConfig] = (),
) -> Routing:
    """What an Ambassador serves.

    `more` and `hosts` are routes and Hosts that other parts of the stack file add.
    """
    mappings = [*config.mappings, *more]
    if config.gateway is not None:
        mappings.append(health_route(config.gateway))
    if config.sidecar.mode == "ingress":
        mappings = [_guarded(mapping) for mapping in mappings]
    made = config.adopt is not None and config.adopt.module == "make"
    return Routing(
        config.namespace,
        config.all_listeners,
        (*config.all_hosts, *hosts),
        tuple(mappings),
        config.objects_version in config.line.converted,
        {"add_linkerd_headers": config.linkerd_headers} if made else None,
        config.tracing,
    )


def health_route(gateway: GatewayConfig) -> MappingConfig:
    """The Mapping by which other clusters probe whether Ambassador is ready."""
    return MappingConfig(
        name=HEALTH_MAPPING,
        prefix=gateway.health_path,
        rewrite="/ambassador/v0/check_ready",
        service=f"localhost:{DIAGNOSTICS_PORT}",
        bypass_auth=True,
        # The header would name localhost as the destination in the mesh.
        linkerd_headers=False,
    )


def _guarded(mapping: MappingConfig) -> MappingConfig:
    """The route without the request header by which a client could choose a destination."""
    removed = dict.fromkeys((*mapping.remove_request_headers, DST_OVERRIDE_HEADER))
    return mapping.model_copy(update={"remove_request_headers": tuple(removed)})
