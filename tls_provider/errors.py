"""Why a key or certificate cannot be made."""

from __future__ import annotations

from vocabulary.errors import MeshError


class UnsupportedCertificateError(MeshError):
    """A resource or an input that only Pulumi's provider tls supports."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported without Pulumi's provider tls")
