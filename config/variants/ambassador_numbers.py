"""Numbers that people write as Ambassador's version, and what kind of number each is.

An application and its charts have different numbers, and charts of one name come from two
repositories. Facts: Chart.yaml of the tags chart/v6.6.1 to chart/v8.9.1 and v3.10.0 to v4.1.0 of
emissary-ingress/emissary; emissary-ingress/emissary#5131.
"""

from __future__ import annotations

from config.variants.flavour import Flavour

Refusal = tuple[str, str]
"""What is wrong with a number, and what to write."""

_OLD_REPOSITORY = "https://app.getambassador.io"
_LEGACY = {
    "1.14.0": "6.9.0",
    "1.14.1": "6.9.1",
    "1.14.2": "6.9.3",
    "1.14.3": "6.9.4",
    "1.14.4": "6.9.5",
}
"""Charts of legacy Ambassador by the version of the application."""


def refusal(flavour: Flavour, version: str, *, adopted: bool) -> Refusal | None:
    """Why `version` is no chart of `flavour` that this program installs; None if it is one.

    `adopted`: whether the Ambassador has another owner, so that no chart is needed.
    """
    if flavour.line(version, adopted=adopted) is not None:
        return None
    bare = version.removeprefix("v")
    major, _, rest = bare.partition(".")
    charts = " or ".join(f'"{line.newest}"' for line in flavour.lines)
    what, remedy = f"{flavour.title} has no chart of version {version}", f"write {charts}"
    if flavour.name == "emissary" and major in ("2", "3", "7", "8"):
        application, chart = _pair(major, rest)
        number = (
            f"the chart {chart}" if bare == chart else f"the application, whose chart is {chart}"
        )
        what = (
            f"{version} is the number of {number} of {_OLD_REPOSITORY} (Emissary-ingress "
            f"{application}), which this program does not install"
        )
        remedy += ", or leave version out and write adopt: {} to use the existing installation"
        if adopted:
            remedy = "leave it out: the owner of the adopted Ambassador chooses its version"
            if application.startswith("3."):
                remedy = f'write "{application}"'
    elif flavour.licensed and major == "3":
        what = f"{version} is the number of the application, not of its chart"
        remedy = f'write "8.{rest}"'
    elif flavour.licensed and major in ("2", "7"):
        what = f"{version} is of Edge Stack 2, which this program does not install"
    elif major in ("1", "6"):
        what = f"{version} is not a chart of Ambassador 1.14"
        newest = "6.9.5"
        if major == "1":
            what = f"{version} is the number of the application legacy Ambassador, not of its chart"
            newest = _LEGACY.get(bare, newest)
        remedy = f'write "{newest}"' + ("" if not flavour.listeners else " and flavour: ambassador")
    return what, remedy


def _pair(major: str, rest: str) -> tuple[str, str]:
    """Versions of Emissary-ingress 2 or 3 and of its chart, by one of the two.

    The chart 8.9.1 is version 3.9.1, and the chart 7.6.1 is version 2.5.1.
    """
    if major in ("3", "8"):
        return f"3.{rest}", f"8.{rest}"
    minor, _, patch = rest.partition(".")
    shift = int(minor) - (major == "7"), int(minor) + (major == "2")
    return f"2.{max(shift[0], 0)}.{patch}", f"7.{shift[1]}.{patch}"
