"""An Ambassador that is there already and stays its owner's."""

from __future__ import annotations

from typing import Literal

from config.language.formats import DnsName, Labels
from config.language.model import Model
from vocabulary.kubernetes import MANAGED_BY as KUBERNETES_MANAGED_BY

MANAGED_BY = {KUBERNETES_MANAGED_BY: "linkerd-ambassador-mesh"}
"""Label of a Module that we made, which tells it from one of the Ambassador's owner."""
FIELD_MANAGER = "linkerd-ambassador-mesh"
"""What the names of our field managers on other people's objects begin with."""


class AdoptConfig(Model):
    """Which Ambassador is adopted: nothing is installed, and only the gateway's needs are added.

    What stands here is compared with the cluster before anything is touched.
    """

    kind: Literal["Deployment", "DaemonSet"] = "Deployment"
    """What runs its pods."""
    workload: DnsName | None = None
    """Name of that Deployment or DaemonSet; `name` of this Ambassador by default."""
    pod_labels: Labels = {}
    """Labels of its pods that the gateway's Service selects them by; those of the flavour's chart
    by default."""
    module: Literal["patch", "make", "leave"] = "patch"
    """What becomes of the Module ``ambassador``: its ``add_linkerd_headers`` is set, or a Module is
    made because there is none, or it is left alone."""
