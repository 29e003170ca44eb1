"""What a run reads of a cluster before it makes anything there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from kubernetes import client

from checks.facts.reading import Reader, RefusedError
from checks.facts.view import EVERYTHING, View
from config.core.cluster import ClusterConfig
from kube.access import Access
from verify.questions.limits import needed
from verify.questions.rollouts import namespaces
from vocabulary.kinds import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINTS,
    HOST,
    NODE,
    SERVICE,
    Kind,
    Object,
)
from vocabulary.linkerd import TRUST_ROOTS

SECONDS = 25.0
"""How long reading a cluster may take."""
THREADS = 6


def survey(
    name: str,
    config: ClusterConfig,
    api: client.ApiClient,
    namespace: str,
    workload_namespace: str | None = None,
    *,
    headless: Iterable[str] = (),
) -> View:
    """Nodes, Services, trust roots and Ambassador's objects, and what the operator may do.

    Endpoints are read in the namespaces `headless`. What cannot be read is written down in the
    view. Raises RefusedError: the API server does not even say what it serves.
    """
    reader = Reader(api, SECONDS)
    served = reader.served()
    objects: list[Object] = []
    unseen: dict[tuple[Kind, str], str] = {}
    for kind, space, selectors in _listings(config, headless):
        if kind not in served:
            continue
        try:
            objects += reader.list(kind, served[kind], space, selectors=selectors)
        except RefusedError as error:
            unseen[kind, space] = str(error)
    return View(
        cluster=name,
        objects=tuple(objects),
        unseen=unseen,
        served=served,
        access=_access(reader, list(needed(config, namespace, workload_namespace))),
    )


def _listings(
    config: ClusterConfig, headless: Iterable[str]
) -> Iterator[tuple[Kind, str, dict[str, str]]]:
    yield NODE, "", {}
    yield SERVICE, "", {}
    roots = {"fieldSelector": f"metadata.name={TRUST_ROOTS}"}
    yield CONFIG_MAP, config.linkerd.namespace, roots
    for space in namespaces(config):
        yield DEPLOYMENT, space, {}
    for one in config.every_ambassador:
        for kind in (DAEMON_SET, HOST):
            yield kind, one.namespace, {}
    for space in headless:
        yield ENDPOINTS, space, {}


def _access(reader: Reader, wanted: list[Access]) -> dict[Access, bool]:
    with ThreadPoolExecutor(THREADS) as pool:
        if _may(reader, EVERYTHING):
            return {EVERYTHING: True}
        return dict(zip(wanted, pool.map(lambda one: _may(reader, one), wanted), strict=True))


def _may(reader: Reader, access: Access) -> bool:
    try:
        return reader.may(access)
    except RefusedError:
        # Whether it is allowed shows itself: a refusal is reported then.
        return access != EVERYTHING
