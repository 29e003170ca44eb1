"""MirroredServices: one for each service mirror, deleted after it, without secrets in the state."""

from __future__ import annotations

from collections.abc import Callable

from config import MeshConfig
from kube import Endpoint
from kube.kubeconfig import Login
from preflight import Reach
from render import Recording
from tests.recordings import of_type

TOKEN = "mesh:index:MirroredServices"


def test_each_service_mirror_has_one_that_is_deleted_after_it_and_after_its_link(
    stack: Callable[[str], Recording], stack_config: Callable[[str], MeshConfig]
) -> None:
    recording, config = stack("production"), stack_config("production")
    links = {(link.source, link.target): f"{link.name}-link" for link in config.links}
    local = {(name, ""): None for name in config.linked_clusters()}
    found = {
        (item.inputs["cluster"], item.inputs["target"]): item for item in of_type(recording, TOKEN)
    }
    assert found.keys() == links.keys() | local.keys()
    for (cluster, target), item in found.items():
        after = recording.downstream([item.urn])
        wanted = [f"{cluster}-multicluster-release", *filter(None, [links.get((cluster, target))])]
        assert {recording.named(name).urn for name in wanted} <= after


def test_a_kubeconfig_by_content_is_a_secret_and_a_path_is_none(
    stack_config: Callable[[str], MeshConfig], recorded: Callable[..., Recording]
) -> None:
    config = stack_config("local")
    for secret in (True, False):
        login = Login("here", "users: []\n" if secret else "~/.kube/config", secret)
        reach = {
            name: Reach(Endpoint(f"https://{name}.example", None), f"{name}-uid", login=login)
            for name in config.clusters
        }
        made = of_type(recorded(config, reach=reach), TOKEN)
        assert {item.secrets for item in made} == {frozenset({"kubeconfig"} if secret else ())}
        assert {item.inputs["uid"] for item in made} == {"source-uid", "target-uid"}
