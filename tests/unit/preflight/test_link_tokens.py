"""When a link's token is renewed, and what the guard finds out before that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import MeshConfig
from config.links.link import LinkConfig
from config.preconditions import expectations
from preflight import ClusterError, examine
from preflight.link_tokens import due
from tests.api_servers import Answer, ApiServer, api_server, healthy, kubeconfig, written
from tests.link_tokens import ISSUED, credentials_data, issued, link_token
from tests.stack_builders import changed, loaded

UIDS = {
    "source": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    "target": "1" * 8 + "-0000-4000-8000-" + "1" * 12,
}
SECONDS = st.integers(600, 10_000).map(lambda number: number * 60)


def mesh(**credentials: object) -> MeshConfig:
    """Two clusters on this machine and a link with a requested token."""
    settings = {
        "links[0].credentials": {"token": "request", **credentials},
        "clusters.target.apiServer": {"sameMachine": True},
    }
    return loaded(changed(settings))


def link(lifetime: int, renew_before: int) -> LinkConfig:
    """A link whose spans are in seconds."""
    spans = {"lifetime": f"{lifetime}s", "renewBefore": f"{renew_before}s"}
    ends = {"source": "source", "target": "target"}
    return LinkConfig.model_validate({**ends, "credentials": {"token": "request", **spans}})


@given(st.data(), SECONDS)
def test_a_token_is_due_from_the_moment_on_that_less_than_renew_before_is_left(
    data: st.DataObject, lifetime: int
) -> None:
    renew_before = data.draw(st.integers(1, lifetime - 1))
    one = link(lifetime, renew_before)
    last = ISSUED + timedelta(seconds=lifetime - renew_before)
    early = data.draw(st.integers(0, lifetime - renew_before))
    assert due(issued(one), one, last - timedelta(seconds=early)) is None
    late = data.draw(st.integers(1, lifetime * 3))
    assert due(issued(one), one, last + timedelta(seconds=late)) is not None


@given(st.data(), SECONDS)
def test_no_token_expires_where_updates_are_less_than_renew_before_apart(
    data: st.DataObject, lifetime: int
) -> None:
    renew_before = data.draw(st.integers(1, lifetime - 1))
    one = link(lifetime, renew_before)
    now, token, ends, made = ISSUED, issued(one), ISSUED + timedelta(seconds=lifetime), 1
    for pause in data.draw(st.lists(st.integers(0, renew_before), max_size=20)):
        now += timedelta(seconds=pause)
        assert now <= ends
        if due(token, one, now) is not None:
            token, ends, made = issued(one, now), now + timedelta(seconds=lifetime), made + 1
    # Not more often than needed either: each but the last was used until it was due.
    assert (made - 1) * (lifetime - renew_before) <= (now - ISSUED).total_seconds()


@given(SECONDS, st.integers(2, 9))
def test_a_server_that_grants_less_is_not_asked_by_every_update(lifetime: int, share: int) -> None:
    one = link(lifetime, lifetime // 2)
    token = issued(one, seconds=lifetime / share)
    assert due(token, one, ISSUED + timedelta(seconds=1)) is None
    assert due(token, one, ISSUED + timedelta(seconds=lifetime / share * 0.6)) is not None


@pytest.mark.parametrize(
    "token",
    [
        "a token without an end",
        link_token(ISSUED, 3600, account="another", secret="s"),
        issued(mesh(generation=1).links[0]),
        issued(mesh(generation=2).links[0], seconds=48 * 3600),
        issued(mesh(generation=2).links[0], ISSUED - timedelta(hours=24)),
    ],
    ids=["endless", "of another account", "of another generation", "too long", "expired"],
)
def test_a_token_that_is_not_of_the_stack_file_is_due(token: str) -> None:
    one = mesh(generation=2).links[0]
    assert due(issued(one), one, ISSUED) is None
    assert due(token, one, ISSUED) is not None


# The guard ------------------------------------------------------------------------------------

Start = Callable[..., dict[str, ApiServer]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts source and target, and a kubeconfig with both."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    with ExitStack() as stack:

        def run(
            secret: Answer, accepts: Callable[[], bool], may: bool = True
        ) -> dict[str, ApiServer]:
            def source(path: str) -> Answer:
                found = path.endswith("/linkerd-multicluster/secrets/cluster-credentials-target")
                return secret if found else healthy(UIDS["source"])(path)

            def target(path: str) -> Answer:
                if path.endswith("/selfsubjectaccessreviews"):
                    return 201, {"status": {"allowed": may}}
                if path == "/version" and not accepts():
                    return 401, {}
                return healthy(UIDS["target"])(path)

            servers = {
                "source": stack.enter_context(api_server(source)),
                "target": stack.enter_context(api_server(target)),
            }
            urls = {name: server.url for name, server in servers.items()}
            written(kubeconfig(urls), tmp_path / "kubeconfig")
            return servers

        yield run


def kept(config: MeshConfig) -> dict[str, str]:
    """The tokens that the guard lets links keep."""
    expected = {name: expectations(config, name) for name in config.clusters}
    return dict(examine(config.clusters, expected)["source"].tokens)


def fresh(config: MeshConfig) -> str:
    """A token that was issued a moment ago."""
    return issued(config.links[0], datetime.now(UTC))


def in_secret(config: MeshConfig, token: str) -> Answer:
    """The Secret with the credentials of the link."""
    data = credentials_data("https://target.example", token)
    return 200, {"kind": "Secret", "data": data}


def test_the_guard_lets_a_link_keep_a_token_that_its_target_accepts(start: Start) -> None:
    config = mesh()
    token = fresh(config)
    servers = start(in_secret(config, token), lambda: True)
    assert kept(config) == {"source-target": token}
    tried = [one for one in servers["target"].requests if one.authorization == f"Bearer {token}"]
    assert [one.path for one in tried] == ["/version"]
    assert token not in repr(examine(config.clusters))


def test_a_token_that_its_target_refuses_is_not_kept(start: Start) -> None:
    config = mesh()
    answers = iter([True, False])
    start(in_secret(config, fresh(config)), lambda: next(answers))
    assert kept(config) == {}


@pytest.mark.parametrize(
    "answer", [(404, {}), (200, {"data": {}}), (200, {"data": {"kubeconfig": "!"}})]
)
def test_without_usable_credentials_no_token_is_kept(start: Start, answer: Answer) -> None:
    start(answer, lambda: True)
    assert kept(mesh()) == {}


def test_a_token_that_is_due_is_not_tried(start: Start) -> None:
    config = mesh()
    old = issued(config.links[0], datetime.now(UTC) - timedelta(hours=20))
    servers = start(in_secret(config, old), lambda: True)
    assert kept(config) == {}
    assert not [one for one in servers["target"].requests if one.authorization == f"Bearer {old}"]


def test_a_token_that_is_due_is_kept_where_its_target_is_skipped(start: Start) -> None:
    config = mesh()
    old = issued(config.links[0], datetime.now(UTC) - timedelta(hours=20))
    start(in_secret(config, old), lambda: True)
    source = {"source": config.clusters["source"]}
    expected = replace(expectations(config, "source"), skipped=frozenset({"target"}))
    assert examine(source, {"source": expected})["source"].tokens == {"source-target": old}


@pytest.mark.parametrize(
    ("answer", "may", "cluster", "missing"),
    [
        (
            (403, {}),
            True,
            "source",
            "cannot read Secret linkerd-multicluster/cluster-",
        ),
        ((404, {}), False, "target", "cannot create serviceaccounts/token"),
    ],
    ids=["source", "target"],
)
def test_a_right_that_renewing_needs_is_asked_for_before_anything_changes(
    start: Start, answer: Answer, may: bool, cluster: str, missing: str
) -> None:
    start(answer, lambda: True, may)
    with pytest.raises(ClusterError) as raised:
        kept(mesh())
    (problem,) = raised.value.problems
    assert problem.cluster == cluster
    assert missing in problem.message


def test_a_link_whose_token_has_no_end_needs_no_right_and_no_read(start: Start) -> None:
    config = loaded(changed({"clusters.target.apiServer": {"sameMachine": True}}))
    servers = start((403, {}), lambda: True, False)
    assert kept(config) == {}
    # The records of Helm releases are listed in any case.
    assert not [one for one in servers["source"].requests if "/secrets/" in one.path]
