"""Where the clusters have the keys and certificates that the program signs.

A trial run of the program, without an engine and with certificates of its own, shows in which
Secret each of them ends.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

from render.certificates import TlsProvider
from render.recorder import SECRET
from render.registration import Recording

_PEMS: Mapping[str, tuple[str, ...]] = {
    "PrivateKey": ("privateKeyPem", "privateKeyPemPkcs8"),
    "SelfSignedCert": ("certPem",),
    "LocallySignedCert": ("certPem",),
}
"""What a resource of the provider tls makes, by its kind; others have it among their inputs."""
_KEY = "tls:index/privateKey:PrivateKey"


class Place(NamedTuple):
    """One value of a Secret."""

    cluster: str
    namespace: str
    secret: str
    key: str
    output: str
    """Which output of the resource it is."""


class TrialCertificates(TlsProvider):
    """Certificates of a trial run: each differs, also those of an anchor whose key is lost."""

    def make(self, token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """As in a recording, signed with another key where the anchor has none."""
        if not str(inputs.get("caPrivateKeyPem", "none")).strip():
            other = super().make(_KEY, name, {"algorithm": "ECDSA", "ecdsaCurve": "P256"})
            inputs = {**inputs, "caPrivateKeyPem": other["privateKeyPem"]}
        return super().make(token, name, inputs)


def places(recording: Recording) -> dict[str, list[Place]]:
    """Places of each key and certificate, by the logical name of its resource."""
    made = {
        item.outputs[output]: (item.name, output)
        for item in recording
        if item.type.startswith("tls:")
        for output in _PEMS.get(item.type.rpartition(":")[2], ())
    }
    found: dict[str, list[Place]] = {}
    for item in recording:
        if item.type == SECRET and item.cluster is not None and not item.read:
            metadata = item.inputs["metadata"]
            where = (item.cluster, str(metadata.get("namespace", "")), str(metadata["name"]))
            for key, value in (item.inputs.get("data") or {}).items():
                if (text := decoded_text(value)) in made:
                    name, output = made[text]
                    found.setdefault(name, []).append(Place(*where, key, output))
    return found


def decoded_text(value: object) -> str:
    """The text of a value of a Secret; empty where it is none."""
    try:
        return base64.b64decode(str(value)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
