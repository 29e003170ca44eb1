"""Numbers that people write as Linkerd's version, and what kind of number each is.

Linkerd's charts had several series of numbers. Facts: Chart.yaml of the charts of linkerd2 at the
tags stable-2.8.1 to stable-2.14.10 and edge-24.1.1 to edge-26.8.3; linkerd.io, "Releases and
versions".
"""

from __future__ import annotations

import re

from config.variants.edge_releases import ANNOUNCED, NUMBERED, OLDEST, dated

_REST = "[0-9A-Za-z.+-]{0,80}"

Refusal = tuple[str, str]
"""What is wrong with a number, and what to write."""


def refusal(text: str, newest: str, old: str) -> Refusal | None:
    """Why `text` is not the version of a chart that this program installs; None if it is one.

    `newest` is the newest chart version that messages suggest, and `old` that of Linkerd 2.8. Texts
    of no known series are left to the check of the format.
    """
    bare = text.strip()
    release = re.fullmatch(r"(?:edge-)?([12][0-9])\.([0-9]{1,2})\.([0-9]{1,3})", bare)
    if release is not None and (bare.startswith("edge-") or int(release[1]) >= FIRST_YEAR):
        return _release(bare, f"20{release[1]}.{release[2]}.{release[3]}", newest)
    by_year = re.fullmatch(rf"v?[0-9]{{4}}\.[0-9]{{1,2}}\.[0-9]{{1,3}}([-+]{_REST})?", bare)
    if by_year is not None:
        return _by_year(bare, newest)
    stable = re.fullmatch(
        rf"(?:v|stable-|version-|enterprise-)?2\.([0-9]{{1,3}})(?:\.[0-9]{_REST})?", bare
    )
    if stable is not None:
        return _stable(bare, int(stable[1]), newest, old)
    for series, charts in CHARTS.items():
        if re.fullmatch(rf"v?{series}\.[0-9]{{1,3}}\.[0-9]{_REST}", bare):
            return (
                f"{bare} is a number of the charts {charts} of Linkerd 2.14 and older, which this "
                "program does not install",
                f'write "{newest}"',
            )
    return None


FIRST_YEAR = 18
"""Year of the first edge releases, in two digits."""

CHARTS = {
    "1": "linkerd-crds and linkerd-control-plane",
    "30": "linkerd-multicluster, linkerd-viz and linkerd2-cni",
}
"""Charts of Linkerd 2.12 to 2.14, by the first number of their versions."""


def _release(text: str, chart: str, newest: str) -> Refusal:
    """The name of an edge release."""
    usable = _by_year(chart, newest) is None
    return (
        f"{text} is the name of a release, not of its charts"
        + ("" if usable else f", and no charts since {OLDEST.version}, the oldest, are of it"),
        f'write "{chart if usable else newest}"',
    )


def _by_year(text: str, newest: str) -> Refusal | None:
    """A version that begins with the year."""
    found = dated(text)
    _, month, number = found
    if not (1 <= month <= 12 and number):
        return f"{text} is not a year, a month and a number within it", f'write "{newest}"'
    if found < NUMBERED.since:
        return (
            f"no chart has the version {text}: the first that begins with the year is "
            f"{NUMBERED.version}",
            f'write "{newest}"',
        )
    if found < OLDEST.since:
        return (
            f"Linkerd {text} lacks {OLDEST.what}, which this program writes; charts have them "
            f"since {OLDEST.version}",
            f'write "{newest}"',
        )
    return None


def _stable(text: str, minor: int, newest: str, old: str) -> Refusal | None:
    """The number of a stable release, of an announcement, or of a vendor's distribution."""
    prefixed = not text.removeprefix("v").startswith("2.")
    if minor == SUPPORTED:
        found = re.fullmatch(r"(?:v|stable-)?(2\.8\.[01])", text)
        if found is not None and not prefixed:
            return None
        chart = found[1] if found is not None else old
        return f"{text} is not the version of a chart", f'write "{chart}"'
    if minor > LAST_STABLE:
        chart = ANNOUNCED.get(f"2.{minor}", newest)
        return (
            f"{text} is the number of an announcement or of a vendor's distribution; Linkerd's own "
            "charts have versions that begin with the year",
            f'write "{chart}"',
        )
    return (
        f"{text} is a stable release, whose charts have other numbers and which this program does "
        "not install; there are no stable releases since February 2024",
        f'write "{newest}"',
    )


SUPPORTED, LAST_STABLE = 8, 14
"""Second numbers of the stable release that is supported, and of the last one."""
