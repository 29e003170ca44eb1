"""Gives Services of type LoadBalancer an address.

Run as `python -m local_clusters.control_plane.load_balancer`.

In a cloud the provider does this; without it the Services stay pending.
The address is written into the Service's status and that is all: nothing listens on it, and nothing
is ever sent to it. It lies in a range set aside for documentation.
"""

from __future__ import annotations

import argparse
import hashlib
import http
import json
import logging
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from kubernetes import client, watch
from urllib3.exceptions import HTTPError

from local_clusters.control_plane.kubeconfig import api_client

_RESERVED = 10
"""So many addresses at the start of the pool are for others (the API server has one)."""

_WATCH_SECONDS = 240

Address = IPv4Address | IPv6Address

logger = logging.getLogger("load-balancer")


class AddressBook:
    """Which Service has which address of the pool.

    A Service's address is computed from its namespace and name, so it gets the same one when it
    is made again; only when that one is taken it gets the next free one.
    """

    def __init__(self, pool: IPv4Network) -> None:
        self._addresses = list(pool.hosts())[_RESERVED:]
        self._taken: dict[Address, str] = {}

    def assign(self, service: str) -> Address | None:
        """Return the address of a Service (`namespace/name`), or None when the pool is used up."""
        for address, owner in self._taken.items():
            if owner == service:
                return address
        for address in self._candidates(service):
            if address not in self._taken:
                self._taken[address] = service
                return address
        return None

    def keep(self, service: str, address: Address) -> None:
        """Note that a Service has this address already."""
        self._taken.setdefault(address, service)

    def release(self, service: str) -> None:
        """Forget a Service and free what it has."""
        self._taken = {address: owner for address, owner in self._taken.items() if owner != service}

    def _candidates(self, service: str) -> list[IPv4Address]:
        digest = hashlib.sha256(service.encode()).digest()
        first = int.from_bytes(digest[:8], "big") % len(self._addresses)
        return self._addresses[first:] + self._addresses[:first]


class LoadBalancer:
    """Keeps the Services of one cluster supplied with addresses of one pool."""

    def __init__(self, core: client.CoreV1Api, pool: IPv4Network) -> None:
        self._core = core
        self._pool = pool
        self._book = AddressBook(pool)

    def run(self) -> None:
        """Read every Service, then every change, until the watch ends or an error comes.

        Raises:
            kubernetes.client.ApiException, urllib3.exceptions.HTTPError: the API server refuses,
                or is gone; the caller is to wait a little and run it again.
        """
        listed = self._list()
        services = [_Service(item) for item in listed["items"]]
        self._book = AddressBook(self._pool)
        for service in services:
            self._note(service)
        for service in services:
            self._supply(service)
        for kind, service in self._changes(listed["metadata"]["resourceVersion"]):
            if kind == "DELETED" or not service.is_ours:
                self._book.release(service.key)
            else:
                self._note(service)
                self._supply(service)

    def _list(self) -> Any:
        # Read as plain data: the models of the client would cost this process memory for nothing.
        response: Any = self._core.list_service_for_all_namespaces(_preload_content=False)
        if response.status != http.HTTPStatus.OK:
            raise client.ApiException(http_resp=response)
        return json.loads(response.data)

    def _changes(self, resource_version: str) -> Iterator[tuple[str, _Service]]:
        stream = watch.Watch(return_type="object").stream(  # type: ignore[no-untyped-call]
            self._core.list_service_for_all_namespaces,
            resource_version=resource_version,
            timeout_seconds=_WATCH_SECONDS,
        )
        for event in stream:
            yield event["type"], _Service(event["raw_object"])

    def _note(self, service: _Service) -> None:
        for address in service.addresses if service.is_ours else ():
            if address in self._pool:
                self._book.keep(service.key, address)

    def _supply(self, service: _Service) -> None:
        if not service.is_ours or service.has_ingress:
            return
        address = self._book.assign(service.key)
        if address is None:
            logger.error("%s stays pending: %s is used up", service.key, self._pool)
            return
        patch = {
            # Refused when the name belongs to another Service by now.
            "metadata": {"uid": service.uid},
            "status": {"loadBalancer": {"ingress": [{"ip": str(address)}]}},
        }
        try:
            self._core.patch_namespaced_service_status(service.name, service.namespace, patch)
        except client.ApiException as error:
            # Deleted, replaced or changed in the meantime: the watch has the present state.
            if error.status not in (404, 409, 422):
                raise
            logger.warning("%s: %s", service.key, error.reason)
        else:
            logger.info("%s has %s", service.key, address)


class _Service:
    """What matters here of a Service, from its JSON."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        metadata, spec = item["metadata"], item["spec"]
        ingress = item.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        self.name: str = metadata["name"]
        self.namespace: str = metadata["namespace"]
        self.uid: str = metadata["uid"]
        self.key = f"{self.namespace}/{self.name}"
        # A class names another implementation, as Kubernetes documents it for Services.
        self.is_ours = spec["type"] == "LoadBalancer" and "loadBalancerClass" not in spec
        self.has_ingress = bool(ingress)
        self.addresses = [ip_address(entry["ip"]) for entry in ingress if entry.get("ip")]


def main() -> None:
    """Serve one cluster until ended by a signal."""
    parser = argparse.ArgumentParser(prog="load_balancer", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="how to reach the cluster")
    parser.add_argument("--pool", type=IPv4Network, required=True, help="addresses to give out")
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s"
    )
    # An ordinary exit, so that the client removes the files that it keeps keys in.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    core = client.CoreV1Api(api_client(arguments.kubeconfig))
    balancer = LoadBalancer(core, arguments.pool)
    while True:
        try:
            balancer.run()
        except (client.ApiException, HTTPError) as error:
            logger.warning("watching again in a second: %s", error)
            time.sleep(1)


if __name__ == "__main__":
    main()
