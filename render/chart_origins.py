"""Which chart each Helm release was rendered from, and where that chart came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from charts import ChartSource, PublishedManifest
from charts.source import Package
from render.documents import dump
from render.helm import HelmTemplate
from render.recorder import RELEASE
from render.registration import Recording, Registration

FILE = "charts.yaml"
"""Name of the file in a rendered folder."""

_HEAD = """\
# The chart of every Helm release, and every published manifest, that was rendered here.
# source: the URL of a repository, a folder of packaged charts, or the stand-in charts of this
# project; sha256: of the packaged chart, or of the manifest.
"""


@dataclass(frozen=True)
class ReleaseOrigin:
    """The chart of one release."""

    cluster: str
    """Name of the cluster in the stack file."""
    release: str
    """Name of the Helm release."""
    namespace: str
    """Its namespace."""
    chart: str
    """Name of the chart."""
    version: str
    """Version of the chart."""
    source: str
    """URL of the repository, ``folder DIR``, or ``stand-in charts``."""
    sha256: str
    """SHA-256 of the packaged chart."""


@dataclass(frozen=True)
class ManifestOrigin:
    """A published manifest whose objects were declared one by one."""

    manifest: str
    """Name, for example ``aes-crds``."""
    version: str
    """Version of the application."""
    source: str
    """URL, ``folder DIR``, or ``stand-in charts``."""
    sha256: str
    """SHA-256 of its text."""


def as_yaml(
    recording: Recording, helm: HelmTemplate, source: ChartSource, packages: Iterable[Package]
) -> str:
    """The text of `FILE`: the origin of every release of `recording`, and of every manifest.

    `source` is where charts came from, `packages` what the stack file asks for. Charts that `helm`
    has rendered are not downloaded again. Raises RenderError, MissingChartsError.
    """
    wanted = dict.fromkeys(packages)
    published = {item.key: source.origin(item) for item in wanted}
    releases = [
        _release(item, item.cluster, helm, published)
        for item in recording
        if item.type == RELEASE and item.cluster is not None
    ]
    manifests = [
        ManifestOrigin(
            item.name,
            item.version,
            published[item.key],
            hashlib.sha256(source.text(item).encode()).hexdigest(),
        )
        for item in wanted
        if isinstance(item, PublishedManifest)
    ]
    listed = {
        "releases": [asdict(item) for item in releases],
        "manifests": [asdict(item) for item in manifests],
    }
    return _HEAD + dump(listed)


def _release(
    item: Registration, cluster: str, helm: HelmTemplate, published: Mapping[str, str]
) -> ReleaseOrigin:
    inputs = item.inputs
    version = str(inputs.get("version") or "")
    name = Path(str(inputs["chart"])).name.removesuffix(".tgz").removesuffix(f"-{version}")
    return ReleaseOrigin(
        cluster,
        str(inputs["name"]),
        str(inputs["namespace"]),
        name,
        version,
        published[f"{name}-{version}"],
        helm.package(item).sha256,
    )
