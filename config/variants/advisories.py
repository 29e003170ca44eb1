"""Edge releases that Linkerd's makers advise against, as of December 2025.

Facts: the posts "Linkerd Edge Release Roundup" on linkerd.io, each with its date. Releases that are
older than the oldest supported one are left out, and so are those of which the posts only say that
a later one has more. No post covers the releases of 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

_POSTS = {
    "2025-01-10": "https://linkerd.io/2025/01/10/linkerd-edge-release-roundup/",
    "2025-04-11": "https://linkerd.io/2025/04/11/linkerd-edge-release-roundup/",
    "2025-08-01": "https://linkerd.io/2025/08/01/linkerd-edge-release-roundup-202508/",
    "2025-12-08": "https://linkerd.io/2025/12/08/linkerd-edge-release-roundup/",
}


@dataclass(frozen=True)
class Advice:
    """Why a release is not to be used."""

    reason: str
    """What is wrong with it, as the end of a sentence."""
    instead: str
    """The chart version that they recommend."""
    date: str
    """When they wrote it (ISO 8601)."""

    @property
    def source(self) -> str:
        """URL of the post."""
        return _POSTS[self.date]


_IPV6 = Advice("it does not support IPv6 correctly", "2025.4.1", "2025-04-11")
_MEMORY = Advice(
    "its proxies need too much memory for many HTTP/1 connections", "2025.7.4", "2025-08-01"
)
_TRACING = Advice(
    "it can crash where tracing is configured without a collector", "2025.10.7", "2025-12-08"
)

ADVISORIES: dict[str, Advice] = {
    "2024.11.2": Advice(
        "`linkerd diagnostics endpoints` does not show every endpoint of a federated Service",
        "2024.11.3",
        "2025-01-10",
    ),
    "2024.11.6": Advice("a release of the same day replaces it", "2024.11.7", "2025-01-10"),
    "2025.1.1": Advice("Links are made wrongly", "2025.1.2", "2025-04-11"),
    "2025.2.2": _IPV6,
    "2025.2.3": _IPV6,
    "2025.3.1": Advice(
        "it does not install the Gateway API CRDs and support IPv6 correctly",
        "2025.4.1",
        "2025-04-11",
    ),
    "2025.3.2": _IPV6,
    "2025.3.3": Advice(
        "its service mirrors have too many rights, and it does not support IPv6 correctly",
        "2025.4.1",
        "2025-04-11",
    ),
    **dict.fromkeys(
        ("2025.6.1", "2025.6.2", "2025.6.3", "2025.6.4", "2025.7.1", "2025.7.2", "2025.7.3"),
        _MEMORY,
    ),
    **dict.fromkeys(
        ("2025.10.2", "2025.10.3", "2025.10.4", "2025.10.5", "2025.10.6"),
        _TRACING,
    ),
    "2025.11.2": Advice(
        "it does not handle SPIRE correctly outside of Kubernetes", "2025.11.3", "2025-12-08"
    ),
}
"""What is advised, by chart version."""


def advice(version: str) -> Advice | None:
    """What Linkerd's makers advise about a chart version; None if they do not advise against it."""
    return ADVISORIES.get(version.removeprefix("v"))
