"""Checks that need more than one part of a stack file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import HEALTH_MAPPING
from config.core.cluster import ClusterConfig
from config.core.mesh import gateway_identity, service_account
from config.inventory.admission import routed
from config.language.problems import Problem, quoted
from config.language.spelling import nearest
from config.links.gateway_view import gateway_for, gateways
from config.links.link import Export, LinkConfig
from config.platform.sample import SAMPLE_MAPPING
from config.rules.ambassador.specs import OF_A_MIRROR, mapping_spec
from config.rules.api_servers import api_servers
from config.rules.exports import exported
from config.rules.gateways import reached
from config.rules.generations import generations_apart
from config.rules.meshed_workloads import meshed_by_others
from config.rules.several import key_at
from config.rules.tracing import traced
from config.rules.traffic_policies import traffic_policies
from config.rules.viz import observed

Links = Mapping[int, LinkConfig]
"""Links by their place in the file; invalid links are left out."""
Clusters = Mapping[str, ClusterConfig]


def cross_check(clusters: Clusters, links: Links, names: Collection[str]) -> Iterator[Problem]:
    """Every problem between clusters and links.

    `names` are the names of all clusters in the file, invalid clusters included.
    """
    yield from _contexts(clusters)
    yield from _identities(clusters)
    yield from _unknown_clusters(links, names)
    yield from _doubled_links(links)
    yield from _roles(clusters, links)
    yield from _loops(clusters, links)
    yield from _overlapping_mirrors(clusters, links)
    yield from exported(clusters, links)
    yield from _weights(links)
    yield from _routes_to_mirrors(clusters, links)
    yield from api_servers(clusters, links)
    yield from generations_apart(clusters, links)
    yield from traffic_policies(clusters, links)
    yield from traced(clusters)
    yield from observed(clusters)
    yield from meshed_by_others(clusters)


def _contexts(clusters: Clusters) -> Iterator[Problem]:
    for field, remedy in (
        ("context", "write the context of this cluster"),
        ("uid", "write the UID of this cluster's own namespace kube-system"),
    ):
        owner: dict[str, str] = {}
        for name, cluster in clusters.items():
            value = getattr(cluster, field)
            if value is None:
                continue
            if value in owner:
                yield Problem(
                    f"clusters.{name}.{field}",
                    f"cluster '{owner[value]}' has the same {field} {quoted(value)}",
                    remedy,
                    about=(f"clusters.{owner[value]}.{field}",),
                )
            owner.setdefault(value, name)


def _identities(clusters: Clusters) -> Iterator[Problem]:
    """ServiceAccounts whose names are too long for a label of the identity, a DNS name.

    The whole identity is short enough where the issuer's name fits into a certificate.
    """
    named = [
        (f"clusters.{name}.{key_at(place)}", service_account(name, view))
        for name, cluster in clusters.items()
        for place, view in enumerate(cluster.each_ambassador)
    ]
    for path, account in named:
        if len(account) > 63:
            yield Problem(
                f"{path}.serviceAccount",
                f"Ambassador's ServiceAccount would be named {account}, which has {len(account)} "
                "characters; the limit within an identity is 63",
                "write a shorter serviceAccount",
                about=(f"{path}.name",),
            )


def _unknown_clusters(links: Links, names: Collection[str]) -> Iterator[Problem]:
    for index, link in links.items():
        for end in ("source", "target"):
            name = getattr(link, end)
            if name in names:
                continue
            close = nearest(name, names)
            known = ", ".join(sorted(names)) or "none"
            yield Problem(
                f"links[{index}].{end}",
                f"unknown cluster '{name}'",
                f"write '{close}'" if close else f"write one of the clusters: {known}",
                about=("clusters",) if not names else (),
            )


def _doubled_links(links: Links) -> Iterator[Problem]:
    first: dict[tuple[str, str], int] = {}
    for index, link in links.items():
        ends = (link.source, link.target)
        if ends in first:
            yield Problem(
                f"links[{index}]",
                f"links[{first[ends]}] is already the link from '{link.source}' to '{link.target}'",
                "write the exports of both in one entry",
            )
        first.setdefault(ends, index)
    names: dict[str, int] = {}
    for index, link in links.items():
        other = names.setdefault(link.name, index)
        if other != index and (links[other].source, links[other].target) != (
            link.source,
            link.target,
        ):
            yield Problem(
                f"links[{index}]",
                f"links[{other}] has the same name '{link.name}'",
                "rename one of the clusters",
            )


def _roles(clusters: Clusters, links: Links) -> Iterator[Problem]:
    for index, link in links.items():
        if link.source == link.target:
            continue
        source, target = clusters.get(link.source), clusters.get(link.target)
        if source is not None and not source.may_be_source:
            yield Problem(
                f"links[{index}].source",
                f"cluster '{link.source}' has the role '{source.role}' and cannot be a source",
                f"write clusters.{link.source}.role: both",
                about=(f"clusters.{link.source}.role",),
            )
        if target is None:
            continue
        if not target.may_be_target:
            yield Problem(
                f"links[{index}].target",
                f"cluster '{link.target}' has the role '{target.role}' and cannot be a target",
                f"write clusters.{link.target}.role: both",
                about=(f"clusters.{link.target}.role",),
            )
        if link.flat_network:
            continue
        found = gateways(link.target, target)
        if not found:
            yield Problem(
                f"links[{index}].target",
                f"cluster '{link.target}' has no gateway",
                f"write clusters.{link.target}.ambassador.gateway: {{}}, or flatNetwork: true if "
                "pods of both clusters reach each other",
                about=(f"clusters.{link.target}.ambassador", f"links[{index}].flatNetwork"),
            )
            continue
        gateway = gateway_for(link, link.target, target)
        if gateway is not None:
            yield from reached(index, link, target, gateway)
        elif target.linkerd.generation.links:
            yield _unnamed_gateway(index, link, [one.name for one in found])


def _unnamed_gateway(index: int, link: LinkConfig, names: list[str]) -> Problem:
    """A link that names no gateway of its target, or none of several."""
    key, known = f"links[{index}].gateway.name", " and ".join(names)
    given = link.gateway.name if link.gateway is not None else None
    title = "gateway" if len(names) == 1 else "gateways"
    return Problem(
        key if given else f"links[{index}].gateway",
        f"cluster '{link.target}' has the {title} {known}"
        + (f", and no gateway named '{given}'" if given else ", and this link names none of them"),
        f"write {key}: {nearest(given, names) or names[0] if given else names[0]}"
        + (" or another of them" if len(names) > 1 else ""),
        about=(f"links[{index}].gateway", f"clusters.{link.target}.ambassador"),
    )


def _loops(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Gateways that would get requests from their own identity: that of the source's Ambassador.

    Two adopted Ambassadors often have the same identity. Only routes from one through the other
    loop, so without such a route they may be linked.
    """
    for index, link in links.items():
        source, target = clusters.get(link.source), clusters.get(link.target)
        if source is None or target is None or link.source == link.target:
            continue
        gateway = gateway_for(link, link.target, target)
        if gateway is None:
            continue
        target = _only(target, gateway.name)
        if (
            _adopted(source)
            and _adopted(target)
            and not any(routed(link, export, source) for export in link.exports)
        ):
            continue
        if gateway.identity == gateway_identity(link.source, source):
            yield Problem(
                f"links[{index}]",
                f"Ambassador has the identity {gateway.identity} in both clusters, and a gateway "
                "refuses requests from its own identity as loops",
                _another_identity({link.source: source, link.target: target}),
                about=tuple(
                    f"clusters.{end}.{key}"
                    for end in (link.source, link.target)
                    for key in (
                        "domain",
                        "linkerd.namespace",
                        "linkerd.trustDomain",
                        "ambassador.name",
                        "ambassador.namespace",
                        "ambassador.serviceAccount",
                    )
                ),
            )


def _only(cluster: ClusterConfig, ambassador: str) -> ClusterConfig:
    """A cluster with the Ambassador of this name as its only one."""
    views = cluster.each_ambassador
    return next(one for one in views if one.ambassador and one.ambassador.name == ambassador)


def _adopted(cluster: ClusterConfig) -> bool:
    return cluster.ambassador is not None and not cluster.ambassador.installed


def _another_identity(ends: Clusters) -> str:
    """The remedy for two gateways of one identity: an adopted one keeps its ServiceAccount."""
    ours = [name for name, end in ends.items() if end.ambassador and end.ambassador.installed]
    keys = [f"clusters.{name}.{ends[name].ambassador_key}.serviceAccount" for name in ours]
    if len(keys) == 2:
        return f"write different names under {keys[0]} and {keys[1]}"
    if keys:
        return f"write another name under {keys[0]}"
    domains = " and ".join(f"clusters.{name}.linkerd.trustDomain" for name in ends)
    return f"write different domains under {domains}: the program changes no adopted ServiceAccount"


def _overlapping_mirrors(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Mirrored Services that would have the name of another Service of the source."""
    taken: dict[tuple[str, str, str], tuple[str, str]] = {}
    for name, cluster in clusters.items():
        for (space, service), path in _own_services(cluster).items():
            taken[name, space, service] = (
                f"clusters.{name}.{path}",
                "a Service that the program makes",
            )
    for index, link in links.items():
        for export in link.exports:
            key = (link.target, export.namespace, export.service)
            taken.setdefault(
                key, (f"links[{index}].exports", f"the Service that links[{index}] exports")
            )
    for index, link in links.items():
        for place, export in enumerate(link.exports):
            if export.federated:
                key = (link.source, export.namespace, f"{export.service}-federated")
                where = f"links[{index}].exports[{place}]"
                taken.setdefault(key, (where, f"the federated Service of {where}"))
    mirrors: dict[tuple[str, str, str], tuple[str, str]] = {}
    for index, link in links.items():
        for place, export in enumerate(link.exports):
            if link.mode_of(export) == "none":
                continue
            mirror = (link.source, export.namespace, link.mirror_of(export))
            path = f"links[{index}].exports[{place}]"
            other, target = mirrors.setdefault(mirror, (path, link.target))
            where, what = taken.get(mirror, (other, f"the mirror of {other}"))
            # The same Service of the same target twice is a doubled export or a doubled link.
            if link.source != link.target and (mirror in taken or target != link.target):
                yield Problem(
                    path,
                    f"its mirror {mirror[1]}/{mirror[2]} in cluster '{link.source}' would have the "
                    f"name of {what}",
                    "rename the target cluster or the Service",
                    about=(where,),
                )


def _own_services(cluster: ClusterConfig) -> dict[tuple[str, str], str]:
    """Services that the program makes in a cluster, with the key paths of their names."""
    made: dict[tuple[str, str], str] = {}
    ambassador: AmbassadorConfig | None = cluster.ambassador
    if ambassador is not None:
        made[ambassador.namespace, ambassador.gateway_service] = "ambassador.name"
        if ambassador.installed:
            for service in (ambassador.name, f"{ambassador.name}-admin"):
                made[ambassador.namespace, service] = "ambassador.name"
    if cluster.sample is not None:
        made[cluster.sample.namespace, cluster.sample.service] = "sample.service"
    return made


def _weights(links: Links) -> Iterator[Problem]:
    """Requests to one Service that two HTTPRoutes would split."""
    first: dict[tuple[str, str, str, int], str] = {}
    for index, link in links.items():
        for place, export in enumerate(link.exports):
            if export.weights is None:
                continue
            path = f"links[{index}].exports[{place}].weights"
            key = (link.source, export.namespace, export.service, export.port)
            other = first.setdefault(key, path)
            if other != path:
                yield Problem(
                    path,
                    f"{other} already splits requests to {export} in cluster '{link.source}'",
                    "remove one of the two",
                    about=(other,),
                )


def _routes_within(cluster: ClusterConfig) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """Key path, name and route of every Mapping that has nothing to do with links."""
    ambassador, sample = cluster.ambassador, cluster.sample
    if ambassador is None:
        return
    for place, mapping in enumerate(ambassador.mappings):
        yield f"ambassador.mappings[{place}]", mapping.name, mapping.route
    if ambassador.gateway is not None:
        yield "ambassador.gateway", HEALTH_MAPPING, ("*", ambassador.gateway.health_path, "")
    if sample is not None and sample.mapping:
        yield "sample", SAMPLE_MAPPING, ("*", sample.prefix, "")


def _routes_to_mirrors(clusters: Clusters, links: Links) -> Iterator[Problem]:
    """Routes to mirrors that no Ambassador serves, or that conflict with another Mapping."""
    names: dict[tuple[str, str], str] = {}
    routes: dict[tuple[str, ...], str] = {}
    for cluster, config in clusters.items():
        for where, mapping, same in _routes_within(config):
            names[cluster, mapping] = routes[cluster, *same] = f"clusters.{cluster}.{where}"
    for index, link in links.items():
        source = clusters.get(link.source)
        for place, export in enumerate(link.exports):
            if export.mapping is None or source is None:
                continue
            path = f"links[{index}].exports[{place}].mapping"
            if source.ambassador is None:
                yield Problem(
                    path,
                    f"cluster '{link.source}' has no Ambassador to serve this route",
                    f"write clusters.{link.source}.ambassador: {{}}, or leave mapping out",
                    about=(f"clusters.{link.source}.ambassador",),
                )
                continue
            name = export.mapping.name or link.mirror_of(export)
            route = (
                *(link.source, export.mapping.hostname.lower(), export.mapping.prefix),
                export.mapping.conditions,
            )
            yield from _served_by(source.ambassador, link, export, path)
            key = source.ambassador.serves_nothing
            if key is not None:
                yield Problem(
                    path,
                    f"clusters.{link.source}.ambassador.{key} is empty, so Ambassador serves no "
                    "route",
                    f"leave clusters.{link.source}.ambassador.{key} out to use the default",
                    about=(f"clusters.{link.source}.ambassador.{key}",),
                )
            same_name = names.setdefault((link.source, name), path)
            same_route = routes.setdefault(route, path)
            if same_name != path:
                yield Problem(
                    f"{path}.name",
                    f"cluster '{link.source}' already has the Mapping '{name}' at {same_name}",
                    "write another name",
                    about=(same_name,),
                )
            if same_route != path:
                yield Problem(
                    f"{path}.prefix",
                    f"{same_route} already routes {export.mapping.prefix} of the same host names",
                    "write another prefix or hostname",
                    about=(same_route,),
                )


def _served_by(
    ambassador: AmbassadorConfig, link: LinkConfig, export: Export, path: str
) -> Iterator[Problem]:
    """Settings of a route to a mirror that the source's Ambassador does not accept."""
    if export.mapping is not None:
        for problem in mapping_spec(ambassador, export.mapping, OF_A_MIRROR):
            yield problem.below(path)
    if export.port in ambassador.sidecar.skip_outbound_ports:
        place = ambassador.sidecar.skip_outbound_ports.index(export.port)
        key = f"clusters.{link.source}.ambassador.sidecar.skipOutboundPorts"
        yield Problem(
            f"{key}[{place}]",
            f"{path} routes to port {export.port} of a mirror, and only the proxy reaches the "
            "other cluster",
            f"leave {export.port} out, or leave {path} out",
            about=(path,),
        )
