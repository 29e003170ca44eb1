"""Releases of one cluster that would both make the same object in no namespace.

Helm refuses the second one, in the middle of an update. Objects in namespaces are apart, because
the namespaces are (`config.rules.cluster`).
"""

from __future__ import annotations

from collections.abc import Iterator

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.cluster_objects import class_key, ingress_class, role_name
from config.core.mesh import MeshConfig
from config.inventory.charts import releases
from config.inventory.values.shaping import in_no_namespace
from config.language.model import value_at
from config.language.problems import Problem, join, quoted
from config.rules.several import key_at
from vocabulary.ambassador import CONVERSION_WEBHOOK
from vocabulary.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, Kind

_ROLES = (CLUSTER_ROLE, CLUSTER_ROLE_BINDING)
Owners = dict[tuple[Kind, str], str]
"""Whose objects in no namespace are, by their kinds and names."""


def releases_apart(mesh: MeshConfig) -> Iterator[Problem]:
    """Every installed Ambassador with an object in no namespace that another release has."""
    for cluster, config in mesh.clusters.items():
        every = config.every_ambassador
        owners, space = _others(mesh, cluster), config.linkerd.namespace
        classes: dict[str, str] = {}
        for place, one in enumerate(every):
            # Two of one name are a problem already.
            if one.installed and one.name not in [other.name for other in every[:place]]:
                path = f"clusters.{cluster}.{key_at(place)}"
                yield from _roles(path, one, space, owners)
                yield from _classes(path, one, classes)


def _others(mesh: MeshConfig, cluster: str) -> Owners:
    """What all but Ambassadors make in a cluster, and what may have been there before."""
    config, found = mesh.clusters[cluster], Owners()
    ambassadors = {(one.namespace, one.name) for one in config.every_ambassador}
    for release in releases(config, linked=cluster in mesh.linked_clusters()):
        if release.key not in ambassadors:
            made = in_no_namespace(
                release.chart, release.version, release.name, config.linkerd.namespace
            )
            found |= dict.fromkeys(made, f"release {release}")
    for kind in _ROLES:
        found[kind, CONVERSION_WEBHOOK] = "the conversion webhook"
        for link in mesh.links_to(cluster):
            found[kind, link.service_account] = f"the link from {link.source}"
    return found


def _roles(path: str, one: AmbassadorConfig, linkerd: str, owners: Owners) -> Iterator[Problem]:
    """The first object that another owner has."""
    own = in_no_namespace(one.line.chart, one.chart_version, role_name(one), linkerd)
    shared = sorted(own & owners.keys(), key=lambda item: (item[0].name, item[1]))
    for kind, name in shared[:1]:
        yield Problem(
            join(path, "name"),
            f"the {kind.name} {quoted(name)} would be that of {owners[kind, name]} too",
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
