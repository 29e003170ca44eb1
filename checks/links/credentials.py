"""The kubeconfig that a link's source keeps: its content, and whether it works.

Of such a kubeconfig only server, CA, server name, proxy and token are taken. It came out of a
cluster, so it is not handed to a loader that would run a login plugin or read files that it names.
"""

from __future__ import annotations

import base64
import binascii
import json
import ssl
from dataclasses import dataclass
from enum import Enum
from typing import Any

import urllib3
import urllib3.exceptions
import yaml

from checks.facts.reading import access_review
from checks.facts.view import Access
from kube.answers import inner
from kube.kubeconfig import Endpoint
from vocabulary.kinds import Object

KEY = "kubeconfig"
TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)


class CredentialsFault(ValueError):
    """Why a Secret has no usable credentials; the text has nothing of its content."""


@dataclass(frozen=True)
class Login:
    """How a service mirror logs in."""

    endpoint: Endpoint
    """The target's API server."""
    token: str
    """The ServiceAccount's token; secret."""

    def __repr__(self) -> str:
        return f"Login({self.endpoint.server})"


class Outcome(Enum):
    """What logging in gave."""

    WORKS = "works"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    REFUSED = "refused"
    LACKING = "lacking"


@dataclass(frozen=True)
class Trial:
    """What logging in gave, and where."""

    outcome: Outcome
    server: str
    detail: str = ""
    """What exactly, without secrets."""
    from_here: bool = False
    """Whether the operator's own endpoint was used, as this machine cannot reach the source's."""


def login_of(secret: Object) -> Login:
    """The login in a credentials Secret.

    Raises CredentialsFault: there is none that can be used.
    """
    encoded = inner(secret, "data").get(KEY)
    if not encoded:
        raise CredentialsFault(f"it has no key '{KEY}'")
    try:
        content = yaml.safe_load(base64.b64decode(str(encoded), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError, yaml.YAMLError):
        raise CredentialsFault(f"its key '{KEY}' is not a kubeconfig") from None
    if not isinstance(content, dict):
        raise CredentialsFault(f"its key '{KEY}' is not a kubeconfig")
    context = _named(content, "contexts", "context", content.get("current-context"))
    cluster = _named(content, "clusters", "cluster", context.get("cluster"))
    user = _named(content, "users", "user", context.get("user"))
    server, token = cluster.get("server"), user.get("token")
    if not isinstance(server, str) or not server.startswith("https://"):
        raise CredentialsFault("its kubeconfig names no API server with https")
    if not isinstance(token, str) or not token:
        raise CredentialsFault("its kubeconfig holds no token")
    name, proxy = (cluster.get(key) or None for key in ("tls-server-name", "proxy-url"))
    return Login(Endpoint(server, _authority(cluster), name, proxy), token)


def _named(content: dict[str, Any], kind: str, inner: str, name: object) -> dict[str, Any]:
    entries = content.get(kind)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name:
            body = entry.get(inner)
            if isinstance(body, dict):
                return body
    raise CredentialsFault(f"its kubeconfig lacks the {inner} that it refers to")


def _authority(cluster: dict[str, Any]) -> str | None:
    data = cluster.get("certificate-authority-data")
    if not data:
        return None
    try:
        return base64.b64decode(str(data), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsFault("its kubeconfig's CA cannot be read") from None


def try_login(login: Login, elsewhere: Endpoint | None = None) -> Trial:
    """Log in as the service mirror does, list Services, and ask for the other rights on them.

    `elsewhere` is the operator's own endpoint of the same API server, tried where this machine
    cannot reach the source's. Changes nothing in the target.
    """
    trial = _try(login)
    if trial.outcome is Outcome.UNREACHABLE and elsewhere not in (None, login.endpoint):
        assert elsewhere is not None
        again = _try(Login(elsewhere, login.token))
        if again.outcome is not Outcome.UNREACHABLE:
            return Trial(again.outcome, again.server, again.detail, from_here=True)
    return trial


def _try(login: Login) -> Trial:
    server = login.endpoint.server
    try:
        context = ssl.create_default_context(cadata=login.endpoint.certificate_authority)
    except (ssl.SSLError, ValueError):
        return Trial(Outcome.UNTRUSTED, server, "the CA in it cannot be read")
    proxy = login.endpoint.proxy_url
    if proxy is not None and not proxy.startswith("http"):
        return Trial(Outcome.UNREACHABLE, server, "its proxy is a SOCKS proxy, which is not tried")
    options: dict[str, Any] = {
        "ssl_context": context,
        "retries": False,
        "timeout": TIMEOUT,
        "server_hostname": login.endpoint.tls_server_name,
    }
    made = (
        urllib3.PoolManager(**options) if proxy is None else urllib3.ProxyManager(proxy, **options)
    )
    with made as pool:
        try:
            return _ask(pool, login)
        except urllib3.exceptions.SSLError:
            return Trial(
                Outcome.UNTRUSTED, server, "its certificate is not signed by the CA in the Secret"
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Trial(Outcome.UNREACHABLE, server, type(error).__name__)


def _ask(pool: urllib3.PoolManager, login: Login) -> Trial:
    server = login.endpoint.server.rstrip("/")
    headers = {"Authorization": f"Bearer {login.token}", "Content-Type": "application/json"}
    answer = pool.request(
        "GET", f"{server}/api/v1/services?limit=1", headers=headers, redirect=False
    )
    if answer.status == 401:
        return Trial(Outcome.REFUSED, server, "the token is not accepted")
    lacking = [] if answer.status == 200 else ["list"]
    if answer.status not in (200, 403):
        return Trial(Outcome.LACKING, server, f"listing Services gives status {answer.status}")
    for verb in ("get", "watch"):
        review = pool.request(
            "POST",
            f"{server}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body=json.dumps(access_review(Access(verb, "", "services"))),
            headers=headers,
            redirect=False,
        )
        if review.status != 201 or not _allowed(review.data):
            lacking.append(verb)
    if lacking:
        return Trial(
            Outcome.LACKING, server, f"the token may not {', '.join(sorted(lacking))} Services"
        )
    return Trial(Outcome.WORKS, server)


def _allowed(data: bytes) -> bool:
    try:
        answer = json.loads(data)
    except ValueError:
        return False
    return isinstance(answer, dict) and inner(answer, "status").get("allowed") is True
