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

from cli.demo.readiness import Ready, condition_of
from cli.errors import VerbError
from config.core.cluster import ClusterConfig
from kube import api_client
from render import RenderedObject

FIELD_MANAGER = "linkerd-ambassador-mesh-demo"
"""Field manager of applied objects.

Not that of the program's patches: an apply removes the fields that the same manager applied before
and that the new object lacks.
"""

_TRANSIENT = (409, 429, 500, 502, 503, 504)
_TRANSIENT_SECONDS = 30.0
_REQUEST_SECONDS = 30.0
_POLL_SECONDS = 0.2

T = TypeVar("T")


class Place(NamedTuple):
    """Where an object is."""

    api_version: str
    kind: str
    namespace: str | None
    name: str


class StoppedError(Exception):
    """Stopped because another object has failed."""


class Target:
    """Applies objects to one cluster and waits for them. Several threads may use it.

    `timeout` is in seconds, for each wait; `stop` ends all waits; `cache` is the path of a file
    for the API server's discovery documents.
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

    def apply(self, manifest: RenderedObject) -> None:
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
                # Fields that another manager has set stay as they are.
                force_conflicts=not manifest.patch,
                query_params=[("fieldValidation", "Strict")],
                _request_timeout=_REQUEST_SECONDS,
            )

        try:
            self._retried(attempt)
        except ApiException as error:
            # The answer may repeat the object.
            reason = error.reason if manifest.secret else _message(error)
            raise VerbError(f"cluster {self.name} refuses {what}: {reason}") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(error) from None

    def wait_until_ready(self, item: Mapping[str, Any]) -> None:
        """Wait until CRDs are established and workloads have their pods. Raises VerbError."""
        kind, metadata = item["kind"], item["metadata"]
        condition = condition_of(kind)
        if condition is not None:
            place = Place(item["apiVersion"], kind, metadata.get("namespace"), metadata["name"])
            self.wait_for(place, condition.what, condition.met)

    def wait_for(
        self,
        place: Place,
        what: str,
        ready: Ready,
    ) -> dict[str, Any]:
        """Wait until an object is `ready`, and return it; `what` names that in errors.

        Raises VerbError.
        """
        api_version, kind, namespace, name = place
        deadline = time.monotonic() + self._timeout
        resource = self._resource(api_version, kind)

        def read() -> dict[str, Any]:
            found = self._dynamic.get(
                resource, name=name, namespace=namespace, _request_timeout=_REQUEST_SECONDS
            )
            return dict(found.to_dict())

        try:
            while not ready(item := self._retried(read)):
                if time.monotonic() > deadline:
                    where = f"{namespace}/{name}" if namespace else name
                    raise VerbError(
                        f"{kind} {where} in cluster {self.name} waited {self._timeout:.0f} s "
                        f"for {what}"
                    )
                self._pause()
        except ApiException as error:
            raise VerbError(
                f"cluster {self.name} refuses to show {kind} {name}: {error.reason}"
            ) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(error) from None
        return item

    def _resource(self, api_version: str, kind: str) -> Any:
        """The API server's resource of a kind, which exists a moment after its CRD."""
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

    def _retried(self, attempt: Callable[[], T]) -> T:
        """Repeat an attempt for a while where the API server answers that it is busy."""
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

    def _unreachable(self, error: Exception) -> VerbError:
        return VerbError(f"cluster {self.name} does not answer ({type(error).__name__})")


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"
