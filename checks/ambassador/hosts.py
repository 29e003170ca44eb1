"""TLS of Ambassador's Hosts: each has a certificate for its name that does not expire soon."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named
from checks.facts.objects import condition, holds
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from checks.facts.view import View
from checks.trust import pki
from checks.trust.certificates import lasting
from config.ambassador.routes import HostConfig
from config.core.mesh import MeshConfig
from config.inventory import inventory
from config.language.problems import some
from config.trust.certificate_rules import validity_fault
from kube.answers import inner
from vocabulary.kinds import CERTIFICATE, SECRET, Object, name_of
from vocabulary.kubernetes import SECRET_TLS, TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY


def secrets_of(hosts: tuple[HostConfig, ...], namespace: str) -> list[tuple[str, str]]:
    """Namespace and name of the Secrets that Hosts terminate TLS with, each once.

    `namespace` is Ambassador's.
    """
    return list(
        dict.fromkeys(
            (host.tls.namespace or namespace, host.tls_secret)
            for host in hosts
            if host.tls is not None and host.tls_secret is not None
        )
    )


def certificates(case: ClusterCase) -> Iterator[Finding]:
    """Every Host that terminates TLS, the dashboard's too, has a usable Secret."""
    config = case.config.ambassador
    if config is None:
        return
    for host in case.inventory.hosts:
        if host.tls is None or host.tls_secret is None:
            continue
        space = host.tls.namespace or config.namespace
        if host.tls.cert_manager is not None:
            yield _issued(case.view, space, host.tls_secret)
        yield from _secret(case.view, space, host, host.tls_secret)


def _issued(view: View, namespace: str, secret: str) -> Finding:
    title = f"cert-manager has issued the certificate in Secret {secret}"
    if CERTIFICATE not in view.served:
        return failure(
            title,
            "the cluster has no cert-manager",
            "install it, or write tls.secret",
        )
    found = [
        one
        for one in view.all(CERTIFICATE, namespace)
        if inner(one, "spec").get("secretName") == secret
    ]
    if not found:
        return failure(title, f"no Certificate in {namespace} is for it", UPDATE)
    if holds(found[0], "Ready"):
        return ok(title, name_of(found[0]))
    ready = condition(found[0], "Ready")
    reason = str(ready.get("message") or ready.get("reason") or "")
    return failure(
        title,
        f"Certificate {name_of(found[0])} is not ready{f': {reason}' if reason else ''}",
        f"see `kubectl -n {namespace} describe certificate {name_of(found[0])}`",
    )


def _secret(view: View, namespace: str, host: HostConfig, name: str) -> Iterator[Finding]:
    title = f"Host {host.name} has a valid certificate"
    assert host.tls is not None
    waits = host.tls.cert_manager is not None
    remedy = UPDATE if host.tls.trial else "replace its certificate"
    secret = view.get(SECRET, namespace, name)
    if secret is None:
        missing = f"Secret {namespace}/{name} does not exist, so the Host is inactive"
        if waits:
            yield skipped(title, f"{missing}; see its Certificate")
        else:
            make = f"create it: `kubectl -n {namespace} create secret tls {name}`"
            if host.tls.namespace is None and "." in name:
                front, _, space = name.rpartition(".")
                make += f", or write tls.secret: {front} and tls.namespace: {space}"
            yield failure(title, missing, UPDATE if host.tls.trial else make)
        return
    fault = _type_fault(secret)
    try:
        chain = pki.certificates(pki.decoded(secret, TLS_CERTIFICATE_KEY))
        key = pki.decoded(secret, TLS_PRIVATE_KEY)
    except pki.UnreadableError as error:
        yield failure(title, fault or f"Secret {namespace}/{name} {error}", remedy)
        return
    fault = fault or _fault(host, chain[0], key, view)
    if fault is not None:
        yield failure(title, fault, remedy)
        return
    yield ok(title, some(_names(chain[0])))
    yield lasting(
        f"Host {host.name} has a valid certificate for 60 more days",
        [chain[0]],
        view.now,
        "cert-manager renews it; see its Certificate" if waits else remedy,
    )


def _type_fault(secret: Object) -> str | None:
    found = secret.get("type") or "Opaque"
    if found == SECRET_TLS:
        return None
    return f"the type of Secret {name_of(secret)} is {found}, not {SECRET_TLS}"


def _fault(host: HostConfig, certificate: x509.Certificate, key: str, view: View) -> str | None:
    if not pki.key_belongs(certificate, key):
        return "its private key does not belong to its certificate"
    expired = validity_fault(certificate, view.now)
    if expired is not None:
        return expired
    names = _names(certificate)
    if not is_for(host.hostname, names):
        return f"it is for {some(names) or 'no host name'}, not for {host.hostname}"
    return None


def _names(certificate: x509.Certificate) -> list[str]:
    return [name.lower() for name in pki.host_names(certificate)]


def is_for(hostname: str, names: list[str]) -> bool:
    """Whether a certificate with these DNS names covers a Host's hostname.

    A name's ``*`` matches one label (RFC 9525). Of a hostname that no certificate can be for,
    like ``*``, nothing can be checked.
    """
    wanted = hostname.lower()
    if wanted in names or wanted == "*" or wanted.endswith(".*"):
        return True
    _, _, parent = wanted.partition(".")
    return f"*.{parent}" in names


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster].ambassador
    if config is None:
        return
    # Other Secrets may be another owner's.
    hosts = inventory(mesh, cluster).hosts
    yield from (named(SECRET, space, name) for space, name in secrets_of(hosts, config.namespace))
    issued = [host.tls for host in hosts if host.tls is not None and host.tls.cert_manager]
    for space in dict.fromkeys(tls.namespace or config.namespace for tls in issued):
        yield Listing(CERTIFICATE, space)


CHECKS = (Check("ambassador", Phase.PARTS, certificates, _reads, order=16),)
