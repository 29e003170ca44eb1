"""What the program makes, held against a real API server and the schemas of the charts' CRDs."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

import local_clusters
from charts import ChartSource
from config import MeshConfig, load_stack_file
from config.ambassador.adoption import FIELD_MANAGER
from config.ambassador.ambassador import AmbassadorConfig
from config.core.charts import ChartsConfig
from config.core.cluster import ClusterConfig
from config.preconditions import expectations
from local_clusters import LocalCluster
from machine.build import ensure
from render import ClusterAnswers, HelmTemplate, RenderedObject, manifests, offline_reach, record
from tests import foreign_workloads
from tests.integration.ambassador_kinds import CRD, GROUP, crds_of, storing
from tests.packages import packages
from tests.stack_files import STACK_FILES

pytestmark = pytest.mark.clusters

KINDS = Path(__file__).resolve().parents[1] / "kinds"

REMOVED = {
    "admissionregistration.k8s.io/v1beta1": {
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    },
    "apiextensions.k8s.io/v1beta1": {"CustomResourceDefinition"},
    "batch/v1beta1": {"CronJob"},
    "policy/v1beta1": {"PodDisruptionBudget", "PodSecurityPolicy"},
    "rbac.authorization.k8s.io/v1beta1": {
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    },
}
"""What Kubernetes took away with 1.22 and 1.25 of what the charts of old lines are written in
(Kubernetes docs, "Deprecated API Migration Guide")."""

OWNERS_PODS = {"app": "owner"}


class Answers(ClusterAnswers):
    """A token and an address, so that every object is whole."""

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        return {"token": base64.b64encode(f"{cluster}/{namespace}/{name}".encode()).decode()}

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        return {"loadBalancer": {"ingress": [{"ip": "203.0.113.5"}]}}


class Server:
    """One API server, asked to look strictly at objects."""

    def __init__(self, cluster: LocalCluster, without: Collection[str] = ()) -> None:
        """One that has the kinds of others, but those of the API groups `without`."""
        self.api = cluster.api()
        self.dynamic: Any = DynamicClient(self.api)  # type: ignore[no-untyped-call]
        self._made: dict[str, str] = {}
        self._accepted: set[tuple[str, str]] = set()
        for file in sorted(KINDS.glob("*.yaml")):
            crd = yaml.safe_load(file.read_text(encoding="utf-8"))
            if crd["spec"]["group"] not in without:
                self.make(crd)

    def make(self, item: Mapping[str, Any], manager: str = "test") -> None:
        """Apply one object; not again where it is as it was made last."""
        metadata = item["metadata"]
        named = (item["apiVersion"], item["kind"], metadata.get("namespace"), metadata["name"])
        key, text = json.dumps([*named, manager]), json.dumps(item, sort_keys=True)
        if self._made.get(key) != text:
            self.apply(item, pretend=False, manager=manager)
            self._made[key] = text
            if item["kind"] == CRD:
                # Another schema may refuse what the one before accepted.
                self._accepted.clear()

    def accepts(self, item: Mapping[str, Any], manager: str) -> None:
        """Apply one object without making it; stack files have many that are the same.

        Raises ApiException where it is refused.
        """
        key = json.dumps(item, sort_keys=True), manager
        if key not in self._accepted:
            self.apply(item, pretend=True, manager=manager)
            self._accepted.add(key)

    def apply(self, item: Mapping[str, Any], *, pretend: bool, manager: str = "test") -> Any:
        """Apply one object by server-side apply; unknown fields are refused."""
        parameters = [("fieldValidation", "Strict")]
        if pretend:
            parameters.append(("dryRun", "All"))
        return self.dynamic.server_side_apply(
            self.resource(item["apiVersion"], item["kind"]),
            body=dict(item),
            namespace=item["metadata"].get("namespace"),
            field_manager=manager,
            force_conflicts=True,
            query_params=parameters,
        )

    def resource(self, api_version: str, kind: str) -> Any:
        """How a kind is served; that of a new CRD is, after a moment."""
        for _ in range(300):
            try:
                return self.dynamic.resources.get(api_version=api_version, kind=kind)
            except ResourceNotFoundError:
                time.sleep(0.1)
        raise AssertionError(f"the API server does not come to serve {kind} of {api_version}")

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether a kind is served right now."""
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = json.loads(self.dynamic.request("get", path, serialize=False).data)
        except NotFoundError:
            return False
        return kind in {item["kind"] for item in listed["resources"]}


class Servers:
    """An API server for each set of Ambassador's CRDs, started on first use.

    They have the same names, and what one has stored the next could not take away.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made: dict[str, Server] = {}

    def with_kinds(self, crds: Sequence[Mapping[str, Any]], version: str) -> Server:
        """The server with these CRDs, which store `version`."""
        digest = json.dumps(crds, sort_keys=True)
        if digest not in self._made:
            name = f"strict-{len(self._made)}"
            (cluster,) = local_clusters.up([name], directory=self._directory, nodes=1)
            self._made[digest] = Server(cluster)
        server = self._made[digest]
        for item in crds:
            server.make(storing(dict(item), version))
        return server

    def close(self) -> None:
        """End all of them."""
        for server in self._made.values():
            server.api.close()  # type: ignore[no-untyped-call]
        local_clusters.down(directory=self._directory)


class Rendered(NamedTuple):
    """A mesh with the stand-in charts."""

    objects: dict[str, list[RenderedObject]]
    """Everything in every cluster."""
    kinds: dict[str, list[dict[str, Any]]]
    """CRDs of Ambassador in every cluster that has one, in a form that can be served."""


Render = Callable[[MeshConfig], Rendered]


@pytest.fixture(scope="module")
def servers(
    cluster_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """API servers of this module's own, as they have CRDs that other tests would trip over."""
    found = Servers(tmp_path_factory.mktemp("strict"))
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def helm(cluster_programs: dict[str, Path]) -> HelmTemplate:
    """The pinned Helm, which is built as the clusters' programs are."""
    return HelmTemplate(ensure(["helm"])["helm"])


@pytest.fixture(scope="module")
def rendered(helm: HelmTemplate) -> Render:
    """Renders a mesh with the stand-in charts."""

    def render(config: MeshConfig) -> Rendered:
        source = ChartSource(packages(), config.charts)
        recording = record(config, offline_reach(config), source, Answers())
        kinds = {
            name: crds_of(cluster.ambassador, source, helm)
            for name, cluster in config.clusters.items()
            if cluster.ambassador is not None
        }
        return Rendered(manifests(recording, helm), kinds)

    return render


def theirs(config: MeshConfig, cluster: str) -> set[str]:
    """Namespaces that are there before us."""
    found = {"default", "kube-system"}
    ambassador = config.clusters[cluster].ambassador
    if ambassador is not None and not ambassador.installed:
        found.add(ambassador.namespace)
    issuing = config.clusters[cluster].cert_manager
    if issuing is not None and not issuing.install:
        found.add(issuing.namespace)
    found |= {patch.ref.pods_in for _, patch in config.clusters[cluster].patches}
    found |= {item.name for item in expectations(config, cluster).namespaces}
    for link in config.links:
        if cluster in (link.source, link.target):
            found |= {export.namespace for export in link.exports}
    return found


def spaces_of(items: Iterable[RenderedObject]) -> set[str]:
    """Namespaces of objects."""
    found = (item.object["metadata"].get("namespace") for item in items)
    return {space for space in found if space}


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def owners(patched: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest object of another owner that a patch applies to."""
    for thing in foreign_workloads.WORKLOADS:
        if foreign_workloads.ref(thing) == foreign_workloads.ref(patched):
            return thing
    pod = {
        "metadata": {"labels": OWNERS_PODS},
        "spec": {"containers": [{"name": "own", "image": "registry.example/own:1"}]},
    }
    workload = {"selector": {"matchLabels": OWNERS_PODS}, "template": pod}
    specs: dict[str, dict[str, Any]] = {
        "Deployment": {"replicas": 0, **workload},
        "DaemonSet": workload,
        "Service": {"selector": OWNERS_PODS, "ports": [{"name": "http", "port": 80}]},
        "Namespace": {},
    }
    metadata = {
        key: patched["metadata"][key] for key in ("name", "namespace") if key in patched["metadata"]
    }
    found = {key: patched[key] for key in ("apiVersion", "kind")}
    return {**found, "metadata": metadata, "spec": specs[patched["kind"]]}


def is_ambassador_s_crd(item: Mapping[str, Any]) -> bool:
    return item["kind"] == CRD and str(item["metadata"]["name"]).endswith(GROUP)


def prepared(server: Server, items: Iterable[RenderedObject], foreign: set[str]) -> None:
    """Make what an API server needs before it accepts the rest."""
    for space in sorted(foreign - {"default", "kube-system"}):
        server.make(namespace(space))
    for item in items:
        kind = item.object["kind"]
        own = kind == "Namespace" and not item.patch
        current = item.object["apiVersion"].endswith("/v1")
        if own or (kind == CRD and current and not is_ambassador_s_crd(item.object)):
            server.make(item.object)
    for item in items:
        # That of a Module is a whole Module in the eyes of its CRD.
        if item.patch and item.object["kind"] != "Module":
            server.make(owners(item.object), manager="the-owner")


@pytest.mark.parametrize("stack", STACK_FILES)
def test_a_real_api_server_accepts_every_object_of_a_stack_to_the_last_field(
    stack: str, servers: Servers, rendered: Render
) -> None:
    config = load_stack_file(STACK_FILES[stack])
    made = rendered(config)
    refused: list[str] = []
    skipped: Counter[tuple[str, str]] = Counter()
    own: Counter[str] = Counter()
    for cluster, items in made.objects.items():
        foreign = theirs(config, cluster)
        created = {
            item.object["metadata"]["name"] for item in items if item.object["kind"] == "Namespace"
        }
        assert spaces_of(items) <= created | foreign
        ambassador = config.clusters[cluster].ambassador
        version = ambassador.objects_version if ambassador else ""
        server = servers.with_kinds(made.kinds.get(cluster, []), version)
        prepared(server, items, foreign)
        for item in items:
            version, kind = item.object["apiVersion"], item.object["kind"]
            if kind in REMOVED.get(version, ()) and not server.serves(version, kind):
                skipped[version, kind] += 1
                continue
            own[version] += 1
            try:
                server.accepts(item.object, item.field_manager or "test")
            except ApiException as error:
                name = f"{kind} {item.object['metadata']['name']}"
                refused.append(f"{cluster}: {name}: {error.body}")
    assert not refused, "\n".join(refused)
    assert own.total() > 50
    written = {
        f"getambassador.io/{cluster.ambassador.objects_version}"
        for cluster in config.clusters.values()
        if cluster.ambassador is not None and serves_any(cluster.ambassador)
    }
    assert written <= set(own)
    old = {version for cluster in config.clusters.values() for version in old_apis(cluster)}
    assert {version for version, _ in skipped} == old, skipped


def serves_any(config: AmbassadorConfig) -> bool:
    """Whether an Ambassador has objects in the version that its stack file says."""
    return config.installed or config.gateway is not None or bool(config.mappings)


def old_apis(cluster: ClusterConfig) -> set[str]:
    """API versions that Kubernetes took away and that what is installed needs."""
    found = set()
    ambassador, linkerd = cluster.ambassador, cluster.linkerd
    if ambassador is not None and ambassador.installed and ambassador.flavour == "ambassador":
        found |= {"apiextensions.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1beta1"}
        found |= {"policy/v1beta1"} if ambassador.high_availability else set()
    if linkerd.version.startswith("2.8."):
        found |= {
            "admissionregistration.k8s.io/v1beta1",
            "apiextensions.k8s.io/v1beta1",
            "policy/v1beta1",
        }
        found |= {"rbac.authorization.k8s.io/v1beta1"} if linkerd.cni else set()
        found |= {"batch/v1beta1"} if linkerd.heartbeat else set()
    return found


AMBASSADORS = {
    "v3alpha1": AmbassadorConfig(),
    "v2": AmbassadorConfig.model_validate({"version": "3.10.0", "apiVersion": "v2"}),
    "v1": AmbassadorConfig.model_validate({"flavour": "ambassador", "apiVersion": "v1"}),
}
"""An Ambassador of every version of getambassador.io."""


@pytest.fixture
def serving(servers: Servers, helm: HelmTemplate) -> Callable[[str], Server]:
    """The server with the CRDs of an Ambassador whose objects are of this version."""

    def run(version: str) -> Server:
        source = ChartSource(packages(), ChartsConfig())
        return servers.with_kinds(crds_of(AMBASSADORS[version], source, helm), version)

    return run


@pytest.mark.parametrize("version", list(AMBASSADORS))
@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ({"add_linkerd_headers": True}, {"addLinkerdHeaders": True}, "addLinkerdHeaders"),
        ({"timeout_ms": 5}, {"timeout_ms": "5"}, "timeout_ms"),
        ({"bypass_auth": True}, {"bypass_authentication": True}, "bypass_authentication"),
    ],
)
def test_a_route_with_a_field_that_its_version_does_not_know_is_refused_by_that_api_server(
    serving: Callable[[str], Server],
    version: str,
    good: dict[str, Any],
    bad: dict[str, Any],
    complaint: str,
) -> None:
    """Else the test above would prove nothing."""
    server = serving(version)
    route = {
        "apiVersion": f"getambassador.io/{version}",
        "kind": "Mapping",
        "metadata": {"name": "wrong", "namespace": "default"},
    }
    spec = {"prefix": "/", "service": "web"} | (
        {"hostname": "*"} if version == "v3alpha1" else {"host": "x"}
    )
    server.apply({**route, "spec": {**spec, **good}}, pretend=True)
    with pytest.raises(ApiException, match=complaint):
        server.apply({**route, "spec": {**spec, **bad}}, pretend=True)


@pytest.mark.parametrize(("version", "other"), [("v2", "hostname"), ("v3alpha1", "nothing")])
def test_the_versions_differ_in_what_they_know(
    serving: Callable[[str], Server], version: str, other: str
) -> None:
    server = serving(version)
    route = {
        "apiVersion": f"getambassador.io/{version}",
        "kind": "Mapping",
        "metadata": {"name": "wrong", "namespace": "default"},
        "spec": {"prefix": "/", "service": "web", other: "*"},
    }
    with pytest.raises(ApiException, match=other):
        server.apply(route, pretend=True)


def test_a_certificate_with_a_field_that_cert_manager_does_not_know_is_refused(
    servers: Servers,
) -> None:
    server = servers.with_kinds([], "")
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "wrong", "namespace": "default"},
        "spec": {"secretName": "s", "issuerRef": {"name": "i"}, "hostnames": ["x.example"]},
    }
    with pytest.raises(ApiException, match="hostnames"):
        server.apply(certificate, pretend=True)


def test_the_patch_on_a_foreign_service_leaves_everything_else_alone(
    servers: Servers, rendered: Render
) -> None:
    server = servers.with_kinds([], "")
    made = rendered(load_stack_file(STACK_FILES["staging"]))
    (patch,) = [item for item in made.objects["west"] if item.patch]
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **{key: patch.object["metadata"][key] for key in ("name", "namespace")},
            "labels": {"app": "profiles", "mirror.linkerd.io/exported": "no"},
            "annotations": {"owner": "accounts"},
        },
        "spec": {"selector": {"app": "profiles"}, "ports": [{"port": 80, "name": "http"}]},
    }
    server.apply(namespace(patch.object["metadata"]["namespace"]), pretend=False)
    before = server.apply(foreign, pretend=False, manager="the-owner").to_dict()
    after = server.apply(patch.object, pretend=False, manager=FIELD_MANAGER).to_dict()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    labels = dict(before["metadata"]["labels"])
    assert labels.pop("mirror.linkerd.io/exported") != "true"
    assert after["metadata"]["labels"] == {**labels, "mirror.linkerd.io/exported": "true"}
    owned = [
        entry["fieldsV1"]
        for entry in after["metadata"]["managedFields"]
        if entry["manager"] == FIELD_MANAGER
    ]
    assert owned == [{"f:metadata": {"f:labels": {"f:mirror.linkerd.io/exported": {}}}}]
