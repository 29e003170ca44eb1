"""Releases of one cluster that would both make the same object in no namespace.

Helm refuses the second one, in the middle of an update. Objects in namespaces are apart, because
the namespaces are (`config.rules.cluster`).
"""

from __future__ import annotations

from collections.abc import Iterator

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.cluster_objects import class_key, cluster_roles, ingress_class
from config.core.mesh import MeshConfig
from config.inventory.charts import TRUST_MANAGER
from config.language.model import value_at
from config.language.problems import Problem, join, quoted
from config.rules.several import key_at
from vocabulary.ambassador import CONVERSION_WEBHOOK

OTHERS = {CONVERSION_WEBHOOK: "the conversion webhook", TRUST_MANAGER: TRUST_MANAGER}
"""ClusterRoles of other releases whose names an Ambassador could have, and whose they are."""


def releases_apart(mesh: MeshConfig) -> Iterator[Problem]:
    """Every installed Ambassador with a ClusterRole or an IngressClass of another release."""
    for cluster, config in mesh.clusters.items():
        roles, every = dict(OTHERS), config.every_ambassador
        classes: dict[str, str] = {}
        for place, one in enumerate(every):
            # Two of one name are a problem already.
            if one.installed and one.name not in [other.name for other in every[:place]]:
                path = f"clusters.{cluster}.{key_at(place)}"
                yield from _roles(path, one, roles)
                yield from _classes(path, one, classes)


def _roles(path: str, one: AmbassadorConfig, owners: dict[str, str]) -> Iterator[Problem]:
    """Its ClusterRole that another release has; `owners` are the releases by their roles."""
    own = cluster_roles(one)
    for role in sorted(own & owners.keys())[:1]:
        yield Problem(
            join(path, "name"),
            f"the ClusterRole {quoted(role)} would be that of {owners[role]} too",
            "write another name",
        )
    owners |= dict.fromkeys(own, f"Ambassador {quoted(one.name)}")


def _classes(path: str, one: AmbassadorConfig, taken: dict[str, str]) -> Iterator[Problem]:
    """Its IngressClass that another one has; `taken` are places of extra values by classes."""
    name, key = ingress_class(one), class_key(one)
    given = join(path, f"values.{key}") if value_at(one.values, key) else ""
    if name is not None and name in taken:
        yield Problem(
            given or taken[name],
            f"two Ambassadors of this cluster would make the IngressClass {quoted(name)}",
            "write another name",
            about=(taken[name], given) if given and taken[name] else (),
        )
    elif name is not None:
        taken[name] = given
