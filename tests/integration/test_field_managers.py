"""An object whose fields a killed run owns too, on a real API server."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from config import MeshConfig
from kube.field_managers import contested
from lifecycle.recovery.field_managers import release_fields, shared
from lifecycle.recovery.state import Resource
from tests.integration.conftest import Clusters
from tests.stack_builders import loaded

pytestmark = pytest.mark.clusters

OWN = "pulumi-kubernetes-0a1b2c3d"
KILLED = st.integers(0, 2**32 - 1).map("pulumi-kubernetes-{:08x}".format).filter(OWN.__ne__)
OTHERS = ("kubectl", "argocd-controller", "linkerd-ambassador-mesh")
TIMEOUT = (3.0, 9.0)
EXAMPLES = 30


class Place:
    """A namespace in which objects are applied as field managers of a test's choice."""

    def __init__(self, api: client.ApiClient, namespace: str, config: MeshConfig) -> None:
        self.api = api
        self.namespace = namespace
        self.config = config
        self._dynamic: Any = DynamicClient(api)  # type: ignore[no-untyped-call]

    def secret(self, name: str, **data: str) -> dict[str, Any]:
        """The manifest of a Secret."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": self.namespace},
            "data": {key: base64.b64encode(one.encode()).decode() for key, one in data.items()},
        }

    def apply(self, manifest: dict[str, Any], manager: str) -> dict[str, Any]:
        """Apply it, as the provider does; raises ApiException on a conflict."""
        kind = self._dynamic.resources.get(api_version="v1", kind="Secret")
        applied = self._dynamic.server_side_apply(
            kind, body=manifest, namespace=self.namespace, field_manager=manager
        )
        found: dict[str, Any] = applied.to_dict()
        return found

    def contested(self, name: str) -> set[str]:
        """The provider's field managers that contest a Secret."""
        core = client.CoreV1Api(self.api)
        found = core.read_namespaced_secret(name, self.namespace)
        thing: Any = self.api.sanitize_for_serialization(found)  # type: ignore[no-untyped-call]
        return set(contested(thing))

    def live(self, name: str) -> tuple[dict[str, str], set[str]]:
        """Data of a Secret, and its field managers."""
        found = client.CoreV1Api(self.api).read_namespaced_secret(name, self.namespace)
        assert found.metadata
        data = {key: str(one) for key, one in (found.data or {}).items()}
        return data, {str(one.manager) for one in found.metadata.managed_fields or ()}


@pytest.fixture
def place(
    clusters: Clusters, new_namespace: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("KUBECONFIG", str(clusters.kubeconfig))
    config = loaded({"clusters": {"source": {"context": "source"}}})
    with clusters.source.api() as api:
        yield Place(api, new_namespace(clusters.source), config)


def in_state(manifest: dict[str, Any], manager: str) -> Resource:
    """The resource of an object that the state has."""
    return Resource("urn:x::a-secret", "kubernetes:core/v1:Secret", "source", manifest, manager)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    killed=st.lists(KILLED, min_size=1, max_size=3, unique=True),
    others=st.lists(st.sampled_from(OTHERS), unique=True),
)
def test_the_next_change_of_an_object_conflicts_until_the_killed_runs_own_none_of_it(
    place: Place, killed: list[str], others: list[str]
) -> None:
    name = f"issuer-{uuid.uuid4().hex[:10]}"
    made, renewed = place.secret(name, key="first"), place.secret(name, key="second")
    for manager in (*killed, OWN):
        place.apply(made, manager)
    for manager in others:
        place.apply(place.secret(name, **{manager: "theirs"}), manager)
    with pytest.raises(ApiException) as raised:
        place.apply(renewed, OWN)
    assert raised.value.status == 409
    state = [in_state(made, OWN)]
    found = list(shared(place.api, "source", state, TIMEOUT))
    assert [set(one.managers) for one in found] == [set(killed)]
    assert place.contested(name) == {OWN, *killed}
    before, _ = place.live(name)
    release_fields(place.config, found, TIMEOUT)
    assert place.live(name) == (before, {OWN, *others})
    assert list(shared(place.api, "source", state, TIMEOUT)) == []
    assert place.contested(name) == set()
    place.apply(renewed, OWN)


def test_an_object_that_the_state_s_manager_has_never_applied_is_left_alone(place: Place) -> None:
    made = place.secret("imported", key="first")
    place.apply(made, "pulumi-kubernetes-ffffffff")
    assert list(shared(place.api, "source", [in_state(made, OWN)], TIMEOUT)) == []


def test_an_object_that_does_not_exist_is_no_ones(place: Place) -> None:
    absent = in_state(place.secret("absent"), OWN)
    assert list(shared(place.api, "source", [absent], TIMEOUT)) == []
