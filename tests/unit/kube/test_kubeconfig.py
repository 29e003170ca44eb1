"""What is read of kubeconfigs, and what is reported of unusable ones."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.core.cluster import ClusterConfig
from config.language.formats import UNREADABLE_SECRET
from kube.kubeconfig import (
    Endpoint,
    KubeconfigError,
    Login,
    api_client,
    endpoint,
    kubeconfig_paths,
    login,
)
from tests.api_servers import CA_PEM, encoded, kubeconfig, written
from tests.stack_builders import certificate, ec_key, key_pem

HERE = "https://192.0.2.1:6443"
KEY = key_pem(ec_key("me"))
CERTIFICATE = certificate(ec_key("me"), names=("me",), authority=False)
SECRETS = ("hunter2", KEY.splitlines()[1], encoded(KEY)[:40])


def cluster(context: str = "here", **fields: Any) -> ClusterConfig:
    """A cluster that is reached by a context."""
    return ClusterConfig(context=context, **fields)


def inline(content: Any) -> ClusterConfig:
    """A cluster whose kubeconfig is held in the stack file."""
    return ClusterConfig(kubeconfig=content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Writes the operator's kubeconfigs and lets KUBECONFIG name them."""

    def write(*contents: Mapping[str, Any] | str) -> list[Path]:
        files = []
        for place, content in enumerate(contents):
            folder = tmp_path / f"folder-{place}"
            folder.mkdir(exist_ok=True)
            files.append(written(content, folder / "config"))
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
        return files

    return write


def refusal(wanted: ClusterConfig) -> KubeconfigError:
    """The refusal that every reader of this cluster's kubeconfig gives."""
    with pytest.raises(KubeconfigError) as raised:
        api_client(wanted)
    assert raised.value.remedy
    assert not [secret for secret in SECRETS if secret in str(raised.value)]
    return raised.value


# What is read -------------------------------------------------------------------------------


def test_of_the_kubeconfig_only_the_cluster_s_own_entry_is_passed_on(
    operator: Callable[..., list[Path]],
) -> None:
    user = {"token": "hunter2", "client-key-data": encoded(KEY), "password": "hunter2"}
    operator(kubeconfig({"here": HERE}, user))
    found = endpoint(cluster())
    assert found == Endpoint(HERE, CA_PEM)


def test_server_name_and_proxy_are_passed_on_with_the_address_that_they_are_for(
    operator: Callable[..., list[Path]],
) -> None:
    content = kubeconfig({"here": HERE})
    way = {"tls-server-name": "kubernetes.default", "proxy-url": "http://proxy.example:3128"}
    content["clusters"][0]["cluster"] |= way
    operator(content)
    assert endpoint(cluster()) == Endpoint(HERE, CA_PEM, *way.values())
    # The certificate is of the same authority, but it is reached another way.
    there = {"address": "https://there.example:6443"}
    found = endpoint(cluster(api_server=there))
    assert found == Endpoint(there["address"], CA_PEM, "kubernetes.default", None)
    given = {"tls_server_name": "10.96.0.1", "proxy_url": "socks5://proxy.example:1080"}
    found = endpoint(cluster(api_server={**there, **given}))
    assert found == Endpoint(there["address"], CA_PEM, *given.values())
    own = {**there, **given, "certificate_authority": CERTIFICATE}
    assert endpoint(cluster("absent", api_server=own)) == Endpoint(
        there["address"], CERTIFICATE, *given.values()
    )
    assert endpoint(cluster(api_server={"certificate_authority": CERTIFICATE})) == Endpoint(
        HERE, CERTIFICATE, *way.values()
    )


def test_an_endpoint_is_reported_without_running_the_login_plugin(
    operator: Callable[..., list[Path]], tmp_path: Path
) -> None:
    plugin = {"command": f"{tmp_path}/plugin", "apiVersion": "client.authentication.k8s.io/v1"}
    (tmp_path / "plugin").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "plugin").chmod(0o700)
    operator(kubeconfig({"here": HERE}, {"exec": plugin}))
    endpoint(cluster())
    login(cluster())
    assert not (tmp_path / "ran").exists()
    refusal(cluster())
    assert (tmp_path / "ran").exists()


def test_an_authority_in_a_file_is_read_from_beside_the_kubeconfig(
    operator: Callable[..., list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = kubeconfig({"here": HERE})
    content["clusters"][0]["cluster"] = {"server": HERE, "certificate-authority": "pki/ca.pem"}
    [file] = operator(content)
    (file.parent / "pki").mkdir()
    (file.parent / "pki" / "ca.pem").write_text(CA_PEM)
    monkeypatch.chdir(tmp_path)
    assert endpoint(cluster()).certificate_authority == CA_PEM


def test_data_wins_over_a_file(operator: Callable[..., list[Path]]) -> None:
    content = kubeconfig({"here": HERE})
    content["clusters"][0]["cluster"]["certificate-authority"] = "/absent/ca.pem"
    operator(content)
    assert endpoint(cluster()).certificate_authority == CA_PEM


def test_without_an_authority_the_system_s_are_expected(
    operator: Callable[..., list[Path]],
) -> None:
    content = kubeconfig({"here": HERE})
    del content["clusters"][0]["cluster"]["certificate-authority-data"]
    operator(content)
    assert endpoint(cluster()).certificate_authority is None


def test_what_the_stack_file_says_of_the_api_server_wins(
    operator: Callable[..., list[Path]],
) -> None:
    operator(kubeconfig({"here": HERE}))
    given = {"address": "https://given.example:6443"}
    assert endpoint(cluster(api_server=given)).server == "https://given.example:6443"
    assert endpoint(cluster(api_server=given)).certificate_authority == CA_PEM
    own = {**given, "certificate_authority": CERTIFICATE}
    # With both given, no kubeconfig is needed.
    assert endpoint(cluster("absent", api_server=own)).certificate_authority == CERTIFICATE


def test_a_client_has_the_operator_s_credentials(operator: Callable[..., list[Path]]) -> None:
    user = {"client-certificate-data": encoded(CERTIFICATE), "client-key-data": encoded(KEY)}
    operator(kubeconfig({"here": HERE}, user))
    with api_client(cluster()) as api:
        configuration = api.configuration
        assert configuration.host == HERE
        assert Path(configuration.cert_file).read_text() == CERTIFICATE
        assert Path(configuration.key_file).read_text() == KEY
        assert Path(configuration.ssl_ca_cert).read_text() == CA_PEM
        assert Path(configuration.key_file).stat().st_mode & 0o077 == 0


def test_a_token_in_a_file_ends_with_its_line(
    operator: Callable[..., list[Path]],
) -> None:
    [file] = operator(kubeconfig({"here": HERE}, {"tokenFile": "token"}))
    (file.parent / "token").write_text("hunter2-in-a-file\n")
    with api_client(cluster()) as api:
        assert api.configuration.api_key == {"BearerToken": "Bearer hunter2-in-a-file"}


def test_a_token_that_is_there_wins_over_a_login_plugin(
    operator: Callable[..., list[Path]],
) -> None:
    operator(kubeconfig({"here": HERE}, {"token": "hunter2", "exec": {"command": "/absent"}}))
    with api_client(cluster()) as api:
        assert api.configuration.api_key == {"BearerToken": "Bearer hunter2"}


def test_a_user_without_credentials_is_no_one(operator: Callable[..., list[Path]]) -> None:
    content = kubeconfig({"here": HERE})
    content["users"] = [{"name": "me"}]
    operator(content)
    with api_client(cluster()) as api:
        assert api.configuration.api_key == {}
    del content["contexts"][0]["context"]["user"]
    operator(content)
    with api_client(cluster()) as api:
        assert api.configuration.api_key == {}


# Several files ------------------------------------------------------------------------------


def test_a_context_is_found_in_whichever_file_has_it(
    operator: Callable[..., list[Path]],
) -> None:
    first, second = operator(
        kubeconfig({"one": "https://one.example"}), kubeconfig({"two": "https://two.example"})
    )
    assert endpoint(cluster("one")).server == "https://one.example"
    assert endpoint(cluster("two")).server == "https://two.example"
    assert login(cluster("two")) == Login("two", str(second), secret=False)
    assert login(cluster("one")) == Login("one", str(first), secret=False)


def test_the_first_file_that_names_a_thing_wins(operator: Callable[..., list[Path]]) -> None:
    operator(kubeconfig({"here": "https://first.example"}), kubeconfig({"here": HERE}))
    assert endpoint(cluster()).server == "https://first.example"


def test_a_context_may_be_spread_over_files(operator: Callable[..., list[Path]]) -> None:
    whole = kubeconfig({"here": HERE})
    operator(
        {"contexts": whole["contexts"]}, {"clusters": whole["clusters"]}, {"users": whole["users"]}
    )
    assert endpoint(cluster()).server == HERE
    found = login(cluster())
    assert found.secret
    content = yaml.safe_load(found.kubeconfig)
    for kind in ("clusters", "contexts", "users"):
        assert content[kind] == whole[kind]
    assert content["current-context"] == "here"


def test_paths_in_each_file_are_beside_that_file(operator: Callable[..., list[Path]]) -> None:
    whole = kubeconfig({"here": HERE})
    whole["clusters"][0]["cluster"] = {"server": HERE, "certificate-authority": "ca.pem"}
    _, second = operator(
        {"contexts": whole["contexts"], "users": whole["users"]}, {"clusters": whole["clusters"]}
    )
    (second.parent / "ca.pem").write_text(CA_PEM)
    assert endpoint(cluster()).certificate_authority == CA_PEM
    [entry] = yaml.safe_load(login(cluster()).kubeconfig)["clusters"]
    assert entry["cluster"]["certificate-authority"] == str(second.parent / "ca.pem")


def test_a_file_that_is_not_there_is_passed_over(
    operator: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [file] = operator(kubeconfig({"here": HERE}))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/absent{os.pathsep}{os.pathsep}{file}")
    assert endpoint(cluster()).server == HERE


def test_without_the_variable_the_usual_file_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", os.pathsep):
        monkeypatch.setenv("KUBECONFIG", value)
        assert kubeconfig_paths() == [tmp_path / ".kube" / "config"]
    monkeypatch.setenv("KUBECONFIG", f"~/a{os.pathsep}~nobody-of-this-name/b")
    assert kubeconfig_paths() == [tmp_path / "a", Path("~nobody-of-this-name/b")]


def test_a_path_below_the_home_directory_is_the_same_for_all_operators(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / ".kube").mkdir()
    written(kubeconfig({"here": HERE}), tmp_path / ".kube" / "config")
    assert login(cluster()) == Login("here", "~/.kube/config", secret=False)


# In the stack file --------------------------------------------------------------------------


def test_a_kubeconfig_in_the_stack_file_may_say_which_context_is_expected() -> None:
    content = kubeconfig({"one": "https://one.example", "two": "https://two.example"})
    assert endpoint(inline({**content, "current-context": "two"})).server == "https://two.example"


def test_with_one_context_nothing_need_say_which_is_expected() -> None:
    found = login(inline(kubeconfig({"here": HERE})))
    assert found.context == "here"
    assert found.secret
    assert yaml.safe_load(found.kubeconfig)["users"][0]["user"] == {"token": "hunter2-token"}


def test_with_several_contexts_something_has_to() -> None:
    content = kubeconfig({"one": HERE, "two": HERE})
    assert "2 contexts and no current-context" in refusal(inline(content)).message


def test_a_kubeconfig_that_is_still_encrypted_is_not_taken_for_one() -> None:
    error = refusal(inline(UNREADABLE_SECRET))
    assert "is encrypted" in error.message
    assert "Pulumi" in error.remedy


# Unusable kubeconfigs -------------------------------------------------------------------------


def spoiled(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    content = kubeconfig({"here": HERE})
    change(content)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a kubeconfig"),
        ("- hunter2", "is not a kubeconfig"),
        ("a: [hunter2", "cannot be read: it is not YAML"),
        ("a: &a [*a]", "an alias refers"),
        ("{}", "has no context 'here' (it has: none)"),
        (spoiled(lambda c: c.pop("contexts")), "has no context 'here' (it has: none)"),
        (spoiled(lambda c: c.update(contexts={"here": {}})), "has no context 'here'"),
        (spoiled(lambda c: c.update(contexts=["hunter2"])), "has no context 'here'"),
        (spoiled(lambda c: c["contexts"][0].pop("context")), "has no context 'here'"),
        (spoiled(lambda c: c["contexts"][0].update(name=7)), "has no context 'here'"),
        (spoiled(lambda c: c["contexts"][0]["context"].clear()), "has no cluster for this context"),
        (spoiled(lambda c: c["clusters"].clear()), "has no cluster 'cluster-here'"),
        (spoiled(lambda c: c["clusters"][0].update(cluster=[])), "has no cluster 'cluster-here'"),
        (spoiled(lambda c: c["users"].clear()), "has no user 'me'"),
        (spoiled(lambda c: c["clusters"][0]["cluster"].pop("server")), "address in context 'here'"),
        (
            spoiled(lambda c: c["clusters"][0]["cluster"].update(server="192.0.2.1:6443")),
            "does not begin with https:// or http://",
        ),
        (
            spoiled(lambda c: c["clusters"][0]["cluster"].update(server="https://me:hunter2@a.b")),
            "contains a user name or password",
        ),
        (
            spoiled(
                lambda c: c["clusters"][0]["cluster"].update(
                    {"certificate-authority-data": "hunter2"}
                )
            ),
            "the certificate authority of context 'here' cannot be read",
        ),
        (
            spoiled(
                lambda c: c["clusters"][0]["cluster"].update(
                    {"certificate-authority-data": encoded("hunter2")}
                )
            ),
            "the certificate authority of context 'here' cannot be read",
        ),
        (
            spoiled(
                lambda c: c["clusters"][0].update(
                    cluster={"server": HERE, "certificate-authority": "/absent/ca.pem"}
                )
            ),
            "context 'here' at /absent/ca.pem cannot be read",
        ),
        (
            spoiled(lambda c: c["users"][0].update(user={"client-key": "/absent/me.key"})),
            "the file /absent/me.key (client-key of context 'here') does not exist",
        ),
        (
            spoiled(lambda c: c["users"][0].update(user={"tokenFile": "/absent/token"})),
            "the file /absent/token",
        ),
        (
            spoiled(
                lambda c: c["users"][0].update(
                    user={"client-key-data": "hunter2", "client-certificate-data": "hunter2"}
                )
            ),
            "the credentials of context 'here' cannot be used",
        ),
        (
            spoiled(lambda c: c["users"][0].update(user={"username": "me", "password": 2})),
            "the credentials of context 'here' cannot be used",
        ),
        (
            spoiled(lambda c: c["users"][0].update(user={"auth-provider": {"name": "gcp"}})),
            "the credentials of context 'here' cannot be used",
        ),
    ],
)
def test_a_kubeconfig_that_has_no_target_is_refused_with_the_reason(
    operator: Callable[..., list[Path]], content: Any, message: str
) -> None:
    operator(content)
    assert message in refusal(cluster()).message


def test_of_many_contexts_a_message_names_some(operator: Callable[..., list[Path]]) -> None:
    operator(kubeconfig({f"number-{place}": HERE for place in range(100)}))
    message = refusal(cluster()).message
    assert "number-9 and 90 more" in message
    assert "number-10" not in message


def test_broken_neighbours_do_no_harm(operator: Callable[..., list[Path]]) -> None:
    content = kubeconfig({"here": HERE})
    for kind, inner in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
        content[kind] += [None, 7, [], {}, {"name": "b"}, {"name": "b", inner: "c"}, {inner: {}}]
    operator(content)
    assert endpoint(cluster()).server == HERE
    with api_client(cluster()) as api:
        assert api.configuration.host == HERE
    assert not login(cluster()).secret


def test_what_cannot_be_read_is_named(
    operator: Callable[..., list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path))
    told = refusal(cluster()).message
    assert f"the kubeconfig {tmp_path} cannot be read (is a directory)" in told
    [file] = operator("")
    file.write_bytes(b"\xff\xfe")
    assert "is not text in UTF-8" in refusal(cluster()).message


# Fuzzing ------------------------------------------------------------------------------------

USERS: list[dict[str, Any]] = [
    {"token": "hunter2"},
    {"tokenFile": "/absent/token"},
    {"client-certificate-data": encoded(CERTIFICATE), "client-key-data": encoded(KEY)},
    {"username": "me", "password": "hunter2"},
    {
        "exec": {
            "command": "/absent/login",
            "apiVersion": "client.authentication.k8s.io/v1",
            "args": ["hunter2"],
            "env": [{"name": "WORD", "value": "hunter2"}],
        }
    },
]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, "", "hunter2", 7, -1.5, True, [], {}, [None], {"a": 1}, [["a"]], {"name": "here"}),
        *("https://[", "https://a:b", "a\nb", "\x1b[31m", "\0", 10**400, float("nan")),
    ]
)


@st.composite
def odd_kubeconfigs(draw: st.DrawFn) -> dict[str, Any]:
    """A kubeconfig in which up to four values became something odd or went."""
    content = kubeconfig({"here": HERE, "there": HERE}, draw(st.sampled_from(USERS)))
    cluster_entry = content["clusters"][0]["cluster"]
    cluster_entry.update({"tls-server-name": "a.b", "insecure-skip-tls-verify": False})
    content["current-context"] = "here"
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 4))):
        owner, key = draw(st.sampled_from(list(_holders(content))))
        if draw(st.booleans()):
            owner[key] = copy.deepcopy(draw(ODD))
        else:
            del owner[key]
        if not content:
            break
    return content


def _holders(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from _holders(value)


@hypothesis_settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=odd_kubeconfigs())
def test_no_kubeconfig_is_answered_with_a_crash_or_has_a_secret(
    content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(written(content, tmp_path / "config")))
    readers: tuple[Callable[[ClusterConfig], Any], ...] = (endpoint, login, api_client)
    for read in readers:
        try:
            read(cluster())
        except KubeconfigError as error:
            assert f"{error.message}{error.remedy}".isprintable()
            assert not [secret for secret in SECRETS[1:] if secret in str(error)]
