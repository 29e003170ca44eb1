"""Generations of Linkerd's gateway: how clusters tell each other about it.

Facts: Linkerd docs on multicluster; the charts linkerd2-multicluster 2.8.1 and
linkerd-multicluster 2026.8.3.
"""

from __future__ import annotations

from enum import Enum


class Generation(Enum):
    """A generation of Linkerd, as far as links and charts differ."""

    MODERN = "today's"
    """Links (multicluster.linkerd.io/v1alpha3), charts linkerd-crds and linkerd-control-plane."""
    V2_8 = "2.8"
    """No Link: annotations on Secrets and Services; the chart linkerd2."""

    @classmethod
    def of(cls, version: str) -> Generation | None:
        """The generation of a chart version; None for all others, which are not supported."""
        major, minor = version.removeprefix("v").split(".")[:2]
        if len(major) == 4:
            return cls.MODERN
        return cls.V2_8 if (major, minor) == ("2", "8") else None


NEWEST_KUBERNETES = {Generation.V2_8: (1, 21)}
"""The last Kubernetes that takes a generation's v1beta1 CRDs and webhooks."""
