"""Duplicate names and Secrets of one Ambassador."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.model import doubled
from config.language.problems import Problem

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def name_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Duplicate names, ports, host names and routes; Secrets with two writers."""
    listeners, hosts = config.all_listeners, config.all_hosts
    for what, key, names in (
        ("Listener name", "listeners[{}].name", [item.name for item in listeners]),
        ("Listener port", "listeners[{}].port", [str(item.port) for item in listeners]),
        ("Host name", "hosts[{}].name", [item.name for item in hosts]),
        ("hostname", "hosts[{}].hostname", [item.hostname.lower() for item in hosts]),
        ("Mapping name", "mappings[{}].name", [item.name for item in config.mappings]),
        (
            "pull secret",
            "imagePullSecrets[{}].name",
            [item.name for item in config.image_pull_secrets],
        ),
    ):
        yield from doubled(what, ((key.format(place), name) for place, name in enumerate(names)))
    routes: dict[tuple[str, str, str], int] = {}
    for place, mapping in enumerate(config.mappings):
        other = routes.setdefault(mapping.route, place)
        if other != place:
            yield Problem(
                f"mappings[{place}].prefix",
                f"mappings[{other}] already routes {mapping.prefix} of the same host names, and "
                "each would get half of the requests",
                "write another prefix or hostname",
                about=(f"mappings[{other}].prefix", f"mappings[{place}].hostname"),
            )
    logins = {item.name: place for place, item in enumerate(config.image_pull_secrets)}
    made: dict[tuple[str, str], int] = {}
    for place, host in enumerate(hosts):
        if host.tls is None or host.tls_secret is None:
            continue
        if not host.tls.trial and host.tls.cert_manager is None:
            continue
        space = host.tls.namespace or config.namespace
        if host.tls_secret in logins and space == config.namespace:
            yield Problem(
                f"hosts[{place}].tls.secret",
                f"imagePullSecrets[{logins[host.tls_secret]}] has the same Secret "
                f"{host.tls_secret}",
                "write another Secret",
                about=(f"hosts[{place}].name",),
            )
        other = made.setdefault((space, host.tls_secret), place)
        if other != place:
            yield Problem(
                f"hosts[{place}].tls.secret",
                f"hosts[{other}] has the same Secret {host.tls_secret}",
                "write another Secret",
                about=(f"hosts[{other}].tls.secret",),
            )
