"""Secrets are found at every place, and public texts stay."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from config import MeshConfig
from kube import Endpoint, Login
from preflight import Reach
from render import ClusterAnswers, Recording, Registration
from render.redaction import REDACTED, contained, redacted, secret_texts
from tests.recordings import of_type

Records = Callable[..., Recording]

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def recording(value: Any, secret: bool = True) -> Recording:
    paths = frozenset({("data", "it")}) if secret else frozenset()
    item = Registration("kubernetes:core/v1:Secret", "a", "urn:a", inputs={"data": {"it": value}})
    item.secret_paths = paths
    return Recording([item])


def config_map(text: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"list": [{"deep": text}]}}


@pytest.mark.parametrize(
    "shown", ["{}", "prefix {} suffix", "{}\n"], ids=["alone", "amidst", "line"]
)
@pytest.mark.parametrize(
    "stored", [KEY, encoded(KEY), encoded(encoded(KEY))], ids=["plain", "once", "twice"]
)
def test_a_key_is_found_plain_or_encoded_however_it_was_stored(stored: str, shown: str) -> None:
    texts = secret_texts(recording(stored))
    for form in (KEY, KEY.strip(), encoded(KEY)):
        manifest = config_map(shown.format(form))
        found = contained(manifest, texts)
        assert found
        cleaned = redacted(manifest, found)
        assert "MHcCAQEE" not in str(cleaned)
        assert encoded(KEY)[:40] not in str(cleaned)
        assert REDACTED in str(cleaned)


def test_the_token_within_a_kubeconfig_is_found_by_itself() -> None:
    kubeconfig = json.dumps({"users": [{"name": "me", "user": {"token": "a-long-token"}}]})
    texts = secret_texts(recording(encoded(kubeconfig)))
    assert contained(config_map("Bearer a-long-token"), texts) == {"a-long-token"}
    assert contained(config_map(encoded("a-long-token")), texts)


def test_the_login_within_a_docker_configuration_is_found_by_itself() -> None:
    login = json.dumps({"auths": {"r.example": {"auth": encoded("user:a-password")}}})
    texts = secret_texts(recording(encoded(login)))
    assert contained(config_map("user:a-password"), texts)
    assert not contained(config_map("r.example"), texts)


@pytest.mark.parametrize("text", [CERTIFICATE, CERTIFICATE * 2])
def test_a_certificate_in_a_secret_is_not_secret(text: str) -> None:
    for stored in (text, encoded(text)):
        assert contained(config_map(text + encoded(text)), secret_texts(recording(stored))) == set()


def test_a_certificate_with_its_key_is_a_secret() -> None:
    texts = secret_texts(recording(encoded(CERTIFICATE + KEY)))
    assert contained(config_map(CERTIFICATE + KEY), texts)


def test_what_is_not_marked_secret_stays() -> None:
    assert secret_texts(recording(KEY, secret=False)) == frozenset()


def test_short_texts_are_left_alone_because_they_are_everywhere() -> None:
    assert secret_texts(recording("true")) == frozenset()


def test_the_data_of_a_secret_is_left_out_key_by_key() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"tls.crt": encoded(CERTIFICATE), "tls.key": encoded(KEY)},
        "stringData": {"more": "x"},
        "type": "kubernetes.io/tls",
    }
    assert redacted(secret, ()) == {
        **secret,
        "data": {"tls.crt": REDACTED, "tls.key": REDACTED},
        "stringData": {"more": REDACTED},
    }


def test_an_api_server_refuses_the_placeholder_of_a_secret() -> None:
    """Applied by mistake, it must not take the place of the real one."""
    with pytest.raises(ValueError, match=r"base64|Only|Non"):
        base64.b64decode(REDACTED, validate=True)


def test_the_original_is_not_touched() -> None:
    manifest = config_map(KEY)
    before = json.dumps(manifest)
    redacted(manifest, secret_texts(recording(KEY)))
    assert json.dumps(manifest) == before


@pytest.mark.parametrize("name", ["local", "staging", "production"])
def test_all_keys_and_tokens_of_a_mesh_are_known_and_no_certificate_is(
    stack: Callable[[str], Recording], name: str
) -> None:
    found = stack(name)
    texts = secret_texts(found)
    for key in of_type(found, "PrivateKey"):
        for form in ("privateKeyPem", "privateKeyPemPkcs8"):
            assert key.outputs[form] in texts
            assert encoded(key.outputs[form]) in texts
    tokens = [
        base64.b64decode(item.outputs["data"]["token"]).decode()
        for item in of_type(found, "kubernetes:core/v1:Secret")
        if item.inputs["type"] == "kubernetes.io/service-account-token"
    ]
    assert tokens
    assert set(tokens) <= texts
    assert not contained(config_map(found.outputs["trustAnchors"]), texts)
    for public in ("linkerd-multicluster", "known-after-deployment"):
        assert public not in texts


def test_a_placeholder_is_no_secret_and_can_be_read_at_every_place(
    stack_config: Callable[[str], MeshConfig], recorded: Records
) -> None:
    found = recorded(stack_config("local"), answers=ClusterAnswers.placeholders())
    link = found.named("source-target-link").inputs
    assert "known-after-deployment" in str(link)
    assert contained(link, secret_texts(found)) == set()


def test_a_kubeconfig_held_as_a_secret_is_known_with_its_credentials(
    stack_config: Callable[[str], MeshConfig], recorded: Records
) -> None:
    config = stack_config("local")
    kubeconfig = """
        clusters: [{name: a, cluster: {server: "https://a.example"}}]
        contexts: [{name: a, context: {cluster: a, user: a}}]
        users: [{name: a, user: {token: a-token-nobody-may-see}}]
    """
    reach = {
        name: Reach(Endpoint("https://a.example", None), "uid", login=Login("a", kubeconfig, True))
        for name in config.clusters
    }
    texts = secret_texts(recorded(config, reach=reach))
    assert "a-token-nobody-may-see" in texts
    assert "https://a.example" not in texts
