"""The addresses and ports of a local cluster; no two clusters share one.

None of them is ever reached outside this machine.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

MAX_INDEX = 99
MAX_NODES = 100

# Set aside for documentation by RFC 5737; more clusters than these use the range that
# RFC 2544 sets aside for benchmarks. Nothing on the internet has such an address.
_LOAD_BALANCER_POOLS = ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24")

# Below the range that the kernel hands out to outgoing connections (32768 and up), one of which
# could otherwise occupy a port between its choice and its use.
_FIRST_PORT, _PORTS_EACH = 21000, 100


@dataclass(frozen=True)
class Networks:
    """The address ranges of the cluster with this index (0 to `MAX_INDEX`)."""

    index: int

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_INDEX:
            raise ValueError(f"a cluster's index lies between 0 and {MAX_INDEX}: {self.index}")

    @property
    def services(self) -> IPv4Network:
        """The service CIDR, inside 127.0.0.0/8.

        A call to a Service without endpoints is refused at once by the loopback interface instead
        of hanging, and a process of the host can serve a Service by listening on its address.
        """
        return IPv4Network(f"127.{40 + self.index}.0.0/16")

    @property
    def api_service(self) -> IPv4Address:
        """The cluster IP of the Service `kubernetes`."""
        return self.services[1]

    @property
    def pods(self) -> IPv4Network:
        """The pod CIDR; every node has a /24 of it."""
        return IPv4Network(f"10.{40 + self.index}.0.0/16")

    def node_pods(self, node: int) -> IPv4Network:
        """The pod CIDR of a node, counted from 0."""
        return IPv4Network(f"10.{40 + self.index}.{node}.0/24")

    def node_address(self, node: int) -> IPv4Address:
        """The internal address of a node, counted from 0."""
        return IPv4Address(f"172.31.{self.index}.{10 + node}")

    @property
    def load_balancers(self) -> IPv4Network:
        """The range that Services of type LoadBalancer get their addresses from."""
        if self.index < len(_LOAD_BALANCER_POOLS):
            return IPv4Network(_LOAD_BALANCER_POOLS[self.index])
        return IPv4Network(f"198.18.{self.index}.0/24")

    @property
    def advertised_api_server(self) -> IPv4Address:
        """The address in the endpoints of the Service `kubernetes`, which may not be loopback.

        It is the first address of `load_balancers`, which no Service gets.
        """
        return self.load_balancers[1]

    @property
    def ports(self) -> range:
        """The ports of 127.0.0.1 for the cluster's listeners."""
        first = _FIRST_PORT + _PORTS_EACH * self.index
        return range(first, first + _PORTS_EACH)


def free_ports(count: int, candidates: Iterable[int]) -> list[int]:
    """Return the first `count` of these ports of 127.0.0.1 that are free.

    Raises:
        OSError: there are not that many.
    """
    found: list[int] = []
    for port in candidates:
        if is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise OSError(f"only {len(found)} of {count} ports are free on 127.0.0.1")


def is_free(port: int) -> bool:
    """Return whether a listener could be opened on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Go does: a port is free although old connections to it still linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
