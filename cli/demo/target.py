"""One cluster that the demo applies objects to, without the engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import urllib3.exceptions
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from cli.errors import VerbError
from config.core.cluster import ClusterConfig
from kube import api_client
from render import Manifest

FIELD_MANAGER = "linkerd-ambassador-mesh-demo"
"""Name under which the API server knows the fields that are applied.

Not that of the program's patches: to apply a patch under the name that a whole object was applied
under would take away all that the patch does not mention.
"""

_TRANSIENT = (409, 429, 500, 502, 503, 504)
_TRANSIENT_SECONDS = 30.0
_REQUEST_SECONDS = 30.0
_POLL_SECONDS = 0.2
_WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")

T = TypeVar("T")


class Place(NamedTuple):
    """Where an object is."""

    api_version: str
    kind: str
    namespace: str | None
    name: str


class StoppedError(Exception):
    """Given up because something else has failed."""


class Target:
    """Applies objects to one cluster and waits for them. Several threads may use it.

    `timeout` is in seconds, for each wait; `stop` ends all waiting; `cache` is the path of a file
    for what the API server says it serves.
    """

    def __init__(
        self,
        name: str,
        cluster: ClusterConfig,
        timeout: float,
        stop: threading.Event,
        cache: Path,
    ) -> None:
        self.name = name
        self.stop = stop
        self._timeout = timeout
        self._api = api_client(cluster)
        self._dynamic: Any = DynamicClient(  # type: ignore[no-untyped-call]
            self._api, cache_file=str(cache)
        )
        self._discovery = threading.Lock()

    def apply(self, manifest: Manifest) -> None:
        """Apply one object. Unknown fields are refused. Raises VerbError."""
        item = manifest.object
        what = f"{item['kind']} {item['metadata']['name']}"
        resource = self._resource(item["apiVersion"], item["kind"])

        def attempt() -> None:
            self._dynamic.server_side_apply(
                resource,
                body=item,
                namespace=item["metadata"].get("namespace"),
                field_manager=manifest.field_manager or FIELD_MANAGER,
                # What is someone else's must not be taken from them.
                force_conflicts=not manifest.patch,
                query_params=[("fieldValidation", "Strict")],
                _request_timeout=_REQUEST_SECONDS,
            )

        try:
            self._patiently(attempt)
        except ApiException as error:
            # The answer may repeat what was sent.
            said = error.reason if manifest.secret else _message(error)
            raise VerbError(f"cluster {self.name} refuses {what}: {said}") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._silent(error) from None

    def wait_until_ready(self, item: Mapping[str, Any]) -> None:
        """Wait until an object can be relied on: CRDs are served, workloads have their pods.

        Raises VerbError.
        """
        kind, metadata = item["kind"], item["metadata"]
        place = Place(item["apiVersion"], kind, metadata.get("namespace"), metadata["name"])
        if kind == "CustomResourceDefinition":
            self.wait_for(place, "to be established", _established)
        elif kind in _WORKLOADS:
            self.wait_for(place, "available pods", _available)

    def wait_for(
        self,
        place: Place,
        what: str,
        holds: Callable[[Mapping[str, Any]], bool],
    ) -> dict[str, Any]:
        """Wait until an object is as it should be, and return it. Raises VerbError."""
        api_version, kind, namespace, name = place
        deadline = time.monotonic() + self._timeout
        resource = self._resource(api_version, kind)

        def read() -> dict[str, Any]:
            found = self._dynamic.get(
                resource, name=name, namespace=namespace, _request_timeout=_REQUEST_SECONDS
            )
            return dict(found.to_dict())

        try:
            while not holds(item := self._patiently(read)):
                if time.monotonic() > deadline:
                    where = f"{namespace}/{name}" if namespace else name
                    raise VerbError(
                        f"{kind} {where} in cluster {self.name} waited {self._timeout:.0f} s "
                        f"for {what}"
                    )
                self._pause()
        except ApiException as error:
            raise VerbError(
                f"cluster {self.name} does not give {kind} {name}: {error.reason}"
            ) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._silent(error) from None
        return item

    def _resource(self, api_version: str, kind: str) -> Any:
        """How the API server serves a kind; a new CRD is served after a moment."""
        deadline = time.monotonic() + _TRANSIENT_SECONDS
        while True:
            try:
                with self._discovery:
                    return self._dynamic.resources.get(api_version=api_version, kind=kind)
            except ResourceNotFoundError:
                if time.monotonic() > deadline:
                    raise VerbError(
                        f"cluster {self.name} serves no {kind} of {api_version}"
                    ) from None
            self._pause()

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try again for a while where the API server only says that it is busy."""
        deadline = time.monotonic() + _TRANSIENT_SECONDS
        while True:
            try:
                return attempt()
            except ApiException as error:
                if error.status not in _TRANSIENT or time.monotonic() > deadline:
                    raise
            self._pause()

    def _pause(self) -> None:
        if self.stop.wait(_POLL_SECONDS):
            raise StoppedError

    def _silent(self, error: Exception) -> VerbError:
        return VerbError(f"cluster {self.name} does not answer ({type(error).__name__})")


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"


def _established(crd: Mapping[str, Any]) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def _available(workload: Mapping[str, Any]) -> bool:
    spec, status = workload["spec"], workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(
            status.get("numberAvailable", 0) >= wanted == status.get("updatedNumberScheduled", 0)
        )
    wanted = spec.get("replicas", 1)
    return bool(
        status.get("availableReplicas", 0) >= wanted and status.get("updatedReplicas", 0) >= wanted
    )
