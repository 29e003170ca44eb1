"""Versions of Kubernetes as API servers report them.

Fact: Kubernetes API, ``/version``. Providers put words of their own behind the numbers:
``v1.27.3-eks-a5565ad``, or the minor version ``27+``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from config.language.problems import printable
from config.preconditions import Limit
from kube.failures import Reason


def release(version: Mapping[str, Any]) -> tuple[int, int] | None:
    """Major and minor version in what ``/version`` answers; None where it has no version."""
    fields = f"{version.get('major')}.{version.get('minor')}"
    for text in (str(version.get("gitVersion")), fields):
        found = re.match(r"v?(\d{1,4})\.(\d{1,4})(?!\d)", text)
        if found:
            return int(found[1]), int(found[2])
    return None


def too_new(version: Mapping[str, Any], limits: Iterable[Limit]) -> Iterator[Reason]:
    """Why a cluster of this version is too new; yields nothing where the version is unknown."""
    found = release(version)
    shown = printable(str(version.get("gitVersion") or ".".join(map(str, found or ()))))
    for limit in limits:
        if found is not None and found > limit.version:
            newest = ".".join(map(str, limit.version))
            yield (
                f"it runs Kubernetes {shown}, and {limit.what} supports {newest} at most",
                limit.remedy,
            )


def too_old(version: Mapping[str, Any], limits: Iterable[Limit]) -> Iterator[Reason]:
    """Why a cluster of this version is too old; yields nothing where the version is unknown."""
    found = release(version)
    for limit in limits:
        if found is not None and found < limit.version:
            oldest = ".".join(map(str, limit.version))
            yield (
                f"it runs Kubernetes {'.'.join(map(str, found))}, and {limit.what} needs {oldest} "
                "at least",
                limit.remedy,
            )
