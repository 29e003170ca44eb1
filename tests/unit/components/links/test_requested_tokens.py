"""Tokens that end: kept ones stay, due ones are requested in an update and never in a preview."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from kubernetes.client.exceptions import ApiException

from components.links import requested_token
from config import MeshConfig
from render import ClusterAnswers, Recording, RenderError, offline_reach
from render.placeholders import UNKNOWN
from tests.stack_builders import changed, loaded
from tests.unit.conftest import reach_of

Records = Callable[..., Recording]
NAME = "source-target-credentials"


def mesh(**credentials: Any) -> MeshConfig:
    """Two clusters and a link."""
    return loaded(changed({"links[0].credentials": {"token": "request", **credentials}}))


def logins(recording: Recording) -> list[str]:
    """The tokens that the source's Secrets have."""
    found = []
    for reader in ("mirror", "destination"):
        text = recording.named(f"{NAME}-{reader}-credentials").inputs["data"]["kubeconfig"]
        content = json.loads(base64.b64decode(text))
        found.append(content["users"][0]["user"]["token"])
    return found


def without_tokens(config: MeshConfig) -> dict[str, Any]:
    """Clusters in which every token is due."""
    return {name: replace(one, tokens={}) for name, one in reach_of(config).items()}


def issue(monkeypatch: pytest.MonkeyPatch, answer: str | Exception) -> list[tuple[Any, ...]]:
    """Let the target answer requests; they are in the list."""
    asked: list[tuple[Any, ...]] = []

    def request(_: object, *arguments: Any) -> str:
        asked.append(arguments)
        if isinstance(answer, Exception):
            raise answer
        return answer

    class Api:
        def __enter__(self) -> Api:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(requested_token, "api_client", lambda _: Api())
    monkeypatch.setattr(requested_token, "request_token", request)
    return asked


def test_a_token_that_is_kept_stays_and_no_token_is_requested(
    recorded: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = issue(monkeypatch, "new")
    assert logins(recorded(mesh())) == ["kept-token-of-source-target"] * 2
    assert asked == []


def test_a_token_that_is_due_is_requested_once_for_the_account_and_its_secret(
    recorded: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = issue(monkeypatch, "a-new-token")
    config = mesh(lifetime="2h", generation=3)
    recording = recorded(config, reach=without_tokens(config))
    assert logins(recording) == ["a-new-token"] * 2
    account = recording.named(f"{NAME}-account").inputs["metadata"]["name"]
    marker = recording.named(f"{NAME}-token").inputs
    assert marker["type"] == "Opaque"
    assert "data" not in marker
    ((space, asked_for, (bound_to, _), seconds),) = asked
    assert (space, asked_for) == (marker["metadata"]["namespace"], account)
    assert bound_to == marker["metadata"]["name"]
    assert seconds == 7200
    values = recording.named("source-multicluster-release").inputs["values"]
    assert "a-new-token" not in json.dumps(values)
    for item in recording:
        if "a-new-token" in json.dumps(item.inputs):
            assert item.secret_paths, item.name


def test_a_preview_requests_nothing_and_shows_that_a_token_is_due(
    recorded: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = issue(monkeypatch, "new")
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    config = mesh()
    recording = recorded(config, reach=without_tokens(config))
    assert asked == []
    for reader in ("mirror", "destination"):
        data = recording.named(f"{NAME}-{reader}-credentials").inputs["data"]
        assert data == pulumi.runtime.rpc.UNKNOWN
    assert logins(recorded(config)) == ["kept-token-of-source-target"] * 2


@pytest.mark.parametrize(
    "error", [ApiException(status=403, reason="a-secret-word"), OSError(), ValueError()]
)
def test_a_target_that_gives_no_token_is_named_with_the_account(
    recorded: Records, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    issue(monkeypatch, error)
    config = mesh()
    with pytest.raises(RenderError) as raised:
        recorded(config, reach=without_tokens(config))
    text = str(raised.value)
    assert "cluster 'target' gives no token" in text
    assert "linkerd-service-mirror-remote-access-source" in text
    assert "a-secret-word" not in text


def test_offline_a_placeholder_is_in_place_of_the_token(recorded: Records) -> None:
    config = mesh()
    answers = ClusterAnswers.placeholders()
    recording = recorded(config, reach=offline_reach(config), answers=answers)
    assert logins(recording) == [UNKNOWN] * 2


def test_every_generation_and_kind_of_token_has_a_secret_of_its_own(recorded: Records) -> None:
    """The engine deletes a Secret of another name once everything else has the new token."""
    names = set()
    for token in ("secret", "request"):
        for generation in (1, 2, 3):
            item = recorded(mesh(token=token, generation=generation)).named(f"{NAME}-token")
            assert not item.delete_before_replace
            names.add(item.inputs["metadata"]["name"])
    assert len(names) == 6
