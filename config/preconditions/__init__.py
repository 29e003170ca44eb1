"""What the program checks in a cluster before it changes anything, besides its identity."""

from config.preconditions.expected import (
    AdoptedAmbassador,
    Expectations,
    Limit,
    Needed,
    NeededNamespace,
    TrustReads,
    Versions,
    WantedClass,
    WantedPatch,
)
from config.preconditions.of_cluster import expectations

__all__ = [
    "AdoptedAmbassador",
    "Expectations",
    "Limit",
    "Needed",
    "NeededNamespace",
    "TrustReads",
    "Versions",
    "WantedClass",
    "WantedPatch",
    "expectations",
]
