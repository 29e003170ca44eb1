"""What unit tests of components and of render share: one recording engine for all of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

import pytest
import requests
import yaml

from charts import ChartSource, PublishedManifest
from config import MeshConfig, load_settings, load_stack_file
from config.core.charts import ChartsConfig
from kube import Endpoint
from preflight import Reach
from render import (
    ClusterAnswers,
    HelmTemplate,
    Recording,
    RenderedObject,
    RenderError,
    TlsProvider,
    find_helm,
    manifests,
    record,
)
from tests.packages import packages
from tests.stack_files import STACK_FILES

UIDS = "0123456789abcdef"
MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: emissary-system}
---
apiVersion: v1
kind: Service
metadata: {name: emissary-apiext, namespace: emissary-system}
spec: {ports: [{name: https, port: 443, targetPort: https}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: emissary-apiext, namespace: emissary-system}
spec: {replicas: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: hosts.getambassador.io}
spec: {group: getambassador.io}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: mappings.getambassador.io}
spec: {group: getambassador.io}
"""
"""Published manifests as they are where no test says otherwise: CRDs, and what converts them."""


class Published(ChartSource):
    """Published charts and manifests, the latter without a request."""

    def text(self, manifest: PublishedManifest) -> str:
        return MANIFEST


PUBLISHED = Published(
    None,
    ChartsConfig(
        linkerd="https://charts.example.com/linkerd",
        linkerd_stable="https://charts.example.com/linkerd-stable",
        emissary="oci://charts.example.com/ee",
        ambassador="https://charts.example.com/ambassador",
    ),
)


class Tells(ClusterAnswers):
    """Clusters that answer with what a test can recognise."""

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        text = f"token-of-{cluster}-{namespace}-{name}"
        return {
            "token": base64.b64encode(text.encode()).decode(),
            "ca.crt": base64.b64encode(b"the CA").decode(),
            "namespace": base64.b64encode(namespace.encode()).decode(),
        }

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        return {
            "loadBalancer": {"ingress": [{"hostname": f"{name}.{namespace}.{cluster}.example"}]}
        }


def reach_of(config: MeshConfig) -> dict[str, Reach]:
    """Clusters that the guard has seen, each with its own server, CA, UID, and tokens to keep."""
    return {
        name: Reach(
            Endpoint(f"https://{name}.example:6443", f"CA of {name}\n"),
            f"{UIDS[place] * 8}-0000-4000-8000-000000000000",
            tokens={link.name: f"kept-token-of-{link.name}" for link in config.links_from(name)},
        )
        for place, name in enumerate(config.clusters)
    }


class Records(Protocol):
    """Records what the program registers."""

    def __call__(
        self,
        config: MeshConfig,
        *,
        charts: ChartSource = ...,
        answers: ClusterAnswers | None = ...,
        reach: Mapping[str, Reach] | None = ...,
        tls: TlsProvider | None = ...,
    ) -> Recording: ...


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clusters, chart folder and network are none of a unit test's business."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("MESH_CHARTS", raising=False)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a unit test asks the network")

    monkeypatch.setattr(requests, "get", refuse)


@pytest.fixture(scope="session")
def mesh() -> Callable[[str], MeshConfig]:
    """From the settings of a stack file, as YAML without prefixes, to validated models."""

    def load(text: str) -> MeshConfig:
        return load_settings(yaml.safe_load(text), "test")

    return load


@pytest.fixture(scope="session")
def recorded() -> Records:
    """Records a mesh as if its clusters had answered."""

    def run(
        config: MeshConfig,
        *,
        charts: ChartSource = PUBLISHED,
        answers: ClusterAnswers | None = None,
        reach: Mapping[str, Reach] | None = None,
        tls: TlsProvider | None = None,
    ) -> Recording:
        known = reach or reach_of(config)
        return record(config, known, charts, answers or Tells(), tls=tls)

    return run


@pytest.fixture(scope="session")
def stack_config() -> Callable[[str], MeshConfig]:
    """The validated content of a stack file that this project ships or tests with."""

    @cache
    def load(name: str) -> MeshConfig:
        return load_stack_file(STACK_FILES[name])

    return load


@pytest.fixture(scope="session")
def stack(
    stack_config: Callable[[str], MeshConfig], recorded: Records
) -> Callable[[str], Recording]:
    """What the program registers for such a stack file; recorded once."""

    @cache
    def run(name: str) -> Recording:
        return recorded(stack_config(name))

    return run


@pytest.fixture(scope="session")
def helm() -> HelmTemplate:
    """Helm from PATH or built from the pinned module."""
    try:
        return HelmTemplate(find_helm())
    except RenderError as error:
        pytest.skip(f"there is no helm: {error.message}")


@pytest.fixture(scope="session")
def chart_folder(helm: HelmTemplate) -> ChartSource:
    """The stand-in charts, packaged as a user without internet would have the published ones."""
    return ChartSource(packages(), PUBLISHED.repositories)


Rendered = Callable[[str], tuple[Recording, dict[str, list[RenderedObject]]]]
"""A recording of a stack file, and the objects that it makes."""


@pytest.fixture(scope="session")
def keys_of() -> Callable[[str], TlsProvider]:
    """The keys and certificates of a stack file that is rendered, by its name."""
    return cache(lambda name: TlsProvider())


@pytest.fixture(scope="session")
def rendered(
    helm: HelmTemplate,
    chart_folder: ChartSource,
    stack_config: Callable[[str], MeshConfig],
    recorded: Records,
    keys_of: Callable[[str], TlsProvider],
) -> Rendered:
    """The objects of such a stack file, with the stand-in charts; made once."""

    @cache
    def run(name: str) -> tuple[Recording, dict[str, list[RenderedObject]]]:
        recording = recorded(stack_config(name), charts=chart_folder, tls=keys_of(name))
        return recording, manifests(recording, helm)

    return run


@pytest.fixture
def rendered_again(
    helm: HelmTemplate,
    chart_folder: ChartSource,
    stack_config: Callable[[str], MeshConfig],
    recorded: Records,
    keys_of: Callable[[str], TlsProvider],
) -> Callable[[str], dict[str, list[RenderedObject]]]:
    """The objects of such a stack file, made once more by another Helm, with the same keys."""

    def run(name: str) -> dict[str, list[RenderedObject]]:
        recording = recorded(stack_config(name), charts=chart_folder, tls=keys_of(name))
        return manifests(recording, HelmTemplate(helm.binary))

    return run
