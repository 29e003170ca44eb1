"""Helm's records in the namespaces of a stack file's releases, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.inventory.charts import Release
from kube.answers import items
from kube.helm import OWN_RECORDS
from kube.kubeconfig import Timeout, get_json
from kube.paths import path_of
from vocabulary.kinds import SECRET, Object


@dataclass(frozen=True)
class HelmSecrets:
    """The records of one cluster."""

    secrets: tuple[Object, ...] = ()
    """The Secrets, without those of revisions that a later one replaced."""
    listed: tuple[str, ...] = ()
    """Namespaces whose records were read."""
    refused: tuple[str, ...] = ()
    """Namespaces whose Secrets may not be listed."""


def helm_secrets(
    api: client.ApiClient, releases: Iterable[Release], timeout: Timeout
) -> HelmSecrets:
    """The records in the namespaces of these releases.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails.
    """
    query = urlencode({"labelSelector": OWN_RECORDS})
    found: list[Object] = []
    listed: list[str] = []
    refused: list[str] = []
    for space in dict.fromkeys(release.namespace for release in releases):
        try:
            answer = get_json(api, f"{path_of(SECRET, space)}?{query}", timeout)
        except ApiException as error:
            if error.status == 403:
                refused.append(space)
            elif error.status != 404:
                raise
            continue
        listed.append(space)
        found += items(answer, "items")
    return HelmSecrets(tuple(found), tuple(listed), tuple(refused))
