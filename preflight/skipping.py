"""A cluster that does not answer, where its `unreachable: skip` lets the others go on.

It, and each link that it is an end of, are declared from the settings and from what the guard read
at the last update that reached it. So the engine deletes nothing, and finds nothing to make there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from config.core.mesh import MeshConfig
from config.language.problems import StackFileError, some
from config.load import load_settings
from config.preconditions import expectations
from kube.errors import KubeconfigError
from kube.kubeconfig import login
from preflight.cluster_error import ClusterError, ClusterProblem
from preflight.guard import examine
from preflight.last_update import HOW_TO_REACH, LastUpdate, Settings, bare, digest, remembered
from preflight.link_tokens import due
from preflight.reach import Reach

PAGE = "docs/failures.md"
_BACK = "undo that change until the cluster answers"


@dataclass(frozen=True)
class Examined:
    """What an update is made from."""

    settings: Settings
    """The stack file as plain data; of skipped clusters and their links, that of before."""
    config: MeshConfig
    """The same, validated."""
    reach: Mapping[str, Reach]
    """What the guard read of each cluster, or what was recorded of it."""
    owed: Mapping[str, list[str]] = field(default_factory=dict)
    """For each skipped cluster, what it did not get, mostly key paths of the stack file."""
    notes: tuple[str, ...] = ()
    """Warnings that say so."""


class _UnskippableError(Exception):
    """Why clusters cannot be skipped, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message, self.remedy = message, remedy
        super().__init__(message)


def look(
    settings: Settings,
    config: MeshConfig,
    last: LastUpdate | None,
    state: Callable[[], Collection[str]],
) -> Examined:
    """Examine every cluster; skip those that do not answer, where the stack file says so.

    `settings` is the stack file as plain data, `config` the same, validated; `state` reads what
    the state has. Raises ClusterError where a cluster is not as it should be, or cannot be skipped.
    """
    expected = {name: expectations(config, name) for name in config.clusters}
    try:
        return Examined(settings, config, examine(config.clusters, expected))
    except ClusterError as error:
        silent = {one.cluster: one for one in error.problems}
        for name, one in silent.items():
            if not one.unreachable or config.clusters[name].unreachable != "skip":
                raise
        if len(silent) == len(config.clusters):
            # Rather the network of this machine is down.
            raise
    try:
        if last is None:
            raise _UnskippableError(
                "the stack has no record of an update by this version of the program",
                "run an update that reaches the cluster",
            )
        _require_whole(last, settings, silent, state())
        return _without(silent, settings, last)
    except _UnskippableError as error:
        why = error
    raise ClusterError(
        [
            replace(
                one,
                message=f"{one.message}, and it cannot be skipped: {why.message}",
                remedy=f"{one.remedy}; or {why.remedy} ({PAGE})",
            )
            for one in silent.values()
        ]
    )


def _require_whole(
    last: LastUpdate, settings: Settings, silent: Collection[str], state: Collection[str]
) -> None:
    """Raise _UnskippableError where the record does not say what the clusters have."""
    new = [name for name in silent if name not in last.clusters]
    if new:
        raise _UnskippableError(
            f"no update has reached {', '.join(new)} yet", f"remove clusters.{new[0]}"
        )
    if digest(settings.get("trustAnchor")) != last.trust_anchor:
        raise _UnskippableError("the update changes trustAnchor, which clusters share", _BACK)
    declared = {one for found in last.resources.values() for one in found}
    lost = {one for name in silent for one in last.resources[name] if one not in state}
    more = {one for one in state if one not in declared for name in silent if concerns(one, name)}
    differing = sorted(lost | more)
    if differing:
        raise _UnskippableError(
            f"the last update did not end, so that {some(differing, 3)} may be half made",
            "run `pulumi up` when all clusters answer",
        )


def concerns(resource: str, cluster: str) -> bool:
    """Whether a resource, ``type::name``, may be in a cluster, by its logical name.

    That begins with the name of the cluster, or of a link, which has the names of both ends.
    """
    kind, _, name = resource.partition("::")
    return kind.startswith("kubernetes:") and f"-{cluster}-" in f"-{name}-"


def merged(settings: Settings, last: LastUpdate, skipped: Collection[str]) -> Settings:
    """The stack file in which skipped clusters and their links are those of the last update.

    How a cluster is reached is that of the stack file.
    """
    clusters = {
        name: {**last.clusters[name], **{key: one[key] for key in HOW_TO_REACH if key in one}}
        if name in skipped
        else one
        for name, one in settings["clusters"].items()
    }
    before = _links(last.links, skipped)
    links = [
        link
        for new in settings.get("links") or ()
        if (link := before.pop(_ends(new), None) if set(_ends(new)) & set(skipped) else new)
    ]
    return {**settings, "clusters": clusters, "links": [*links, *before.values()]}


def _ends(link: Settings) -> tuple[str, str]:
    return str(link.get("source")), str(link.get("target"))


def _links(
    links: Collection[Settings], skipped: Collection[str]
) -> dict[tuple[str, str], Settings]:
    """The links that a skipped cluster is an end of, by their ends."""
    return {_ends(link): link for link in links if set(_ends(link)) & set(skipped)}


def owed(settings: Settings, last: LastUpdate, cluster: str) -> list[str]:
    """Where the settings of a skipped cluster, and of its links, are not those of before."""
    found = list(
        _differing(
            f"clusters.{cluster}", last.clusters[cluster], bare(settings["clusters"][cluster])
        )
    )
    before = _links(last.links, [cluster])
    for place, link in enumerate(settings.get("links") or ()):
        if cluster in _ends(link):
            found += _differing(f"links[{place}]", before.pop(_ends(link), None), link)
    found += (f"the link from {source} to {target}, removed" for source, target in before)
    return found


def _differing(path: str, old: Any, new: Any) -> Iterator[str]:
    """Key paths at which two values differ, the deepest that are in mappings."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _differing(f"{path}.{key}", old.get(key), new.get(key))
    elif old != new:
        yield path


def _without(
    silent: Mapping[str, ClusterProblem], settings: Settings, last: LastUpdate
) -> Examined:
    """What an update is made from that skips the silent clusters. Raises as `look`."""
    found = merged(settings, last, silent)
    try:
        config = load_settings(found, "stack file")
    except StackFileError as error:
        problems = "; ".join(str(problem) for problem in error.problems)
        raise _UnskippableError(
            f"what the last update made of it contradicts the stack file: {problems}", _BACK
        ) from None
    others = {name: one for name, one in config.clusters.items() if name not in silent}
    expected = {
        name: replace(expectations(config, name), skipped=frozenset(silent)) for name in others
    }
    reach = examine(others, expected)
    for name in silent:
        try:
            reach[name] = replace(
                remembered(last.reach[name]),
                login=login(config.clusters[name]),
                addresses=last.addresses.get(name, {}),
                # Nothing is written there, so that no token is needed.
                tokens={link.name: "" for link in config.links_from(name)},
            )
        except KubeconfigError as error:
            raise _UnskippableError(error.message, error.remedy) from None
    missing = {name: owed(settings, last, name) for name in silent}
    for link in config.links:
        if link.credentials.requested and link.source in others and link.target in silent:
            token = reach[link.source].tokens.get(link.name)
            if token is None:
                raise _UnskippableError(
                    f"the link from {link.source} to it has no token, which only {link.target} "
                    "can give",
                    "start the cluster",
                )
            why = due(token, link, datetime.now(UTC))
            if why is not None:
                missing[link.target].append(f"a new token for the link from {link.source}: {why}")
    notes = tuple(_note(one, missing[name]) for name, one in silent.items())
    ordered = {name: reach[name] for name in config.clusters}
    return Examined(found, config, ordered, missing, notes)


def _note(problem: ClusterProblem, missing: list[str]) -> str:
    listed = ", ".join(missing) if missing else "nothing so far"
    return (
        f"cluster '{problem.cluster}' ({problem.context}) is skipped, with its links: "
        f"{problem.message}. The next update that reaches it applies what it is owed: {listed}"
    )
