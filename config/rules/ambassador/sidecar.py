"""What the mode of the sidecar does to gateway and routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.problems import Problem, quoted

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def sidecar_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """What the sidecar's mode does to gateway and routes."""
    if config.sidecar.mode != "ingress":
        return
    if config.gateway is not None:
        yield Problem(
            "sidecar.mode",
            "a gateway's proxy routes for other clusters, which ingress mode does not",
            "write mode: enabled, or leave gateway out",
            about=("gateway",),
        )
    if not config.linkerd_headers:
        yield Problem(
            "linkerdHeaders",
            "in ingress mode the proxy routes by the header l5d-dst-override, and Ambassador "
            "would send none",
            "leave it out, or write sidecar.mode: enabled",
            about=("sidecar.mode",),
        )
    for place, mapping in enumerate(config.mappings):
        if not mapping.in_full:
            yield Problem(
                f"mappings[{place}].service",
                "in ingress mode the proxy knows Services by their full names only, and "
                f"{quoted(mapping.service)} is none",
                "write for example http://web.shop.svc.cluster.local:80",
                about=("sidecar.mode",),
            )
        if mapping.linkerd_headers is False:
            yield Problem(
                f"mappings[{place}].linkerdHeaders",
                "in ingress mode the proxy routes by the header l5d-dst-override, and this "
                "route would have none",
                "leave it out, or write sidecar.mode: enabled",
                about=("sidecar.mode",),
            )
