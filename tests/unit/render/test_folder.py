"""Manifests written as folders: readable, whole, and with nothing secret unless asked for."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from render import (
    Recording,
    Registration,
    RenderedObject,
    RenderError,
    write,
)
from render.recorder import RELEASE
from tests.recordings import of_type

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"


def manifest(kind: str, name: str, component: str = "east-web", **more: Any) -> RenderedObject:
    metadata = {"name": name, **({"namespace": more["namespace"]} if "namespace" in more else {})}
    thing = {"apiVersion": more.get("version", "v1"), "kind": kind, "metadata": metadata}
    release = more.get("release")
    owner = Registration(RELEASE if release else "kubernetes:x", release or f"{component}-x", "urn")
    return RenderedObject(
        object={**thing, **more.get("fields", {})},
        owner=owner,
        secret=more.get("secret", False),
        patch=more.get("patch", False),
        component=component,
        field_manager=more.get("field_manager"),
        secret_texts=more.get("secret_texts", frozenset()),
    )


def secret(name: str) -> RenderedObject:
    data = {"tls.key": base64.b64encode(KEY.encode()).decode()}
    return manifest("Secret", name, namespace="shop", secret=True, fields={"data": data})


def written(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): path.read_text()
        for path in out.rglob("*")
        if path.is_file()
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_each_object_has_a_file_in_the_folder_of_its_cluster_and_component(tmp_path: Path) -> None:
    out = tmp_path / "out"
    items = {
        "east": [
            manifest("Namespace", "shop"),
            manifest("Service", "web", namespace="shop", release="east-web-chart"),
            manifest("Link", "west", component="east-west", namespace="mesh"),
        ],
        "west": [manifest("Namespace", "shop", component="west-web")],
    }
    paths = write(items, out, reveal=False)
    assert set(written(out)) == {
        ".rendered.json",
        "README.md",
        "east/kustomization.yaml",
        "east/01-east-web/namespace-shop.yaml",
        "east/01-east-web/chart/service-shop-web.yaml",
        "east/02-east-west/link-mesh-west.yaml",
        "west/kustomization.yaml",
        "west/01-west-web/namespace-shop.yaml",
    }
    assert {path.relative_to(out).as_posix() for path in paths} == set(written(out)) - {
        ".rendered.json"
    }


def test_files_say_what_the_objects_say(tmp_path: Path) -> None:
    item = manifest("Service", "web", fields={"spec": {"ports": [{"port": 80, "name": "1e3"}]}})
    write({"east": [item]}, tmp_path / "out", reveal=False)
    text = written(tmp_path / "out")["east/01-east-web/service-web.yaml"]
    assert yaml.safe_load(text) == item.object
    assert text.startswith("apiVersion: v1\nkind: Service\n")


def test_objects_whose_names_are_alike_have_files_of_their_own(tmp_path: Path) -> None:
    items = [
        manifest("Server", "a", namespace="x", version="policy.example/v1"),
        manifest("Server", "a", namespace="x", version="other.example/v1"),
        manifest("Role", "system:reader", namespace="x"),
        manifest("Role", "system-reader", namespace="x"),
    ]
    write({"east": items}, tmp_path / "out", reveal=False)
    found = [
        yaml.safe_load(text)
        for name, text in written(tmp_path / "out").items()
        if name.startswith("east/01")
    ]
    assert len(found) == 4
    assert all(item.object in found for item in items)


def test_the_kustomization_lists_every_object_in_the_order_of_making(tmp_path: Path) -> None:
    items = [
        manifest("Service", "b", namespace="x"),
        manifest("Namespace", "z"),
        manifest("ConfigMap", "a", namespace="x", component="east-other"),
    ]
    out = tmp_path / "out"
    write({"east": items}, out, reveal=False)
    content = yaml.safe_load((out / "east/kustomization.yaml").read_text())
    assert content["sortOptions"] == {"order": "fifo"}
    named = [yaml.safe_load((out / "east" / name).read_text()) for name in content["resources"]]
    assert named == [item.object for item in items]


def test_redacted_objects_and_patches_of_another_owner_are_not_applied_along(
    tmp_path: Path,
) -> None:
    items = [
        manifest("Namespace", "shop"),
        secret("login"),
        manifest("Service", "theirs", namespace="shop", patch=True, field_manager="us"),
    ]
    for reveal, listed in ((False, 1), (True, 2)):
        out = tmp_path / str(reveal)
        write({"east": items}, out, reveal=reveal)
        content = yaml.safe_load((out / "east/kustomization.yaml").read_text())
        assert len(content["resources"]) == listed
    patch = written(out)["east/01-east-web/service-shop-theirs.yaml"]
    assert "--server-side --field-manager=us" in patch.splitlines()[0]


@pytest.mark.parametrize(
    "data",
    [
        {"address": "web.known-after-deployment.invalid"},
        {"kubeconfig": base64.b64encode(b'{"token": "known-after-deployment"}').decode()},
        {"login": base64.b64encode(b"[secret]").decode()},
    ],
)
def test_an_object_that_is_not_complete_is_not_applied_along_and_says_so(
    tmp_path: Path, data: dict[str, str]
) -> None:
    items = [manifest("ConfigMap", "whole"), manifest("ConfigMap", "part", fields={"data": data})]
    out = tmp_path / "out"
    write({"east": items}, out, reveal=True)
    content = yaml.safe_load((out / "east/kustomization.yaml").read_text())
    assert content["resources"] == ["01-east-web/configmap-whole.yaml"]
    first = written(out)["east/01-east-web/configmap-part.yaml"].splitlines()[0]
    assert first.startswith("#")
    assert "placeholders" in first


def test_a_cluster_without_anything_has_a_valid_kustomization(tmp_path: Path) -> None:
    write({"east": [], "west": [secret("a")]}, tmp_path / "out", reveal=False)
    for cluster in ("east", "west"):
        text = (tmp_path / "out" / cluster / "kustomization.yaml").read_text()
        assert yaml.safe_load(text)["resources"] == []


def test_secrets_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    hidden = manifest(
        "ConfigMap", "a", secret=True, secret_texts=frozenset({KEY}), fields={"data": {"k": KEY}}
    )
    items = {"east": [secret("login"), hidden]}
    write(items, tmp_path / "without", reveal=False)
    write(items, tmp_path / "with", reveal=True)
    without = "".join(written(tmp_path / "without").values())
    assert "MHcCAQEE" not in without
    assert base64.b64encode(KEY.encode()).decode() not in without
    assert without.count("<redacted>") >= 2
    shown = written(tmp_path / "with")
    data = yaml.safe_load(shown["east/01-east-web/secret-shop-login.yaml"])["data"]
    assert base64.b64decode(data["tls.key"]).decode() == KEY
    assert "do not commit" in shown["README.md"].lower()


def test_revealed_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        out = tmp_path / "out"
        write({"east": [secret("login"), manifest("Namespace", "a")]}, out, reveal=True)
    finally:
        os.umask(before)
    for path in [out, *out.rglob("*")]:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_other_files_are_as_readable_as_the_user_s_files_are(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        out = tmp_path / "out"
        write({"east": [manifest("Namespace", "a")]}, out, reveal=False)
    finally:
        os.umask(before)
    for path in [out, *out.rglob("*")]:
        assert mode(path) == (0o755 if path.is_dir() else 0o644), path


def test_a_second_render_replaces_the_first_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write({"east": [manifest("Namespace", "old")]}, out, reveal=False)
    write({"west": [manifest("Namespace", "new")]}, out, reveal=False)
    assert not (out / "east").exists()
    assert (out / "west/01-east-web/namespace-new.yaml").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("first", [False, True])
def test_a_folder_with_anything_foreign_is_left_alone(tmp_path: Path, first: bool) -> None:
    out = tmp_path / "out"
    if first:
        write({"east": [manifest("Namespace", "a")]}, out, reveal=False)
    else:
        out.mkdir()
    (out / "notes.txt").write_text("mine")
    before = written(out)
    with pytest.raises(RenderError) as caught:
        write({"west": [manifest("Namespace", "b")]}, out, reveal=False)
    assert str(out) in caught.value.message
    assert "empty" in caught.value.remedy
    if first:
        assert "notes.txt" in caught.value.message
    assert written(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_may_be_written_to(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write({"east": [manifest("Namespace", "a")]}, out, reveal=False)
    assert (out / "README.md").exists()


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    paths = write({"east": [manifest("Namespace", "a")]}, link, reveal=False)
    assert link.is_symlink()
    assert (real / "README.md").exists()
    assert all(path.is_relative_to(link) for path in paths)


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(RenderError, match="not a folder"):
        write({"east": []}, out, reveal=False)
    with pytest.raises(RenderError, match="cannot be written"):
        write({"east": []}, out / "below", reveal=False)
    assert out.read_text() == "mine"


def test_a_failure_half_way_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write({"east": [manifest("Namespace", "old")]}, out, reveal=False)
    before = written(out)
    real = Path.write_text
    calls = iter(range(100))

    def full(self: Path, *args: Any, **more: Any) -> int:
        if next(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(RenderError, match="No space left"):
        write({"east": [manifest("Namespace", "new")]}, out, reveal=False)
    monkeypatch.undo()
    assert written(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["local", "staging", "production"])
def test_no_key_and_no_token_of_a_mesh_is_in_any_file_unless_asked_for(
    rendered: Callable[[str], tuple[Recording, dict[str, list[RenderedObject]]]],
    tmp_path: Path,
    name: str,
) -> None:
    recording, found = rendered(name)
    made = of_type(recording, "PrivateKey")
    keys = [item.outputs[form] for form in ("privateKeyPem", "privateKeyPemPkcs8") for item in made]
    tokens = [
        base64.b64decode(item.outputs["data"]["token"]).decode()
        for item in of_type(recording, "kubernetes:core/v1:Secret")
        if item.inputs["type"] == "kubernetes.io/service-account-token"
    ]
    forms = [*keys, *tokens, *(base64.b64encode(key.encode()).decode() for key in keys)]
    assert tokens

    def shown(reveal: bool) -> str:
        write(found, tmp_path / str(reveal), reveal=reveal)
        return "".join(written(tmp_path / str(reveal)).values())

    without, revealed = shown(False), shown(True)
    assert not any(form in without for form in forms)
    assert "PRIVATE KEY" not in without
    assert base64.b64encode(keys[-1].encode()).decode() in revealed
    assert len(written(tmp_path / "False")) == len(written(tmp_path / "True"))
