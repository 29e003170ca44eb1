"""Local clusters behave as Kubernetes does, and leave nothing behind."""

from __future__ import annotations

import base64
import json
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

import local_clusters
from local_clusters import ClusterStartError, LocalCluster, StartCancelledError
from local_clusters.control_plane.commands import START_ORDER
from local_clusters.control_plane.load_balancer import AddressBook
from local_clusters.control_plane.networks import free_ports, is_free
from local_clusters.processes import MARK, ProcessIdentity, end, identify, marked, spawn
from local_clusters.state import new_state
from machine.tools import kubernetes_version
from tests.waiting import eventually

from .conftest import Clusters

pytestmark = pytest.mark.clusters

NewNamespace = Callable[..., str]

ROOT = Path(local_clusters.__file__).parent.parent


@pytest.fixture
def core(clusters: Clusters) -> Iterator[Any]:
    with clusters.source.api() as api:
        yield core_v1(api)


def core_v1(api: client.ApiClient) -> Any:
    """The core API, untyped: it accepts plain manifests."""
    return client.CoreV1Api(api)


def pod_template(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "example.invalid/none:1"}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec}}


def make_deployment(api: client.ApiClient, namespace: str, replicas: int) -> None:
    labels = {"app": "web"}
    apps: Any = client.AppsV1Api(api)
    apps.create_namespaced_deployment(
        namespace,
        {
            "metadata": {"name": "web"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": pod_template(labels),
            },
        },
    )
    eventually(
        lambda: (
            apps.read_namespaced_deployment("web", namespace).status.available_replicas == replicas
        )
    )


def make_service(core: Any, namespace: str, name: str, **spec: Any) -> None:
    core.create_namespaced_service(
        namespace,
        {
            "metadata": {"name": name},
            "spec": {"ports": [{"port": 80}], "selector": {"app": "none"}, **spec},
        },
    )


def ingress_addresses(core: Any, namespace: str, name: str) -> list[str]:
    service = core.read_namespaced_service(name, namespace)
    return [entry.ip for entry in service.status.load_balancer.ingress or []]


# What a cluster is


def test_two_clusters_are_two_different_ones(clusters: Clusters) -> None:
    uids = set()
    for cluster in (clusters.source, clusters.target):
        with cluster.api() as api:
            uids.add(core_v1(api).read_namespace("kube-system").metadata.uid)
    assert len(uids) == 2
    for ranges in ("services", "pods", "load_balancers"):
        source: IPv4Network = getattr(clusters.source.networks, ranges)
        assert not source.overlaps(getattr(clusters.target.networks, ranges))


def test_an_api_server_has_the_pinned_version(clusters: Clusters) -> None:
    with clusters.target.api() as api:
        version = client.VersionApi(api).get_code()
    assert version.git_version == kubernetes_version()
    assert version.git_version.startswith(f"v{version.major}.{version.minor}.")


def test_the_merged_kubeconfig_reaches_each_cluster_by_its_name(clusters: Clusters) -> None:
    merged = yaml.safe_load(clusters.kubeconfig.read_text())
    servers = {entry["name"]: entry["cluster"]["server"] for entry in merged["clusters"]}
    contexts = {entry["name"]: entry["context"]["cluster"] for entry in merged["contexts"]}
    assert {name: servers[cluster] for name, cluster in contexts.items()} == {
        "source": clusters.source.server,
        "target": clusters.target.server,
    }
    assert merged["current-context"] == "source"


def test_every_listener_is_on_the_loopback_address(clusters: Clusters) -> None:
    listeners = listening_addresses()
    for process in clusters.source.status().running.values():
        links = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
        addresses = {listeners[link] for link in links if link in listeners}
        assert addresses <= {"127.0.0.1"}
    assert is_free(free_ports(1, range(21000, 30000))[0])
    assert not is_free(int(clusters.source.server.rpartition(":")[2]))


def listening_addresses() -> dict[str, str]:
    """The addresses of the listening sockets of this machine, by `socket:[inode]`."""
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                raw = bytes.fromhex(fields[1].partition(":")[0])
                address = socket.inet_ntoa(raw[::-1]) if len(raw) == 4 else raw.hex()
                found[f"socket:[{fields[9]}]"] = address
    return found


def test_no_other_user_can_read_keys_data_or_state(clusters: Clusters) -> None:
    directory = clusters.source.directory
    readable = stat.S_IRWXG | stat.S_IRWXO
    assert {path.name for path in directory.iterdir()} >= {"state.json", "kubeconfig", "pki"}
    for path in (directory, *directory.iterdir(), clusters.kubeconfig):
        assert not path.stat().st_mode & readable, path


def test_nodes_are_in_three_zones_and_schedulable(core: Any) -> None:
    nodes = core.list_node().items
    assert len({node.metadata.labels["topology.kubernetes.io/zone"] for node in nodes}) == 3
    assert not any(node.spec.taints for node in nodes)


# What Kubernetes does in it


def test_a_deployment_becomes_available_with_pods_of_that_clusters_own_addresses(
    clusters: Clusters, new_namespace: NewNamespace
) -> None:
    for cluster in (clusters.source, clusters.target):
        namespace = new_namespace(cluster)
        with cluster.api() as api:
            make_deployment(api, namespace, replicas=4)
            pods = core_v1(api).list_namespaced_pod(namespace).items
        addresses = {IPv4Address(pod.status.pod_ip) for pod in pods}
        assert len(addresses) == 4
        assert all(address in cluster.networks.pods for address in addresses)


def test_pods_that_must_not_share_a_zone_are_spread_over_all_three(
    clusters: Clusters, new_namespace: NewNamespace, core: Any
) -> None:
    namespace = new_namespace(clusters.source)
    labels = {"app": "spread"}
    apart = {
        "labelSelector": {"matchLabels": labels},
        "topologyKey": "topology.kubernetes.io/zone",
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    template = pod_template(labels, affinity=affinity)
    for number in range(3):
        template["metadata"]["name"] = f"spread-{number}"
        core.create_namespaced_pod(namespace, template)

    def nodes_of_ready_pods() -> set[str] | None:
        pods = core.list_namespaced_pod(namespace).items
        ready = [pod for pod in pods if pod.status.phase == "Running"]
        return {pod.spec.node_name for pod in ready} if len(ready) == 3 else None

    zones = {
        node.metadata.name: node.metadata.labels["topology.kubernetes.io/zone"]
        for node in core.list_node().items
    }
    assert len({zones[node] for node in eventually(nodes_of_ready_pods)}) == 3


def test_init_containers_have_completed_and_sidecars_run(
    clusters: Clusters, new_namespace: NewNamespace, core: Any
) -> None:
    namespace = new_namespace(clusters.source)
    image = "example.invalid/none:1"
    before = [
        {"name": "setup", "image": image},
        {"name": "proxy", "image": image, "restartPolicy": "Always"},
    ]
    pod = {**pod_template({}, initContainers=before)}
    pod["metadata"]["name"] = "meshed"
    core.create_namespaced_pod(namespace, pod)

    def statuses() -> dict[str, Any] | None:
        status = core.read_namespaced_pod("meshed", namespace).status
        return {one.name: one.state for one in status.init_container_statuses or []}

    states = eventually(statuses)
    assert states["setup"].terminated.exit_code == 0
    assert states["proxy"].running is not None


def test_a_job_completes(clusters: Clusters, new_namespace: NewNamespace) -> None:
    namespace = new_namespace(clusters.target)
    with clusters.target.api() as api:
        batch: Any = client.BatchV1Api(api)
        batch.create_namespaced_job(
            namespace,
            {
                "metadata": {"name": "once"},
                "spec": {"completions": 2, "template": pod_template({}, restartPolicy="Never")},
            },
        )

        def complete() -> bool:
            status = batch.read_namespaced_job("once", namespace).status
            return any(
                condition.type == "Complete" and condition.status == "True"
                for condition in status.conditions or []
            )

        eventually(complete)
        assert batch.read_namespaced_job("once", namespace).status.succeeded == 2


def test_a_pod_is_ready_again_after_its_node_was_not(
    clusters: Clusters, new_namespace: NewNamespace
) -> None:
    namespace = new_namespace(clusters.target)
    with clusters.target.api() as api:
        make_deployment(api, namespace, replicas=3)
        core = core_v1(api)
        pods = [pod.metadata.name for pod in core.list_namespaced_pod(namespace).items]
        # What the node lifecycle controller writes.
        lost = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
        for pod in pods:
            core.patch_namespaced_pod_status(pod, namespace, lost)

        def ready() -> list[str]:
            return [
                pod.metadata.name
                for pod in core.list_namespaced_pod(namespace).items
                for one in pod.status.conditions
                if one.type == "Ready" and one.status == "True"
            ]

        eventually(lambda: sorted(ready()) == sorted(pods))


def test_a_load_balancer_service_gets_an_address_of_its_own_and_keeps_it(
    clusters: Clusters, new_namespace: NewNamespace, core: Any
) -> None:
    namespace = new_namespace(clusters.source)
    for name in ("one", "two"):
        make_service(core, namespace, name, type="LoadBalancer")
    first = eventually(lambda: ingress_addresses(core, namespace, "one"))
    second = eventually(lambda: ingress_addresses(core, namespace, "two"))
    assert first != second
    for address in first + second:
        assert IPv4Address(address) in clusters.source.networks.load_balancers

    core.delete_namespaced_service("one", namespace)
    make_service(core, namespace, "one", type="LoadBalancer")
    assert eventually(lambda: ingress_addresses(core, namespace, "one")) == first


def test_services_of_another_load_balancer_class_get_no_address(
    clusters: Clusters, new_namespace: NewNamespace, core: Any
) -> None:
    namespace = new_namespace(clusters.source)
    make_service(core, namespace, "inside")
    make_service(
        core, namespace, "classed", type="LoadBalancer", loadBalancerClass="example.com/other"
    )
    # Changes are read one after the other: when the last has been, the others have been too.
    make_service(core, namespace, "last", type="LoadBalancer")
    eventually(lambda: ingress_addresses(core, namespace, "last"))
    assert ingress_addresses(core, namespace, "inside") == []
    assert ingress_addresses(core, namespace, "classed") == []


def test_a_service_account_token_is_filled_in_and_may_do_only_what_rbac_grants(
    clusters: Clusters, new_namespace: NewNamespace, core: Any
) -> None:
    namespace = new_namespace(clusters.source)
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "robot"}})
    core.create_namespaced_secret(
        namespace,
        {
            "metadata": {
                "name": "robot-token",
                "annotations": {"kubernetes.io/service-account.name": "robot"},
            },
            "type": "kubernetes.io/service-account-token",
        },
    )
    data = eventually(lambda: core.read_namespaced_secret("robot-token", namespace).data)
    assert base64.b64decode(data["ca.crt"]).startswith(b"-----BEGIN CERTIFICATE-----")

    configuration = client.Configuration(host=clusters.source.server)
    configuration.proxy = None
    configuration.ssl_ca_cert = str(clusters.source.directory / "pki" / "ca.crt")
    token = base64.b64decode(data["token"]).decode()
    configuration.api_key["authorization"] = f"Bearer {token}"
    with client.ApiClient(configuration) as api:
        authentication: Any = client.AuthenticationV1Api(api)
        who = authentication.create_self_subject_review({})
        assert who.status.user_info.username == f"system:serviceaccount:{namespace}:robot"
        with pytest.raises(client.ApiException, match="Forbidden"):
            core_v1(api).list_namespaced_secret(namespace)


def test_a_namespace_is_deleted_with_all_that_is_in_it(
    clusters: Clusters, new_namespace: NewNamespace
) -> None:
    namespace = new_namespace(clusters.target)
    with clusters.target.api() as api:
        core = core_v1(api)
        make_deployment(api, namespace, replicas=2)
        make_service(core, namespace, "front", type="LoadBalancer")
        core.delete_namespace(namespace)
        eventually(
            lambda: namespace not in [one.metadata.name for one in core.list_namespace().items]
        )


def test_a_call_to_a_webhook_without_endpoints_is_refused(
    clusters: Clusters, new_namespace: NewNamespace, core: Any
) -> None:
    namespace = new_namespace(clusters.source, {"webhook": "unserved"})
    make_service(core, namespace, "hook")
    admission: Any = client.AdmissionregistrationV1Api(core.api_client)
    service = {"name": "hook", "namespace": namespace, "port": 80}
    admission.create_validating_webhook_configuration(
        {
            "metadata": {"name": namespace},
            "webhooks": [
                {
                    "name": "unserved.example.com",
                    "clientConfig": {"service": service},
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE"],
                            "resources": ["configmaps"],
                        }
                    ],
                    "namespaceSelector": {"matchLabels": {"webhook": "unserved"}},
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "timeoutSeconds": 30,
                }
            ],
        }
    )

    def refusal() -> str | None:
        """What the API server says once it has heard of the webhook."""
        try:
            core.create_namespaced_config_map(namespace, {"metadata": {"generateName": "any-"}})
        except client.ApiException as error:
            return str(error.body)
        return None

    try:
        said = eventually(refusal)
    finally:
        admission.delete_validating_webhook_configuration(namespace)
    assert "connection refused" in said
    hook = core.read_namespaced_service("hook", namespace)
    assert IPv4Address(hook.spec.cluster_ip) in clusters.source.networks.services


# Starting and ending


def test_starting_what_runs_changes_nothing(clusters: Clusters) -> None:
    before = [cluster.status() for cluster in (clusters.source, clusters.target)]
    again = local_clusters.up(["source", "target"], directory=clusters.source.directory.parent)
    assert [cluster.status() for cluster in again] == before
    assert all(status.healthy for status in before)


def test_another_process_finds_repairs_and_ends_a_cluster_and_only_that(
    clusters: Clusters, cluster_programs: dict[str, Path], tmp_path: Path
) -> None:
    # The clusters of the session must be left alone.
    script = f"""if True:
        from pathlib import Path
        from local_clusters import up
        up(["lone"], directory=Path({str(tmp_path)!r}))
    """
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
    (status,) = local_clusters.status(directory=tmp_path)
    assert set(status.running) == set(START_ORDER)

    (lone,) = local_clusters.up(["lone"], directory=tmp_path)
    with lone.api() as api:
        core_v1(api).create_namespace({"metadata": {"name": "kept"}})
    end([status.running[gone] for gone in ("etcd", "kwok", "load-balancer")])
    assert not lone.status().healthy

    said: list[str] = []
    local_clusters.up(["lone"], lambda step: said.append(str(step)), directory=tmp_path)
    assert any("etcd, kwok, load-balancer" in line for line in said)
    assert lone.status().running["kube-apiserver"] == status.running["kube-apiserver"]
    with lone.api() as api:
        assert core_v1(api).read_namespace("kept").metadata.name == "kept"
        core_v1(api).create_namespace({"metadata": {"name": "again"}})
        make_deployment(api, "again", replicas=2)

    # A process id that another process has by now, according to the state file.
    bystander = subprocess.Popen(["sleep", "1000"])
    state_file = lone.directory / "state.json"
    state = json.loads(state_file.read_text())
    state["processes"]["bystander"] = {**state["processes"]["kwok"], "pid": bystander.pid}
    state_file.write_text(json.dumps(state))
    everyone = lone.status().running
    try:
        assert local_clusters.down(directory=tmp_path) == ["lone"]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert not any(process.alive() for process in everyone.values())
    assert not lone.directory.exists()
    assert clusters.source.status().healthy
    assert clusters.target.status().healthy


def test_a_cluster_that_cannot_be_repaired_is_created_again(
    cluster_programs: dict[str, Path], tmp_path: Path
) -> None:
    # What is left of a cluster that was ready once: its state, and nothing else.
    state = new_state("lone", 97, nodes=1)
    state.complete = True
    state.write(tmp_path / "lone")
    said: list[str] = []
    try:
        (lone,) = local_clusters.up(
            ["lone"], lambda step: said.append(str(step)), directory=tmp_path
        )
        assert lone.networks.index == 97
        with lone.api() as api:
            assert len(core_v1(api).list_node().items) == 1
        assert any("cannot be repaired" in line for line in said)
    finally:
        local_clusters.down(directory=tmp_path)


def test_a_start_that_fails_ends_what_it_started_and_shows_the_log(
    cluster_programs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho the disk is made of cheese\nexit 3\n")
    broken.chmod(0o755)
    programs = {**cluster_programs, "kube-apiserver": broken}
    monkeypatch.setattr("local_clusters.cluster.ensure", lambda *_: programs)
    with pytest.raises(ClusterStartError, match="kube-apiserver of cluster lone") as failure:
        local_clusters.up(["lone"], directory=tmp_path)
    assert "the disk is made of cheese" in str(failure.value)
    assert marked(str(tmp_path / "lone")) == []


def test_when_one_cluster_fails_the_other_new_one_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(cluster: LocalCluster, *_: Any, **__: Any) -> LocalCluster:
        if cluster.name == "bad":
            assert good_is_ready.wait(60)
            raise ClusterStartError("bad is bad")
        state = new_state(cluster.name, cluster.networks.index, cluster.nodes)
        one = spawn(["/bin/sleep", "1000"], tmp_path / "log", {}, str(cluster.directory))
        processes.append(one)
        state.processes = dict.fromkeys(START_ORDER, one)
        state.write(cluster.directory)
        good_is_ready.set()
        return cluster

    good_is_ready = threading.Event()
    processes: list[ProcessIdentity] = []
    monkeypatch.setattr(LocalCluster, "start", start)
    try:
        with pytest.raises(ClusterStartError, match="bad is bad"):
            local_clusters.up(["good", "bad"], directory=tmp_path)
        assert [process.alive() for process in processes] == [False]
    finally:
        end(processes)


def test_a_start_that_is_given_up_leaves_nothing_running(
    cluster_programs: dict[str, Path], tmp_path: Path
) -> None:
    given_up = threading.Event()
    given_up.set()
    cluster = LocalCluster("lone", 98, tmp_path / "lone")
    with pytest.raises(StartCancelledError):
        cluster.start(cancelled=given_up)
    assert marked(str(cluster.directory)) == []


def test_down_finds_what_was_never_written_down(tmp_path: Path) -> None:
    directory = tmp_path / "lone"
    cluster = LocalCluster("lone", 98, directory)
    own = spawn(["/bin/sleep", "1000"], tmp_path / "log", {}, str(directory))
    # Another cluster whose name only begins the same.
    other = spawn(["/bin/sleep", "1000"], tmp_path / "log", {}, f"{directory}-2")
    try:
        cluster.stop()
        assert not own.alive()
        assert other.alive()
    finally:
        end([own, other])


def test_a_process_that_ignores_the_polite_signal_is_ended_all_the_same(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1; done"
    log = tmp_path / "log"
    process = spawn(["/bin/sh", "-c", stubborn], log, {"PATH": "/bin:/usr/bin"}, "stubborn")
    eventually(lambda: log.read_text() == "ready\n")
    end([process], grace=0.2)
    assert not process.alive()


def test_a_process_id_that_another_process_has_by_now_is_left_alone(tmp_path: Path) -> None:
    process = spawn(["/bin/sleep", "1000"], tmp_path / "log", {}, "stranger")
    try:
        for stranger in (
            process.model_copy(update={"started": process.started - 1}),
            process.model_copy(update={"boot": "another"}),
        ):
            end([stranger])
            assert not stranger.alive()
        assert process.alive()
    finally:
        end([process])
    assert identify(process.pid) is None


def test_a_process_is_alive_until_its_last_thread_has_ended(tmp_path: Path) -> None:
    program = "import ctypes, threading, time\n"
    program += "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
    program += "ctypes.CDLL(None).pthread_exit(None)"
    command = [sys.executable, "-c", program]
    process = spawn(command, tmp_path / "log", {}, "threads")
    first = Path(f"/proc/{process.pid}/task/{process.pid}/stat")
    try:
        eventually(lambda: first.read_text().rpartition(")")[2].split()[0] == "Z")
        assert process.alive()
    finally:
        end([process])
    assert not process.alive()


def test_a_process_gets_none_of_the_users_environment(clusters: Clusters) -> None:
    for process in clusters.source.status().running.values():
        entries = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        names = {entry.partition(b"=")[0].decode() for entry in entries if entry}
        assert names == {"PATH", "HOME", "TMPDIR", "PYTHONPATH", "GOGC", "GOMEMLIMIT", MARK}


def test_a_name_that_would_leave_the_directory_is_refused(tmp_path: Path) -> None:
    for name in ("..", "a/b", "Source", "", "-a", "a" * 60):
        with pytest.raises(local_clusters.LocalClusterError, match="name"):
            LocalCluster(name, 0, tmp_path)


def test_stop_leaves_files_alone_that_the_cluster_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "logs").mkdir()
    LocalCluster("lone", 98, tmp_path).stop()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# Addresses


def test_an_address_book_gives_each_service_another_address_until_all_are_given() -> None:
    book = AddressBook(IPv4Network("192.0.2.0/28"))
    services = [f"default/{number}" for number in range(5)]
    given = {service: book.assign(service) for service in services}
    assert None in given.values()
    addresses = [address for address in given.values() if address]
    assert len(set(addresses)) == len(addresses)
    assert {service: book.assign(service) for service in services} == given

    freed = next(service for service in services if given[service])
    book.release(freed)
    assert book.assign("default/late") == given[freed]


def test_an_address_that_a_service_has_already_is_given_to_no_other() -> None:
    pool = IPv4Network("192.0.2.0/24")
    favourite = AddressBook(pool).assign("default/a")
    assert favourite is not None
    book = AddressBook(pool)
    book.keep("default/b", favourite)
    assert book.assign("default/b") == favourite
    assert book.assign("default/a") != favourite
