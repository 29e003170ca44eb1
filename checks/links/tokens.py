"""The token of a link: whether it is the current one, when it ends, and what older ones still work.

Facts: docs/credentials.md.
"""

from __future__ import annotations

from datetime import datetime

from checks.facts.case import LinkCase
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.trust.pki import UnreadableError, decoded
from config.language.problems import some
from config.links.link import LinkConfig
from kube.token_login import TokenLogin
from kube.tokens import claims_of
from preflight.link_tokens import PAGE, due
from vocabulary.kinds import SECRET, annotations_of, name_of
from vocabulary.kubernetes import SERVICE_ACCOUNT_NAME
from vocabulary.linkerd import MULTICLUSTER


def judge_token(case: LinkCase, login: TokenLogin | None) -> Finding:
    """Whether the credentials have the target's current token, or one that ends late enough."""
    if case.link.credentials.requested:
        return judge_end(case.link, login, case.source.now)
    title = "the credentials have the target's current token"
    secret = case.target.get(SECRET, MULTICLUSTER, case.link.token_secret)
    if login is None or secret is None:
        return skipped(title, "there is nothing to compare")
    try:
        token = decoded(secret, "token")
    except UnreadableError:
        return skipped(title, "the target's token does not exist yet")
    if token == login.token:
        return ok(title)
    hint = f"{UPDATE}; it restarts the service mirror, which does not reload it"
    return failure(title, "they have another token", hint)


def judge_end(link: LinkConfig, login: TokenLogin | None, now: datetime) -> Finding:
    """Whether a requested token is of this stack file, and when it ends."""
    title = "the credentials have a token of this generation that is not due for renewal"
    if login is None:
        return skipped(title, "there is nothing to compare")
    claims, reason = claims_of(login.token), due(login.token, link, now)
    if claims is None or reason is None:
        end = "" if claims is None else f"valid until {claims.expires:%Y-%m-%d %H:%M} UTC"
        return failure(title, reason, UPDATE) if reason else ok(title, end)
    usable = claims.secret == link.token_secret and claims.expires > now
    hint = f"{UPDATE}; {PAGE} shows how to schedule it"
    return (warning if usable else failure)(title, reason, hint)


def revoked(case: LinkCase) -> Finding:
    """Whether no Secret of another generation lets an old token in."""
    title = "tokens of other generations are revoked"
    old = [
        name_of(one)
        for one in case.target.all(SECRET, MULTICLUSTER)
        if annotations_of(one).get(SERVICE_ACCOUNT_NAME) == case.link.service_account
        and name_of(one) != case.link.token_secret
    ]
    if not old:
        return ok(title)
    return failure(
        title,
        f"the target accepts tokens of {some(sorted(old))}",
        f"{UPDATE}, which deletes what this stack made; delete others with "
        f"`kubectl -n {MULTICLUSTER} delete secret`",
    )
