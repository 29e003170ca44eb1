"""Names and Secrets of one Ambassador that are given twice, or to something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.model import doubled
from config.language.problems import Problem

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def name_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Names, ports, host names and routes that are given twice; Secrets with two makers."""
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
    routes: dict[tuple[str, str], int] = {}
    for place, mapping in enumerate(config.mappings):
        other = routes.setdefault(mapping.route, place)
        if other != place:
            yield Problem(
                f"mappings[{place}].prefix",
                f"mappings[{other}] routes {mapping.prefix} of the same host names already, "
                "and half of the requests would go to each",
                "write another prefix or hostname",
                about=(f"mappings[{other}].prefix", f"mappings[{place}].hostname"),
            )
    logins = {item.name: place for place, item in enumerate(config.image_pull_secrets)}
    made: dict[str, int] = {}
    for place, host in enumerate(hosts):
        if host.tls is None or host.tls_secret is None:
            continue
        if not host.tls.trial and host.tls.cert_manager is None:
            continue
        if host.tls_secret in logins:
            yield Problem(
                f"hosts[{place}].tls.secret",
                f"the Secret {host.tls_secret} is that of "
                f"imagePullSecrets[{logins[host.tls_secret]}]",
                "write a secret of its own",
                about=(f"hosts[{place}].name",),
            )
        other = made.setdefault(host.tls_secret, place)
        if other != place:
            yield Problem(
                f"hosts[{place}].tls.secret",
                f"the Secret {host.tls_secret} is made for hosts[{other}] already",
                "write a secret of its own",
                about=(f"hosts[{other}].tls.secret",),
            )
