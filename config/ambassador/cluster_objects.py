"""Names of what an installed Ambassador has in no namespace: IngressClass and ClusterRoles.

Facts: the charts emissary-ingress 4.1.0 and 3.10.0, edge-stack 8.10.2 and ambassador 6.9.5.
Emissary reads every IngressClass with its own ``spec.controller`` and id, whatever the name, and
each Ingress with its id that names such a class, or ``ambassador`` in the older annotation
(emissary ``fetch/ingress.py``).
"""

from __future__ import annotations

from config.ambassador.ambassador import AmbassadorConfig
from config.language.model import value_at
from vocabulary.ambassador import CONVERSION_WEBHOOK, INGRESS_CLASS_NAME
from vocabulary.kinds import INGRESS_CLASS

CLASS_VALUES = "ingressClassResource"
"""Key of the IngressClass's values in the charts."""


def further_class(config: AmbassadorConfig) -> str | None:
    """Name for the IngressClass of one that is not the main one; None where it makes none."""
    makes = config.installed and INGRESS_CLASS in config.line.kinds
    return f"{INGRESS_CLASS_NAME}-{config.name}" if makes else None


def class_key(config: AmbassadorConfig) -> str:
    """Key path of the name of its IngressClass, below its extra values."""
    return ".".join((*config.kind.emissary_values, CLASS_VALUES, "name"))


def ingress_class(config: AmbassadorConfig) -> str | None:
    """Name of its IngressClass, with the extra values; None where it makes none."""
    further, key = further_class(config), class_key(config)
    enabled = value_at(config.values, f"{key.rpartition('.')[0]}.enabled")
    if further is None or enabled is False:
        return None
    given = value_at(config.values, key)
    return str(given) if given else INGRESS_CLASS_NAME if config.main else further


def role_name(config: AmbassadorConfig) -> str:
    """What the names of its Roles begin with: its own, but for that of the conversion webhook.

    Helm refuses to install an object that does not belong to its release.
    """
    converted = config.objects_version in config.line.converted
    taken = converted and f"{config.name}-apiext" == CONVERSION_WEBHOOK
    return f"{config.name}-ingress" if taken else config.name
