"""Helm's own records: the Secrets in which it keeps releases.

Fact (Helm documentation, "Storage backends"): each revision of a release is a Secret of type
``helm.sh/release.v1`` named ``sh.helm.release.v1.<name>.v<revision>``; its data is a JSON
document, compressed with gzip and encoded with base64, and Kubernetes encodes that once more.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from yaml import YAMLError

from kube.answers import inner
from kube.documents import load_all
from vocabulary.kinds import Kind, Object, labels_of, name_of, namespace_of
from vocabulary.kubernetes import SECRET_HELM_RELEASE

OWN_RECORDS = "owner=helm,status!=superseded"
"""Label selector of Helm's records, without revisions that a later one replaced."""
_UNREADABLE = (KeyError, TypeError, ValueError, OSError, EOFError)
"""What a record that Helm did not write raises."""
IN_A_CHANGE = frozenset({"pending-install", "pending-upgrade", "pending-rollback", "uninstalling"})
"""States of a release that is being changed, or whose change was interrupted."""


class Record(NamedTuple):
    """What the labels of a Secret say of one revision of a release."""

    namespace: str
    name: str
    revision: int
    status: str
    """Helm's word for its state; empty where the label is missing."""

    @property
    def secret(self) -> str:
        """Name of the Secret."""
        return record_name(self.name, self.revision)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def record_name(release: str, revision: int) -> str:
    """Name of the Secret that records a revision of a release."""
    return f"sh.helm.release.v1.{release}.v{revision}"


def newest_records(secrets: Iterable[Object]) -> dict[tuple[str, str], Record]:
    """The newest revision of each release, by namespace and name, from metadata of Secrets."""
    found: dict[tuple[str, str], Record] = {}
    for record in map(_labelled, secrets):
        key = (record.namespace, record.name)
        if key not in found or found[key].revision < record.revision:
            found[key] = record
    return found


def _labelled(secret: Object) -> Record:
    labels = inner(secret, "metadata", "labels")
    return Record(
        namespace_of(secret),
        str(labels.get("name")),
        _number(str(labels.get("version"))),
        str(labels.get("status") or ""),
    )


class Installed(NamedTuple):
    """The chart that a release was made of."""

    namespace: str
    name: str
    chart: str
    """Name of the chart."""
    version: str
    """Version of the chart."""
    release: str
    """Version of the application (``appVersion``), for example ``edge-26.8.3``."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def installed(secrets: Iterable[Object]) -> dict[tuple[str, str], Installed]:
    """The chart of each release's revision in force, by namespace and name.

    Records that cannot be read are left out.
    """
    revisions: dict[tuple[str, str], dict[Record, Object]] = {}
    for secret in secrets:
        record = _labelled(secret)
        revisions.setdefault((record.namespace, record.name), {})[record] = secret
    found: dict[tuple[str, str], Installed] = {}
    for key, records in revisions.items():
        try:
            metadata = record_of(records[_in_force(records)])["chart"]["metadata"]
            chart, version = str(metadata["name"]), str(metadata["version"])
        except _UNREADABLE:
            continue
        found[key] = Installed(*key, chart, version, str(metadata.get("appVersion") or version))
    return found


class Made(NamedTuple):
    """An object that a release made."""

    kind: Kind
    namespace: str
    """Namespace that the manifest names, or else that of the release; cluster-wide kinds too."""
    name: str
    version: str
    """The version that the manifest is written in."""

    def __str__(self) -> str:
        return f"{self.kind.name} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Release:
    """One revision of a release."""

    namespace: str
    name: str
    revision: int
    status: str
    """Helm's word for its state, for example ``deployed`` or ``pending-upgrade``."""
    chart: str
    """Name of the chart; empty where the record cannot be read."""
    version: str
    """Version of the chart."""
    objects: tuple[Made, ...]
    """The objects of its manifest, without hooks."""

    @property
    def secret(self) -> str:
        """Name of the Secret that records it."""
        return record_name(self.name, self.revision)


@dataclass(frozen=True)
class History:
    """What is known of a release."""

    newest: Release
    """Its latest revision, whatever came of it."""
    standing: Release
    """The revision in force, whose manifest the cluster is compared with."""


_Revision = TypeVar("_Revision", Record, Release)


def _in_force(revisions: Iterable[_Revision]) -> _Revision:
    """The revision whose objects should exist, or else the newest one."""
    return max(revisions, key=lambda one: (one.status == "deployed", one.revision))


def histories(secrets: Iterable[Object]) -> dict[tuple[str, str], History]:
    """Releases by namespace and name, from Secrets of which other types are passed over."""
    found: dict[tuple[str, str], list[Release]] = {}
    for secret in secrets:
        if secret.get("type") == SECRET_HELM_RELEASE:
            release = decode(secret)
            found.setdefault((release.namespace, release.name), []).append(release)
    return {
        key: History(max(releases, key=lambda one: one.revision), _in_force(releases))
        for key, releases in found.items()
    }


def decode(secret: Object) -> Release:
    """The release that a Secret records.

    Of a record that cannot be read, only what its labels have, with the status ``unreadable``.
    """
    labels = labels_of(secret)
    namespace = namespace_of(secret)
    named, _, number = name_of(secret).removeprefix("sh.helm.release.v1.").rpartition(".v")
    revision = _number(labels.get("version") or number)
    name = labels.get("name") or named
    try:
        record = record_of(secret)
        metadata = record["chart"]["metadata"]
        return Release(
            namespace=namespace,
            name=str(record["name"]),
            revision=int(record["version"]),
            status=str(record["info"]["status"]),
            chart=str(metadata["name"]),
            version=str(metadata["version"]),
            objects=tuple(_made(str(record.get("manifest") or ""), namespace)),
        )
    except (*_UNREADABLE, YAMLError):
        return Release(namespace, name, revision, "unreadable", "", "", ())


def record_of(secret: Object) -> dict[str, Any]:
    """The document in a Secret of Helm.

    Raises KeyError, TypeError, ValueError, OSError or EOFError where it cannot be read.
    """
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    text = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    record = json.loads(text)
    if not isinstance(record, dict):
        raise TypeError("not a mapping")
    return record


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _made(manifest: str, namespace: str) -> Iterator[Made]:
    for thing in load_all(manifest):
        if not isinstance(thing, dict) or not thing.get("kind"):
            continue
        version = str(thing.get("apiVersion", "")).rpartition("/")[2]
        yield Made(Kind.of(thing), namespace_of(thing) or namespace, name_of(thing), version)
