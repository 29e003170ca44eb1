"""Values that say where the webhooks of Linkerd and viz have their certificates from."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.core.values import Values
from config.inventory import Webhook
from config.trust.issuance import Issuance


def webhook_values(
    webhooks: Iterable[Webhook], bundle: pulumi.Input[str], issuance: Issuance | None = None
) -> Values:
    """Values of webhooks by their keys; Secrets outside of the release hold the certificates.

    `bundle` is the PEM of all anchors, which the API server trusts where cert-manager does not
    inject its own CA.
    """
    if issuance is None or not issuance.webhooks:
        return {item.values_key: {"externalSecret": True, "caBundle": bundle} for item in webhooks}
    return {
        item.values_key: {
            "externalSecret": True,
            "injectCaFrom": f"{item.namespace}/{item.service}",
        }
        for item in webhooks
    }
