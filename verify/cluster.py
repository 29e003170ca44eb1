"""One API server, as a run uses it: objects made, read and deleted, and logs followed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import urllib3.exceptions
from kubernetes import client

from vocabulary.kinds import Object

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TRANSIENT = (429, 500, 502, 503, 504)
TRANSIENT_SECONDS = 20.0

PLURALS = {
    "Namespace": "namespaces",
    "ConfigMap": "configmaps",
    "Event": "events",
    "Secret": "secrets",
    "Service": "services",
    "Pod": "pods",
    "Mapping": "mappings",
}


class ClusterRefusedError(Exception):
    """An API server refused something, or did not answer; says what, never a secret."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Cluster:
    """Talks to one API server. Several threads may use it."""

    def __init__(self, name: str, api: client.ApiClient) -> None:
        self.name = name
        self._api = api
        self._lock = threading.Lock()
        self.closed = threading.Event()
        """Set to have nothing made any more."""

    def create(self, item: Object) -> Object:
        """Make an object. Raises ClusterRefusedError."""
        what = f"{item['kind']} {item['metadata']['name']}"
        if self.closed.is_set():
            raise ClusterRefusedError(f"{what} in cluster {self.name} was not made: interrupted")
        space = item["metadata"].get("namespace")
        return self._patiently("POST", path(item["apiVersion"], item["kind"], space), what, item)

    def get(self, api_version: str, kind: str, space: str | None, name: str) -> Object | None:
        """An object, or None where there is none. Raises ClusterRefusedError."""
        place = f"{path(api_version, kind, space)}/{name}"
        try:
            return self._patiently("GET", place, f"{kind} {name}")
        except ClusterRefusedError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, space: str | None, labels: str) -> list[Object]:
        """Objects of a core kind with these labels. Raises ClusterRefusedError."""
        answer = self._patiently(
            "GET", path("v1", kind, space), f"{kind} objects", query={"labelSelector": labels}
        )
        return list(answer.get("items") or [])

    def delete(self, api_version: str, kind: str, space: str | None, name: str) -> bool:
        """Delete an object; whether it was there. Raises ClusterRefusedError."""
        place = f"{path(api_version, kind, space)}/{name}"
        try:
            self._patiently("DELETE", place, f"{kind} {name}")
        except ClusterRefusedError as error:
            if error.status == 404:
                return False
            if error.status != 409:
                raise
        return True

    def log(
        self,
        space: str,
        pod: str,
        container: str,
        *,
        since: datetime | None = None,
        lines: int | None = None,
        previous: bool = False,
    ) -> Iterator[str]:
        """Lines of a container's log; those to come, too, unless only the last ones are wanted.

        `previous` asks for the log of the run before the present one; `since` leaves out what is
        older. Ends where the stream does. Raises ClusterRefusedError.
        """
        query = {"container": container}
        if lines is None:
            query["follow"] = "true"
        else:
            query["tailLines"] = str(lines)
        if previous:
            query["previous"] = "true"
        if since is not None:
            query["sinceTime"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            response = self._send(
                "GET",
                f"/api/v1/namespaces/{space}/pods/{pod}/log",
                query,
                accept="*/*",
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
            if response.status != 200:
                response.close()
                raise ClusterRefusedError(
                    f"the log of pod {pod} in cluster {self.name}: status {response.status}",
                    response.status,
                )
            rest = b""
            for chunk in response.stream(4096, decode_content=True):
                rest += chunk
                *whole, rest = rest.split(b"\n")
                for line in whole:
                    yield line.decode("utf-8", "replace")
            if rest and lines is not None:
                yield rest.decode("utf-8", "replace")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterRefusedError(
                f"the log of pod {pod} in cluster {self.name} was cut ({type(error).__name__})"
            ) from None

    def _patiently(
        self,
        method: str,
        place: str,
        what: str,
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Try again for a while where the API server only says that it is busy."""
        end = time.monotonic() + TRANSIENT_SECONDS
        while True:
            status, answer = self._try(method, place, what, body, query)
            if 200 <= status < 300:
                return answer
            done = time.monotonic() > end or (method == "POST" and self.closed.is_set())
            # A webhook may not have seen the namespace yet that was made a moment ago.
            unseen = (
                status == 400
                and "admission webhook" in str(answer.get("message"))
                and "not found" in str(answer.get("message"))
            )
            if (status not in TRANSIENT and not unseen) or done:
                # The answer to a Secret may repeat what was sent.
                said = "" if what.startswith("Secret") else str(answer.get("message", ""))[:300]
                raise ClusterRefusedError(
                    f"cluster {self.name} refuses {method} of {what} (status {status})"
                    + (f": {said}" if said else ""),
                    status,
                )
            time.sleep(0.5)

    def _try(
        self, method: str, place: str, what: str, body: object, query: Mapping[str, str] | None
    ) -> tuple[int, Object]:
        try:
            response = self._send(method, place, query, body=body)
            content = response.data
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if method == "GET":
                return 503, {"message": f"no answer ({type(error).__name__})"}
            raise ClusterRefusedError(
                f"cluster {self.name} does not answer {method} of {what} ({type(error).__name__})"
            ) from None
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = {}
        return int(response.status), answer if isinstance(answer, dict) else {}

    def _send(
        self,
        method: str,
        place: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        body: object = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> Any:
        with self._lock:
            # Takes the credentials from a login plugin, which may renew them.
            request = self._api.param_serialize(
                method=method,
                resource_path=place,
                query_params=sorted((query or {}).items()),
                header_params={"Accept": accept, "Content-Type": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
            )
        return self._api.call_api(*request, _request_timeout=timeout).response


def path(api_version: str, kind: str, space: str | None) -> str:
    """The path of all objects of a kind."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    inner = f"/namespaces/{space}" if space else ""
    return f"{root}{inner}/{PLURALS.get(kind, kind)}"
