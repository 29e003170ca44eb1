"""Settings that an adopted Ambassador cannot have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.problems import Problem

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


OF_AN_INSTALLATION = (
    "replicas",
    "high_availability",
    "resources",
    "image",
    "image_pull_secrets",
    "values",
    "crds_values",
    "install_crds",
    "crds_namespace",
    "edge_stack",
)
"""Fields of an installation, which an adopted Ambassador cannot have."""


def adoption_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Settings of an installation, and those that contradict the Module or the name."""
    if config.adopt is None:
        return
    for name in OF_AN_INSTALLATION:
        if name in config.model_fields_set:
            key = str(type(config).model_fields[name].alias)
            yield Problem(
                key,
                "the owner of the adopted Ambassador configures its installation",
                f"leave {key} out, or leave adopt out to install Ambassador",
                about=("adopt",),
            )
    for name in ("own_service", "service"):
        if config.gateway is not None and getattr(config.gateway, name) is not None:
            key = str(type(config.gateway).model_fields[name].alias)
            yield Problem(
                f"gateway.{key}",
                "for an adopted Ambassador, service describes the gateway's Service",
                f"leave {key} out, and write its settings under service",
                about=("adopt",),
            )
    if config.gateway is None and "service" in config.model_fields_set:
        yield Problem(
            "service",
            "the adopted Ambassador keeps its own Service; the program makes one only for a "
            "gateway",
            "leave service out, or write gateway: {}",
            about=("adopt", "gateway"),
        )
    if config.adopt.module == "leave" and config.sidecar.mode == "ingress":
        yield Problem(
            "adopt.module",
            "in ingress mode the proxy routes by the header l5d-dst-override, and adopt.module: "
            "leave does not make Ambassador send it",
            "write adopt.module: patch, or sidecar.mode: enabled",
            about=("sidecar.mode",),
        )
    if config.adopt.module == "leave" and "linkerd_headers" in config.model_fields_set:
        yield Problem(
            "linkerdHeaders",
            "adopt.module: leave does not change the Module, so linkerdHeaders has no effect",
            "leave it out, or write adopt.module: patch",
            about=("adopt.module",),
        )
    if config.gateway is not None and len(config.gateway_service) > 63:
        yield Problem(
            "name",
            f"the gateway's Service would be named {config.gateway_service}, which is longer than "
            "the limit of 63 characters",
            "write a shorter name, and the names that differ from it under adopt.workload, "
            "adopt.podLabels and serviceAccount",
        )
