"""Private keys are in the form that the program which loads them reads, in every stack file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config import MeshConfig, load_stack_file
from config.variants.linkerds import LINKERDS
from render import Recording
from tests.recordings import of_type
from tests.stack_files import STACK_FILES

Records = Callable[[MeshConfig], Recording]

# linkerd2 edge-26.8.3: kubert's rustls-pemfile (PKCS#8, PKCS#1); stable-2.8.1: pkg/tls/codec.go.
READ = {
    LINKERDS["edge"]: ("PRIVATE KEY", "RSA PRIVATE KEY"),
    LINKERDS["2.8"]: ("EC PRIVATE KEY", "RSA PRIVATE KEY"),
}


def keys(recording: Recording) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Cluster, name and decoded data of every Secret that holds a private key."""
    for item in of_type(recording, "kubernetes:core/v1:Secret"):
        data = {
            key: base64.b64decode(value).decode()
            for key, value in (item.inputs.get("data") or {}).items()
        }
        if any("PRIVATE KEY" in text for text in data.values()):
            yield str(item.cluster), item.name, data


def label(pem: str) -> str:
    return pem.split("-----")[1].removeprefix("BEGIN ")


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_linkerd_s_programs_can_read_every_key_that_they_load(name: str, recorded: Records) -> None:
    config = load_stack_file(STACK_FILES[name])
    made = list(keys(recorded(config)))
    for cluster, secret, data in made:
        if "-linkerd" not in secret:
            continue
        key = data.get("tls.key") or data["key.pem"]
        assert label(key) in READ[config.clusters[cluster].linkerd.generation], secret


@pytest.mark.parametrize("name", ["local", "tls", "linkerd-2.8"])
def test_a_key_in_a_secret_belongs_to_the_certificate_beside_it(
    name: str, recorded: Records
) -> None:
    made = list(keys(recorded(load_stack_file(STACK_FILES[name]))))
    assert made
    for _, secret, data in made:
        certificate = x509.load_pem_x509_certificate(
            (data.get("tls.crt") or data["crt.pem"]).encode()
        )
        key = load_pem_private_key((data.get("tls.key") or data["key.pem"]).encode(), None)
        assert key.public_key() == certificate.public_key(), secret


def test_certificates_are_signed_with_the_key_in_the_form_that_they_were_first_made_with(
    recorded: Records,
) -> None:
    """Another form of the same key would replace every certificate of a stack that is deployed."""
    recording = recorded(load_stack_file(STACK_FILES["local"]))
    made_of = {
        item.outputs["privateKeyPem"]: item.name for item in of_type(recording, "PrivateKey")
    }
    requests = of_type(recording, "CertRequest")
    assert requests
    for item in requests:
        assert made_of[item.inputs["privateKeyPem"]] == item.name.removesuffix("request") + "key"
    for item in of_type(recording, "LocallySignedCert"):
        assert item.inputs["caPrivateKeyPem"] in made_of
