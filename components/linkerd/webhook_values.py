"""Values that say which CA the API server trusts the webhooks of Linkerd and viz by."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from config.inventory import Webhook
from config.inventory.values.merging import Values
from config.trust.issuance import Issuance


def bundles(
    webhooks: Iterable[Webhook], bundle: pulumi.Input[str], issuance: Issuance | None = None
) -> Values:
    """Values of webhooks by their keys: `bundle`, the PEM of all anchors.

    None of them where cert-manager injects its own CA (`issuance`).
    """
    if issuance is not None and issuance.webhooks:
        return {}
    return {item.values_key: {"caBundle": bundle} for item in webhooks}
