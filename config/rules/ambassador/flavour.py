"""What a flavour, its version and its API version do not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.ambassador.routes import HostConfig
from config.language.problems import Problem
from config.variants.ambassadors import CrdsChart

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def flavour_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """What this flavour, or its API version, does not have."""
    kind, line = config.kind, config.line
    if kind.line(config.version) is None:
        known = ", ".join(f'"{item.newest}"' for item in kind.lines)
        yield Problem(
            "version",
            f"the chart {config.version} is none of {kind.title} that is known here",
            f"write {known} or another version with the same first number",
            about=("flavour",),
        )
        return
    if config.objects_version not in line.api_versions:
        yield Problem(
            "apiVersion",
            f"{kind.title} (version {line.application}) does not serve "
            f"getambassador.io/{config.objects_version}",
            f"write one of {', '.join(line.api_versions)}, or leave it out",
            about=("flavour", "version"),
        )
    if config.listeners and not kind.listeners:
        yield Problem(
            "listeners",
            f"{kind.title} has no Listener; it listens on 8080 and 8443",
            "leave listeners out",
            about=("flavour",),
        )
    if kind.licensed and config.edge_stack is None and config.installed:
        yield Problem(
            "edgeStack",
            f"{kind.title} starts only with a licence or a token",
            "set edgeStack.licenseKey or edgeStack.cloudConnectToken with "
            "`pulumi config set --secret --path`, or name an existing Secret under "
            "edgeStack.licenseSecret",
            about=("flavour",),
        )
    if config.edge_stack is not None and not kind.licensed:
        yield Problem(
            "edgeStack",
            f"{kind.title} has no such settings",
            "leave it out, or write flavour: edge-stack",
            about=("flavour",),
        )
    if config.installed and config.service.load_balancer_class and not line.balancer_class:
        yield Problem(
            "service.loadBalancerClass",
            f"the chart {line.chart} {config.chart_version} does not hand it to the Service",
            "leave it out, or choose the load balancer by annotations",
            about=("flavour", "version"),
        )
    yield from _crds(config)
    for place, host in enumerate(config.all_hosts):
        if host.acme is not None and not kind.acme:
            yield Problem(
                f"hosts[{place}].acme",
                f"{kind.title} does not fetch certificates by ACME",
                "leave it out, and have cert-manager fetch one under tls.certManager",
                about=("flavour",),
            )
        if not config.has_hosts:
            yield from _without_hosts(config, place, host)


def _crds(config: AmbassadorConfig) -> Iterator[Problem]:
    """Settings of a chart of CRDs that there is not."""
    for name in ("crds_namespace", "crds_values"):
        if name not in config.model_fields_set or not config.installed:
            continue
        key = str(type(config).model_fields[name].alias)
        if not isinstance(config.line.crds, CrdsChart):
            yield Problem(
                key,
                f"the CRDs of {config.kind.title} are no chart of their own",
                f"leave {key} out",
                about=("flavour", "version"),
            )
        elif name == "crds_values" and not config.install_crds:
            yield Problem(
                key,
                "with installCrds: false there is no chart of CRDs that could take them",
                f"leave {key} or installCrds out",
                about=("installCrds",),
            )


def _without_hosts(config: AmbassadorConfig, place: int, host: HostConfig) -> Iterator[Problem]:
    """getambassador.io/v1 has no Host: TLSContexts stand for what they can."""
    if host.insecure == "Reject":
        yield Problem(
            f"hosts[{place}].insecure",
            "getambassador.io/v1 has no Host, and nothing else that rejects cleartext",
            "write Route or Redirect, or apiVersion: v2",
            about=("apiVersion",),
        )
    if host.insecure == "Route" and host.tls is not None:
        yield Problem(
            f"hosts[{place}].insecure",
            "with a TLSContext, Ambassador 1.14 opens its TLS port alone, so that cleartext is "
            "not answered at all",
            "write insecure: Redirect, or apiVersion: v2",
            about=("apiVersion", f"hosts[{place}].tls"),
        )
    if host.tls is not None and config.gateway is not None and config.gateway.probe == "ambassador":
        yield Problem(
            f"hosts[{place}].tls",
            "with a TLSContext, Ambassador 1.14 routes no cleartext, and the probe of other "
            "clusters arrives as cleartext behind the sidecar",
            "write apiVersion: v2, or leave tls out",
            about=("apiVersion", "gateway.probe"),
        )
    if host.insecure == "Redirect" and host.tls is None:
        yield Problem(
            f"hosts[{place}].insecure",
            "getambassador.io/v1 redirects cleartext by a TLSContext, and without tls there "
            "is none",
            "write tls: {}, insecure: Route, or apiVersion: v2",
            about=("apiVersion", f"hosts[{place}].tls"),
        )
