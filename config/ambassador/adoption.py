"""An existing Ambassador, which its owner keeps managing."""

from __future__ import annotations

from typing import Literal

from config.language.formats import DnsName, Labels
from config.language.model import Model
from vocabulary.kubernetes import MANAGED_BY as KUBERNETES_MANAGED_BY

MANAGED_BY = {KUBERNETES_MANAGED_BY: "linkerd-ambassador-mesh"}
"""Label of a Module that the program made; one of the Ambassador's owner lacks it."""
FIELD_MANAGER = "linkerd-ambassador-mesh"
"""Prefix of the program's field managers on other owners' objects."""


class AdoptConfig(Model):
    """Which Ambassador is adopted: nothing is installed, only what the gateway needs is added.

    The program compares this with the cluster before it changes anything.
    """

    kind: Literal["Deployment", "DaemonSet"] = "Deployment"
    """Kind of its workload."""
    workload: DnsName | None = None
    """Name of that Deployment or DaemonSet; `name` of this Ambassador by default."""
    pod_labels: Labels = {}
    """Labels by which the gateway's Service selects its pods; those of the flavour's chart by
    default."""
    module: Literal["patch", "make", "leave"] = "patch"
    """What the program does with the Module ``ambassador``: set its ``add_linkerd_headers``, make a
    Module if none exists, or leave it unchanged."""
