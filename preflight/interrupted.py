"""What an interrupted update or deletion has left in a cluster, by which the next one would fail.

Facts: Helm keeps the state of a revision as the label ``status`` of its Secret; a release that is
pending refuses every change. Measured with Pulumi 3.260: ``pulumi up --refresh`` exits with 0 while
a release is pending and its Deployments have the previous values. Kubernetes docs, "Namespaces": a
namespace in the phase Terminating accepts no new objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from config.core.cluster import ClusterConfig
from config.inventory.charts import Release
from config.language.problems import printable
from kube.answers import inner, items
from kube.errors import KubeconfigError
from kube.failures import Reason
from kube.helm import IN_A_CHANGE, OWN_RECORDS, Record, newest_records
from kube.kubeconfig import METADATA_LIST, Timeout, api_client, get_json
from kube.paths import path_of
from preflight.helm_secrets import HelmSecrets
from vocabulary.kinds import NAMESPACE, SECRET

RECOVER = "`./mesh recover STACK`"


@dataclass(frozen=True)
class Leftovers:
    """What was found in one cluster."""

    reasons: tuple[Reason, ...] = ()
    """Why no update is possible now."""
    absent: frozenset[tuple[str, str]] = frozenset()
    """Namespaces and names of the releases that do not exist."""
    notes: tuple[str, ...] = ()
    """Sentences about what an update may not repair, or what could not be read."""


def leftovers(
    api: client.ApiClient,
    held: HelmSecrets,
    releases: Iterable[Release],
    namespaces: Iterable[str],
    timeout: Timeout,
) -> Leftovers:
    """What is left of interrupted changes of these releases and namespaces.

    `held` are the records of the releases; `timeout` is in seconds, to connect and to answer.
    Raises ApiException where the API server fails, but not where it forbids to read, which is a
    note.
    """
    found = newest_records(held.secrets)
    reasons: list[Reason] = []
    notes = [
        f"Helm releases in namespace {space} were not checked: the credentials may not list "
        "Secrets there"
        for space in held.refused
    ]
    absent: list[tuple[str, str]] = []
    for one in releases:
        record = found.get(one.key)
        if record is None:
            absent += [one.key] if one.namespace in held.listed else []
        elif record.status in IN_A_CHANGE:
            reasons.append(_stuck(record))
        elif record.status == "failed":
            notes.append(
                f"the last change of release {record} failed; if this update does not change it, "
                f"{RECOVER} does"
            )
    reasons += terminating(api, namespaces, timeout)
    return Leftovers(tuple(reasons), frozenset(absent), tuple(notes))


@dataclass(frozen=True)
class Unlisted:
    """Finds releases that the state has and the cluster has not, which no diff shows.

    Only those that did not exist before the run are looked for again.
    """

    clusters: Mapping[str, ClusterConfig]
    absent: Mapping[str, frozenset[tuple[str, str]]]
    """Namespaces and names of releases that did not exist, by cluster."""

    def __call__(self, cluster: str, namespace: str, name: str) -> str | None:
        """Why a release does not exist after its step; None where it does, or was not read."""
        if (namespace, name) not in self.absent[cluster]:
            return None
        try:
            with api_client(self.clusters[cluster]) as api:
                found = recorded(api, namespace, (3.0, 9.0))
        except (ApiException, HTTPError, KubeconfigError):
            return None
        if (namespace, name) in found:
            return None
        return (
            f"cluster '{cluster}': release {namespace}/{name} is in the state, but does not exist; "
            f"{RECOVER} compares the state with the clusters"
        )


def recorded(
    api: client.ApiClient, namespace: str, timeout: Timeout
) -> dict[tuple[str, str], Record]:
    """The newest record of each Helm release in a namespace, by namespace and name.

    Arguments and errors as those of `leftovers`; raises ApiException where it forbids to read, too.
    """
    query = urlencode({"labelSelector": OWN_RECORDS})
    path = f"{path_of(SECRET, namespace)}?{query}"
    return newest_records(items(get_json(api, path, timeout, METADATA_LIST), "items"))


def terminating(
    api: client.ApiClient, namespaces: Iterable[str], timeout: Timeout
) -> Iterator[Reason]:
    """Which of these namespaces are being deleted; those that may not be read are passed over."""
    for name in dict.fromkeys(namespaces):
        try:
            found = get_json(api, path_of(NAMESPACE, name=name), timeout)
        except ApiException as error:
            if error.status not in (403, 404):
                raise
            continue
        status = inner(found, "status")
        if status.get("phase") != "Terminating":
            continue
        left = [
            str(one.get("message"))
            for one in items(status, "conditions")
            if one.get("status") == "True" and str(one.get("type")).endswith("Remaining")
        ]
        why = f": {printable('; '.join(left), 300)}" if left else ""
        yield (
            f"namespace '{name}' is being deleted (Terminating), and accepts no new objects{why}",
            f"wait until `kubectl get namespace {name}` does not find it, then repeat; if it "
            "stays, remove what the message names, or the finalizers of these objects",
        )


def _stuck(record: Record) -> Reason:
    why = (
        "its deletion was interrupted"
        if record.status == "uninstalling"
        else "a change of it was interrupted, and its objects may have the previous values"
    )
    return (
        f"release {record} is stuck in {record.status}: {why}",
        f"{RECOVER} repairs it, when no other `pulumi` or `helm` is running on it",
    )
