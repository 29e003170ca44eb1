"""Checks of linkerd-viz, of monitoring and of Ingresses that need a whole cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem, quoted
from config.linkerd.control_plane import Viz
from config.platform.ingress import VizRoute
from config.platform.observers import scrapers
from config.variants.linkerds import DEFAULT
from vocabulary.linkerd import VIZ

VIZ_SETTINGS = {
    "prometheus_url": "prometheusUrl",
    "grafana": "grafana",
    "enforced_host_regexp": "enforcedHostRegexp",
    "ingress": "ingress",
    "route": "route",
}
"""Settings that need viz: field, and key of the stack file."""


def observed(clusters: Mapping[str, ClusterConfig]) -> Iterator[Problem]:
    """Contradictions of viz, monitoring and the Ingresses of each cluster."""
    for name, cluster in clusters.items():
        path = f"clusters.{name}"
        if not cluster.linkerd.generation.viz:
            yield from _lacking(path, cluster)
        elif not cluster.linkerd.viz.enabled:
            yield from _without_viz(f"{path}.linkerd.viz", cluster.linkerd.viz)
        elif cluster.linkerd.viz.route is not None:
            yield from _route(path, cluster, cluster.linkerd.viz.route)
        namespaces = cluster.monitoring.namespaces if cluster.linkerd.generation.viz else ()
        if namespaces and not scrapers(cluster):
            yield Problem(
                f"{path}.monitoring.namespaces",
                "no Prometheus is named that could read there",
                f"write {path}.monitoring.prometheus, or leave it out",
                about=(f"{path}.monitoring.prometheus",),
            )
        yield from _doubled(path, cluster)


def _lacking(path: str, cluster: ClusterConfig) -> Iterator[Problem]:
    viz, monitoring = cluster.linkerd.viz, cluster.monitoring
    asked = {
        **{f"linkerd.viz.{key}": getattr(viz, field) for field, key in VIZ_SETTINGS.items()},
        "monitoring.podMonitors": monitoring.pod_monitors,
        "monitoring.dashboards": monitoring.dashboards,
        "monitoring.prometheus": monitoring.prometheus,
        "monitoring.namespaces": monitoring.namespaces or None,
    }
    for key, value in asked.items():
        if value is not None:
            yield Problem(
                f"{path}.{key}",
                f"{cluster.linkerd.generation.title} has its own Prometheus, Grafana and dashboard "
                "in its chart",
                f'leave it out, or write linkerd.version: "{DEFAULT.newest}"',
                about=(f"{path}.linkerd.version",),
            )


def _without_viz(path: str, viz: Viz) -> Iterator[Problem]:
    for field, key in VIZ_SETTINGS.items():
        if getattr(viz, field) is not None:
            yield Problem(
                f"{path}.{key}",
                "the viz extension is not installed",
                f"write {path}.enabled: true, or leave {key} out",
                about=(f"{path}.enabled",),
            )


def _route(path: str, cluster: ClusterConfig, route: VizRoute) -> Iterator[Problem]:
    place = f"{path}.linkerd.viz.route"
    ambassador = cluster.ambassador
    if ambassador is None:
        yield Problem(
            place,
            "this cluster has no Ambassador to route to the dashboard",
            f"write {path}.ambassador: {{}}, or use linkerd.viz.ingress",
            about=(f"{path}.ambassador",),
        )
        return
    if not ambassador.has_hosts:
        yield Problem(
            place,
            "getambassador.io/v1 has no Host, which the dashboard needs",
            f"write {path}.ambassador.apiVersion: v2",
            about=(f"{path}.ambassador.apiVersion", f"{path}.ambassador.flavour"),
        )
    for index, host in enumerate(ambassador.all_hosts):
        about = (f"{path}.ambassador.hosts[{index}]",)
        if host.hostname.lower() == route.host:
            yield Problem(
                f"{place}.host",
                f"the Host '{host.name}' already answers for {quoted(route.host)}",
                "write another host name, or leave that Host out",
                about=about,
            )
        elif host.name == VIZ:
            yield Problem(
                f"{path}.ambassador.hosts[{index}].name",
                f"the dashboard's Host has the same name '{VIZ}'",
                "write another name",
                about=(place,),
            )
        elif host.tls_secret is not None and host.tls_secret == route.as_host().tls_secret:
            made = route.cert_manager is not None
            if made or (host.tls is not None and (host.tls.cert_manager or host.tls.trial)):
                yield Problem(
                    f"{place}.tlsSecret",
                    f"the Host '{host.name}' has the same Secret {host.tls_secret}",
                    "write another name",
                    about=about,
                )
    for index, mapping in enumerate(ambassador.mappings):
        if mapping.name == VIZ:
            yield Problem(
                f"{path}.ambassador.mappings[{index}].name",
                f"the dashboard's Mapping has the same name '{VIZ}'",
                "write another name",
                about=(place,),
            )


def _doubled(path: str, cluster: ClusterConfig) -> Iterator[Problem]:
    """Ingresses of one name, or for the same requests."""
    names: dict[tuple[str, str], str] = {}
    routes: dict[tuple[str, str], str] = {}
    viz = cluster.linkerd.viz
    if viz.enabled and viz.ingress is not None:
        names[VIZ, "linkerd-viz-ingress"] = "linkerd.viz.ingress"
        routes[viz.ingress.host, "/"] = "linkerd.viz.ingress"
    for index, ingress in enumerate(cluster.ingresses):
        here = f"ingresses[{index}]"
        named = names.setdefault((ingress.namespace, ingress.name), here)
        routed = routes.setdefault((ingress.host, ingress.path), here)
        if named != here:
            yield Problem(
                f"{path}.{here}.name",
                f"{path}.{named} has the same name in the namespace {ingress.namespace}",
                "write another name",
                about=(f"{path}.{named}",),
            )
        if routed != here:
            yield Problem(
                f"{path}.{here}.host",
                f"{path}.{routed} already answers for {ingress.host}{ingress.path}",
                "write another host name or path",
                about=(f"{path}.{routed}",),
            )
