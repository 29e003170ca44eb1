"""Lines of containers' logs, and messages of Kubernetes, as a person may be shown them.

A log is text of other programs: it may hold keys and tokens, and what a terminal obeys.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable

from checks.facts.view import View
from config.language.problems import printable
from kube.answers import inner
from vocabulary.kinds import SECRET, Object
from vocabulary.kubernetes import SECRET_HELM_RELEASE, TLS_AUTHORITY_KEY, TLS_CERTIFICATE_KEY
from vocabulary.linkerd import WEBHOOK_2_8_CERTIFICATE_KEY

REDACTED = "<redacted>"
LINES = 3
"""Lines that are shown of one log."""
LINE = 240
"""Characters that are shown of one line."""
MESSAGE = 400
"""Characters that are shown of a message of Kubernetes."""

_SHORTEST = 8
"""Shorter values occur everywhere by chance."""
_PUBLIC = frozenset(
    {
        TLS_AUTHORITY_KEY,
        TLS_CERTIFICATE_KEY,
        WEBHOOK_2_8_CERTIFICATE_KEY,
        "namespace",
        "ca-bundle.crt",
    }
)

_PEM = re.compile(r"-----BEGIN [^-\n]+-----.*?(?:-----END [^-\n]+-----|\Z)", re.DOTALL)
# A tail may begin within one.
_END_OF_PEM = re.compile(r"\A(?:(?!-----BEGIN ).)*?-----END [^-\n]+-----", re.DOTALL)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*")
_USER_OF_URL = re.compile(r"(://)[^\s\"'<>]*@")
_HEADER = re.compile(
    r"((?:proxy-)?authorization[\"']?\s*[:=]\s*\[?[\"']?)(?:(?:bearer|basic|digest|token)\s+)?"
    r"[^\s\"'\],}]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(bearer|basic)(\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_NAMES = (
    r"(?:[\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|"
    r"private[_-]?key|client-key-data|credentials?)|auth|pwd)"
)
_ASSIGNED = re.compile(rf"({_NAMES}[\"']?\s*=\s*[\"']?)[^\s\"',;&}}]{{3,}}", re.IGNORECASE)
_QUOTED = re.compile(rf"({_NAMES}\\?[\"']\s*:\s*\\?[\"'])[^\"'\\]+", re.IGNORECASE)
_PASSWORD = re.compile(r"((?:password|passwd|passphrase)\s*:\s*)[^\s,;]{3,}", re.IGNORECASE)
_LONG = re.compile(r"(?<![\w+/-])(sha256:)?([\w+/-]{32,}={0,2})")

_GRAVE = re.compile(r"error|fatal|panic|warn|fail|denied|refused|unauthorized|not found", re.I)


def without_secrets(text: str, known: Collection[str] = ()) -> str:
    """A text without keys, tokens, passwords and without the values in `known`."""
    for value in sorted(known, key=len, reverse=True):
        text = text.replace(value, REDACTED)
    text = _END_OF_PEM.sub(REDACTED, _PEM.sub(REDACTED, text))
    text = _JWT.sub(REDACTED, text)
    text = _USER_OF_URL.sub(rf"\1{REDACTED}@", text)
    text = _SCHEME.sub(rf"\1\2{REDACTED}", text)
    for pattern in (_HEADER, _ASSIGNED, _QUOTED, _PASSWORD):
        text = pattern.sub(rf"\1{REDACTED}", text)
    return _LONG.sub(_encoded, text)


def _encoded(found: re.Match[str]) -> str:
    """What to show of a long word: a name, or the digest of an image, but nothing encoded."""
    word = found[2]
    mixed = all(re.search(kind, word) for kind in ("[A-Z]", "[a-z]", r"\d"))
    digest = re.fullmatch(r"[0-9a-fA-F]{32,}", word) is not None
    return REDACTED if mixed or (digest and found[1] is None) else found[0]


def values_of_secrets(view: View) -> frozenset[str]:
    """The values of the Secrets that were read of a cluster, encoded and decoded."""
    return frozenset(_values(one for one in view.objects if one.get("kind") == SECRET.name))


def _values(secrets: Iterable[Object]) -> Iterable[str]:
    for secret in secrets:
        for key, encoded in inner(secret, "data").items():
            if key in _PUBLIC or secret.get("type") == SECRET_HELM_RELEASE:
                continue
            try:
                text = base64.b64decode(str(encoded), validate=True).decode().strip()
            except (binascii.Error, UnicodeDecodeError):
                text = ""
            yield from (one for one in (str(encoded), text) if len(one) >= _SHORTEST)


def grave(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The last lines of a log, at most `LINES`: those that mention an error, where there are any.

    Each is without secrets, short, and without what a terminal would obey.
    """
    lines = [line.strip() for line in without_secrets(text, known).splitlines() if line.strip()]
    chosen = [line for line in lines if _GRAVE.search(line)] or lines
    return tuple(printable(line, LINE) for line in chosen[-LINES:])


def message(text: str, known: Collection[str] = ()) -> str:
    """A message of Kubernetes on one line, without secrets and short."""
    return printable(" ".join(without_secrets(text, known).split()), MESSAGE)
