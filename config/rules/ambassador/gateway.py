"""What routes and the gateway's probe need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.problems import Problem

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def served_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Routes that no Listener or Host serves, and a probe that nothing answers."""
    key = config.serves_nothing
    if config.mappings and key is not None:
        yield Problem(
            key,
            "without an entry here, Ambassador serves no Mapping",
            f"add one, or leave {key} out to use the default",
        )
    if config.gateway is None or config.gateway.probe != "ambassador":
        return
    if 8080 in config.sidecar.skip_inbound_ports:
        place = config.sidecar.skip_inbound_ports.index(8080)
        yield Problem(
            f"sidecar.skipInboundPorts[{place}]",
            "other clusters probe the gateway on port 8080 by mTLS, which only the proxy "
            "terminates",
            "leave 8080 out, or write gateway.probe: proxy",
            about=("gateway.probe",),
        )
    for place, listener in enumerate(config.listeners or ()):
        if listener.port == config.gateway.pod_probe_port and listener.expects_proxy_header:
            key = "protocolStack" if listener.protocol_stack else "protocol"
            yield Problem(
                f"listeners[{place}].{key}",
                "the probe arrives on this port without the header of the PROXY protocol",
                "write gateway.probe: proxy, or leave PROXY out",
                about=("gateway.probe",),
            )
    if config.hosts is None and not config.installed:
        # The stack file does not have the owner's Hosts, so the guard cannot check them.
        return
    if config.has_hosts and not any(h.hostname == "*" for h in config.all_hosts):
        yield Problem(
            "hosts",
            "the probe goes through Ambassador, its Host header is the probe Service's name, "
            "and no Host has the hostname '*'",
            "add a Host with hostname: '*', or write gateway.probe: proxy",
            about=("hosts", "gateway.probe"),
        )
    for place, host in enumerate(config.all_hosts):
        if host.hostname == "*" and host.insecure != "Route":
            yield Problem(
                f"hosts[{place}].insecure",
                "the probe arrives as cleartext behind the sidecar, and this Host answers "
                f"cleartext with {host.insecure}",
                "write insecure: Route, or gateway.probe: proxy",
                about=(f"hosts[{place}].insecure", "gateway.probe"),
            )
    if (
        config.installed
        and config.kind.listeners
        and not any(item.port == 8080 for item in config.all_listeners)
    ):
        yield Problem(
            "listeners",
            "the probe goes through Ambassador's port 8080, and no Listener has it",
            "add a Listener with port: 8080, or write gateway.probe: proxy",
            about=("listeners", "gateway.probe"),
        )
