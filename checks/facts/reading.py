"""Reading from one API server: lists, discovery, access reviews. Nothing is ever written."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3.exceptions
from kubernetes import client

from checks.facts.view import ServedKind
from kube.access import Access, access_review
from kube.answers import inner, items
from kube.kubeconfig import JSON, METADATA_LIST
from kube.paths import path_of
from vocabulary.errors import MeshError
from vocabulary.kinds import ACCESS_REVIEW, Kind, Object

PAGE = 500
"""Objects that one request asks for."""
LOG_BYTES = 32_768
"""Bytes of one log that are read."""
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0

# Before Kubernetes 1.26 there is no aggregated discovery; servers then answer in the plain form.
_DISCOVERY = ",".join(
    (
        *(
            f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            for version in ("v2", "v2beta1")
        ),
        JSON,
    )
)
_ACCESS_REVIEW = path_of(ACCESS_REVIEW)


class RefusedError(MeshError):
    """The API server refused a request, or did not answer; the text is the reason."""


class Reader:
    """Reads from one API server until a deadline.

    Several threads may use it at once.
    """

    def __init__(self, api: client.ApiClient, seconds: float) -> None:
        self._api = api
        self._deadline = time.monotonic() + seconds
        self._lock = threading.Lock()
        self.clock_offset: float | None = None
        """Seconds by which the server's clock is ahead, once something was read."""

    def served(self) -> dict[Kind, ServedKind]:
        """Every kind that the server serves (aggregated discovery, one request per root).

        Raises RefusedError: the server refused.
        """
        kinds: dict[Kind, ServedKind] = {}
        for path in ("/api", "/apis"):
            answer = self._get(path, accept=_DISCOVERY)
            for group in answer.get("items") or self._each_version(path, answer):
                _add_group(kinds, group)
        return kinds

    def _each_version(self, path: str, answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """What aggregated discovery would return, from one request for each version of a group.

        A group whose own server does not answer (an APIService without a pod) is left out.
        """
        groups = answer.get("groups")
        if groups is None:
            groups = [
                {"name": "", "versions": [{"version": v} for v in answer.get("versions", ())]}
            ]
        for group in groups:
            name = group["name"]
            preferred = inner(group, "preferredVersion").get("version")
            found = []
            for version in sorted(
                (item["version"] for item in group.get("versions") or ()),
                key=lambda item: item != preferred,
            ):
                try:
                    listed = self._get(f"{path}/{name}/{version}" if name else f"{path}/{version}")
                except RefusedError:
                    continue
                resources = [
                    {
                        "resource": item["name"],
                        "responseKind": {"kind": item["kind"]},
                        "scope": "Namespaced" if item.get("namespaced") else "Cluster",
                    }
                    for item in listed.get("resources") or ()
                    if "/" not in item["name"]
                ]
                found.append({"version": version, "resources": resources})
            yield {"metadata": {"name": name}, "versions": found}

    def list(
        self,
        kind: Kind,
        served: ServedKind,
        namespace: str = "",
        *,
        selectors: Mapping[str, str] | None = None,
        metadata_only: bool = False,
        version: str = "",
    ) -> Iterator[Object]:
        """Every object of a kind, in all namespaces or in one.

        It is read in `version` where that is served, or else in the one that the server prefers.
        `selectors` are the query parameters ``labelSelector`` and ``fieldSelector``.

        Raises RefusedError: they cannot be listed.
        """
        if version not in served.versions:
            version = next(iter(served.versions))
        plural = served.versions[version]
        root = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
        within = f"/namespaces/{namespace}" if namespace and served.namespaced else ""
        query = {"limit": str(PAGE), **(selectors or {})}
        accept = METADATA_LIST if metadata_only else JSON
        api_version = f"{kind.group}/{version}" if kind.group else version
        while True:
            page = self._get(f"{root}{within}/{plural}", query, accept)
            for item in items(page, "items"):
                yield {**item, "apiVersion": api_version, "kind": kind.name}
            following = inner(page, "metadata").get("continue")
            if not following:
                return
            query["continue"] = following

    def log(self, namespace: str, pod: str, container: str, lines: int, *, previous: bool) -> str:
        """The end of a container's log, at most `lines` lines and `LOG_BYTES` bytes.

        With `previous`, that of the run before the present one.

        Raises RefusedError: it cannot be read.
        """
        query = {
            "container": container,
            "tailLines": str(lines),
            "limitBytes": str(LOG_BYTES),
            "previous": str(previous).lower(),
        }
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        return self._answer("GET", path, query, "*/*").decode(errors="replace")

    def may(self, access: Access) -> bool:
        """Whether the operator may do this (SelfSubjectAccessReview, which changes nothing).

        Raises RefusedError: the server refused.
        """
        body = access_review(access)
        answer = self._request("POST", _ACCESS_REVIEW, body=body)
        return bool(inner(answer, "status").get("allowed"))

    def _get(
        self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON
    ) -> dict[str, Any]:
        return self._request("GET", path, query, accept)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        accept: str = JSON,
        body: object = None,
    ) -> dict[str, Any]:
        try:
            answer = json.loads(self._answer(method, path, query, accept, body))
        except ValueError:
            raise RefusedError("the API server's answer is not JSON") from None
        if not isinstance(answer, dict):
            raise RefusedError("the API server's answer is not a JSON object")
        return answer

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        accept: str,
        body: object = None,
    ) -> bytes:
        status, content = self._try(method, path, query, accept, body)
        if status in (429, 500, 502, 503, 504):
            status, content = self._try(method, path, query, accept, body)
        if status in (401, 403):
            raise RefusedError(f"not allowed (status {status})")
        if not 200 <= status < 300:
            raise RefusedError(f"the API server answers with status {status}")
        return content

    def _try(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        accept: str,
        body: object,
    ) -> tuple[int, bytes]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise RefusedError("the time for this cluster is used up")
        with self._lock:
            # Reads the credentials of a login plugin, which may renew them.
            request = self._api.param_serialize(
                method=method,
                resource_path=path,
                query_params=sorted((query or {}).items()),
                header_params={"Accept": accept, "Content-Type": JSON},
                body=body,
                auth_settings=["BearerToken"],
            )
        began = datetime.now(UTC)
        try:
            response = self._api.call_api(
                *request,
                _request_timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
            )
            content: bytes = response.read()  # type: ignore[no-untyped-call]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RefusedError(f"the API server does not answer ({type(error).__name__})") from None
        if self.clock_offset is None:
            date = response.getheader("Date")  # type: ignore[no-untyped-call]
            self.clock_offset = offset(began, datetime.now(UTC), date)
        return int(response.status), content


def offset(began: datetime, ended: datetime, header: str | None) -> float | None:
    """Seconds by which a server's clock is ahead, from the Date header of an answer.

    `began` and `ended` are the times here before and after. The header has whole seconds, cut off,
    so the truth is half a second later on average.
    """
    if not header:
        return None
    try:
        there = parsedate_to_datetime(header)
    except ValueError:
        return None
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    middle = began + (ended - began) / 2
    return (there - middle).total_seconds() + 0.5


def _add_group(kinds: dict[Kind, ServedKind], group: Mapping[str, Any]) -> None:
    name = str(inner(group, "metadata").get("name") or "")
    # The server lists the version that it prefers first.
    for version in items(group, "versions"):
        resources: Sequence[Mapping[str, Any]] = items(version, "resources")
        for resource in resources:
            kind = Kind(name, str(inner(resource, "responseKind").get("kind", "")))
            plural = str(resource.get("resource", ""))
            known = kinds.get(kind)
            versions = dict(known.versions) if known else {}
            versions.setdefault(str(version.get("version", "")), plural)
            kinds[kind] = ServedKind(versions, resource.get("scope") == "Namespaced")
