"""Generated trust anchors whose private keys no cluster has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from textwrap import indent

from cryptography.hazmat.primitives.serialization import Encoding

from config import MeshConfig
from config.trust.anchor_certificates import issued_by
from preflight import Reach
from vocabulary.errors import BAD_INPUT, MeshError


class LostKeyError(MeshError):
    """The key of the anchor that signs is lost with the state."""

    exit_code = BAD_INPUT


def require_key(config: MeshConfig, reach: Mapping[str, Reach], known: Collection[str]) -> None:
    """Raise LostKeyError where the signing anchor is generated, and its key is lost.

    `known` are the logical names of the keys and certificates that the clusters have.
    """
    signer = config.trust_anchor.signing_anchor
    if not signer.generated or any(name.endswith(f"-anchor.{signer.name}-key") for name in known):
        return
    for found in reach.values():
        issuer = found.trust.issuer if found.trust is not None else None
        anchors = found.trust.anchors if found.trust is not None else ()
        anchor = next((one for one in anchors if issuer and issued_by(issuer, one)), None)
        if anchor is not None:
            pem = anchor.public_bytes(Encoding.PEM).decode()
            raise LostKeyError(
                f"anchor '{signer.name}' is generated, so its private key was in the state alone, "
                "and a new anchor would break the trust between running proxies",
                "keep its certificate in the stack file:\n"
                f"  linkerd-ambassador-mesh:trustAnchor:\n"
                "    anchors:\n"
                f"      - name: {signer.name}\n"
                "        keyLost: true\n"
                "        certificate: |\n"
                f"{indent(pem, ' ' * 10)}"
                "then import again, and replace the anchor: docs/import.md has the steps. With the "
                "key, write certificate and privateKey instead",
            )
