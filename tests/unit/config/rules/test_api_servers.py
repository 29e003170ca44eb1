"""API servers of targets that the sources of links would not reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.core.api_server import foreign
from tests.stack_builders import certificate, changed, problems

TARGET = "clusters.target"
API = f"{TARGET}.apiServer"
DIRECT = "https://east.example.com:6443"
RANCHER = "https://rancher.example.com/k8s/clusters/c-m-abcd1234"

MEANS_ITSELF = st.one_of(
    st.ip_addresses(network="127.0.0.0/8").map(str),
    st.ip_addresses(network="127.0.0.0/8").map(lambda one: f"[::ffff:{one}]"),
    st.sampled_from(
        [
            "0.0.0.0", "[::1]", "[::]", "localhost", "LocalHost", "api.localhost",
            "host.docker.internal", "kubernetes.docker.internal", "host.containers.internal",
            "host.k3d.internal", "host.minikube.internal", "host.lima.internal",
        ]
    ),
)  # fmt: skip
"""Hosts that mean the machine itself."""
NEVER = st.one_of(
    st.ip_addresses(network="169.254.0.0/16").map(str),
    st.ip_addresses(network="fe80::/10").map(lambda one: f"[{one}]"),
    st.ip_addresses(network="224.0.0.0/4").map(str),
    st.sampled_from(
        ["kubernetes", "kubernetes.default", "kubernetes.default.svc",
         "kubernetes.default.svc.cluster.local"]
    ),
)  # fmt: skip
"""Hosts that are another one, or none, wherever they are asked."""
REACHED = st.one_of(
    st.ip_addresses(v=4)
    .filter(lambda one: not (one.is_loopback or one.is_link_local or one.is_multicast))
    .filter(lambda one: not one.is_unspecified)
    .map(str),
    st.sampled_from(
        ["[2001:db8::7]", "[fd00::1]", "east-control-plane", "east.example.com",
         "kubernetes.example.com", "docker.internal.example.com", "mylocalhost.example"]
    ),
)  # fmt: skip


def kubeconfig(server: str, **more: Any) -> str:
    return yaml.safe_dump(
        {
            "current-context": "one",
            "contexts": [{"name": "one", "context": {"cluster": "one"}}],
            "clusters": [
                {"name": "two", "cluster": {"server": "https://127.0.0.1"}},
                {"name": "one", "cluster": {"server": server, **more}},
            ],
        }
    )


def stack(server: str, api: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """The shortest pair, whose target has this server in its kubeconfig."""
    changes: dict[str, Any] = {TARGET: {"ambassador": {"gateway": {}}}}
    changes[TARGET] |= {"kubeconfig": kubeconfig(server, **more)}
    if api is not None:
        changes[TARGET] |= {"apiServer": dict(api)}
    return changed(changes)


def host(url_host: str) -> str:
    return url_host.strip("[]")


@settings(deadline=None, max_examples=30)
@given(MEANS_ITSELF, st.booleans())
def test_a_host_that_means_the_machine_itself_needs_a_key(name: str, by_address: bool) -> None:
    url = f"https://{name}:6443"
    server, api = (DIRECT, {"address": url}) if by_address else (url, {})
    (found,) = problems(stack(server, api))
    assert found.path == API
    assert "another machine" in found.message
    # Both remedies.
    assert problems(stack(server, {**api, "sameMachine": True})) == ()
    assert problems(stack(server, {**api, "address": DIRECT})) == ()


@settings(deadline=None, max_examples=20)
@given(NEVER)
def test_a_host_that_no_cluster_reaches_is_refused_on_one_machine_as_well(name: str) -> None:
    url = f"https://{name}:6443"
    (found,) = problems(stack(url, {"sameMachine": True}))
    assert found.path == API
    assert "sameMachine" not in found.remedy
    assert problems(stack(url, {"address": DIRECT})) == ()


@settings(deadline=None, max_examples=50)
@given(REACHED)
def test_any_other_host_may_be_reached(name: str) -> None:
    assert foreign(host(name)) is None


def test_a_cluster_that_is_no_target_may_be_anywhere() -> None:
    source = {"ambassador": {}, "kubeconfig": kubeconfig("https://127.0.0.1:6443")}
    assert problems(changed({"clusters.source": source})) == ()


WAYS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    # the kubeconfig, what it is refused for, and what its remedy adds under apiServer
    (RANCHER, {}, "Rancher", {"address": DIRECT}),
    ("https://connectgateway.example.com/v1/projects/1/memberships/a", {}, "a proxy",
     {"address": DIRECT}),
    ("http://east.example.com:8080", {}, "without TLS", {"address": DIRECT}),
    (DIRECT, {"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify",
     {"certificateAuthority": certificate()}),
    (DIRECT, {"proxy-url": "socks5://localhost:1080"}, "another machine",
     {"proxyUrl": "http://proxy.example.com:3128"}),
    (DIRECT, {"proxy-url": "http://127.0.0.1:8888"}, "another machine", {"address": DIRECT}),
    (DIRECT, {"proxy-url": "http://me:secret@proxy.example.com"}, "password", {"address": DIRECT}),
    (DIRECT, {"proxy-url": "proxy.example.com:3128"}, "does not begin", {"address": DIRECT}),
]  # fmt: skip


@pytest.mark.parametrize(("server", "more", "message", "remedy"), WAYS)
def test_a_way_that_works_for_the_operator_alone_is_refused_until_the_remedy(
    server: str, more: dict[str, Any], message: str, remedy: dict[str, Any]
) -> None:
    (found,) = problems(stack(server, **more))
    assert found.path == f"{TARGET}.kubeconfig"
    assert message in found.message
    assert "secret" not in f"{found}"
    for key in remedy:
        assert f"{API}.{key}" in found.remedy
    assert problems(stack(server, remedy, **more)) == ()


@pytest.mark.parametrize(
    "more",
    [
        {"tls-server-name": "kubernetes.default"},
        {"proxy-url": "http://proxy.example.com:3128"},
        {"insecure-skip-tls-verify": False},
    ],
)
def test_a_way_that_other_clusters_have_as_well_is_accepted(more: dict[str, Any]) -> None:
    assert problems(stack(DIRECT, **more)) == ()


def test_the_proxy_of_the_stack_file_has_a_scheme_and_no_password() -> None:
    for url in ("proxy.example.com:3128", "ftp://proxy.example.com", "http://a:b@proxy.example"):
        (found,) = problems(stack(DIRECT, {"proxyUrl": url}))
        assert found.path == f"{API}.proxyUrl"
        assert ":b@" not in f"{found}"
