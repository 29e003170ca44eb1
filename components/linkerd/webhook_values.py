"""Values that say where Linkerd's webhooks, and those of viz, have their certificates from."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.core.values import Values
from config.trust.issuance import Issuance


def webhook_values(
    services: Mapping[str, str],
    namespace: str,
    bundle: pulumi.Input[str],
    issuance: Issuance | None,
) -> Values:
    """Values of webhooks by their keys; Secrets of ours hold the certificates in any case.

    `services` are the Services that answer, by the keys of the values. `bundle` is the PEM of all
    anchors, which the API server is told where cert-manager does not tell it of its own CA.
    """
    if issuance is None or not issuance.webhooks:
        return {key: {"externalSecret": True, "caBundle": bundle} for key in services}
    return {
        key: {"externalSecret": True, "injectCaFrom": f"{namespace}/{service}"}
        for key, service in services.items()
    }
