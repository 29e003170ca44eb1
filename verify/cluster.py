"""One API server as a run uses it: create, read and delete objects, and follow logs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import urllib3.exceptions
from kubernetes import client

from vocabulary.kinds import POD, POD_DISRUPTION_BUDGET, Kind, Object, name_of, namespace_of

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
_JSON = "application/json"
_MANAGER = "linkerd-ambassador-mesh"
_CONTENT = {"PATCH": "application/merge-patch+json"}
TRANSIENT = (429, 500, 502, 503, 504)
TRANSIENT_SECONDS = 20.0


class ClusterRefusedError(Exception):
    """An API server refused a request or did not answer. The message has no secret."""

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
        """Set when nothing more may be created."""

    def create(self, item: Object) -> Object:
        """Create an object; what the API server returns. Raises ClusterRefusedError."""
        what = f"{item['kind']} {item['metadata']['name']}"
        if self.closed.is_set():
            raise ClusterRefusedError(f"{what} in cluster {self.name} was not created: interrupted")
        place = path(item["apiVersion"], Kind.of(item), namespace_of(item))
        return self._patiently("POST", place, what, item)

    def get(self, kind: Kind, space: str | None, name: str) -> Object | None:
        """An object, or None where it does not exist. Raises ClusterRefusedError."""
        try:
            return self._patiently("GET", _place(kind, space, name), f"{kind.name} {name}")
        except ClusterRefusedError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: Kind, space: str | None, labels: str) -> list[Object]:
        """Objects of a kind with these labels. Raises ClusterRefusedError."""
        query = {"labelSelector": labels}
        place = path(kind.api_version, kind, space)
        answer = self._patiently("GET", place, f"{kind.name} objects", query=query)
        return list(answer.get("items") or [])

    def delete(self, kind: Kind, space: str | None, name: str) -> bool:
        """Delete an object; whether it existed. Raises ClusterRefusedError."""
        try:
            self._patiently("DELETE", _place(kind, space, name), f"{kind.name} {name}")
        except ClusterRefusedError as error:
            if error.status == 404:
                return False
            if error.status != 409:
                raise
        return True

    def patch(self, kind: Kind, space: str | None, name: str, body: Object) -> Object:
        """Change fields of an object (JSON merge patch). Raises ClusterRefusedError."""
        place, what = _place(kind, space, name), f"{kind.name} {name}"
        return self._patiently("PATCH", place, what, body, {"fieldManager": _MANAGER})

    def evict(self, space: str, name: str, uid: str) -> bool:
        """Evict a pod; False where a PodDisruptionBudget does not permit it now.

        Raises ClusterRefusedError.
        """
        body = {
            "apiVersion": POD_DISRUPTION_BUDGET.api_version,
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": space},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        what = f"the eviction of pod {space}/{name}"
        try:
            self._patiently("POST", f"{_place(POD, space, name)}/eviction", what, body, busy=False)
        except ClusterRefusedError as error:
            # It is gone already, or another pod has its name.
            if error.status in (404, 409):
                return True
            if error.status == 429:
                return False
            raise
        return True

    def replace(self, item: Object) -> Object:
        """Write an object that was read, unless it changed since. Raises ClusterRefusedError."""
        kind = Kind.of(item)
        place = _place(kind, namespace_of(item) or None, name_of(item))
        return self._patiently("PUT", place, f"{kind.name} {name_of(item)}", item)

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
        """Yields lines of a container's log: the last `lines`, or else all of them as they come.

        `previous` reads the log of the container's previous run; `since` leaves out older lines.
        Ends with the stream. Raises ClusterRefusedError.
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
        *,
        busy: bool = True,
    ) -> Object:
        """Send a request, for a while again where the API server is busy.

        Without `busy`, status 429 is an answer.
        """
        end = time.monotonic() + TRANSIENT_SECONDS
        while True:
            status, answer = self._try(method, place, what, body, query)
            if 200 <= status < 300:
                return answer
            done = time.monotonic() > end or (method == "POST" and self.closed.is_set())
            # A webhook may not know the namespace yet, which is new.
            unseen = (
                status == 400
                and "admission webhook" in str(answer.get("message"))
                and "not found" in str(answer.get("message"))
            )
            again = status in TRANSIENT and (busy or status != 429)
            if not (again or unseen) or done:
                # The answer to a Secret may repeat what was sent.
                detail = "" if what.startswith("Secret") else str(answer.get("message", ""))[:300]
                raise ClusterRefusedError(
                    f"cluster {self.name} refuses {method} of {what} (status {status})"
                    + (f": {detail}" if detail else ""),
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
        accept: str = _JSON,
        body: object = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> Any:
        with self._lock:
            # Gets the credentials from a login plugin, which may renew them.
            request = self._api.param_serialize(
                method=method,
                resource_path=place,
                query_params=sorted((query or {}).items()),
                header_params={"Accept": accept, "Content-Type": _CONTENT.get(method, _JSON)},
                body=body,
                auth_settings=["BearerToken"],
            )
        return self._api.call_api(*request, _request_timeout=timeout).response


def _place(kind: Kind, space: str | None, name: str) -> str:
    return f"{path(kind.api_version, kind, space)}/{name}"


def path(api_version: str, kind: Kind, space: str | None) -> str:
    """The path of all objects of a kind."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    inner = f"/namespaces/{space}" if space else ""
    return f"{root}{inner}/{kind.plural}"
