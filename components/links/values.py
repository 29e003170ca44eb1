"""Default values of linkerd-multicluster. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.core.values import pull_secret_names
from config.inventory.values.extensions import CREDENTIALS_ANNOTATION
from config.inventory.values.merging import Values
from config.linkerd.control_plane import LinkerdConfig


def multicluster_values(
    config: LinkerdConfig, credentials: Mapping[str, pulumi.Input[str]]
) -> Values:
    """Values of linkerd-multicluster.

    `credentials` has for each link, by its name, what changes with the link's credentials.
    """
    image = {"name": f"{config.registry}/controller"}
    ours: Values = {
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        "localServiceMirror": {"image": image},
        "controllerDefaults": {"image": image},
        "controllers": [],
    }
    if credentials:
        ours["podAnnotations"] = {
            f"{CREDENTIALS_ANNOTATION}.{link}": digest for link, digest in credentials.items()
        }
    if config.high_availability:
        ours["enablePodAntiAffinity"] = True
        ours["localServiceMirror"] |= {"replicas": 3}
        ours["controllerDefaults"] |= {"replicas": 3, "enablePodAntiAffinity": True}
    return ours
