"""Real keys, certificates and kubeconfigs for the samples of contracts, by their names."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from contracts import Made
from tests.certificates import Certified, Key, certified

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
def authority(algorithm: str = "P-256", which: str = "") -> Certified:
    """A trust anchor with `key(algorithm, "anchor" + which)`."""
    return certified(f"root{which}", key=key(algorithm, f"anchor{which}"), usage=False)


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
    begins = (ends or datetime.now(UTC) + _YEAR) - 2 * _YEAR
    made = certified(
        "leaf",
        authority(signer),
        key=key(algorithm, which),
        authority=ca,
        begins=begins,
        days=2 * _YEAR.days,
        usage=False,
        digest=digest,
    )
    return made.pem.encode()


def _anchors() -> bytes:
    both = (authority(), authority(which="2"))
    return "".join(anchor.pem for anchor in both).encode()


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
    data = base64.b64encode(authority().pem.encode()).decode()
    cluster = {"server": "https://west.example.com:6443", "certificate-authority-data": data}
    for name in ("server", "certificate-authority-data", "tls-server-name", "proxy-url"):
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
    "anchor: RSA": lambda: authority("RSA").pem.encode("ascii"),
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
        TLS, more={"ca.crt": authority(which="2").pem.encode()}
    ),
    "pair: tls expired": lambda: {
        **_pair(TLS, more={"ca.crt": _anchors()}),
        "tls.crt": certificate(ends=datetime.now(UTC) - timedelta(days=1)),
    },
    "kubeconfig": kubeconfig,
    "kubeconfig: without CA": lambda: kubeconfig(**{"certificate-authority-data": None}),
    "kubeconfig: by a proxy": lambda: kubeconfig(
        **{"tls-server-name": "kubernetes", "proxy-url": "socks5://proxy.example.com:1080"}
    ),
    "kubeconfig: proxy without scheme": lambda: kubeconfig(
        **{"proxy-url": "proxy.example.com:1080"}
    ),
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
