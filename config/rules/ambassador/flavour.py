"""Settings that a flavour, its version or its API version does not support."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.ambassador.routes import HostConfig
from config.language.problems import Problem
from config.variants.ambassador_numbers import refusal
from config.variants.ambassadors import CrdsChart

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def flavour_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Settings that this flavour or its API version does not support."""
    kind, line = config.kind, config.line
    if config.version is not None:
        refused = refusal(kind, config.version, adopted=not config.installed)
        if refused is not None:
            yield Problem("version", *refused)
            return
    if config.objects_version not in line.api_versions:
        yield Problem(
            "apiVersion",
            f"{kind.title} (version {line.application}) does not serve "
            f"getambassador.io/{config.objects_version}",
            f"write one of {', '.join(line.api_versions)}, or leave it out",
            about=("version",),
        )
    if config.listeners and not kind.listeners:
        yield Problem(
            "listeners",
            f"{kind.title} has no Listener; it listens on 8080 and 8443",
            "leave listeners out",
        )
    if kind.licensed and config.edge_stack is None and config.installed:
        yield Problem(
            "edgeStack",
            f"{kind.title} needs a licence or a token",
            "set edgeStack.licenseKey or edgeStack.cloudConnectToken with "
            "`pulumi config set --secret --path`, or name an existing Secret under "
            "edgeStack.licenseSecret",
        )
    if config.edge_stack is not None and not kind.licensed:
        yield Problem(
            "edgeStack",
            f"{kind.title} has no such settings",
            "leave it out, or write flavour: edge-stack",
        )
    if config.installed and config.service.load_balancer_class and not line.balancer_class:
        yield Problem(
            "service.loadBalancerClass",
            f"the chart {line.chart} {config.chart_version} has no value for it",
            "leave it out, or choose the load balancer by annotations",
            about=("version",),
        )
    yield from _crds(config)
    for place, host in enumerate(config.all_hosts):
        if host.acme is not None and not kind.acme:
            yield Problem(
                f"hosts[{place}].acme",
                f"{kind.title} does not fetch certificates by ACME",
                "leave it out, and use tls.certManager",
            )
        if not config.has_hosts:
            yield from _without_hosts(config, place, host)


def _crds(config: AmbassadorConfig) -> Iterator[Problem]:
    """Settings of a chart of CRDs that is not installed."""
    for name in ("crds_namespace", "crds_values"):
        if name not in config.model_fields_set or not config.installed:
            continue
        key = str(type(config).model_fields[name].alias)
        if not isinstance(config.line.crds, CrdsChart):
            yield Problem(
                key,
                f"{config.kind.title} has no separate chart for its CRDs",
                f"leave {key} out",
                about=("version",),
            )
        elif name == "crds_values" and not config.install_crds:
            yield Problem(
                key,
                "with installCrds: false, no chart of CRDs is installed",
                f"leave {key} or installCrds out",
                about=("installCrds",),
            )


def _without_hosts(config: AmbassadorConfig, place: int, host: HostConfig) -> Iterator[Problem]:
    """Hosts that TLSContexts cannot replace: getambassador.io/v1 has no Host."""
    if host.insecure == "Reject":
        yield Problem(
            f"hosts[{place}].insecure",
            "getambassador.io/v1 has no Host, and cannot reject cleartext",
            "write Route or Redirect, or apiVersion: v2",
            about=("apiVersion",),
        )
    if host.insecure == "Route" and host.tls is not None:
        yield Problem(
            f"hosts[{place}].insecure",
            "with a TLSContext, Ambassador 1.14 opens only its TLS port and does not answer "
            "cleartext",
            "write insecure: Redirect, or apiVersion: v2",
            about=("apiVersion", f"hosts[{place}].tls"),
        )
    if host.tls is not None and config.gateway is not None and config.gateway.probe == "ambassador":
        yield Problem(
            f"hosts[{place}].tls",
            "with a TLSContext, Ambassador 1.14 routes no cleartext, and the probe of other "
            "clusters arrives as cleartext behind the sidecar",
            "write gateway.probe: proxy, or write apiVersion: v2 and insecure: Route",
            about=("apiVersion", "gateway.probe"),
        )
    if host.insecure == "Redirect" and host.tls is None:
        yield Problem(
            f"hosts[{place}].insecure",
            "getambassador.io/v1 redirects cleartext by a TLSContext, which needs tls",
            "write tls: {}, insecure: Route, or apiVersion: v2",
            about=("apiVersion", f"hosts[{place}].tls"),
        )
