"""What does not fit an Ambassador that another owner installed."""

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
"""Fields that describe what is installed, so that an adopted Ambassador has none of them."""


def adoption_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Settings that only an installation has, and those that the Module or the name contradict."""
    if config.adopt is None:
        return
    for name in OF_AN_INSTALLATION:
        if name in config.model_fields_set:
            key = str(type(config).model_fields[name].alias)
            yield Problem(
                key,
                "the adopted Ambassador is installed by its owner, and nothing of this is ours",
                f"leave {key} out, or leave adopt out to have it installed",
                about=("adopt",),
            )
    if config.gateway is None and "service" in config.model_fields_set:
        yield Problem(
            "service",
            "the adopted Ambassador keeps its own Service, and only a gateway has one of ours",
            "leave service out, or write gateway: {}",
            about=("adopt", "gateway"),
        )
    if config.adopt.module == "leave" and config.sidecar.mode == "ingress":
        yield Problem(
            "adopt.module",
            "in ingress mode the proxy routes by the header l5d-dst-override, and the Module "
            "that has Ambassador send it is left alone",
            "write adopt.module: patch, or sidecar.mode: enabled",
            about=("sidecar.mode",),
        )
    if config.adopt.module == "leave" and "linkerd_headers" in config.model_fields_set:
        yield Problem(
            "linkerdHeaders",
            "the adopted Ambassador's Module is left alone, so that this has no effect",
            "leave it out, or write adopt.module: patch",
            about=("adopt.module",),
        )
    if config.gateway is not None and len(config.gateway_service) > 63:
        yield Problem(
            "name",
            f"the gateway's Service would be named {config.gateway_service}, which is longer "
            "than 63 characters",
            "write a shorter name, and what is named otherwise under adopt.workload, "
            "adopt.podLabels and serviceAccount",
        )
