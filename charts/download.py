"""Downloads packaged charts, from repositories and from registries.

Facts: Helm docs, "The Chart Repository Guide" (``index.yaml``) and "Use OCI-based registries" (a
``+`` in a version is ``_`` in a tag); OCI distribution specification, "Pulling manifests";
Distribution docs, "Token Authentication Specification".
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import urljoin

import requests
import yaml

DOWNLOAD_SECONDS = 30

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def from_address(url: str) -> bytes:
    """What is published at a URL. Raises requests.RequestException."""
    answer = requests.get(url, timeout=DOWNLOAD_SECONDS)
    answer.raise_for_status()
    return answer.content


def from_repository(repository: str, chart: str, version: str) -> bytes:
    """The package of a chart in a repository, whose URL has no slash at the end.

    Raises requests.RequestException, and LookupError where the repository's index lacks the chart.
    """
    for entry in _index(repository).get(chart, ()):
        if str(entry.get("version")).removeprefix("v") == version.removeprefix("v"):
            return from_address(urljoin(f"{repository}/", entry["urls"][0]))
    raise LookupError(f"{repository}/index.yaml has no {chart} {version}")


def from_registry(reference: str, version: str) -> bytes:
    """The package of a chart in a registry that needs no login, for example ``oci://ghcr.io/a/b``.

    Raises requests.RequestException, and LookupError where the registry has another kind of thing.
    """
    host, _, name = reference.removeprefix("oci://").partition("/")
    base, tag = f"https://{host}/v2/{name}", version.replace("+", "_")
    headers = {"Accept": _MANIFEST}
    url = f"{base}/manifests/{tag}"
    answer = requests.get(url, timeout=DOWNLOAD_SECONDS, headers=headers)
    if answer.status_code == requests.codes.unauthorized:
        headers["Authorization"] = f"Bearer {_token(answer.headers.get('WWW-Authenticate', ''))}"
        answer = requests.get(url, timeout=DOWNLOAD_SECONDS, headers=headers)
    answer.raise_for_status()
    for layer in answer.json().get("layers", ()):
        if layer.get("mediaType") == _CONTENT:
            blob = requests.get(
                f"{base}/blobs/{layer['digest']}", timeout=DOWNLOAD_SECONDS, headers=headers
            )
            blob.raise_for_status()
            return blob.content
    raise LookupError(f"{url} is not a chart")


def _token(challenge: str) -> str:
    """A token for everyone, from where the challenge of a registry says."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = fields.pop("realm", None)
    if realm is None:
        raise LookupError("the registry asks for a login")
    answer = requests.get(realm, params=fields, timeout=DOWNLOAD_SECONDS)
    answer.raise_for_status()
    found = answer.json()
    return str(found.get("token") or found.get("access_token"))


@cache
def _index(repository: str) -> dict[str, list[dict[str, Any]]]:
    """The charts of a repository, by name; an index may have thousands."""
    text = from_address(f"{repository}/index.yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, list[dict[str, Any]]] = yaml.load(text, loader)["entries"]
    return found
