"""Tokens that end: what they say of themselves, and how one is requested."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.client.exceptions import ApiException

from config.core.cluster import ClusterConfig
from kube.kubeconfig import api_client
from kube.tokens import claims_of, request_token
from tests.api_servers import Answer, api_server, kubeconfig, written
from tests.link_tokens import ISSUED, link_token, segment

BODIES = st.sampled_from(
    [
        [],
        {"iat": 1},
        {"iat": 1, "exp": None},
        {"iat": 1, "exp": 1e300},
        {"iat": "x", "exp": 2},
        {"iat": 1, "exp": float("nan")},
    ]
)


def test_a_token_says_when_it_ends_and_whose_it_is() -> None:
    found = claims_of(link_token(ISSUED, 3600, account="reader", secret="bound"))
    assert found is not None
    assert (found.account, found.secret) == ("reader", "bound")
    assert found.issued == ISSUED
    assert found.lifetime.total_seconds() == 3600


@given(st.text(max_size=8) | BODIES.map(lambda body: f"e30.{segment(body)}.sig"))
def test_what_is_no_token_that_ends_has_no_claims(text: str) -> None:
    assert claims_of(text) is None


def test_a_request_names_the_lifetime_and_what_the_token_is_bound_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Answer] = [(201, {"status": {"token": "new"}}), (403, {}), (201, {})]
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    with api_server(lambda _: answers.pop(0)) as server:
        written(kubeconfig({"a": server.url}), tmp_path / "kubeconfig")
        with api_client(ClusterConfig(context="a")) as api:
            bound = ("marker", "the-uid")
            assert request_token(api, "space", "reader", bound, 600) == "new"
            with pytest.raises(ApiException):
                request_token(api, "space", "reader", bound, 600)
            with pytest.raises(ValueError, match="no token"):
                request_token(api, "space", "reader", bound, 600)
    first = server.requests[0]
    assert first.path == "/api/v1/namespaces/space/serviceaccounts/reader/token"
    spec = first.body["spec"]
    assert spec["expirationSeconds"] == 600
    assert spec["boundObjectRef"] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "name": "marker",
        "uid": "the-uid",
    }
