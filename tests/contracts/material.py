"""Real keys, certificates and kubeconfigs for the samples of contracts, by their names."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from contracts import Made

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_FORMATS = {
    "SEC1": PrivateFormat.TraditionalOpenSSL,
    "PKCS#1": PrivateFormat.TraditionalOpenSSL,
    "PKCS#8": PrivateFormat.PKCS8,
}
_MAKERS: dict[str, Callable[[], Key]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
_YEAR = timedelta(days=365)


@cache
def key(algorithm: str, which: str = "") -> Key:
    """A key of an algorithm; another one for another `which`."""
    return _MAKERS[algorithm]()


def encoded(private: Key, form: str) -> bytes:
    """PEM of a key in a form: SEC1, PKCS#1 or PKCS#8."""
    return private.private_bytes(Encoding.PEM, _FORMATS[form], NoEncryption())


@cache
def authority(algorithm: str = "P-256", which: str = "") -> x509.Certificate:
    """A trust anchor; its key is `key(algorithm, "anchor" + which)`."""
    private = key(algorithm, f"anchor{which}")
    return _signed(f"root{which}", private, f"root{which}", private, ca=True)


def certificate(
    algorithm: str = "P-256",
    *,
    signer: str = "P-256",
    which: str = "",
    ca: bool = False,
    digest: hashes.SHA256 | hashes.SHA384 | None = None,
    ends: datetime | None = None,
) -> bytes:
    """PEM of a certificate of `key(algorithm, which)`, signed by the anchor of `signer`."""
    made = _signed(
        "leaf",
        key(algorithm, which),
        "root",
        key(signer, "anchor"),
        ca=ca,
        digest=digest or hashes.SHA256(),
        ends=ends,
    )
    return made.public_bytes(Encoding.PEM)


def _signed(
    name: str,
    private: Key,
    issuer: str,
    signer: Key,
    *,
    ca: bool,
    digest: hashes.SHA256 | hashes.SHA384 | None = None,
    ends: datetime | None = None,
) -> x509.Certificate:
    until = ends or datetime.now(UTC) + _YEAR
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 2 * _YEAR)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(signer, digest or hashes.SHA256())
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _anchors() -> bytes:
    both = (authority(), authority(which="2"))
    return b"".join(anchor.public_bytes(Encoding.PEM) for anchor in both)


def _pair(
    names: tuple[str, str], which: str = "", more: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """A Secret's data: a certificate of the key "" and a private key, perhaps of another."""
    return {
        names[0]: certificate(),
        names[1]: encoded(key("P-256", which), "PKCS#8"),
        **(more or {}),
    }


TLS = ("tls.crt", "tls.key")
PEM = ("crt.pem", "key.pem")


def kubeconfig(**changes: object) -> bytes:
    """A kubeconfig as a link's Secret has it, with other values in some places."""
    data = base64.b64encode(authority().public_bytes(Encoding.PEM)).decode()
    cluster = {"server": "https://west.example.com:6443", "certificate-authority-data": data}
    for name in ("server", "certificate-authority-data"):
        if name in changes:
            cluster[name] = str(changes[name])
        if changes.get(name, "") is None:
            del cluster[name]
    user = changes.get("user", {"token": "a-token"})
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "west", "cluster": cluster}],
        "contexts": [{"name": "west", "context": {"cluster": "west", "user": "mirror"}}],
        "current-context": changes.get("current", "west"),
        "users": [{"name": "mirror", "user": user}] if user is not None else [],
    }
    return json.dumps(config).encode()


_SAMPLES: dict[str, Callable[[], object]] = {
    "key: two of PKCS#8": lambda: (
        encoded(key("P-256"), "PKCS#8") + encoded(key("P-256", "other"), "PKCS#8")
    ),
    "certificate: leaf": certificate,
    "certificates: two anchors": _anchors,
    "certificates: empty line after": lambda: _anchors() + b"\n",
    "certificates: text after": lambda: _anchors() + b"# the roots of the house\n",
    "certificates: key between": lambda: certificate() + encoded(key("P-256"), "SEC1") + _anchors(),
    "anchor: RSA": lambda: authority("RSA").public_bytes(Encoding.PEM),
    "issuer: ECDSA P-256": lambda: certificate(ca=True),
    "issuer: signed with RSA": lambda: certificate(ca=True, signer="RSA"),
    "issuer: RSA key": lambda: certificate("RSA", ca=True),
    "issuer: ECDSA P-384": lambda: certificate("P-384", ca=True),
    "issuer: SHA-384": lambda: certificate(ca=True, digest=hashes.SHA384()),
    "issuer: empty line after": lambda: certificate(ca=True) + b"\n",
    "pair: tls": lambda: _pair(TLS),
    "pair: pem": lambda: _pair(PEM),
    "pair: tls of another key": lambda: _pair(TLS, "another"),
    "pair: pem of another key": lambda: _pair(PEM, "another"),
    "pair: tls without key": lambda: {"tls.crt": certificate()},
    "pair: tls with more": lambda: _pair(TLS, more={"crt.pem": certificate()}),
    "pair: tls with anchors": lambda: _pair(TLS, more={"ca.crt": _anchors()}),
    "pair: tls with other anchors": lambda: _pair(
        TLS, more={"ca.crt": authority(which="2").public_bytes(Encoding.PEM)}
    ),
    "pair: tls expired": lambda: {
        **_pair(TLS, more={"ca.crt": _anchors()}),
        "tls.crt": certificate(ends=datetime.now(UTC) - timedelta(days=1)),
    },
    "kubeconfig": kubeconfig,
    "kubeconfig: without CA": lambda: kubeconfig(**{"certificate-authority-data": None}),
    "kubeconfig: CA not base64": lambda: kubeconfig(**{"certificate-authority-data": "-----"}),
    "kubeconfig: CA no PEM": lambda: kubeconfig(**{"certificate-authority-data": "bm9uZQ=="}),
    "kubeconfig: other context": lambda: kubeconfig(current="east"),
    "kubeconfig: no token": lambda: kubeconfig(user={"exec": {"command": "aws"}}),
    "kubeconfig: no user": lambda: kubeconfig(user=None),
    "kubeconfig: server without scheme": lambda: kubeconfig(server="west.example.com:6443"),
}


@cache
def made(sample: Made) -> object:
    """What a sample's name means; KeyError where the name is unknown."""
    kind, _, rest = sample.name.partition(": ")
    if kind == "key" and sample.name not in _SAMPLES:
        form, _, algorithm = rest.partition(" ")
        return encoded(key(algorithm), form)
    return _SAMPLES[sample.name]()


def sample_of(value: object) -> object:
    """A sample itself, or what its name means."""
    return made(value) if isinstance(value, Made) else value
