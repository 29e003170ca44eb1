"""Why an API server does not answer as one should, from what the HTTP client raised."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import urllib3.exceptions

Reason = tuple[str, str]
"""What is wrong, and what to do about it."""

STRANGE: Reason = (
    "something answers that is not an API server",
    "correct `server` in the kubeconfig; a proxy or another program may answer there",
)
"""Where something else than an API server answers."""


def why_silent(error: Exception) -> Reason:
    """What is wrong and what to do; nothing of the error's text, which may hold credentials."""
    chain = list(_chain(error))
    for kinds, reason in _REASONS:
        if any(isinstance(cause, kinds) for cause in chain):
            return reason
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATE_REASONS.get(cause.verify_code, _UNTRUSTED)
        if isinstance(cause, ssl.SSLError):
            return (
                "TLS handshake failed",
                "check that `server` in the kubeconfig names the API server's own port, and that "
                "the client certificate there is whole",
            )
    if isinstance(error, urllib3.exceptions.HTTPError | OSError):
        return (
            f"the API server cannot be reached ({type(chain[-1]).__name__})",
            "check `server` in the kubeconfig, and the network",
        )
    return STRANGE


def unanswered(error: Exception) -> bool:
    """Whether no server answered; one whose certificate is wrong did."""
    silence = (OSError, urllib3.exceptions.TimeoutError, urllib3.exceptions.NewConnectionError)
    chain = list(_chain(error))
    return any(isinstance(one, silence) for one in chain) and not any(
        isinstance(one, ssl.SSLError) for one in chain
    )


_REASONS: tuple[tuple[tuple[type[BaseException], ...], Reason], ...] = (
    (
        (socket.gaierror, urllib3.exceptions.NameResolutionError),
        (
            "the API server's name cannot be resolved",
            "correct `server` in the kubeconfig, or connect to the network that resolves it",
        ),
    ),
    (
        (ConnectionRefusedError,),
        (
            "the API server refuses connections",
            "start the cluster, or correct `server` in the kubeconfig",
        ),
    ),
    (
        (TimeoutError, urllib3.exceptions.TimeoutError),
        (
            "the API server does not answer",
            "check that it is running and that this machine can reach it",
        ),
    ),
    (
        (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected),
        (
            "the API server closed the connection",
            "check that `server` in the kubeconfig names the API server, and with https://",
        ),
    ),
)

_UNTRUSTED = (
    "the API server's certificate is not signed by the kubeconfig's CA",
    "fetch a new kubeconfig; the cluster may have been recreated",
)

_OTHER_NAME = "correct `server` in the kubeconfig, or write tls-server-name there"

_CERTIFICATE_REASONS = {
    9: ("the API server's certificate is not valid yet", "set this machine's clock"),
    10: ("the API server's certificate has expired", "renew it, or set this machine's clock"),
    62: ("the API server's certificate is for another host name", _OTHER_NAME),
    64: ("the API server's certificate is for another IP address", _OTHER_NAME),
}
"""By OpenSSL's number of the verification error (x509_vfy.h)."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, from the outermost on."""
    seen: set[int] = set()
    todo: list[Any] = [error]
    while todo:
        cause = todo.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            todo += [
                getattr(cause, "reason", None),
                cause.__cause__,
                cause.__context__,
                *cause.args,
            ]
