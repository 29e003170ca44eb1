"""Monitoring: the PodMonitors, the dashboards and the Prometheus of viz exist."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.platform.monitoring import Dashboards, PodMonitors
from vocabulary.kinds import CONFIG_MAP, POD_MONITOR, SERVICE, Object, labels_of, name_of
from vocabulary.linkerd import PROXY_CONTAINER

MONITORS = ("linkerd-controller", PROXY_CONTAINER, "linkerd-service-mirror")
DASHBOARDS = ("control-plane", "deployment", "links", "overview")
"""Ends of the names of our ConfigMaps."""
PREFIX = "linkerd-dashboard-"


def monitoring(case: ClusterCase) -> Iterator[Finding]:
    """Yields lines about PodMonitors, dashboards and the Prometheus of viz."""
    config = case.config.monitoring
    if config.pod_monitors is not None:
        yield _pod_monitors(case.view, config.pod_monitors)
    if config.dashboards is not None:
        yield _dashboards(case.view, config.dashboards)
    url = case.config.linkerd.viz.prometheus_url
    if url is not None:
        yield _prometheus(case, url)


def _pod_monitors(view: View, config: PodMonitors) -> Finding:
    title = f"the PodMonitors exist in {config.namespace}"
    if POD_MONITOR not in view.served:
        owner = "install it, or remove monitoring.podMonitors"
        return failure(title, "the cluster has no Prometheus operator", owner)
    found = {name_of(item): item for item in view.all(POD_MONITOR, config.namespace)}
    return _all(title, "PodMonitors", MONITORS, found, config.labels)


def _dashboards(view: View, config: Dashboards) -> Finding:
    title = f"the dashboards' ConfigMaps exist in {config.namespace}"
    found = {name_of(item): item for item in view.all(CONFIG_MAP, config.namespace)}
    names = [f"{PREFIX}{name}" for name in DASHBOARDS]
    return _all(title, "ConfigMaps", names, found, {config.label: "1"})


def _all(
    title: str,
    what: str,
    names: list[str] | tuple[str, ...],
    found: dict[str, Object],
    labels: dict[str, str],
) -> Finding:
    """Whether all of `names` exist and have the labels that select them."""
    missing = [name for name in names if name not in found]
    if missing:
        return failure(title, f"missing {what}: {some(missing)}", UPDATE)
    unseen = [name for name in names if not labels.items() <= labels_of(found[name]).items()]
    if unseen:
        return failure(title, f"{some(unseen)} lack the labels that select them", UPDATE)
    return ok(title, f"{len(names)} {what}")


def _prometheus(case: ClusterCase, url: str) -> Finding:
    """A Prometheus within the cluster has a Service; of others, nothing can be seen from here."""
    title = "viz's Prometheus exists"
    host = (urlsplit(url).hostname or "").removesuffix(".").removesuffix(f".{case.config.domain}")
    name, _, rest = host.partition(".")
    space, _, end = rest.partition(".")
    if not space or end not in ("", "svc"):
        return skipped(title, f"{host} is outside the cluster")
    services = case.view.all(SERVICE, space)
    if any(name_of(item) == name for item in services):
        return ok(title, f"Service {space}/{name}")
    if not end and not services:
        return skipped(title, f"{host} may be a host outside the cluster")
    return failure(
        title,
        f"there is no Service {space}/{name}",
        f"install Prometheus, or correct clusters.{case.name}.linkerd.viz.prometheusUrl",
    )


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster].monitoring
    yield Listing(SERVICE)
    if config.pod_monitors is not None:
        yield Listing(POD_MONITOR, config.pod_monitors.namespace, metadata_only=True)
    if config.dashboards is not None:
        yield Listing(CONFIG_MAP, config.dashboards.namespace, metadata_only=True)


CHECKS = (Check("monitoring", Phase.PARTS, monitoring, _reads, order=50),)
