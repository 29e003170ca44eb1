"""The result of the demo: checks, Deployments and addresses, and commands to go on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from checks import Report, Result
    from config import MeshConfig
    from config.core.cluster import ClusterConfig

_STYLES = {"ok": "green", "warning": "yellow", "failure": "bold red", "skipped": "dim"}


def show_checks(report: Report, console: Console) -> None:
    """Print one line for each cluster and link, and below it its warnings and failures."""
    from checks import Status
    from checks.run.printing import MARKS, PLAIN_MARKS

    signs = MARKS if console.encoding.lower().startswith("utf") else PLAIN_MARKS
    for place, group in groupby(report.results, key=lambda result: result.cluster):
        results = list(group)
        statuses = [result.status for result in results]
        worst = Status.FAILURE if Status.FAILURE in statuses else Status.OK
        passed = statuses.count(Status.OK)
        console.print(
            Text.assemble(
                (f"{signs[worst]} ", _STYLES[worst]),
                "the mesh" if place == "all" else place,
                f": {passed} of {len(results)} checks passed",
            )
        )
        for result in results:
            if result.status in (Status.WARNING, Status.FAILURE):
                _show_problem(result, signs[result.status], console)


def _show_problem(result: Result, sign: str, console: Console) -> None:
    console.print(Text.assemble("    ", (f"{sign} ", _STYLES[result.status]), result.title))
    for text, style in ((result.detail, ""), (f"hint: {result.hint}", "cyan")):
        if text and text != "hint: ":
            # Wrapped at words on a terminal, not wrapped in a log.
            wrapped = Padding(Text(text, style), (0, 0, 0, 6))
            console.print(
                wrapped if console.is_terminal else Text(f"      {text}", style),
                soft_wrap=not console.is_terminal,
            )


class _Readable(yaml.SafeDumper):
    """YAML with texts of several lines as they are."""

    def represent_text(self, text: str) -> yaml.Node:
        """A text, as a block where it has several lines."""
        style = "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Readable.add_representer(str, _Readable.represent_text)


def show_resources(urns: Sequence[str], outputs: Mapping[str, Any], console: Console) -> None:
    """Print the URNs of the components that the engine deployed, and the stack's outputs."""
    from components.core.component import TYPE_PREFIX

    own = [urn for urn in urns if urn.split("::")[2].rpartition("$")[2].startswith(TYPE_PREFIX)]
    console.print(Text(f"{len(urns)} resources, in these components:", "bold"))
    for urn in own:
        console.print(Text(f"  {urn}"))
    console.print(Text("Outputs:", "bold"))
    for line in yaml.dump(dict(outputs), Dumper=_Readable, sort_keys=False).splitlines():
        console.print(Text(f"  {line}"))


class Row(NamedTuple):
    """One namespace of one cluster."""

    namespace: str
    what: Sequence[str]
    """Its Deployments, each with how many of its pods are ready."""
    address: str
    """Addresses of its load balancers."""


def show_table(config: MeshConfig, report: Report, console: Console) -> None:
    """Print Deployments and addresses of every cluster by namespace, and the links."""
    # Without a frame it fits into 80 columns.
    wide = console.width >= 90
    table = Table(
        title="Deployments and addresses",
        title_justify="left",
        box=box.ROUNDED if wide else None,
        pad_edge=wide,
        header_style="bold",
    )
    for column in ("Cluster", "Namespace", "Deployments, pods ready", "Address"):
        table.add_column(column, overflow="fold")
    for name, cluster in config.clusters.items():
        for number, row in enumerate(_rows(config, name, cluster)):
            table.add_row("" if number else name, row.namespace, "\n".join(row.what), row.address)
        table.add_section()
    console.print(table)
    for link in config.links:
        exported = ", ".join(
            f"{item.namespace}/{item.service} as {item.service}-{link.target}"
            for item in link.exports
        )
        gateways = [
            row.address
            for row in report.gateways
            if (row.source, row.target) == (link.source, link.target)
        ]
        console.print(
            Text.assemble(
                ("Link ", "bold"),
                f"{link.source} → {link.target} through the gateway {', '.join(gateways)}",
                f"; exported: {exported}" if exported else "",
            )
        )


def show_commands(groups: Sequence[tuple[str, Sequence[str]]], console: Console) -> None:
    """Print groups of commands to copy, each under a heading."""
    for heading, commands in groups:
        console.print(Text(heading, "bold"))
        for command in commands:
            console.print(Text(f"  {command}"))


def _rows(config: MeshConfig, name: str, cluster: ClusterConfig) -> Iterator[Row]:
    from kubernetes import client

    from config.inventory import inventory
    from kube import api_client

    with api_client(cluster) as api:
        for space in inventory(config, name).namespaces:
            deployments = client.AppsV1Api(api).list_namespaced_deployment(space).items
            services = client.CoreV1Api(api).list_namespaced_service(space).items
            what = [_deployment(item) for item in deployments]
            addresses = [address for item in services for address in _addresses(item)]
            if what or addresses:
                yield Row(space, what, ", ".join(addresses))


def _deployment(item: Any) -> str:
    return f"{item.metadata.name} {item.status.ready_replicas or 0}/{item.spec.replicas}"


def _addresses(service: Any) -> list[str]:
    ingress = (service.status.load_balancer and service.status.load_balancer.ingress) or []
    return [str(item.ip or item.hostname) for item in ingress]
