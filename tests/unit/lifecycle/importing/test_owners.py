"""Objects that exist and cannot become Pulumi's as they are."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lifecycle.importing.owners import refusals

SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "tls", "namespace": "shop", "annotations": {"a": "b"}, "labels": {}},
}


def having(**metadata: Any) -> dict[str, Any]:
    thing = copy.deepcopy(SECRET)
    for key, value in metadata.items():
        thing["metadata"][key] = value
    return thing


def test_an_object_without_another_owner_is_imported() -> None:
    assert list(refusals(SECRET, "west", "kubectl")) == []


@pytest.mark.parametrize(
    ("thing", "says", "command"),
    [
        (
            having(annotations={"meta.helm.sh/release-name": "linkerd"}),
            "Helm release linkerd",
            "kubectl --context w annotate Secret tls --namespace shop helm.sh/resource-policy=keep",
        ),
        (
            having(annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"}),
            "plain text",
            "kubectl --context w annotate Secret tls --namespace shop "
            "kubectl.kubernetes.io/last-applied-configuration-",
        ),
        (having(annotations={"argocd.argoproj.io/tracking-id": "x"}), "Argo CD", ""),
        (having(labels={"kustomize.toolkit.fluxcd.io/name": "x"}), "Flux", ""),
        (
            having(ownerReferences=[{"kind": "Certificate", "name": "tls"}]),
            "owned by Certificate tls",
            "",
        ),
    ],
)
def test_an_object_of_another_owner_is_refused_with_what_to_do(
    thing: dict[str, Any], says: str, command: str
) -> None:
    (refusal,) = refusals(thing, "west", "kubectl --context w")
    assert (refusal.cluster, refusal.what) == ("west", "Secret shop/tls")
    assert says in refusal.message
    assert command in refusal.remedy
    assert refusal.remedy


def test_what_helm_keeps_is_imported() -> None:
    kept = {"meta.helm.sh/release-name": "linkerd", "helm.sh/resource-policy": "keep"}
    assert list(refusals(having(annotations=kept), "west", "kubectl")) == []


def test_only_of_a_secret_the_annotation_of_kubectl_is_a_secret() -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    thing = having(annotations=applied) | {"kind": "ConfigMap"}
    assert list(refusals(thing, "west", "kubectl --context w")) == []
