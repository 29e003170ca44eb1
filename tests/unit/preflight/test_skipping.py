"""A cluster that is skipped keeps what it has, and the others get the stack file."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from config import load_settings
from kube import Login
from preflight import Reach, skipping
from preflight.cluster_error import ClusterError, ClusterProblem
from preflight.last_update import OUTPUT, LastUpdate
from preflight.skipping import Examined, look, merged, owed
from program import declare
from render import Recording, RenderError, TlsProvider
from render.program import record_program
from tests.stack_builders import pair, problems, valid_settings
from tests.unit.conftest import PUBLISHED, Tells, reach_of

Settings = dict[str, Any]
TLS = TlsProvider()


def recorded(found: Examined, last: LastUpdate | None = None) -> Recording:
    """What an update from this registers."""
    return record_program(lambda: declare(found, PUBLISHED, last), Tells(), tls=TLS)


def updated(content: Settings) -> tuple[Recording, LastUpdate]:
    """An update that reaches every cluster, and its record."""
    config = load_settings(content, "test")
    recording = recorded(Examined(content, config, reach_of(config)))
    last = LastUpdate.read({OUTPUT: recording.outputs[OUTPUT]})
    assert last is not None
    return recording, last


@cache
def of_pair() -> tuple[Recording, LastUpdate]:
    """An update of `pair`."""
    return updated(pair())


def state_of(last: LastUpdate) -> set[str]:
    return {one for found in last.resources.values() for one in found}


class Clusters:
    """Clusters of which one does not answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.silent = ""
        self.unreachable = True
        self.token: str | None = "kept"
        monkeypatch.setattr(skipping, "examine", self.examine)
        monkeypatch.setattr(skipping, "login", lambda _: Login("a", "/kubeconfig", False))

    def examine(self, clusters: Mapping[str, Any], expected: object) -> dict[str, Reach]:
        if self.silent in clusters:
            raise ClusterError(
                [ClusterProblem(self.silent, "context 'a'", "silence", "wait", self.unreachable)]
            )
        config = load_settings({"clusters": {self.silent: {"context": "a"}}}, "test")
        every = reach_of(config.model_copy(update={"clusters": {self.silent: 0, **clusters}}))
        return {
            name: replace(
                every[name],
                tokens={f"{name}-{self.silent}": self.token} if self.token is not None else {},
            )
            for name in clusters
        }

    def look(
        self, content: Settings, last: LastUpdate | None, state: set[str] | None = None
    ) -> Examined:
        def has() -> set[str]:
            return state_of(last) if state is None and last is not None else state or set()

        return look(content, load_settings(content, "test"), last, has)


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> Clusters:
    return Clusters(monkeypatch)


def skippable(content: Settings, name: str) -> Settings:
    found = copy.deepcopy(content)
    found["clusters"][name]["unreachable"] = "skip"
    return found


@st.composite
def edits(draw: st.DrawFn) -> tuple[Settings, Settings, str]:
    """A stack file, the same with other clusters and links, and the cluster that is skipped."""
    old, other = draw(valid_settings()), draw(valid_settings())
    new = copy.deepcopy(old)
    for name, body in zip(new["clusters"], other["clusters"].values(), strict=False):
        if draw(st.booleans()):
            kept = {key: new["clusters"][name].get(key) for key in ("context", "uid")}
            new["clusters"][name] = {**body, **{k: v for k, v in kept.items() if v}}
    new["links"] = [link for link in old.get("links", []) if draw(st.integers(0, 3))]
    skipped = draw(st.sampled_from(sorted(old["clusters"])))
    assume(len(new["clusters"]) > 1 and not problems(new))
    return old, skippable(new, skipped), skipped


def inputs_of(recording: Recording, chosen: Callable[[Any], bool]) -> dict[str, Any]:
    return {
        item.urn: item.inputs
        for item in recording
        if item.type.startswith("kubernetes:") and chosen(item)
    }


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(edited=edits())
def test_a_skipped_cluster_is_declared_as_before_and_the_others_as_the_stack_file_says(
    clusters: Clusters, edited: tuple[Settings, Settings, str]
) -> None:
    old, new, skipped = edited
    clusters.silent = skipped
    before, last = updated(old)
    try:
        found = clusters.look(new, last)
        now = recorded(found, last)
    except (ClusterError, RenderError) as error:
        assert "cannot be skipped" in str(error)
        return
    assert inputs_of(now, lambda one: one.cluster == skipped).keys() == (
        inputs_of(before, lambda one: one.cluster == skipped).keys()
    )
    linked = {
        end
        for content in (old, new)
        for link in content.get("links", ())
        for end in (link["source"], link["target"])
        if skipped in (link["source"], link["target"])
    }
    apart = set(new["clusters"]) - {skipped, *linked}
    if apart:
        after, _ = updated(new)
        assert inputs_of(now, lambda one: one.cluster in apart) == (
            inputs_of(after, lambda one: one.cluster in apart)
        )
    (provider,) = [item for item in now.providers() if item.name == skipped]
    assert provider.inputs["skipUpdateUnreachable"] == "true"
    # The next record says of it what the last one did.
    again = LastUpdate.read({OUTPUT: now.outputs[OUTPUT]})
    assert again is not None
    for part in ("clusters", "reach", "resources", "addresses"):
        assert getattr(again, part)[skipped] == getattr(last, part)[skipped]


@pytest.mark.parametrize("skipped", ["source", "target"])
def test_the_other_end_of_a_link_keeps_the_link_as_it_was(clusters: Clusters, skipped: str) -> None:
    before, last = of_pair()
    new = skippable(pair(), skipped)
    new["clusters"]["target"]["ambassador"]["gateway"] = {"port": 5143}
    new["links"][0]["probe"] = {"periodSeconds": 17}
    new["clusters"]["source"]["ambassador"]["mappings"] = [
        {"name": "later", "prefix": "/later/", "service": "later.shop"}
    ]
    clusters.silent = skipped
    found = clusters.look(new, last)
    now = recorded(found, last)
    kept = ("source-target-link", "source-target-credentials-mirror-credentials")
    if skipped == "target":
        assert inputs_of(now, lambda one: one.name in kept) == (
            inputs_of(before, lambda one: one.name in kept)
        )
    expected = {
        "source": ["clusters.source.ambassador.mappings", "links[0].probe"],
        "target": ["clusters.target.ambassador.gateway.port", "links[0].probe"],
    }
    assert found.owed == {skipped: expected[skipped]}
    (note,) = found.notes
    assert "silence" in note
    assert all(path in note for path in expected[skipped])
    later = inputs_of(now, lambda one: one.name == "source-ambassador-mapping-later")
    assert bool(later) == (skipped == "target")


@pytest.mark.parametrize("skipped", ["source", "target"])
def test_a_requested_token_of_a_link_to_a_skipped_cluster_is_kept_though_one_is_due(
    clusters: Clusters, skipped: str
) -> None:
    content = pair()
    content["links"][0]["credentials"] = {"token": "request"}
    _, last = updated(content)
    clusters.silent = skipped
    found = clusters.look(skippable(content, skipped), last)
    of_target = ["a new token for the link from source: it is no token that ends"]
    assert found.owed == {skipped: of_target if skipped == "target" else []}
    # A token that is requested here fails, as the target has no API server.
    recorded(found, last)
    clusters.token = None
    if skipped == "target":
        with pytest.raises(ClusterError, match="has no token"):
            clusters.look(skippable(content, skipped), last)


def changed_anchor(content: Settings) -> None:
    content["trustAnchor"] = {"anchors": [{"name": "new"}, {"name": "old"}]}


def another_cluster(content: Settings) -> None:
    content["clusters"]["third"] = content["clusters"].pop("target")
    content["links"][0]["target"] = "third"


def without_source(content: Settings) -> None:
    content["clusters"]["third"] = content["clusters"].pop("source")
    del content["links"]


@pytest.mark.parametrize(
    ("change", "silent", "why"),
    [
        (changed_anchor, "target", "changes trustAnchor"),
        (another_cluster, "third", "no update has reached third yet"),
        (without_source, "target", "contradicts the stack file"),
    ],
)
def test_what_cannot_be_skipped_is_refused_with_the_reason(
    clusters: Clusters, change: Callable[[Settings], None], silent: str, why: str
) -> None:
    _, last = of_pair()
    new = pair()
    change(new)
    clusters.silent = silent
    with pytest.raises(ClusterError, match=why) as raised:
        clusters.look(skippable(new, silent), last)
    (problem,) = raised.value.problems
    assert problem.message.startswith("silence, and it cannot be skipped: ")
    assert "docs/failures.md" in problem.remedy


def test_a_stack_without_a_record_skips_nothing(clusters: Clusters) -> None:
    clusters.silent = "target"
    with pytest.raises(ClusterError, match="no record"):
        clusters.look(skippable(pair(), "target"), None)


def test_an_update_that_did_not_end_in_the_cluster_has_to_be_ended_first(
    clusters: Clusters,
) -> None:
    _, last = of_pair()
    clusters.silent = "target"
    whole, new = state_of(last), skippable(pair(), "target")
    elsewhere = {"kubernetes:core/v1:Secret::source-new", "tls:index/privateKey:PrivateKey::target"}
    clusters.look(new, last, (whole | elsewhere) - set(last.resources["source"]))
    for state in (
        whole - {last.resources["target"][0]},
        whole | {"kubernetes:core/v1:Secret::target-new"},
        whole | {"kubernetes:core/v1:Secret::source-target-new"},
    ):
        with pytest.raises(ClusterError, match="the last update did not end"):
            clusters.look(new, last, state)


def test_a_stack_of_which_no_cluster_answers_is_not_updated(clusters: Clusters) -> None:
    content = {"clusters": {"alone": {"context": "a", "unreachable": "skip"}}}
    _, last = updated(content)
    clusters.silent = "alone"
    with pytest.raises(ClusterError) as raised:
        clusters.look(content, last)
    assert "skipped" not in str(raised.value)


def test_only_a_cluster_that_gives_no_answer_and_whose_key_says_so_is_skipped(
    clusters: Clusters,
) -> None:
    _, last = of_pair()
    clusters.silent = "target"
    with pytest.raises(ClusterError) as raised:
        clusters.look(pair(), last)
    assert "skipped" not in str(raised.value)
    clusters.unreachable = False
    with pytest.raises(ClusterError) as raised:
        clusters.look(skippable(pair(), "target"), last)
    assert "skipped" not in str(raised.value)


def test_what_the_program_would_make_or_delete_in_a_skipped_cluster_is_refused(
    clusters: Clusters,
) -> None:
    _, last = of_pair()
    clusters.silent = "target"
    found = clusters.look(skippable(pair(), "target"), last)
    fewer = {**last.resources, "target": last.resources["target"][1:]}
    with pytest.raises(RenderError, match="would be made or deleted in it"):
        recorded(found, replace(last, resources=fewer))


def test_a_record_of_another_version_is_none() -> None:
    _, last = of_pair()
    content = json.loads(last.text())
    assert LastUpdate.read({OUTPUT: json.dumps(content)}) == last
    assert LastUpdate.read({OUTPUT: json.dumps({**content, "version": 0})}) is None
    assert LastUpdate.read({OUTPUT: "no record"}) is None
    assert LastUpdate.read({}) is None


def test_a_link_that_was_removed_or_added_is_owed() -> None:
    _, last = of_pair()
    new = pair()
    back = {"source": "target", "target": "source", "exports": []}
    assert merged({**new, "links": [back]}, last, ["target"])["links"] == new["links"]
    assert owed({**new, "links": [back]}, last, "target") == [
        "links[0]",
        "the link from source to target, removed",
    ]
