"""Where charts come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from config.base import Model, wrong


def _repository(value: str) -> str:
    if not value.startswith(("https://", "http://", "oci://")):
        raise wrong(
            f"'{value[:80]}' is not a chart repository", "write a URL with https:// or oci://"
        )
    return value.rstrip("/")


Repository = Annotated[str, AfterValidator(_repository)]


class ChartsConfig(Model):
    """Where charts come from: their published repositories, or a folder for air-gapped use."""

    directory: Annotated[str, Field(min_length=1)] | None = None
    """Folder with packaged charts ``<name>-<version>.tgz``; MESH_CHARTS wins over it."""
    linkerd: Repository = "https://helm.linkerd.io/edge"
    """Repository of Linkerd's charts."""
    emissary: Repository = "oci://ghcr.io/emissary-ingress"
    """Registry of Emissary's charts."""
