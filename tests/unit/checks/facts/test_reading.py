"""Reading an API server, and logging in to one, against a small server on loopback."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from kubernetes import client

from checks.ambassador import conversion
from checks.cluster import permissions
from checks.facts import fetch
from checks.facts.reading import Reader, RefusedError, offset
from checks.facts.view import EVERYTHING, Log, ServedKind
from checks.links.credentials import Outcome, try_login
from kube.access import Access
from kube.kubeconfig import Endpoint
from kube.token_login import TokenLogin
from preflight.reach import Reach
from tests.certificates import Certified
from tests.certificates import certified as issued
from tests.unit.checks.builders import (
    certified,
    container_status,
    deployment,
    event,
    helm_record,
    mesh,
    node,
    settings,
    thing,
    troubled,
    view,
    with_ambassador,
)
from vocabulary.kinds import DEPLOYMENT, EVENT, MAPPING, SECRET, Kind

Answer = tuple[int, object]
Respond = Callable[[str, str, dict[str, str], Any], Answer]


@contextmanager
def serving(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that answers (method, path, query, request) with status and JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            url = urlsplit(self.path)
            request = {"headers": self.headers, "body": body}
            status, content = respond(self.command, url.path, dict(parse_qsl(url.query)), request)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def reader(respond: Respond, seconds: float = 30.0) -> Iterator[Reader]:
    with serving(respond) as address:
        configuration = client.Configuration()
        configuration.host = address
        configuration.retries = 0
        configuration.proxy = None
        yield Reader(client.ApiClient(configuration), seconds)


WEB = Kind("", "Service")
SERVICES = ServedKind({"v1": "services"}, True)


def test_a_long_list_is_read_page_by_page() -> None:
    asked: list[dict[str, str]] = []

    def respond(_: str, path: str, query: dict[str, str], __: Any) -> Answer:
        asked.append({"path": path, **query})
        number = int(query.get("continue", "0"))
        metadata = {"continue": str(number + 1)} if number < 2 else {}
        return 200, {"items": [{"metadata": {"name": f"s{number}"}}], "metadata": metadata}

    with reader(respond) as api:
        found = list(api.list(WEB, SERVICES, "shop", selectors={"labelSelector": "a=b"}))
    assert [one["metadata"]["name"] for one in found] == ["s0", "s1", "s2"]
    assert {(one["apiVersion"], one["kind"]) for one in found} == {("v1", "Service")}
    assert {one["path"] for one in asked} == {"/api/v1/namespaces/shop/services"}
    assert all(one["labelSelector"] == "a=b" for one in asked)


def test_a_custom_kind_is_read_in_the_version_that_the_server_prefers() -> None:
    paths: list[str] = []

    def respond(_: str, path: str, *__: Any) -> Answer:
        paths.append(path)
        return 200, {"items": [{}]}

    served = ServedKind({"v3alpha1": "mappings", "v2": "mappings"}, True)
    with reader(respond) as api:
        (found,) = api.list(MAPPING, served, "")
    assert paths == ["/apis/getambassador.io/v3alpha1/mappings"]
    assert found["apiVersion"] == "getambassador.io/v3alpha1"


@pytest.mark.parametrize(
    ("wanted", "read"), [("v2", "v2"), ("v3alpha1", "v3alpha1"), ("v1", "v3alpha1")]
)
def test_a_kind_is_read_in_the_version_that_is_wanted_where_that_is_served(
    wanted: str, read: str
) -> None:
    served = ServedKind({"v3alpha1": "mappings", "v2": "mappings"}, True)
    with reader(lambda *_: (200, {"items": [{}]})) as api:
        (found,) = api.list(MAPPING, served, "", version=wanted)
    assert found["apiVersion"] == f"getambassador.io/{read}"


def test_objects_of_ambassador_are_read_as_the_stack_file_writes_them() -> None:
    config = with_ambassador(flavour="ambassador", apiVersion="v1")
    versions = {listing.kind: listing.version for listing in fetch.plan(config, "west", pre=False)}
    assert versions[MAPPING] == "v1"


def test_the_webhook_that_a_crd_names_is_read_in_its_namespace() -> None:
    webhook = {
        "strategy": "Webhook",
        "webhook": {"clientConfig": {"service": {"namespace": "converters", "name": "apiext"}}},
    }
    crd = thing(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "mappings.getambassador.io",
        spec={"conversion": webhook},
    )
    (check,) = conversion.CHECKS
    assert check.reads_more is not None
    more = check.reads_more(mesh(), "west", view(crd))
    assert [(one.kind, one.namespace) for one in more] == [(DEPLOYMENT, "converters")]


def test_for_metadata_alone_the_content_is_not_asked_for() -> None:
    accepted: list[str] = []

    def respond(_: str, __: str, ___: dict[str, str], request: Any) -> Answer:
        accepted.append(request["headers"]["Accept"])
        return 200, {"items": []}

    with reader(respond) as api:
        list(api.list(WEB, SERVICES, metadata_only=True))
    assert ["as=PartialObjectMetadataList" in one for one in accepted] == [True]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, {"message": "secret words"}), "not allowed"),
        ((401, {}), "not allowed"),
        ((404, {}), "status 404"),
        ((200, b"<html>"), "not JSON"),
        ((200, []), "not a JSON object"),
    ],
)
def test_a_refusal_is_reported_in_a_few_words(answer: Answer, words: str) -> None:
    with reader(lambda *_: answer) as api, pytest.raises(RefusedError, match=words) as caught:
        list(api.list(WEB, SERVICES))
    assert "secret words" not in str(caught.value)


def test_a_server_that_stumbles_once_is_asked_again() -> None:
    answers: Iterator[Answer] = iter(
        [(503, {}), (200, {"items": [{}]}), (503, {}), (503, {}), (200, {})]
    )
    with reader(lambda *_: next(answers)) as api:
        assert len(list(api.list(WEB, SERVICES))) == 1
        with pytest.raises(RefusedError, match="503"):
            list(api.list(WEB, SERVICES))


def test_after_its_time_a_reader_asks_no_more() -> None:
    asked: list[str] = []

    def respond(_: str, path: str, *__: Any) -> Answer:
        asked.append(path)
        return 200, {}

    with reader(respond, seconds=-1.0) as api, pytest.raises(RefusedError, match="used up"):
        list(api.list(WEB, SERVICES))
    assert asked == []


def test_a_server_that_is_gone_is_a_refusal() -> None:
    with reader(lambda *_: (200, {})) as api:
        pass
    with pytest.raises(RefusedError, match="does not answer"):
        list(api.list(WEB, SERVICES))


def discovery(_: str, path: str, *__: Any) -> Answer:
    def group(name: str, *versions: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": {"name": name}, "versions": list(versions)}

    def version(name: str, kind: str, plural: str, scope: str = "Namespaced") -> dict[str, Any]:
        resource = {"resource": plural, "responseKind": {"kind": kind}, "scope": scope}
        return {"version": name, "resources": [resource]}

    if path == "/api":
        return 200, {"items": [group("", version("v1", "Secret", "secrets"))]}
    crd = version("v1", "CustomResourceDefinition", "crds", "Cluster")
    link = (version("v1alpha3", "Link", "links"), version("v1alpha2", "Link", "links"))
    return 200, {
        "items": [
            group("apiextensions.k8s.io", crd),
            group("multicluster.linkerd.io", *link),
            group("broken.example.org", {"version": "v1"}),
        ]
    }


def test_discovery_has_kinds_with_their_versions_in_order_and_their_scope() -> None:
    with reader(discovery) as api:
        found = api.served()
    link = found[Kind("multicluster.linkerd.io", "Link")]
    assert list(link.versions) == ["v1alpha3", "v1alpha2"]
    assert link.namespaced
    assert not found[Kind("apiextensions.k8s.io", "CustomResourceDefinition")].namespaced
    assert found[SECRET] == ServedKind({"v1": "secrets"}, True)


def older_discovery(_: str, path: str, *__: Any) -> Answer:
    """As servers before Kubernetes 1.26 answer, with one group that no server answers for."""

    def versions(*names: str) -> list[dict[str, str]]:
        return [{"version": name} for name in names]

    def resource(name: str, kind: str, *, namespaced: bool = True) -> dict[str, Any]:
        return {"name": name, "kind": kind, "namespaced": namespaced}

    link = [resource("links", "Link"), resource("links/status", "Link")]
    answers: dict[str, dict[str, Any]] = {
        "/api": {"versions": ["v1"]},
        "/api/v1": {"resources": [resource("secrets", "Secret")]},
        "/apis": {
            "groups": [
                {
                    "name": "multicluster.linkerd.io",
                    "versions": versions("v1alpha2", "v1alpha3"),
                    "preferredVersion": {"version": "v1alpha3"},
                },
                {"name": "apiextensions.k8s.io", "versions": versions("v1beta1")},
                {"name": "tap.linkerd.io", "versions": versions("v1alpha1")},
            ]
        },
        "/apis/multicluster.linkerd.io/v1alpha3": {"resources": link},
        "/apis/multicluster.linkerd.io/v1alpha2": {"resources": link},
        "/apis/apiextensions.k8s.io/v1beta1": {
            "resources": [resource("crds", "CustomResourceDefinition", namespaced=False)]
        },
    }
    return (200, answers[path]) if path in answers else (503, {})


def test_an_older_server_has_the_same_of_what_it_serves() -> None:
    with reader(older_discovery) as api:
        found = api.served()
    link = found[Kind("multicluster.linkerd.io", "Link")]
    assert list(link.versions) == ["v1alpha3", "v1alpha2"]
    assert link == ServedKind({"v1alpha3": "links", "v1alpha2": "links"}, True)
    assert not found[Kind("apiextensions.k8s.io", "CustomResourceDefinition")].namespaced
    assert found[SECRET] == ServedKind({"v1": "secrets"}, True)
    assert not any(kind.group == "tap.linkerd.io" for kind in found)


def test_a_right_is_asked_for_and_not_tried_out() -> None:
    requests: list[tuple[str, str, Any]] = []

    def respond(method: str, path: str, _: dict[str, str], request: Any) -> Answer:
        requests.append((method, path, request["body"]["spec"]["resourceAttributes"]))
        return 201, {"status": {"allowed": len(requests) == 1}}

    with reader(respond) as api:
        assert api.may(Access("create", "apps", "deployments"))
        assert not api.may(Access("delete", "", "secrets", "linkerd"))
    assert {path for _, path, _ in requests} == {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    }
    assert requests[1][2] == {
        "verb": "delete",
        "group": "",
        "resource": "secrets",
        "namespace": "linkerd",
    }


def test_the_clock_of_a_server_is_read_from_its_answers() -> None:
    with reader(lambda *_: (200, {"items": []})) as api:
        list(api.list(WEB, SERVICES))
        assert api.clock_offset is not None
        assert abs(api.clock_offset) < 60


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Mon, 01 Jun 2026 12:00:00 GMT", 0.0),
        ("Mon, 01 Jun 2026 12:01:00 GMT", 60.0),
        ("Mon, 01 Jun 2026 11:59:30 GMT", -30.0),
    ],
)
def test_half_a_request_and_half_a_second_are_taken_into_account(
    header: str, seconds: float
) -> None:
    began = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC) - timedelta(seconds=0.5)
    ended = began + timedelta(seconds=2)
    assert offset(began, ended, header) == pytest.approx(seconds)


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_an_answer_without_a_date_has_no_time(header: str | None) -> None:
    assert offset(datetime.now(UTC), datetime.now(UTC), header) is None


# Reading a whole cluster


def cluster(objects: dict[str, list[dict[str, Any]]], refused: str = "") -> Respond:
    """A server that has these objects by path, and refuses whatever is below `refused`."""

    def respond(method: str, path: str, query: dict[str, str], request: Any) -> Answer:
        if path in ("/api", "/apis"):
            status, content = discovery(method, path)
            return status, content
        if method == "POST":
            attributes = request["body"]["spec"]["resourceAttributes"]
            return 201, {"status": {"allowed": attributes["verb"] == "get"}}
        if refused and path.startswith(refused):
            return 403, {}
        items = objects.get(path, [])
        if "type!=" in query.get("fieldSelector", ""):
            items = [one for one in items if one.get("type") != "helm.sh/release.v1"]
        elif "owner=helm" in query.get("labelSelector", ""):
            items = [one for one in items if one.get("type") == "helm.sh/release.v1"]
        return 200, {"items": items}

    return respond


REACH = Reach(Endpoint("https://east.example.org", None), "the-uid", "v1.34.0")


def test_a_view_has_objects_releases_and_what_releases_point_to() -> None:
    link = thing("multicluster.linkerd.io/v1alpha3", "Link", "west", "elsewhere")
    record = helm_record("linkerd-crds", "linkerd", objects=(link,))
    objects = {
        "/api/v1/namespaces/linkerd/secrets": [record],
        "/apis/multicluster.linkerd.io/v1alpha3/links": [link],
    }
    with reader(cluster(objects)) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=False)
    made = seen.releases["linkerd", "linkerd-crds"].standing.objects
    assert seen.exists(made[0])
    assert (seen.uid, seen.version, seen.endpoint) == ("the-uid", "v1.34.0", REACH.endpoint)
    assert seen.access == {}


def builtin(_: str, path: str, *__: Any) -> Answer:
    """Discovery of some kinds that every cluster has."""

    def group(name: str, **kinds: str) -> dict[str, Any]:
        resources = [
            {
                "resource": plural,
                "responseKind": {"kind": kind},
                "scope": "Cluster" if kind in ("Node", "ClusterRole") else "Namespaced",
            }
            for kind, plural in kinds.items()
        ]
        version = {"version": "v1", "resources": resources}
        return {"metadata": {"name": name}, "versions": [version]}

    if path == "/api":
        return 200, {
            "items": [group("", Node="nodes", Pod="pods", Secret="secrets", Event="events")]
        }
    return 200, {
        "items": [
            group("apps", Deployment="deployments"),
            group("rbac.authorization.k8s.io", ClusterRole="clusterroles"),
        ]
    }


def crashing() -> dict[str, list[dict[str, Any]]]:
    """A control plane of which one container crashes, by paths of lists."""
    labels = {"app": "linkerd-destination"}
    status = container_status("policy", waiting="CrashLoopBackOff", exit_code=1, restarts=2)
    return {
        "/apis/apps/v1/namespaces/linkerd/deployments": [
            deployment("linkerd-destination", "linkerd", available=0)
        ],
        "/api/v1/namespaces/linkerd/pods": [troubled("one", "linkerd", status, labels=labels)],
        "/api/v1/namespaces/linkerd/events": [event("BackOff", "back-off", "linkerd", "one")],
    }


def with_log(
    objects: dict[str, list[dict[str, Any]]], answer: Answer, asked: list[dict[str, str]]
) -> Respond:
    """A cluster with these lists, which gives `answer` for every log."""

    def respond(method: str, path: str, query: dict[str, str], request: Any) -> Answer:
        if path.endswith("/log"):
            asked.append({"path": path, **query})
            return answer
        if path in ("/api", "/apis"):
            return builtin(method, path)
        return 200, {"items": objects.get(path, [])}

    return respond


def test_the_end_of_the_log_of_a_container_that_crashed_is_read_and_no_other() -> None:
    asked: list[dict[str, str]] = []
    with reader(with_log(crashing(), (200, b"Error: no\xff key"), asked)) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=False)
    assert seen.logs == {("linkerd", "one", "policy"): Log("Error: no\ufffd key")}
    (query,) = asked
    assert query["path"] == "/api/v1/namespaces/linkerd/pods/one/log"
    assert (query["container"], query["previous"]) == ("policy", "true")
    assert int(query["tailLines"]) <= 100 and int(query["limitBytes"]) <= 65_536
    assert [one["reason"] for one in seen.all(EVENT)] == ["BackOff"]


def test_a_log_that_may_not_be_read_is_written_down_with_its_reason() -> None:
    with reader(with_log(crashing(), (403, {}), [])) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=False)
    assert seen.logs == {("linkerd", "one", "policy"): Log("", "not allowed (status 403)")}


def test_where_all_is_available_no_log_and_no_event_is_asked_for() -> None:
    asked: list[dict[str, str]] = []
    objects = crashing()
    path = "/apis/apps/v1/namespaces/linkerd/deployments"
    objects[path] = [deployment("linkerd-destination", "linkerd")]
    with reader(with_log(objects, (200, b""), asked)) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=False)
    assert (asked, seen.logs, seen.all(EVENT)) == ([], {}, [])


def recording(objects: dict[str, list[dict[str, Any]]], asked: dict[str, list[bool]]) -> Respond:
    """A cluster that notes each list that is read, and whether it was for metadata alone."""

    def respond(method: str, path: str, query: dict[str, str], request: Any) -> Answer:
        if path in ("/api", "/apis"):
            return builtin(method, path)
        metadata_only = "PartialObjectMetadata" in str(request["headers"]["Accept"])
        asked.setdefault(path, []).append(metadata_only)
        status, content = cluster(objects)(method, path, query, request)
        if metadata_only and isinstance(content, dict):
            items = [{"metadata": one["metadata"]} for one in content["items"]]
            return status, {"items": items}
        return status, content

    return respond


def test_what_releases_made_elsewhere_is_read_too_and_pods_of_it_in_full() -> None:
    far = thing("apps/v1", "Deployment", "far", "elsewhere", spec={"replicas": 3})
    near = thing("apps/v1", "Deployment", "near", "linkerd", spec={"replicas": 2})
    role = thing("rbac.authorization.k8s.io/v1", "ClusterRole", "role", rules=[{}])
    gone = thing("example.org/v1", "Gone", "gone", "linkerd")
    record = helm_record("linkerd-crds", "linkerd", objects=(far, near, role, gone))
    base = "/apis/apps/v1/namespaces"
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    objects = {
        "/api/v1/namespaces/linkerd/secrets": [record],
        f"{base}/elsewhere/deployments": [far],
        f"{base}/linkerd/deployments": [near],
        roles: [role],
    }
    asked: dict[str, list[bool]] = {}
    with reader(recording(objects, asked)) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=False)
    for made in (far, near):
        found = seen.get(DEPLOYMENT, made["metadata"]["namespace"], made["metadata"]["name"])
        assert found is not None
        assert found["spec"] == made["spec"]
    # Roles of the extension are read in full first; that all exist is known by names alone.
    assert sorted(asked[roles]) == [False, True]
    kept = seen.get(Kind("rbac.authorization.k8s.io", "ClusterRole"), "", "role")
    assert kept is not None
    assert kept["rules"] == [{}]
    assert asked[f"{base}/elsewhere/deployments"] == [False]
    assert asked[f"{base}/linkerd/deployments"] == [False]
    assert [made.name for made in seen.releases["linkerd", "linkerd-crds"].standing.objects] == [
        "far",
        "near",
        "role",
        "gone",
    ]
    missing = seen.releases["linkerd", "linkerd-crds"].standing.objects[3]
    assert not seen.exists(missing)


@pytest.mark.parametrize(("pod_range", "read"), [("10.0.0.0/24", False), ("", True)])
def test_pods_are_listed_before_an_installation_only_where_nodes_do_not_report_their_addresses(
    pod_range: str, read: bool
) -> None:
    objects = {"/api/v1/nodes": [node(podCIDR=pod_range)]}
    asked: dict[str, list[bool]] = {}
    with reader(recording(objects, asked)) as api:
        fetch.look(mesh(), "east", REACH, api, pre=True)
    assert ("/api/v1/pods" in asked) is read


def test_without_ambassador_nothing_of_it_is_read() -> None:
    content = settings()
    del content["clusters"]["east"]["ambassador"]
    kinds = {listing.kind for listing in fetch.plan(mesh(content), "east", pre=False)}
    assert MAPPING not in kinds
    assert MAPPING in {listing.kind for listing in fetch.plan(mesh(), "east", pre=False)}


def test_a_list_that_is_refused_is_written_down_with_its_reason() -> None:
    with reader(cluster({}, refused="/api/v1/namespaces/linkerd/secrets")) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=False)
    assert seen.unseen == {(SECRET, "linkerd"): "not allowed (status 403)"}


def test_before_an_installation_the_rights_are_asked_for_as_well() -> None:
    asked = permissions.asked(mesh(), "east")
    with reader(cluster({})) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=True)
    assert seen.access == {access: access.verb == "get" for access in asked}


def test_anyone_who_may_do_everything_is_asked_once() -> None:
    asked: list[Access] = []

    def respond(method: str, path: str, query: dict[str, str], request: Any) -> Answer:
        if method == "POST":
            asked.append(Access(**request["body"]["spec"]["resourceAttributes"]))
            return 201, {"status": {"allowed": True}}
        return cluster({})(method, path, query, request)

    with reader(respond) as api:
        seen = fetch.look(mesh(), "east", REACH, api, pre=True)
    assert asked == [EVERYTHING]
    assert set(seen.access.values()) == {True}


def test_nothing_is_ever_written() -> None:
    methods: set[tuple[str, str]] = set()

    def respond(method: str, path: str, query: dict[str, str], request: Any) -> Answer:
        methods.add((method, path if method != "GET" else ""))
        return cluster({})(method, path, query, request)

    for pre in (False, True):
        with reader(respond) as api:
            fetch.look(mesh(), "east", REACH, api, pre=pre)
    assert methods == {
        ("GET", ""),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    }


def test_the_content_of_other_peoples_secrets_is_not_asked_for() -> None:
    own = {"linkerd", "linkerd-multicluster"}
    whole = [
        listing
        for listing in fetch.plan(mesh(), "west", pre=False)
        if listing.kind == SECRET and not listing.metadata_only
    ]
    for listing in whole:
        selected = listing.labels
        assert listing.namespace in own or selected.startswith("owner=helm")


def test_every_namespace_of_this_stack_is_read() -> None:
    content = settings()
    content["clusters"]["west"]["sample"] = {}
    content["clusters"]["west"]["linkerd"] = {"viz": {"enabled": True}, "cni": True}
    spaces = {
        listing.namespace
        for listing in fetch.plan(mesh(content), "west", pre=False)
        if listing.kind == DEPLOYMENT
    }
    assert spaces == {
        "linkerd",
        "linkerd-cni",
        "linkerd-viz",
        "linkerd-multicluster",
        "emissary-system",
        "ambassador",
        "qotm",
    }


# Logging in as a service mirror


@pytest.fixture(scope="module")
def authority() -> Certified:
    return certified("CA", begins=datetime.now(UTC) - timedelta(days=1))


@pytest.fixture
def tls(authority: Certified, tmp_path: Path) -> ssl.SSLContext:
    return tls_context(authority, tmp_path)


def tls_context(authority: Certified, folder: Path) -> ssl.SSLContext:
    address = "127.0.0.1"
    leaf = issued(address, authority, hosts=(address,), authority=False, identifiers=True)
    chain, key = folder / "server.crt", folder / "server.key"
    chain.write_text(leaf.pem)
    key.write_text(leaf.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def api_server(denied: frozenset[str] = frozenset()) -> Respond:
    """An API server that knows one token, which may do all but `denied` with Services."""

    def respond(method: str, path: str, _: dict[str, str], request: Any) -> Answer:
        if request["headers"]["Authorization"] != "Bearer good":
            return 401, {}
        if method == "POST":
            verb = request["body"]["spec"]["resourceAttributes"]["verb"]
            return 201, {"status": {"allowed": verb not in denied}}
        assert path == "/api/v1/services"
        return (403, {}) if "list" in denied else (200, {"items": []})

    return respond


def login(address: str, authority: Certified, token: str = "good") -> TokenLogin:
    return TokenLogin(Endpoint(address, authority.pem), token)


def test_credentials_that_work_are_known_by_trying_them(
    authority: Certified, tls: ssl.SSLContext
) -> None:
    with serving(api_server(), tls) as address:
        assert try_login(login(address, authority)).outcome is Outcome.WORKS


def test_a_token_that_is_not_accepted_is_refused(authority: Certified, tls: ssl.SSLContext) -> None:
    with serving(api_server(), tls) as address:
        trial = try_login(login(address, authority, "stolen"))
    assert trial.outcome is Outcome.REFUSED
    assert "stolen" not in trial.detail


@pytest.mark.parametrize("verb", ["list", "get", "watch"])
def test_each_right_that_a_token_lacks_is_named(
    authority: Certified, tls: ssl.SSLContext, verb: str
) -> None:
    with serving(api_server(frozenset({verb})), tls) as address:
        trial = try_login(login(address, authority))
    assert (trial.outcome, trial.detail) == (
        Outcome.LACKING,
        f"the token may not {verb} Services",
    )


def test_a_server_of_another_authority_gets_no_token(tls: ssl.SSLContext) -> None:
    requests: list[str] = []

    def respond(_: str, path: str, *__: Any) -> Answer:
        requests.append(path)
        return 200, {}

    with serving(respond, tls) as address:
        trial = try_login(login(address, certified("CA", begins=datetime.now(UTC))))
    assert trial.outcome is Outcome.UNTRUSTED
    assert requests == []


def test_where_the_sources_way_is_out_of_reach_the_operators_own_is_taken(
    authority: Certified, tls: ssl.SSLContext
) -> None:
    closed = login(f"https://127.0.0.1:{unused_port()}", authority)
    assert try_login(closed).outcome is Outcome.UNREACHABLE
    with serving(api_server(), tls) as address:
        trial = try_login(closed, Endpoint(address, authority.pem))
    assert (trial.outcome, trial.server, trial.from_here) == (Outcome.WORKS, address, True)


def test_an_authority_that_cannot_be_read_trusts_no_one() -> None:
    broken = TokenLogin(Endpoint("https://127.0.0.1:1", "no certificate"), "good")
    assert try_login(broken).outcome is Outcome.UNTRUSTED


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
