"""Gateways and routes that contradict the sidecar's mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.problems import Problem, quoted

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def sidecar_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Gateways and routes that contradict the sidecar's mode."""
    if config.sidecar.mode != "ingress":
        return
    if config.gateway is not None:
        yield Problem(
            "sidecar.mode",
            "a proxy in ingress mode cannot route requests from other clusters, as a gateway has "
            "to",
            "write mode: enabled, or leave gateway out",
            about=("gateway",),
        )
    if not config.linkerd_headers:
        yield Problem(
            "linkerdHeaders",
            "in ingress mode the proxy routes by the header l5d-dst-override, and Ambassador "
            "would not send it",
            "leave it out, or write sidecar.mode: enabled",
            about=("sidecar.mode",),
        )
    for place, mapping in enumerate(config.mappings):
        if not mapping.in_full:
            yield Problem(
                f"mappings[{place}].service",
                "in ingress mode the proxy needs full names of Services, and "
                f"{quoted(mapping.service)} is not a full name",
                "write for example http://web.shop.svc.cluster.local:80",
                about=("sidecar.mode",),
            )
        if mapping.linkerd_headers is False:
            yield Problem(
                f"mappings[{place}].linkerdHeaders",
                "in ingress mode the proxy routes by the header l5d-dst-override, and this route "
                "would not have it",
                "leave it out, or write sidecar.mode: enabled",
                about=("sidecar.mode",),
            )
