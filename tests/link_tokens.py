"""Tokens of links for tests, as an API server would issue them but for their signature."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from config.links.link import LinkConfig

ISSUED = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def segment(content: Any) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def link_token(issued: datetime, seconds: float, *, account: str, secret: str) -> str:
    """A token of an account, bound to a Secret."""
    begin = issued.timestamp()
    bound = {"serviceaccount": {"name": account, "uid": "u"}, "secret": {"name": secret}}
    claims = {"iat": begin, "exp": begin + seconds, "kubernetes.io": bound}
    return f"{segment({'alg': 'none'})}.{segment(claims)}.signature"


def issued(link: LinkConfig, moment: datetime = ISSUED, seconds: float | None = None) -> str:
    """A token that a link asks for at a moment; for `seconds` where the server grants others."""
    return link_token(
        moment,
        link.credentials.lifetime_seconds if seconds is None else seconds,
        account=link.service_account,
        secret=link.token_secret,
    )


def credentials_data(server: str, token: str) -> dict[str, str]:
    """Data of a Secret with the credentials of a source."""
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }
    return {"kubeconfig": base64.b64encode(json.dumps(content).encode()).decode()}
