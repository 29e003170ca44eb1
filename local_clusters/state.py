"""What is written down about a local cluster, so that another process can find and end it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from local_clusters.control_plane.networks import Networks, free_ports
from local_clusters.processes import ProcessIdentity
from machine.files import make_private_directory, write_private

FILE_NAME = "state.json"


class Ports(BaseModel):
    """The ports that a cluster listens on, all on 127.0.0.1."""

    model_config = ConfigDict(frozen=True)

    api_server: int
    etcd_client: int
    etcd_peer: int


class ClusterState(BaseModel):
    """The state file of a cluster (mode 0600, in a directory of mode 0700).

    Attributes:
        schema_version: the form of this file.
        name: the cluster's name, and that of its kube context.
        index: which address ranges it has (see `networks`).
        ports: the ports it listens on.
        nodes: how many nodes it has.
        complete: whether it was ready once; an incomplete cluster is created again, not repaired.
        processes: who runs it, by the name of the program.
    """

    schema_version: Literal[1] = 1
    name: str
    index: int
    ports: Ports
    nodes: int
    complete: bool = False
    processes: dict[str, ProcessIdentity] = {}

    def write(self, directory: Path) -> None:
        """Write the state file of the cluster in `directory`, whole or not at all."""
        make_private_directory(directory)
        write_private(directory / FILE_NAME, self.model_dump_json(indent=2))

    def running(self) -> dict[str, ProcessIdentity]:
        """Return those of the recorded processes that run, by the name of the program."""
        return {name: process for name, process in self.processes.items() if process.alive()}

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.ports.api_server}"


def new_state(name: str, index: int, nodes: int) -> ClusterState:
    """Return the state of a cluster that is yet to be started, with ports that are free now.

    Raises:
        OSError: there are no free ports.
    """
    api_server, etcd_client, etcd_peer = free_ports(3, Networks(index).ports)
    ports = Ports(api_server=api_server, etcd_client=etcd_client, etcd_peer=etcd_peer)
    return ClusterState(name=name, index=index, ports=ports, nodes=nodes)


def read_state(directory: Path) -> ClusterState | None:
    """Return the state of the cluster in `directory`.

    None when there is no cluster, or none that this version knows: what still runs of that one is
    found by its mark (see `processes`).
    """
    try:
        return ClusterState.model_validate_json((directory / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None
