"""The keys and certificates of a local cluster, made once when the cluster is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_clusters.control_plane.networks import Networks
from machine.files import make_private_directory, write_private

ADMINISTRATORS = "system:masters"
"""The group that an API server lets do anything, whatever RBAC says."""

_VALIDITY = timedelta(days=3650)


@dataclass(frozen=True)
class KeyPair:
    """The paths of a certificate and of its private key, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Pki:
    """Where the files are, below `directory` (mode 0700, every file 0600)."""

    directory: Path

    def pair(self, name: str) -> KeyPair:
        """Return the paths for a name that is listed in `create_pki`."""
        return KeyPair(self.directory / f"{name}.crt", self.directory / f"{name}.key")

    @property
    def service_account_key(self) -> Path:
        """The private key that signs the tokens of service accounts."""
        return self.directory / "service-account.key"

    @property
    def service_account_public_key(self) -> Path:
        """The public key that their tokens are verified with."""
        return self.directory / "service-account.pub"


def create_pki(directory: Path, networks: Networks) -> Pki:
    """Write the keys and certificates of a new cluster; all keys are ECDSA P-256.

    Three authorities are kept apart, as Kubernetes asks for ("PKI certificates and requirements"
    in its documentation): `ca` for clients and the API server, `etcd-ca` so that only the API
    server can read etcd, `front-proxy-ca` for calls to aggregated API servers.
    """
    pki = Pki(make_private_directory(directory))
    local = ("localhost", "127.0.0.1")
    authority = _Authority("ca", pki)
    authority.issue("apiserver", "kube-apiserver", server_names=_api_server_names(networks))
    for name, organizations in (
        ("admin", (ADMINISTRATORS,)),
        ("kube-controller-manager", ()),
        ("kube-scheduler", ()),
        # The fake kubelet acts for every node at once, which no built-in role allows.
        ("kwok", (ADMINISTRATORS,)),
        ("load-balancer", (ADMINISTRATORS,)),
    ):
        user = f"system:{name}" if not organizations else f"local-cluster-{name}"
        authority.issue(name, user, organizations=organizations)

    etcd_authority = _Authority("etcd-ca", pki)
    etcd_authority.issue("etcd", "etcd", server_names=local, is_client=True)
    etcd_authority.issue("etcd-client", "kube-apiserver")

    _Authority("front-proxy-ca", pki).issue("front-proxy-client", "front-proxy-client")

    tokens = ec.generate_private_key(ec.SECP256R1())
    write_private(pki.service_account_key, _pem(tokens))
    write_private(
        pki.service_account_public_key,
        tokens.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )
    return pki


def _api_server_names(networks: Networks) -> Sequence[str]:
    return (
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "127.0.0.1",
        str(networks.api_service),
        str(networks.advertised_api_server),
    )


class _Authority:
    def __init__(self, name: str, pki: Pki) -> None:
        self._pki = pki
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"local-cluster-{name}")])
        certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(self._subject_identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self._write(name, certificate, self._key)

    @property
    def _subject_identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())

    def issue(
        self,
        name: str,
        common_name: str,
        organizations: Sequence[str] = (),
        server_names: Sequence[str] = (),
        is_client: bool = False,
    ) -> None:
        """Write a certificate for a server when it has names, else for a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        purposes = []
        if server_names:
            purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
        if is_client or not server_names:
            purposes.append(ExtendedKeyUsageOID.CLIENT_AUTH)
        builder = (
            _builder(subject, self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                    self._subject_identifier
                ),
                critical=False,
            )
        )
        if server_names:
            alternatives = x509.SubjectAlternativeName([_general_name(n) for n in server_names])
            builder = builder.add_extension(alternatives, critical=False)
        self._write(name, builder.sign(self._key, hashes.SHA256()), key)

    def _write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        pair = self._pki.pair(name)
        write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        write_private(pair.key, _pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALIDITY)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        address = ip_address(name)
    except ValueError:
        return x509.DNSName(name)
    assert isinstance(address, IPv4Address)
    return x509.IPAddress(address)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
