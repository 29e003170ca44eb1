"""API servers that the source of a link would not log in to, as far as the stack file has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.api_server import cluster_entry, obstacles
from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.language.yaml_text import read_yaml
from config.links.link import LinkConfig


def api_servers(
    clusters: Mapping[str, ClusterConfig], links: Mapping[int, LinkConfig]
) -> Iterator[Problem]:
    """Why links would not reach the API servers of their targets.

    The guard compares kubeconfigs outside of the stack file, and those that are encrypted in it.
    """
    for name in dict.fromkeys(link.target for link in links.values()):
        cluster = clusters.get(name)
        if cluster is None:
            continue
        path, given = f"clusters.{name}.apiServer", cluster.api_server
        text = cluster.kubeconfig.get_secret_value() if cluster.kubeconfig is not None else ""
        for message, remedy in obstacles(path, given, cluster_entry(read_yaml(text))):
            yield Problem(
                f"clusters.{name}.kubeconfig" if given is None else path,
                message,
                remedy,
                about=(f"clusters.{name}.kubeconfig", path),
            )
