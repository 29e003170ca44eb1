"""Requests to Ambassador: GET without credentials, to no address but its Service's.

Redirects are not followed, and bodies are not read.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from checks.facts.case import Answer

SECONDS = 4.0
"""How long connecting, and then each wait for an answer, may take."""
THREADS = 4
UPSTREAM = "x-envoy-upstream-service-time"
"""Header of an answer that came from behind Envoy, not from itself (Envoy docs, router filter)."""


@dataclass(frozen=True)
class Question:
    """A request to make."""

    scheme: str
    """``http`` or ``https``."""
    address: str
    """IP address or DNS name."""
    port: int
    """Port."""
    path: str
    """Path."""
    host: str | None = None
    """Header ``Host``, where it is not the address."""

    @property
    def url(self) -> str:
        """All of it, for people."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{shown}:{self.port}{self.path}"


def ask_all(asked: Mapping[str, Question]) -> dict[str, Answer]:
    """Make requests, the first one alone: where nothing answers it, nothing would the others."""
    answers: dict[str, Answer] = {}
    waiting = dict(asked)
    if not waiting:
        return answers
    first = next(iter(waiting))
    answers[first] = ask(waiting.pop(first))
    if answers[first].status is None:
        silent = answers[first]
        return answers | {
            name: Answer(question.url, None, silent.detail) for name, question in waiting.items()
        }
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(ask, waiting.values())
        return answers | dict(zip(waiting, found, strict=True))


def ask(question: Question) -> Answer:
    """Make one request, and return its status and whether the Service answered."""
    headers = {"User-Agent": "linkerd-ambassador-mesh check", "Connection": "close"}
    if question.host is not None:
        headers["Host"] = question.host
    try:
        with closing(_connection(question)) as connection:
            connection.request("GET", question.path, headers=headers)
            answer = connection.getresponse()
            upstream = answer.getheader(UPSTREAM) is not None
            named = answer.getheader("server") is not None
            return Answer(question.url, answer.status, upstream=upstream, named=named)
    except (http.client.HTTPException, OSError, ValueError) as error:
        # ValueError: an address of a cluster may be no valid host name.
        return Answer(question.url, None, type(error).__name__)


def _connection(question: Question) -> http.client.HTTPConnection:
    address, port = question.address, question.port
    if question.scheme == "http":
        return http.client.HTTPConnection(address, port, timeout=SECONDS)
    # Another check verifies certificates; nothing secret is sent or read here.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _Named(address, port, context, question.host or address)


class _Named(http.client.HTTPSConnection):
    """HTTPS that asks an address for the certificate of a name."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext, name: str) -> None:
        super().__init__(address, port, timeout=SECONDS, context=context)
        self._tls, self._name = context, name

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), SECONDS)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)
