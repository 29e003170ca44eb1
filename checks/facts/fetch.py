"""Reading everything that the checks of a cluster declare: whole lists, several at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from checks.facts.check import ALWAYS_READ, Check, LogRequest, checks_of
from checks.facts.listing import Listing, helm_records
from checks.facts.reading import Reader, RefusedError
from checks.facts.view import Log, Unseen, View
from config.core.mesh import MeshConfig
from config.inventory import inventory
from kube import helm
from kube.access import Access
from preflight.reach import Reach
from vocabulary.kinds import SECRET, Kind, Object, name_of, namespace_of

THREADS = 8
"""Requests that one API server gets at a time."""
TAIL = 40
"""Lines of a log that are read; the last one is often not the one with the error."""
MOST_LOGS = 16
"""Logs that are read of one cluster."""

EVERYTHING = Access("*", "*", "*")
"""The right to do everything."""


def plan(mesh: MeshConfig, cluster: str, *, pre: bool) -> list[Listing]:
    """The lists that checks of a cluster read first, each once."""
    wanted = list(ALWAYS_READ)
    wanted += [helm_records(release.namespace) for release in inventory(mesh, cluster).releases]
    for check in _checks(mesh, cluster, pre=pre):
        wanted += check.listings(mesh, cluster)
    each = list(dict.fromkeys(wanted))
    return [one for one in each if not any(_covers(other, one) for other in each)]


def _checks(mesh: MeshConfig, cluster: str, *, pre: bool) -> tuple[Check[Any], ...]:
    return checks_of(pre, mesh.clusters[cluster].linkerd.generation)


def _covers(other: Listing, one: Listing) -> bool:
    """Whether another list has everything that this one has."""
    return (
        other != one
        and other.kind == one.kind
        and other.namespace in ("", one.namespace)
        and not other.selectors
        and (one.metadata_only or not other.metadata_only)
        and one.version in ("", other.version)
    )


def look(mesh: MeshConfig, cluster: str, reach: Reach, reader: Reader, *, pre: bool) -> View:
    """Read everything that the checks of a cluster declare.

    What cannot be read is in the view, with the reason.

    Raises RefusedError: the API server does not list the kinds that it serves.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        return _Look(mesh, cluster, reach, reader, pool, pre=pre).view()


class _Look:
    """What was read of one cluster so far."""

    def __init__(
        self,
        mesh: MeshConfig,
        cluster: str,
        reach: Reach,
        reader: Reader,
        pool: Executor,
        *,
        pre: bool,
    ) -> None:
        self._mesh, self._cluster, self._reach = mesh, cluster, reach
        self._reader, self._pool = reader, pool
        self._first = plan(mesh, cluster, pre=pre)
        self._checks = _checks(mesh, cluster, pre=pre)
        self._served = reader.served()
        self._objects: dict[tuple[Kind, str, str], Object] = {}
        self._unseen: dict[tuple[Kind, str], str] = {}
        self._releases: Mapping[tuple[str, str], helm.History] = {}
        self._access: Mapping[Access, bool] = {}

    def view(self) -> View:
        """Everything, read in as many rounds as needed."""
        self._access = self._ask()
        self._read(self._first)
        secrets = (thing for (kind, _, _), thing in self._objects.items() if kind == SECRET)
        self._releases = helm.histories(secrets)
        done = dict.fromkeys(self._first)
        view = self._seen({})
        while more := list(dict.fromkeys(self._more(view, done))):
            self._read(more)
            done |= dict.fromkeys(more)
            view = self._seen({})
        return self._seen(self._logs(view))

    def _seen(self, logs: Mapping[tuple[str, str, str], Log]) -> View:
        return View(
            cluster=self._cluster,
            uid=self._reach.uid,
            version=self._reach.version or "",
            objects=tuple(self._objects.values()),
            unseen=self._unseen,
            served=self._served,
            releases=self._releases,
            access=self._access,
            logs=logs,
            endpoint=self._reach.endpoint,
            clock_offset=self._reader.clock_offset,
        )

    def _read(self, listings: Sequence[Listing]) -> None:
        answers = self._pool.map(self._list, listings)
        for listing, answer in zip(listings, answers, strict=True):
            if isinstance(answer, str):
                self._unseen[listing.kind, listing.namespace] = answer
                continue
            for thing in answer:
                key = (listing.kind, namespace_of(thing), name_of(thing))
                if key not in self._objects or not listing.metadata_only:
                    self._objects[key] = thing

    def _list(self, listing: Listing) -> list[Object] | str:
        """The objects of a list, or why it could not be read."""
        served = self._served.get(listing.kind)
        if served is None:
            return []
        try:
            return list(
                self._reader.list(
                    listing.kind,
                    served,
                    listing.namespace,
                    selectors=listing.selectors,
                    metadata_only=listing.metadata_only,
                    version=listing.version,
                )
            )
        except RefusedError as error:
            return str(error)

    def _more(self, view: View, done: Iterable[Listing]) -> Iterator[Listing]:
        """Lists that what was read shows the need of, without those that were read."""
        known = {(one.kind, one.namespace) for one in done if one.complete}
        for check in self._checks:
            try:
                wanted = check.further_listings(self._mesh, self._cluster, view)
                for one in wanted:
                    if not {(one.kind, one.namespace), (one.kind, "")} & known and one not in done:
                        yield one
            except Unseen:
                # The check itself reports it.
                continue

    def _logs(self, view: View) -> dict[tuple[str, str, str], Log]:
        """The ends of the logs that checks quote, by namespace, pod and container."""
        wanted: dict[LogRequest, None] = {}
        for check in self._checks:
            if check.logs is not None:
                wanted |= dict.fromkeys(check.logs(self._mesh, self._cluster, view))
        requests = list(wanted)[:MOST_LOGS]
        logs = self._pool.map(self._log, requests)
        return {one[:3]: log for one, log in zip(requests, logs, strict=True)}

    def _log(self, one: LogRequest) -> Log:
        try:
            text = self._reader.log(
                one.namespace, one.pod, one.container, TAIL, previous=one.previous
            )
        except RefusedError as error:
            return Log("", str(error))
        return Log(text)

    def _ask(self) -> dict[Access, bool]:
        """Which of the rights that checks report on the operator has."""
        wanted: dict[Access, None] = {}
        for check in self._checks:
            if check.asks is not None:
                wanted |= dict.fromkeys(check.asks(self._mesh, self._cluster))
        if wanted and self._may(EVERYTHING):
            # One question in place of a hundred, for a cluster-admin.
            return dict.fromkeys(wanted, True)
        answers = zip(wanted, self._pool.map(self._may, wanted), strict=True)
        return {access: answer for access, answer in answers if answer is not None}

    def _may(self, access: Access) -> bool | None:
        try:
            return self._reader.may(access)
        except RefusedError:
            return None
