"""Where charts come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import WithJsonSchema

from config.language.formats import Line, matching, url
from config.language.model import Model

Origin = Literal["linkerd", "linkerd_stable", "emissary", "ambassador", "cert_manager"]
"""Field of `ChartsConfig` that names the repository of a chart."""


_REPOSITORY = url(
    ("https", "http", "oci"),
    "write the URL of a chart repository, for example https://charts.example.com "
    "or oci://registry.example.com/charts",
    bare=True,
)


Repository = Annotated[str, _REPOSITORY]


_SHA256 = "sha256:[0-9a-f]{64}"
Digest = Annotated[
    str,
    matching(
        _SHA256,
        "a digest",
        "write sha256: and the 64 digits that `sha256sum` prints for the file",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_SHA256}$"}),
]
"""SHA-256 of a file."""


class ChartsConfig(Model):
    """Where charts come from: their published repositories, or a folder for air-gapped use."""

    directory: Line | None = None
    """Folder with packaged charts ``<name>-<version>.tgz``; the environment variable MESH_CHARTS
    overrides it."""
    linkerd: Repository = "https://helm.linkerd.io/edge"
    """Repository of Linkerd's charts."""
    linkerd_stable: Repository = "https://helm.linkerd.io/stable"
    """Repository of the charts of Linkerd 2.8."""
    emissary: Repository = "oci://ghcr.io/emissary-ingress"
    """Registry of Emissary's charts."""
    ambassador: Repository = "https://app.getambassador.io"
    """Repository of the charts of Edge Stack and legacy Ambassador."""
    cert_manager: Repository = "https://charts.jetstack.io"
    """Repository of the charts of cert-manager and trust-manager."""
    digests: dict[Line, Digest] = {}
    """SHA-256 of charts and manifests, by the names of their files without the ending, as in
    ``linkerd-crds-2026.8.3: sha256:9f86…``. With any, each one that the stack file uses needs its
    own, and no other content is installed; `./mesh upgrade STACK --digests` prints them."""
