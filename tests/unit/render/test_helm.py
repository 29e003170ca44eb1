"""How `helm template` is called, and what is made of its answer."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from render import HelmTemplate, Recording, Registration, RenderError, find_helm
from render.recorder import RELEASE

Records = Callable[..., Recording]
Fake = Callable[[str], HelmTemplate]

SCRIPT = """#!/bin/sh
printf '%s\\n' "$@" > {folder}/$1-arguments
cat > {folder}/$1-input
echo called >> {folder}/$1-calls
if [ "$1" = pull ]; then
    while [ "$1" != --destination ]; do shift; done
    echo package > "$2/web-1.2.3.tgz"
    exit
fi
{body}
"""


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """A helm that writes down how it was called and then does what the test wants."""

    def make(body: str) -> HelmTemplate:
        program = tmp_path / "helm"
        program.write_text(SCRIPT.format(folder=tmp_path, body=body))
        program.chmod(0o755)
        return HelmTemplate(program, kube_version="1.33.0", timeout_seconds=30)

    return make


def release(**inputs: Any) -> Registration:
    given = {"name": "web", "namespace": "shop", "chart": "chart", "version": "1.2.3", **inputs}
    return Registration(RELEASE, "a-web-release", "urn:a", inputs=given)


def answering(*manifests: str) -> str:
    text = "\n---\n".join(manifests)
    return f"cat <<'EOF'\n{text}\nEOF"


def test_values_go_through_standard_input_and_never_onto_the_command_line(
    fake: Fake, tmp_path: Path
) -> None:
    fake("true").render(release(values={"password": "s3cret", "port": 8080, "on": "yes"}))
    arguments = (tmp_path / "template-arguments").read_text()
    assert "s3cret" not in arguments
    assert json.loads((tmp_path / "template-input").read_text()) == {
        "password": "s3cret",
        "port": 8080,
        "on": "yes",
    }


def test_a_release_is_rendered_with_its_name_namespace_and_version_of_kubernetes(
    fake: Fake, tmp_path: Path
) -> None:
    fake("true").render(release())
    arguments = (tmp_path / "template-arguments").read_text().splitlines()
    assert arguments[:3] == ["template", "web", "chart"]
    options = dict(itertools.pairwise(arguments))
    assert options["--namespace"] == "shop"
    assert options["--kube-version"] == "1.33.0"
    assert "--include-crds" in arguments


@pytest.mark.parametrize(
    ("inputs", "chart", "repository"),
    [
        ({"repositoryOpts": {"repo": "https://charts.example"}}, "chart", "https://charts.example"),
        ({"chart": "oci://charts.example/web"}, "oci://charts.example/web", None),
    ],
)
def test_a_published_chart_is_downloaded_once_and_its_package_is_what_is_rendered(
    fake: Fake, tmp_path: Path, inputs: dict[str, Any], chart: str, repository: str | None
) -> None:
    helm = fake("true")
    helm.render(release(**inputs))
    helm.render(release(**inputs, values={"a": 1}))
    arguments = (tmp_path / "pull-arguments").read_text().splitlines()
    options = dict(itertools.pairwise(arguments))
    assert arguments[:2] == ["pull", chart]
    assert (options["--version"], options.get("--repo")) == ("1.2.3", repository)
    assert (tmp_path / "pull-calls").read_text().count("called") == 1
    package = helm.package(release(**inputs))
    assert (tmp_path / "template-arguments").read_text().splitlines()[2] == str(package.path)
    assert package.sha256 == hashlib.sha256(package.path.read_bytes()).hexdigest()


def test_the_same_release_in_two_clusters_is_rendered_once(fake: Fake, tmp_path: Path) -> None:
    helm = fake(answering("{kind: A, metadata: {name: a}}"))
    first = helm.render(release(values={"a": 1}))
    assert helm.render(release(values={"a": 1})) == first
    assert (tmp_path / "template-calls").read_text().count("called") == 1
    helm.render(release(values={"a": 2}))
    assert (tmp_path / "template-calls").read_text().count("called") == 2


def test_a_cached_rendering_cannot_be_changed_by_its_readers(fake: Fake) -> None:
    helm = fake(answering("{kind: A, metadata: {name: a}}"))
    helm.render(release())[0]["metadata"]["name"] = "spoilt"
    assert helm.render(release())[0]["metadata"]["name"] == "a"


def test_objects_without_a_namespace_are_put_into_the_release_s_and_others_are_left(
    fake: Fake,
) -> None:
    made = fake(
        answering(
            "{apiVersion: v1, kind: Service, metadata: {name: plain}}",
            "{apiVersion: v1, kind: Service, metadata: {name: set, namespace: other}}",
            "{apiVersion: v1, kind: Namespace, metadata: {name: space}}",
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}",
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}}",
            "{apiVersion: x.example/v1, kind: Wide, metadata: {name: w}}",
            "{apiVersion: x.example/v1, kind: Narrow, metadata: {name: n}}",
            "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, "
            "metadata: {name: wides.x.example}, "
            "spec: {group: x.example, scope: Cluster, names: {kind: Wide}}}",
            "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, "
            "metadata: {name: narrows.x.example}, "
            "spec: {group: x.example, scope: Namespaced, names: {kind: Narrow}}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: empty, namespace: ''}}",
        )
    ).render(release())
    spaces = {
        f"{item['kind']} {item['metadata']['name']}": item["metadata"].get("namespace")
        for item in made
    }
    assert spaces == {
        "Service plain": "shop",
        "Service set": "other",
        "Namespace space": None,
        "ClusterRole r": None,
        "Role r": "shop",
        "Wide w": None,
        "Narrow n": "shop",
        "CustomResourceDefinition wides.x.example": None,
        "CustomResourceDefinition narrows.x.example": None,
        "Secret empty": "shop",
    }


def test_hooks_of_an_installation_are_before_and_after_the_rest_and_others_are_left_out(
    fake: Fake,
) -> None:
    def job(name: str, hook: str) -> str:
        return (
            "{apiVersion: batch/v1, kind: Job, metadata: {name: " + name + ", annotations: "
            '{"helm.sh/hook": "' + hook + '"}}}'
        )

    made = fake(
        answering(
            "{apiVersion: v1, kind: Service, metadata: {name: service}}",
            job("after", "post-install,post-upgrade"),
            job("before", "pre-install"),
            job("deletion", "pre-delete"),
            job("rollback", "post-rollback"),
        )
    ).render(release())
    assert [item["metadata"]["name"] for item in made] == ["before", "service", "after"]


def test_a_list_is_taken_apart(fake: Fake) -> None:
    made = fake(
        answering(
            "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Service, "
            "metadata: {name: a}}, {apiVersion: v1, kind: Service, metadata: {name: b}}]}",
            "# nothing but a comment",
        )
    ).render(release())
    assert [item["metadata"]["name"] for item in made] == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ('chart "web" version "1.2.3" not found in https://x repository', "version"),
        (
            'looks like "https://x" is not a valid chart repository or cannot be reached: '
            'Get "https://x/index.yaml": dial tcp: lookup x: no such host',
            "MESH_CHARTS",
        ),
        ("values don't meet the specifications of the schema(s)", "extra values"),
        ("chart requires kubeVersion: >=1.31.0-0 which is incompatible", "version of Kubernetes"),
    ],
)
def test_helm_s_own_words_come_with_the_release_and_a_remedy(
    fake: Fake, words: str, remedy: str
) -> None:
    with pytest.raises(RenderError) as caught:
        said = f"echo WARNING: noise >&2; echo {shlex.quote(f'Error: {words}')} >&2; exit 1"
        fake(said).render(release(values={"password": "s3cret"}))
    assert words in caught.value.message
    assert "a-web-release" in caught.value.message
    assert remedy in caught.value.remedy
    assert "noise" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_helm_that_cannot_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="nothing-here"):
        HelmTemplate(tmp_path / "nothing-here").render(release())


def test_a_helm_that_hangs_is_given_up(fake: Fake) -> None:
    helm = fake("exec sleep 60")
    hurried = HelmTemplate(helm.binary, timeout_seconds=0.2)
    with pytest.raises(RenderError, match="took more than"):
        hurried.render(release())


def test_output_that_is_no_yaml_is_reported_with_its_release(fake: Fake) -> None:
    with pytest.raises(RenderError, match="a-web-release"):
        fake("echo 'a: [1'").render(release())


def test_helm_is_taken_from_path_first(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("true")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert find_helm() == tmp_path / "helm"


def test_without_helm_and_without_the_means_to_build_it_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("MESH_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "empty"))
    with pytest.raises(RenderError) as caught:
        find_helm()
    assert "helm" in caught.value.message
    assert "install" in caught.value.remedy.lower()


def test_a_missing_chart_is_reported_by_the_real_helm(helm: HelmTemplate, tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        helm.render(release(chart=str(tmp_path / "web-1.2.3.tgz")))
    assert "web-1.2.3.tgz" in caught.value.message
    assert caught.value.remedy
