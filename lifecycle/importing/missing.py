"""Releases that do not exist, and whose objects do: by another name, or without Helm.

Facts: Helm docs, "Storage backends"; Helm 3.17, ``--take-ownership``: an installation adopts
objects that exist already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from config.inventory.charts import Release
from kube.answers import inner, items
from kube.helm import histories
from kube.paths import path_of
from lifecycle.importing.owners import Refusal
from render.helm import HelmTemplate
from render.registration import Registration
from vocabulary.kinds import SECRET, Kind, name_of, namespace_of
from vocabulary.kubernetes import HELM_RELEASE_NAME, SECRET_HELM_RELEASE

Get = Callable[[str], Mapping[str, Any] | None]
"""Reads a path of a cluster's API server; None where nothing exists."""

_SHOWN = 3
"""How many objects a message names."""


def elsewhere(
    release: Release, registered: Registration, get: Get, helm: Callable[[], HelmTemplate]
) -> Iterator[Refusal]:
    """Why a release that does not exist cannot be created either.

    `registered` is the release as the trial run registered it. `helm` renders its chart, which is
    needed only where no other release has it.
    """
    cluster, what = registered.cluster or "", f"release {release.namespace}/{release.name}"
    listed = get(f"{path_of(SECRET)}?fieldSelector=type%3D{SECRET_HELM_RELEASE}")
    for found in histories(items(listed, "items")).values():
        other = found.newest
        if other.chart == release.chart:
            yield Refusal(
                cluster,
                what,
                f"does not exist, and its chart is installed as release "
                f"{other.namespace}/{other.name}",
                f"{_adoption(release, registered)}, then `kubectl delete secret --namespace "
                f"{other.namespace} --selector owner=helm,name={other.name}`; or correct the name "
                "or namespace in the stack file",
            )
            return
    unowned = list(islice(_unowned(helm().render(registered), get), _SHOWN))
    if unowned:
        yield Refusal(
            cluster,
            what,
            f"does not exist, but its objects do, without Helm: {', '.join(unowned)}, …",
            _adoption(release, registered),
        )


def _unowned(objects: list[dict[str, Any]], get: Get) -> Iterator[str]:
    """Those of a chart's objects that exist and belong to no release."""
    for item in objects:
        kind, name = Kind.of(item), name_of(item)
        if kind.plural:
            space = namespace_of(item) if kind.namespaced else ""
            live = get(path_of(kind, space, name))
            if live and HELM_RELEASE_NAME not in inner(live, "metadata", "annotations"):
                yield f"{kind.name} {name}"


def _adoption(release: Release, registered: Registration) -> str:
    """How to give existing objects to a release of Helm."""
    repository = inner(registered.inputs, "repositoryOpts").get("repo")
    return (
        f"`helm install {release.name} {registered.inputs['chart']}"
        + (f" --repo {repository}" if repository else "")
        + f" --version {release.version} --namespace {release.namespace} --take-ownership "
        "--values FILE` with the values that it has"
    )
