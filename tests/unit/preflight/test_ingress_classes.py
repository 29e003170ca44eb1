"""An IngressClass of an adopted Ambassador is none that the stack file installs for another one."""

from __future__ import annotations

import json
import re

import pytest

from config.core.cluster import ClusterConfig
from config.preconditions import expectations
from preflight import ClusterError, examine
from tests.api_servers import Answer, api_server, healthy, kubeconfig
from tests.remedy_cases.builders import several
from tests.stack_builders import Settings, changed, loaded

UID = "01234567-89ab-4def-8123-456789abcdef"
CLASSES = "/apis/networking.k8s.io/v1/ingressclasses/"
OURS: Settings = {"name": "edge", "installCrds": False}
THEIRS: Settings = {"name": "theirs", "adopt": {}}
CLASS = "IngressClass"


def released(namespace: str) -> Answer:
    """An IngressClass of a release in a namespace."""
    annotations = {"meta.helm.sh/release-namespace": namespace}
    return 200, {"kind": CLASS, "metadata": {"name": "any", "annotations": annotations}}


def refused(settings: Settings, classes: dict[str, Answer]) -> list[tuple[str, str]]:
    """What the guard says of IngressClasses in a cluster with these, each with the remedy."""
    others = healthy(UID)

    def respond(path: str) -> Answer:
        return classes.get(path.removeprefix(CLASSES)) or others(path)

    with api_server(respond) as server:
        cluster = ClusterConfig(kubeconfig=json.dumps(kubeconfig({"a": server.url})))
        try:
            examine({"a": cluster}, {"a": expectations(loaded(settings), "a")}, deadline=30.0)
        except ClusterError as error:
            found = error.problems
            return [(one.message, one.remedy) for one in found if CLASS in one.message]
    return []


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (several(OURS, THEIRS), "ambassador"),
        (several(THEIRS, OURS), "ambassador-edge"),
        (several({**OURS, "values": {"ingressClassResource": {"name": "x"}}}, THEIRS), "x"),
    ],
)
def test_one_that_belongs_to_the_adopted_one_is_refused_with_the_key_of_another_name(
    settings: Settings, name: str
) -> None:
    [(message, remedy)] = refused(settings, {name: released("theirs")})
    assert f"IngressClass {name} " in message and "'theirs'" in message
    found = re.fullmatch(r"write another name under (\S+)", remedy)
    assert found is not None
    names = [one["name"] for one in settings["clusters"]["a"]["ambassador"]]
    key = found[1].replace("[edge]", f"[{names.index('edge')}]")
    assert refused(changed({key: "another"}, settings), {name: released("theirs")}) == []


@pytest.mark.parametrize("answer", [released("edge"), released("elsewhere"), (403, {}), (404, {})])
def test_its_own_and_one_that_cannot_be_read_are_not(answer: Answer) -> None:
    """A release under an earlier name goes before the one with this name comes."""
    assert refused(several(OURS, THEIRS), {"ambassador": answer}) == []


def test_nothing_is_read_where_no_other_ambassador_is_adopted() -> None:
    assert expectations(loaded(several(OURS, {"name": "other"})), "a").classes == ()
    disabled = {**OURS, "values": {"ingressClassResource": {"enabled": False}}}
    assert expectations(loaded(several(disabled, THEIRS)), "a").classes == ()
