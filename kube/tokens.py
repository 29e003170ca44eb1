"""Tokens of ServiceAccounts that end: how one is requested, and what it says of itself.

Facts: Kubernetes docs, "Managing Service Accounts" (TokenRequest; claims of a bound token). The
API server refuses a token as soon as the object that it is bound to is gone, or after 10 seconds,
for which it keeps what it found.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kubernetes import client

from kube.answers import inner
from kube.kubeconfig import post_json
from kube.paths import path_of
from vocabulary.kinds import SECRET, SERVICE_ACCOUNT, TOKEN_REQUEST
from vocabulary.kubernetes import TOKEN_CLAIM

TIMEOUT = (3.0, 10.0)
"""Seconds, to connect and to answer."""


@dataclass(frozen=True)
class Claims:
    """What a token says of itself; only the API server that issued it knows whether it is true."""

    account: str
    """Name of the ServiceAccount."""
    secret: str
    """Name of the Secret that it is bound to; empty where it is bound to none."""
    issued: datetime
    expires: datetime

    @property
    def lifetime(self) -> timedelta:
        """For how long it is valid in all."""
        return self.expires - self.issued


def claims_of(token: str) -> Claims | None:
    """The claims of a token that ends; None for a token without an end, and for other texts."""
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        issued, expires = (datetime.fromtimestamp(float(found[key]), UTC) for key in ("iat", "exp"))
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    own = inner(found, TOKEN_CLAIM)
    account, secret = (inner(own, key).get("name") for key in ("serviceaccount", "secret"))
    return Claims(str(account or ""), str(secret or ""), issued, expires)


def request_token(
    api: client.ApiClient, namespace: str, account: str, bound_to: tuple[str, str], seconds: int
) -> str:
    """A new token of a ServiceAccount; secret.

    It is valid for `seconds`, or for less where the API server allows no more, and while the Secret
    `bound_to` (name and UID, in the same namespace) exists. Raises ApiException where the server
    refuses, urllib3's HTTPError where it is silent, ValueError where its answer has no token.
    """
    name, uid = bound_to
    bound = {"apiVersion": SECRET.api_version, "kind": SECRET.name, "name": name, "uid": uid}
    answer = post_json(
        api,
        f"{path_of(SERVICE_ACCOUNT, namespace, account)}/token",
        {
            "apiVersion": TOKEN_REQUEST.api_version,
            "kind": TOKEN_REQUEST.name,
            "spec": {"expirationSeconds": seconds, "boundObjectRef": bound},
        },
        TIMEOUT,
    )
    token = inner(answer, "status").get("token")
    if not isinstance(token, str) or not token:
        raise ValueError("the answer has no token")
    return token
