"""What `./mesh check` reports of a token that ends, drawn around the moment when it is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.cluster import permissions
from checks.facts.results import Finding, Status
from checks.links import access, tokens
from config import MeshConfig
from kube.access import Access
from kube.kubeconfig import Endpoint
from kube.token_login import TokenLogin
from tests.link_tokens import credentials_data, issued
from tests.unit.checks.builders import NOW, link_case, mesh, of, secret, settings, thing, view

SPACE = "linkerd-multicluster"
RENEWED = "the credentials have a token of this generation that is not due for renewal"
REVOKED = "tokens of other generations are revoked"
HOUR = timedelta(hours=1)


def requested(**credentials: Any) -> MeshConfig:
    """East calls west with a requested token of 24 hours, which is due after 16."""
    content = settings()
    wanted = {"token": "request", "renewBefore": "8h", **credentials}
    content["links"][0]["credentials"] = wanted
    return mesh(content)


CONFIG = requested()


def judged(age: timedelta, config: MeshConfig = CONFIG, present: MeshConfig = CONFIG) -> Finding:
    """The line about a token that was issued so long ago, for the stack file `present`."""
    token = issued(present.links[0], NOW - age)
    login = TokenLogin(Endpoint("https://west.example", None), token)
    return tokens.judge_end(config.links[0], login, NOW)


@given(st.integers(-3600, 3600).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_token_is_warned_of_from_the_moment_on_that_an_update_would_renew_it(
    late: timedelta,
) -> None:
    found = judged(16 * HOUR + late)
    assert found.status is (Status.WARNING if late > timedelta() else Status.OK)
    assert "2026-06-01" in found.detail or "2026-06-02" in found.detail


@given(st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_token_that_expired_is_a_failure(ago: timedelta) -> None:
    found = judged(24 * HOUR + ago)
    assert found.status is Status.FAILURE
    assert "expired" in found.detail


def test_a_token_of_another_generation_is_a_failure() -> None:
    assert judged(HOUR, requested(generation=2)).status is Status.FAILURE
    assert judged(HOUR, requested(generation=2), requested(generation=2)).status is Status.OK


def test_a_token_without_an_end_is_a_failure_where_one_that_ends_is_wanted() -> None:
    login = TokenLogin(Endpoint("https://west.example", None), "endless")
    assert tokens.judge_end(CONFIG.links[0], login, NOW).status is Status.FAILURE


def findings(config: MeshConfig, *left: str) -> list[Finding]:
    """The lines about the account, with its Secret, and with `left` from before."""
    link = config.links[0]
    notes = {"kubernetes.io/service-account.name": link.service_account}
    names = (link.token_secret, *left)
    secrets = [secret(name, SPACE, {}, annotations=notes) for name in names]
    other = secret("other", SPACE, {}, annotations={"kubernetes.io/service-account.name": "other"})
    return list(access.remote_access(link_case(view(), view(*secrets, other), config)))


@pytest.mark.parametrize("wanted", [{}, {"token": "secret", "renewBefore": None, "generation": 2}])
def test_a_secret_that_lets_an_old_token_in_is_a_failure(wanted: dict[str, Any]) -> None:
    content = settings()
    content["links"][0]["credentials"] = {
        key: value
        for key, value in {"token": "request", "generation": 2, **wanted}.items()
        if value is not None
    }
    config = mesh(content)
    account = config.links[0].service_account
    assert of(findings(config), REVOKED).status is Status.OK
    for old in (f"{account}-token", f"{account}-request-1"):
        found = of(findings(config, old), REVOKED)
        assert found.status is Status.FAILURE
        assert old in found.detail


def test_the_secret_that_a_requested_token_is_bound_to_may_be_empty_and_has_to_exist() -> None:
    account = CONFIG.links[0].service_account
    title = f"the target has ServiceAccount {account} with a role and a token"
    assert "Secret" not in of(findings(CONFIG), title).detail
    without = list(access.remote_access(link_case(view(), view(), CONFIG)))
    assert CONFIG.links[0].token_secret in of(without, title).detail


def test_before_the_installation_targets_are_asked_for_the_right_to_request_tokens() -> None:
    right = Access("create", "", "serviceaccounts/token", SPACE)
    assert right in permissions.needed(CONFIG, "west")
    assert right not in permissions.needed(CONFIG, "east")
    assert right not in permissions.needed(mesh(), "west")


def test_credentials_are_judged_by_the_token_that_they_have() -> None:
    link = CONFIG.links[0]
    data = credentials_data("https://west.example", issued(link, NOW - 30 * HOUR))
    kept = thing("v1", "Secret", "cluster-credentials-west", SPACE, data=data)
    case = link_case(view(kept), view(), CONFIG)
    assert of(list(access.credentials(case)), RENEWED).status is Status.FAILURE
