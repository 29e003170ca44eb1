"""Free ports on 127.0.0.1."""

from __future__ import annotations

import socket
from collections.abc import Iterable


def free_ports(count: int, candidates: Iterable[int]) -> list[int]:
    """Return the first `count` of these ports of 127.0.0.1 that nobody listens on.

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
    """Tell whether a listener could be opened on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Go does: a port is free although old connections to it still linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
