"""The tokens that sources of links have now, and why a new one is due.

A token that stays good is used again, so that an update without a change changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import urllib3.exceptions
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.links.link import LinkConfig
from kube.access import Access, access_review
from kube.answers import inner
from kube.errors import KubeconfigError
from kube.failures import Reason
from kube.kubeconfig import Endpoint, Timeout, existing, post_json
from kube.paths import path_of
from kube.token_login import CredentialsFault, UntriedError, connected, login_of
from kube.tokens import claims_of
from vocabulary.kinds import ACCESS_REVIEW, SECRET, SERVICE_ACCOUNT
from vocabulary.linkerd import MULTICLUSTER, credentials_secret

PAGE = "docs/credentials.md"
CREATE_TOKEN = Access("create", "", f"{SERVICE_ACCOUNT.plural}/token", MULTICLUSTER)
"""What an update needs that requests a token."""


def due(token: str, link: LinkConfig, now: datetime) -> str | None:
    """Why an update requests a new token for a link, as the end of a sentence; None where not.

    A server that grants less than the lifetime of the stack file is asked again at the same share
    of what it granted.
    """
    claims, wanted = claims_of(token), link.credentials
    if claims is None:
        return "it is no token that ends"
    if (claims.account, claims.secret) != (link.service_account, link.token_secret):
        return "it is of another account, or of another generation"
    if claims.expires <= now:
        return f"it expired at {claims.expires:%Y-%m-%d %H:%M} UTC"
    granted = claims.lifetime.total_seconds()
    if granted > wanted.lifetime_seconds:
        return f"it is valid for longer than {wanted.lifetime}"
    left = (claims.expires - now).total_seconds()
    if left * wanted.lifetime_seconds < wanted.renew_before_seconds * granted:
        return f"it expires at {claims.expires:%Y-%m-%d %H:%M} UTC"
    return None


def kept_token(
    api: client.ApiClient,
    link: LinkConfig,
    now: datetime,
    timeout: Timeout,
    *,
    lasting: bool = False,
) -> str | None:
    """The token in the credentials of a link's source; None where a new one is due.

    `api` is the source's; with `lasting`, any token is kept. Raises KubeconfigError where the
    operator may not read it, ApiException where the API server fails.
    """
    path = path_of(SECRET, MULTICLUSTER, credentials_secret(link.target))
    try:
        found = existing(api, path, timeout)
        if found is None:
            return None
        token = login_of(found).token
    except CredentialsFault:
        return None
    except ApiException as error:
        if error.status == 403:
            # A new token in every update would restart the service mirror each time.
            raise KubeconfigError(
                f"the credentials cannot read Secret {MULTICLUSTER}/"
                f"{credentials_secret(link.target)}, which has the present token of the link",
                f"use credentials that can get Secrets in namespace {MULTICLUSTER}",
            ) from None
        raise
    return token if lasting or due(token, link, now) is None else None


def refused(endpoint: Endpoint, token: str) -> bool:
    """Whether an API server does not accept a token; no answer is no refusal.

    Every user may read its version, and with a wrong token not even an anonymous one.
    """
    try:
        with connected(endpoint) as pool:
            answer = pool.request(
                "GET",
                f"{endpoint.server.rstrip('/')}/version",
                headers={"Authorization": f"Bearer {token}"},
                redirect=False,
            )
    except (UntriedError, urllib3.exceptions.HTTPError, OSError):
        return False
    return answer.status == 401


def forbidden(api: client.ApiClient, timeout: Timeout) -> Iterator[Reason]:
    """Why the operator cannot request tokens in the target that `api` is of."""
    answer = post_json(api, path_of(ACCESS_REVIEW), access_review(CREATE_TOKEN), timeout)
    if inner(answer, "status").get("allowed") is not True:
        yield (
            f"the credentials cannot create {CREATE_TOKEN.resource} in namespace {MULTICLUSTER}, "
            "which links with credentials.token: request need",
            f"use credentials that can, or write token: secret; {PAGE} has the rights",
        )
