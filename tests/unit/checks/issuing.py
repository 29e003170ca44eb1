"""What cert-manager and trust-manager would make of the objects of a cluster."""

from __future__ import annotations

import base64
import copy
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.certificates import Certified
from tests.unit.checks.builders import certified, secret, thing
from vocabulary.kinds import (
    BUNDLE,
    CERTIFICATE,
    CLUSTER_ISSUER,
    CONFIG_MAP,
    SECRET,
    Kind,
    annotations_of,
)

Objects = dict[tuple[Kind, str, str], dict[str, Any]]

INJECT = "cert-manager.io/inject-ca-from"


def issue(objects: Objects, now: datetime) -> None:
    """Sign Certificates of issuers that are there, inject their CA, and spread Bundles.

    `objects` are changed, as the controllers would change them; what they lack is not made.
    """
    for (kind, _, name), one in list(objects.items()):
        if kind != CLUSTER_ISSUER:
            continue
        signer = _signer(objects, one["spec"]["ca"]["secretName"])
        if signer is None:
            continue
        one["status"] = _holds("Ready")
        for (other, space, _), asked in list(objects.items()):
            if other == CERTIFICATE and asked["spec"]["issuerRef"]["name"] == name:
                _sign(objects, asked, space, signer, now)
    for (kind, _, name), one in list(objects.items()):
        if kind == BUNDLE:
            _spread(objects, one, name)
        source = annotations_of(one).get(INJECT)
        if source is not None:
            _inject(objects, one, *source.split("/"))


def _holds(condition: str) -> dict[str, Any]:
    return {"conditions": [{"type": condition, "status": "True"}]}


def _signer(objects: Objects, name: str) -> Certified | None:
    for (kind, _, other), one in objects.items():
        if kind == SECRET and other == name:
            data = {key: base64.b64decode(value) for key, value in one["data"].items()}
            key = load_pem_private_key(data["tls.key"], None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            return Certified(x509.load_pem_x509_certificate(data["tls.crt"]), key)
    return None


def _sign(
    objects: Objects, asked: dict[str, Any], space: str, signer: Certified, now: datetime
) -> None:
    spec = asked["spec"]
    asked["status"] = _holds("Ready")
    leaf = certified(
        spec["dnsNames"][0],
        signer,
        authority=spec["isCA"],
        begins=now - timedelta(hours=1),
        days=2,
    )
    name = spec["secretName"]
    data = {"tls.crt": leaf.pem, "tls.key": leaf.key_pem, "ca.crt": signer.pem}
    made = secret(name, space, data, type="kubernetes.io/tls")
    objects[SECRET, space, name] = made


def _spread(objects: Objects, bundle: dict[str, Any], name: str) -> None:
    bundle["status"] = _holds("Synced")
    target = bundle["spec"]["target"]
    space = target["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    text = "".join(source["inLine"] for source in bundle["spec"]["sources"])
    data = {target["configMap"]["key"]: text}
    objects[CONFIG_MAP, space, name] = thing("v1", "ConfigMap", name, space, data=data)


def _inject(objects: Objects, one: dict[str, Any], space: str, name: str) -> None:
    asked = objects.get((CERTIFICATE, space, name))
    found = objects.get((SECRET, space, asked["spec"]["secretName"])) if asked else None
    if found is None:
        return
    authority = found["data"]["ca.crt"]
    # Rendered once for all tests, which must not see this.
    one.update(copy.deepcopy({key: one[key] for key in ("webhooks", "spec") if key in one}))
    for client in [hook["clientConfig"] for hook in one.get("webhooks") or ()] or [one["spec"]]:
        client["caBundle"] = authority
