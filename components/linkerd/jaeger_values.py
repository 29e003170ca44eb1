"""Default values of linkerd-jaeger. Facts: the charts 2025.9.4 and 30.12.11."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import pull_secret_names
from components.linkerd.webhook_values import bundles
from config.inventory import Webhook
from config.inventory.values.merging import Values, merged
from config.linkerd.control_plane import LinkerdConfig


def jaeger_values(
    config: LinkerdConfig, webhooks: Iterable[Webhook], bundle: pulumi.Input[str]
) -> Values:
    """Values of linkerd-jaeger; `webhooks` are its own, `bundle` is the PEM of all anchors."""
    ours: Values = {
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        "webhook": {"image": {"name": f"{config.registry}/jaeger-webhook"}},
    }
    return merged(ours, bundles(webhooks, bundle))
