"""Several Ambassadors in a cluster: what distinguishes them, and what they share.

Facts: Emissary docs, "Running Ambassador" (AMBASSADOR_ID); the charts, whose Module, ClusterRoles
and CRDs have one name each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.problems import Problem, join, quoted

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig
    from config.core.cluster import ClusterConfig

OTHERS = "otherAmbassadors"
"""Key path of the further Ambassadors of a list, until `config.several` renames it."""


def key_at(place: int) -> str:
    """Key path of the Ambassador at this place of `each_ambassador`, below its cluster."""
    return f"{OTHERS}[{place - 1}]" if place else "ambassador"


def several_rules(config: ClusterConfig) -> Iterator[Problem]:
    """What two Ambassadors of a cluster cannot have in common, or have to.

    Their namespaces are compared with all others, in `config.rules.cluster`.
    """
    main = config.ambassador
    if main is None or not config.other_ambassadors:
        return
    each = (main, *config.other_ambassadors)
    listed = [(key_at(place), one) for place, one in enumerate(each)]
    for place, (path, one) in enumerate(listed):
        for other_path, other in listed[:place]:
            yield from _apart(path, one, other_path, other)
    yield from _alike(listed)
    for path, one in listed[1:]:
        if one.gateway is not None and not config.linkerd.generation.links:
            yield Problem(
                f"{path}.gateway",
                f"Ambassador {quoted(main.name)} is already the gateway, and links of "
                f"{config.linkerd.generation.title} cannot name one of two",
                "leave it out",
                about=("linkerd.version", "ambassador.gateway"),
            )


def _apart(
    path: str, one: AmbassadorConfig, other_path: str, other: AmbassadorConfig
) -> Iterator[Problem]:
    for key, mine, theirs, why in (
        ("name", one.name, other.name, "their objects would have the same names"),
        ("ambassadorId", one.own_id, other.own_id, "each would serve the other's routes"),
    ):
        if mine == theirs:
            yield Problem(
                join(path, key),
                f"two Ambassadors have the {key} {quoted(mine)}: {why}",
                f"write another {key}",
                about=(join(other_path, key), join(path, "name")) if key != "name" else (),
            )


def _alike(listed: list[tuple[str, AmbassadorConfig]]) -> Iterator[Problem]:
    """What installed Ambassadors share: their CRDs."""
    adopted = [one for _, one in listed if not one.installed]
    installed = [(path, one) for path, one in listed if one.installed]
    for path, one in installed[1:]:
        first = installed[0][1]
        for key, mine, theirs in (
            ("flavour", one.flavour, first.flavour),
            ("version", one.chart_version, first.chart_version),
            ("apiVersion", one.objects_version, first.objects_version),
        ):
            if mine != theirs:
                yield Problem(
                    join(path, key),
                    f"{mine} is not {theirs}, and the Ambassadors of a cluster share their CRDs",
                    f"write {key}: {theirs}",
                    about=(join(installed[0][0], key), join(path, "flavour")),
                )
        for field in ("install_crds", "crds_namespace", "crds_values"):
            if field in one.model_fields_set and listed[0][1] is first:
                key = str(type(one).model_fields[field].alias)
                yield Problem(
                    join(path, key),
                    f"the CRDs are those of Ambassador {quoted(first.name)}",
                    f"leave it out, and write {key} there",
                    about=(f"ambassador.{key}",),
                )
    main = listed[0][1]
    if adopted and main.installed and main.install_crds:
        yield Problem(
            "ambassador.installCrds",
            f"another owner installed the CRDs of the adopted Ambassador {quoted(adopted[0].name)}",
            "write installCrds: false",
            about=("ambassador.adopt",),
        )
