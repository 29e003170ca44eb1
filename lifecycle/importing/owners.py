"""Why an object that exists cannot become Pulumi's as it is: another owner, or a readable secret.

Facts: Helm, ``pkg/kube/client.go``: an upgrade deletes what a release no longer has, except what is
annotated to be kept; kubectl docs, "Declarative Management of Kubernetes Objects"; the state has
the metadata of an object in plain text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube.answers import inner, items
from vocabulary.kinds import SECRET, Kind, name_of, namespace_of
from vocabulary.kubernetes import (
    ARGO_CD_TRACKING,
    FLUX_HELM_RELEASE,
    FLUX_KUSTOMIZATION,
    HELM_KEEP,
    HELM_POLICY,
    HELM_RELEASE_NAME,
    LAST_APPLIED,
)

_MANAGERS: Mapping[str, str] = {
    ARGO_CD_TRACKING: "Argo CD",
    FLUX_KUSTOMIZATION: "Flux",
    FLUX_HELM_RELEASE: "Flux",
}


@dataclass(frozen=True)
class Refusal:
    """Something that exists and cannot be imported as it is."""

    cluster: str
    """Name of its cluster."""
    what: str
    """Kind, namespace and name."""
    message: str
    """What is wrong with it, as the predicate of a sentence."""
    remedy: str
    """What to do about it."""


def refusals(live: Mapping[str, Any], cluster: str, kubectl: str) -> Iterator[Refusal]:
    """Every reason not to import a live object of the cluster called `cluster`.

    `kubectl` is how a command line for that cluster begins.
    """
    kind, metadata = Kind.of(live), inner(live, "metadata")
    name, space = name_of(dict(live)), namespace_of(dict(live))
    what = f"{kind} {space}/{name}" if space else f"{kind} {name}"
    annotate = f"{kubectl} annotate {kind} {name}" + (f" --namespace {space}" if space else "")
    marks = {**inner(metadata, "labels"), **inner(metadata, "annotations")}

    def because(message: str, remedy: str) -> Refusal:
        return Refusal(cluster, what, message, remedy)

    release = marks.get(HELM_RELEASE_NAME)
    if release and marks.get(HELM_POLICY) != HELM_KEEP:
        yield because(
            f"belongs to the Helm release {release}, whose next upgrade would delete it",
            f"`{annotate} {HELM_POLICY}={HELM_KEEP}`",
        )
    if kind == SECRET and LAST_APPLIED in marks:
        yield because(
            "has its data in an annotation of `kubectl apply`, which Pulumi keeps in plain text",
            f"`{annotate} {LAST_APPLIED}-`",
        )
    for mark, manager in _MANAGERS.items():
        if mark in marks:
            yield because(
                f"is managed by {manager}, which would undo what Pulumi changes",
                f"remove it from what {manager} deploys, without deleting it in the cluster",
            )
    for owner in items(metadata, "ownerReferences"):
        yield because(
            f"is owned by {owner.get('kind')} {owner.get('name')}, and is deleted with it",
            "remove that owner reference, or leave the object out of the stack file",
        )
