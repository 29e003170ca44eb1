"""Finds secrets among what was registered, and keeps them out of what is written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from config.language.model import UNREADABLE_SECRET
from render.placeholders import UNKNOWN, from_base64, leaves
from render.registration import Recording, Registration
from vocabulary.kubernetes import TLS_AUTHORITY_KEY

REDACTED = "<redacted>"
"""Replaces a secret. It is not base64, so an API server refuses a Secret that has it."""

_SHORTEST = 8
"""Length below which a text is not searched for: it would be found by chance."""
_CREDENTIALS = frozenset(
    {"token", "password", "auth", "identitytoken", "registrytoken", "client-key-data"}
)
_PUBLIC_KEYS = frozenset({TLS_AUTHORITY_KEY, "namespace"})
"""Public keys of a Secret of type kubernetes.io/service-account-token."""
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def secret_texts(recording: Recording) -> frozenset[str]:
    """Every text that must not be seen: as the program marked it, decoded, and in its parts.

    Certificates are not among them, though they are in Secrets: every client gets them.
    """
    found: set[str] = set()
    for registration in recording:
        for text in _marked(registration):
            found.update(_forms(text))
    for placeholder in (UNKNOWN, UNREADABLE_SECRET):
        found.difference_update(_forms(placeholder))
    return frozenset(found)


def contained(manifest: Mapping[str, Any], texts: Collection[str]) -> frozenset[str]:
    """Those of `texts` that are in a manifest."""
    whole = "\0".join(leaves(manifest))
    return frozenset(text for text in texts if text in whole)


def redacted(manifest: Mapping[str, Any], texts: Collection[str]) -> dict[str, Any]:
    """A copy of a manifest without `texts`, and without any data where it is a Secret."""
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    copy: dict[str, Any] = _without(manifest, longest_first)
    if has_data(manifest):
        for field in ("data", "stringData"):
            if copy.get(field):
                copy[field] = dict.fromkeys(copy[field], REDACTED)
    return copy


def has_data(manifest: Mapping[str, Any]) -> bool:
    """Whether this is a Kubernetes Secret that is not left for the cluster to fill in."""
    secret = manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1"
    return secret and bool(manifest.get("data") or manifest.get("stringData"))


def _marked(registration: Registration) -> Iterator[str]:
    for path in registration.secret_paths:
        yield from leaves(_at(registration.inputs, path))
    names = registration.additional_secret_outputs | registration.secrets
    for name in names & registration.outputs.keys():
        value = registration.outputs[name]
        if isinstance(value, Mapping):
            value = {key: inner for key, inner in value.items() if key not in _PUBLIC_KEYS}
        yield from leaves(value)


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _forms(text: str) -> Iterator[str]:
    if len(text) < _SHORTEST:
        return
    plain = from_base64(text)
    if plain is not None:
        # Webhooks have certificates in base64, which are public.
        if not _is_public(plain):
            yield text
            yield from _forms(plain)
        return
    if _is_public(text):
        return
    yield text
    if text != text.strip():
        yield text.strip()
    yield base64.b64encode(text.encode()).decode()
    for part in _credentials(text):
        yield from _forms(part)


def _is_public(text: str) -> bool:
    """Whether a text is nothing but certificates, or requests for such, or public keys."""
    kinds = {match.group(1) for match in _PEM.finditer(text)}
    public = {"CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY"}
    return bool(kinds) and kinds <= public and not _PEM.sub("", text).strip()


def _credentials(text: str) -> Iterator[str]:
    """Tokens and passwords within a kubeconfig or a Docker configuration."""
    try:
        content = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError):
        return
    yield from _under_credentials(content)


def _under_credentials(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _CREDENTIALS and isinstance(inner, str):
                yield inner
            else:
                yield from _under_credentials(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _under_credentials(inner)


def _without(value: Any, texts: list[str]) -> Any:
    if isinstance(value, str):
        for text in texts:
            value = value.replace(text, REDACTED)
        return value
    if isinstance(value, Mapping):
        return {key: _without(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, texts) for inner in value]
    return value
