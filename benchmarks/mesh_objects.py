"""Whether two meshes are the same: every object of every kind in every cluster, in its meaning.

What cannot be the same twice is put aside: times, counters, addresses that the API server hands
out, keys, signatures. Certificates are compared by their fields, kubeconfigs by server and account,
tokens by their account.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from cryptography import x509

from benchmarks.commands import Commands
from config.inventory.values.extensions import CREDENTIALS_ANNOTATION

Objects = dict[str, Any]
"""What an object means, by ``<cluster>/<kind>/<namespace>/<name>``."""

MADE_BY_CONTROLLERS = {
    "ComponentStatus",
    "ControllerRevision",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "IPAddress",
    "Lease",
    "Pod",
    "ReplicaSet",
}
"""Kinds that follow from others, most of them by random names."""

OWN_ACCOUNTS = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubernetes.io/service-account.uid",
    "pulumi.com/",
    # By hand, only a restart gives the service mirrors new credentials.
    CREDENTIALS_ANNOTATION,
    # These follow from certificates, which are compared themselves.
    "checksum/",
    "linkerd.io/trust-root-sha256",
)
"""Annotations (or beginnings of them) in which controllers keep accounts of their own."""

_HANDED_OUT = {"clusterIP", "clusterIPs", "healthCheckNodePort", "nodePort"}
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:EC )?PRIVATE KEY-----.+?-----END (?:EC )?PRIVATE KEY-----\n?", re.DOTALL
)


@dataclass(frozen=True)
class Difference:
    """Something that is not the same in both."""

    place: str
    """Object, and the path in it."""
    first: str
    """What it is in the first, or a word that it is missing."""
    second: str
    """The same of the second."""


def collect(
    commands: Commands, contexts: Mapping[str, str], before: Container[str] = ()
) -> Objects:
    """Everything in these clusters (contexts by name) that was not there `before`.

    Raises BenchmarkError.
    """
    objects: Objects = {}
    surroundings = _surroundings(commands, contexts)
    for cluster, context in contexts.items():
        kubectl = ["kubectl", "--context", context]
        kinds = commands.output([*kubectl, "api-resources", "--verbs", "list", "--output", "name"])
        listed = commands.output(
            [*kubectl, "get", ",".join(kinds.split()), "--all-namespaces", "--output", "json"]
        )
        for item in json.loads(listed)["items"]:
            if item["kind"] not in MADE_BY_CONTROLLERS:
                metadata = item["metadata"]
                group = item["apiVersion"].rpartition("/")[0]
                kind = f"{item['kind']}.{group}" if group else item["kind"]
                key = f"{cluster}/{kind}/{metadata.get('namespace', '-')}/{metadata['name']}"
                if key not in before:
                    objects[key] = _meaning(item, surroundings)
    return objects


def differences(first: Objects, second: Objects) -> list[Difference]:
    """Every difference, object by object; none where the meshes are the same."""
    found: list[Difference] = []
    for key in sorted({*first, *second}):
        if key not in first or key not in second:
            found.append(Difference(key, _presence(key in first), _presence(key in second)))
        else:
            found += _different(key, first[key], second[key])
    return found


def _presence(there: bool) -> str:
    return "there" if there else "missing"


def _different(place: str, first: Any, second: Any) -> Iterator[Difference]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            if key in first and key in second:
                yield from _different(f"{place} {key}", first[key], second[key])
            else:
                yield Difference(f"{place} {key}", _brief(first.get(key)), _brief(second.get(key)))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _different(f"{place}[{number}]", one, other)
    elif first != second:
        yield Difference(place, _brief(first), _brief(second))


def _brief(value: Any) -> str:
    text = "missing" if value is None else json.dumps(value, sort_keys=True)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _surroundings(commands: Commands, contexts: Mapping[str, str]) -> dict[str, str]:
    """What differs from one start of the clusters to the next, and a word for it."""
    content = yaml.safe_load(commands.output(["kubectl", "config", "view", "--raw"]))
    entries = {entry["name"]: entry["cluster"] for entry in content["clusters"]}
    users = {entry["name"]: entry["context"]["cluster"] for entry in content["contexts"]}
    words: dict[str, str] = {}
    for cluster, context in contexts.items():
        entry = entries[users[context]]
        words[entry["server"]] = f"<API server of {cluster}>"
        words[entry["certificate-authority-data"]] = f"<CA of {cluster}>"
        services = commands.output(
            ["kubectl", "--context", context, "get", "services", "--all-namespaces", "-o", "json"]
        )
        for service in json.loads(services)["items"]:
            for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress", []):
                name = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
                words[ingress["ip"]] = f"<address of {name} in {cluster}>"
    return words


def _meaning(item: Mapping[str, Any], surroundings: Mapping[str, str]) -> Any:
    metadata = item["metadata"]
    rest = {
        key: value
        for key, value in item.items()
        if key not in ("apiVersion", "kind", "metadata", "status")
    }
    if item.get("type") == "helm.sh/release.v1":
        # Helm's account of what it did and when.
        return {"type": item["type"]}
    if item["kind"] == "Secret":
        data = rest.get("data", {})
        rest["data"] = {key: _secret(value, surroundings) for key, value in data.items()}
    if item["kind"] == "ConfigMap":
        data = rest.get("data", {})
        rest["data"] = {key: _parsed(value) for key, value in data.items()}
    kept = {key: metadata.get(key, {}) for key in ("labels", "annotations")}
    return _read({**kept, **rest}, surroundings)


def _parsed(text: str) -> Any:
    """A YAML mapping, as which the same can be written in more than one way; or the text."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return content if isinstance(content, dict) else text


def _secret(value: str, surroundings: Mapping[str, str]) -> Any:
    """What a Secret's data means; what is not understood is distinguished, and never shown."""
    meaning = _read_text(value, surroundings)
    if meaning in (value, _decoded(value)):
        return f"<SHA-256 {hashlib.sha256(value.encode()).hexdigest()[:12]}>"
    return meaning


def _read(value: Any, surroundings: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        read = {
            key: _read(inner, surroundings)
            for key, inner in value.items()
            if key not in _HANDED_OUT and not key.startswith(OWN_ACCOUNTS)
        }
        # What is empty and what is not there mean the same.
        return {key: inner for key, inner in read.items() if inner not in (None, {}, [])}
    if isinstance(value, list):
        return [_read(inner, surroundings) for inner in value]
    if isinstance(value, str):
        return _read_text(value, surroundings)
    return value


def _read_text(text: str, surroundings: Mapping[str, str]) -> Any:
    if text in surroundings:
        return surroundings[text]
    plain = _decoded(text)
    if plain.count(".") == 2 and plain.startswith("eyJ"):
        return _subject(plain)
    if "-----BEGIN" in plain:
        plain = _CERTIFICATE.sub(_certificate, plain)
        return _PRIVATE_KEY.sub("<private key>", plain).strip()
    if "clusters:" in plain or '"clusters":' in plain:
        return _kubeconfig(plain, surroundings)
    return plain


def _decoded(text: str) -> str:
    """What a text says that is base64 of readable text, as in Secrets; else the text itself."""
    if len(text) < 16:
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return text


def _subject(token: str) -> str:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"<token of {claims['sub']}>"


def _certificate(match: re.Match[str]) -> str:
    certificate = x509.load_pem_x509_certificate(match.group().encode())
    valid = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    facts = [f"by {certificate.issuer.rfc4514_string()}", f"{valid.days} days"]
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            facts.append(f"names {value.get_values_for_type(x509.DNSName)}")
        elif isinstance(value, x509.BasicConstraints):
            # CA: FALSE means the same as no constraint.
            facts += [f"CA, path length {value.path_length}"] if value.ca else []
        elif isinstance(value, x509.ExtendedKeyUsage):
            facts.append(f"for {sorted(usage.dotted_string for usage in value)}")
        elif isinstance(value, x509.KeyUsage):
            facts.append(f"key usage {value.public_bytes().hex()}")
    subject = certificate.subject.rfc4514_string()
    return f"<certificate of {subject}: {'; '.join(sorted(facts))}>"


def _kubeconfig(text: str, surroundings: Mapping[str, str]) -> Any:
    """Server and account of a kubeconfig; the names of its entries do not matter."""
    content = yaml.safe_load(text)
    entries = {
        kind: {entry["name"]: entry[kind.removesuffix("s")] for entry in content[kind]}
        for kind in ("clusters", "contexts", "users")
    }
    context = entries["contexts"][content["current-context"]]
    return {
        "cluster": _read(entries["clusters"][context["cluster"]], surroundings),
        "user": _read(entries["users"][context["user"]], surroundings),
    }
